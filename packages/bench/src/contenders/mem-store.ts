import { MemStore } from '@memtable/store';
import type { Chunk, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

/** Uses string keys, like sorted-btree. Unlike it, MemStore copies both keys and values in and out. */
class MemStoreContender<V extends Value> implements Contender {
  readonly #store: MemStore<string, V>;

  constructor(store: MemStore<string, V>) {
    this.#store = store;
  }

  insert(chunk: Chunk<string, V>): void {
    const store = this.#store;
    for (let i = 0; i < chunk.count; i++) store.put(chunk.keys[i], chunk.values[i]);
  }

  load(entries: [string, V][]): void {
    this.#store.load(entries);
  }

  overwrite(chunk: Chunk<string, V>): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk<string, V>): void {
    const store = this.#store;
    for (let i = 0; i < chunk.count; i++) store.del(chunk.keys[i]);
  }

  get(chunk: Chunk<string, V>): number {
    const store = this.#store;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = store.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  view(chunk: Chunk<string, V>): number {
    const store = this.#store;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = store.getView(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  mixed(chunk: Chunk<string, V>): number {
    const store = this.#store;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = store.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
      store.put(chunk.keys[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    return this.#scan(false);
  }

  entries(): number {
    let sum = 0;
    for (const [key, value] of this.#store) sum += seenEntry(key, value);
    return sum;
  }

  reverseScan(): number {
    return this.#scan(true);
  }

  #scan(reverse: boolean): number {
    let sum = 0;
    const iterator = this.#store.iterator({ reverse });
    while (iterator.step()) sum += seenEntry(iterator.keyView, iterator.valueView);
    return sum;
  }

  range(chunk: Chunk<string, V>, length: number): number {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const iterator = this.#store.iterator({ gte: chunk.keys[i], limit: length });
      while (iterator.step()) sum += seenEntry(iterator.keyView, iterator.valueView);
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    for (const [key, value] of this.#store) digest.add(key, value);
  }

  bytes(): number {
    return this.#store.memoryUsage();
  }

  close(): void {
    this.#store.close();
  }
}

export const memStore: ContenderKind = {
  name: 'mem-store',
  about: 'MemStore, string keys, values copied in and out',
  package: '@memtable/store',
  keys: 'string',
  keeps: 'copies',
  rate: 1000,
  open: () => new MemStoreContender(new MemStore<string, Buffer>({ valueEncoding: 'buffer' })),
  openDefaults: () => new MemStoreContender(new MemStore()),
};
