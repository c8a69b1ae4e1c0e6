import BTreeModule from 'sorted-btree';
import type BTreeType from 'sorted-btree';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

const BTree = BTreeModule.default;
type BTree<K> = BTreeType.default<K, Buffer>;

/** Shares its loops between both kinds of keys. A process uses only one kind, so calls stay monomorphic. */
class SortedBTree<K extends string | Buffer> implements Contender {
  readonly #tree: BTree<K>;
  readonly #keysOf: (chunk: Chunk) => K[];

  constructor(compare: ((a: K, b: K) => number) | undefined, keysOf: (chunk: Chunk) => K[]) {
    this.#tree = new BTree<K, Buffer>(undefined, compare);
    this.#keysOf = keysOf;
  }

  insert(chunk: Chunk): void {
    const tree = this.#tree;
    const keys = this.#keysOf(chunk);
    for (let i = 0; i < chunk.count; i++) tree.set(keys[i], chunk.values[i]);
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const tree = this.#tree;
    const keys = this.#keysOf(chunk);
    for (let i = 0; i < chunk.count; i++) tree.delete(keys[i]);
  }

  get(chunk: Chunk): number {
    const tree = this.#tree;
    const keys = this.#keysOf(chunk);
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = tree.get(keys[i]);
      if (value === undefined) continue;
      const copy = Buffer.from(value);
      sum += copy.length + copy[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const tree = this.#tree;
    const keys = this.#keysOf(chunk);
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = tree.get(keys[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    const tree = this.#tree;
    const keys = this.#keysOf(chunk);
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = tree.get(keys[i]);
      if (value !== undefined) {
        const copy = Buffer.from(value);
        sum += copy.length + copy[0];
      }
      tree.set(keys[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    let sum = 0;
    this.#tree.forEachPair((_, value) => {
      sum += value.length + value[0];
    });
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    for (const [, value] of this.#tree.entriesReversed(undefined, [])) sum += value.length + value[0];
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const tree = this.#tree;
    const keys = this.#keysOf(chunk);
    const reused: (K | Buffer)[] = [];
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      let left = length;
      for (const [, value] of tree.entries(keys[i], reused)) {
        sum += value.length + value[0];
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
    open: () => new SortedBTree<string>(undefined, (chunk) => chunk.names),
  },
  {
    name: 'sorted-btree-buffer',
    about: 'sorted-btree, Buffer keys, values by reference',
    package: 'sorted-btree',
    keys: 'bytes',
    keeps: 'references',
    rate: 147,
    open: () =>
      new SortedBTree<Buffer>(
        (a, b) => Buffer.compare(a, b),
        (chunk) => chunk.keys,
      ),
  },
];
