import createTree from 'functional-red-black-tree';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

class RedBlackTree implements Contender {
  #tree = createTree<string, Buffer>();

  insert(chunk: Chunk): void {
    let tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree = tree.insert(chunk.names[i], chunk.values[i]);
    this.#tree = tree;
  }

  overwrite(chunk: Chunk): void {
    let tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree = tree.find(chunk.names[i]).update(chunk.values[i]);
    this.#tree = tree;
  }

  remove(chunk: Chunk): void {
    let tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree = tree.remove(chunk.names[i]);
    this.#tree = tree;
  }

  get(chunk: Chunk): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = tree.get(chunk.names[i]);
      if (value === undefined || value === null) continue;
      const copy = Buffer.from(value);
      sum += copy.length + copy[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = tree.get(chunk.names[i]);
      if (value !== undefined && value !== null) sum += value.length + value[0];
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    let tree = this.#tree;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = tree.get(chunk.names[i]);
      if (value !== undefined && value !== null) {
        const copy = Buffer.from(value);
        sum += copy.length + copy[0];
      }
      tree = tree.find(chunk.names[i + 1]).update(chunk.values[i + 1]);
    }
    this.#tree = tree;
    return sum;
  }

  scan(): number {
    let sum = 0;
    this.#tree.forEach((_, value) => {
      sum += value.length + value[0];
    });
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    for (const it = this.#tree.end; it.valid; it.prev()) {
      const value = it.value;
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const it = tree.ge(chunk.names[i]);
      for (let left = length; left > 0 && it.valid; left--, it.next()) {
        const value = it.value;
        if (value !== undefined) sum += value.length + value[0];
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
};
