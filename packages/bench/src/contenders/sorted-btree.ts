import BTreeModule from 'sorted-btree';
import type BTreeType from 'sorted-btree';
import type { Chunk, Key, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

const BTree = BTreeModule.default;
type BTree = BTreeType.default<Key, Value>;

class SortedBTree implements Contender {
  readonly #tree: BTree;

  constructor(compare?: (a: Key, b: Key) => number) {
    this.#tree = new BTree<Key, Value>(undefined, compare);
  }

  insert(chunk: Chunk): void {
    const tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree.set(chunk.keys[i], chunk.values[i]);
  }

  load(entries: [Key, Value][]): void {
    this.#tree.setPairs(entries);
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const tree = this.#tree;
    for (let i = 0; i < chunk.count; i++) tree.delete(chunk.keys[i]);
  }

  get(chunk: Chunk): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = tree.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = tree.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
      tree.set(chunk.keys[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    let sum = 0;
    this.#tree.forEachPair((key, value) => {
      sum += seenEntry(key, value);
    });
    return sum;
  }

  entries(): number {
    let sum = 0;
    for (const [key, value] of this.#tree.entries()) sum += seenEntry(key, value);
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    for (const [key, value] of this.#tree.entriesReversed(undefined, [])) sum += seenEntry(key, value);
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const tree = this.#tree;
    const reused: (Key | Value)[] = [];
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      let left = length;
      for (const [key, value] of tree.entries(chunk.keys[i], reused)) {
        sum += seenEntry(key, value);
        if (--left === 0) break;
      }
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    this.#tree.forEachPair((key, value) => digest.add(key, value));
  }

  close(): void {
    this.#tree.clear();
  }
}

export const sortedBTrees: readonly ContenderKind[] = [
  {
    name: 'sorted-btree',
    about: 'sorted-btree, string keys, values by reference',
    package: 'sorted-btree',
    keys: 'string',
    keeps: 'references',
    rate: 280,
    open: () => new SortedBTree(),
    openDefaults: () => new SortedBTree(),
  },
  {
    name: 'sorted-btree-buffer',
    about: 'sorted-btree, Buffer keys, values by reference',
    package: 'sorted-btree',
    keys: 'bytes',
    keeps: 'references',
    rate: 147,
    open: () => new SortedBTree((a, b) => Buffer.compare(a as Buffer, b as Buffer)),
  },
];
