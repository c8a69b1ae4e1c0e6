import createTree from 'functional-red-black-tree';
import type { Chunk, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

class RedBlackTree implements Contender {
  #tree = createTree<string, Value>();

  insert(chunk: Chunk<string, Value>): void {
    let tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree = tree.insert(chunk.keys[i], chunk.values[i]);
    this.#tree = tree;
  }

  overwrite(chunk: Chunk<string, Value>): void {
    let tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree = tree.find(chunk.keys[i]).update(chunk.values[i]);
    this.#tree = tree;
  }

  remove(chunk: Chunk<string, Value>): void {
    let tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree = tree.remove(chunk.keys[i]);
    this.#tree = tree;
  }

  get(chunk: Chunk<string, Value>): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = tree.get(chunk.keys[i]);
      if (value !== undefined && value !== null) sum += seen(value);
    }
    return sum;
  }

  mixed(chunk: Chunk<string, Value>): number {
    let tree = this.#tree;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = tree.get(chunk.keys[i]);
      if (value !== undefined && value !== null) sum += seen(value);
      tree = tree.find(chunk.keys[i + 1]).update(chunk.values[i + 1]);
    }
    this.#tree = tree;
    return sum;
  }

  scan(): number {
    let sum = 0;
    this.#tree.forEach((key, value) => {
      sum += seenEntry(key, value);
    });
    return sum;
  }

  entries(): number {
    let sum = 0;
    for (const it = this.#tree.begin; it.valid; it.next()) {
      const { key, value } = it;
      if (key !== undefined && value !== undefined) sum += seenEntry(key, value);
    }
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    for (const it = this.#tree.end; it.valid; it.prev()) {
      const { key, value } = it;
      if (key !== undefined && value !== undefined) sum += seenEntry(key, value);
    }
    return sum;
  }

  range(chunk: Chunk<string, Value>, length: number): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const it = tree.ge(chunk.keys[i]);
      for (let left = length; left > 0 && it.valid; left--, it.next()) {
        const { key, value } = it;
        if (key !== undefined && value !== undefined) sum += seenEntry(key, value);
      }
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    this.#tree.forEach((key, value) => {
      digest.add(key, value);
    });
  }

  close(): void {
    this.#tree = createTree();
  }
}

export const functionalRedBlackTree: ContenderKind = {
  name: 'functional-red-black-tree',
  about: 'functional-red-black-tree, string keys, values by reference',
  package: 'functional-red-black-tree',
  keys: 'string',
  keeps: 'references',
  rate: 82,
  open: () => new RedBlackTree(),
  openDefaults: () => new RedBlackTree(),
};
