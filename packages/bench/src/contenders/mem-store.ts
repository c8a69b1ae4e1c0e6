import { MemStore } from '@memtable/store';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

/** Uses string keys and byte values, like sorted-btree. Unlike it, MemStore copies both in and out. */
class MemStoreContender implements Contender {
  readonly #store = new MemStore<string, Buffer>({ valueEncoding: 'buffer' });

  insert(chunk: Chunk): void {
    const store = this.#store;
    for (let i = 0; i < chunk.count; i++) store.put(chunk.names[i], chunk.values[i]);
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const store = this.#store;
    for (let i = 0; i < chunk.count; i++) store.del(chunk.names[i]);
  }

  get(chunk: Chunk): number {
    const store = this.#store;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = store.get(chunk.names[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const store = this.#store;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = store.getView(chunk.names[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    const store = this.#store;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = store.get(chunk.names[i]);
      if (value !== undefined) sum += value.length + value[0];
      store.put(chunk.names[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    return this.#scan(false);
  }

  reverseScan(): number {
    return this.#scan(true);
  }

  #scan(reverse: boolean): number {
    let sum = 0;
    const iterator = this.#store.iterator({ reverse });
    while (iterator.step()) {
      const value = iterator.valueView;
      sum += value.length + value[0];
    }
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const iterator = this.#store.iterator({ gte: chunk.names[i], limit: length });
      while (iterator.step()) {
        const value = iterator.valueView;
        sum += value.length + value[0];
      }
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
  open: () => new MemStoreContender(),
};
