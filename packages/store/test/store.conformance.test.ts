import {
  type Range,
  replay,
  SortedTarget,
  type Store,
  storeConformance,
  type StoreOperation,
  type StoreOptions,
} from '@memtable/testing';
import { MemStore, type MemStoreSettings } from '../src/index.js';
import { memStoreHarness } from './harness.js';

const options: Record<string, MemStoreSettings> = {
  'as it comes': {},
  'that is nearly always compacting': { garbageBytesMin: 0, garbageRatioMax: 0.01 },
  'with a comparator': { comparator: (a, b) => Buffer.compare(a, b), garbageBytesMin: 0, garbageRatioMax: 0.1 },
};

describe.each(Object.keys(options))('MemStore %s', (name) => {
  // The default number of runs once; `npm run test:long` makes two million commands with each of the options.
  const runs = name === 'as it comes' ? {} : { numRuns: 150 };
  storeConformance({ describe, it, ...runs, ...memStoreHarness(options[name]) });
});

/** A store and its target as one store. It asks the target for keys that the store does not have. */
class FlushedStore implements Store {
  readonly #target: SortedTarget;
  readonly #store: MemStore<Uint8Array, Uint8Array>;

  constructor({ comparator }: StoreOptions) {
    this.#target = new SortedTarget(comparator);
    this.#store = new MemStore({
      keyEncoding: 'view',
      valueEncoding: 'view',
      target: this.#target,
      ...(comparator && { comparator }),
    });
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#store.put(key, value);
  }

  del(key: Uint8Array): void {
    this.#store.del(key);
  }

  batch(operations: StoreOperation[]): void {
    this.#store.batch(operations);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const found = this.#store.get(key);
    if (found !== undefined || this.#store.isDeleted(key)) return found;
    return this.#target.content.get(key)?.slice();
  }

  iterator(range: Range = {}): Iterable<[Uint8Array, Uint8Array]> {
    const merged = this.#target.content.copy();
    for (const { key } of merged.items) if (this.#store.isDeleted(key)) merged.del(key);
    for (const [key, value] of this.#store) merged.put(key, value);
    return merged.range(range);
  }

  async flush(): Promise<void> {
    this.verify();
    await this.#store.flush();
    this.verify();
  }

  verify(): void {
    this.#store.verify();
  }

  close(): void {
    this.#store.close({ discard: true });
  }
}

describe('MemStore with a target', () => {
  storeConformance({
    describe,
    it,
    factory: (userCode) => new FlushedStore(userCode),
    supports: {
      batches: true,
      ranges: true,
      snapshots: false,
      copies: true,
      flush: true,
      verify: true,
      comparators: true,
    },
    numRuns: 50,
  });
});

test('seed 567798023: a comparator fails while a walk takes deleted keys out of the index, and the walk goes on', async () => {
  const operations = [
    ['update', '0x42', [], '0x'],
    ['batch', Array.from({ length: 3 }, () => ({ type: 'del', key: '0x42' }))],
    ['misbehave', 8, ['passes on', ['update', '0x42', [], '0x00*4095']], ['readRange', { gt: '0x41*159' }, 'iterator']],
  ];
  const recording = { suite: 'store', setup: { comparator: 'prefix', encoding: null }, operations };
  await expect(replay(JSON.stringify(recording), memStoreHarness())).resolves.toBeUndefined();
});
