import { ValueType } from '@memtable/memtable';
import type { Store, StoreHarness, StoreSupports, WriteBufferHarness } from '@memtable/testing';
import { MemStore, type MemStoreSettings } from '../src/index.js';

/** For `storeConformance` a flush is where entries may move: here a compaction. */
class CompactingStore extends MemStore<Uint8Array, Uint8Array> {
  override async flush(): Promise<void> {
    this.verify();
    await this.compact();
    this.verify();
  }
}

/** Our store for `storeConformance`. */
export function memStoreHarness(options: MemStoreSettings = {}): StoreHarness {
  const supports: StoreSupports<CompactingStore> = {
    batches: true,
    ranges: true,
    snapshots: true,
    copies: true,
    flush: true,
    has: true,
    count: true,
    clear: true,
    putIfAbsent: true,
    compareAndSet: true,
    update: true,
    iterators: true,
    verify: true,
    encodings: true,
    comparators: true,
    comparatorChecks: true,
    pins: (store) => store.stats().pins.length,
    errorCodes: { reentered: 'MEMTABLE_REENTERED', invalidComparator: 'MEMTABLE_INVALID_COMPARATOR' },
  };
  return {
    // Options of the store may be undefined. Those of the contract may only be left out.
    factory: (userCode) =>
      new CompactingStore({
        keyEncoding: 'view',
        valueEncoding: 'view',
        reserveBytes: 4096,
        blockBytes: 1024,
        ...options,
        ...userCode,
      }) as unknown as Store,
    supports: supports as unknown as StoreSupports,
  };
}

/** Our store with a target, for `writeBufferConformance`. */
export function writeBufferHarness(
  options: Omit<MemStoreSettings, 'target'>,
): WriteBufferHarness<MemStore<Uint8Array, Uint8Array>> {
  return {
    factory: ({ target }) =>
      new MemStore({
        target,
        keyEncoding: 'view',
        valueEncoding: 'view',
        maxBytes: 128 << 10,
        blockBytes: 1024,
        reserveBytes: 4096,
        flushMsMax: 1000,
        ...options,
      }),
    supports: {
      write: (store, operations) =>
        store.batch(
          operations.map((operation) =>
            operation.type === ValueType.Value
              ? { type: 'put', key: operation.key, value: operation.value }
              : { type: 'del', key: operation.key },
          ),
        ),
      isFull: (error) => ['MEMTABLE_FULL', 'MEMTABLE_STALLED'].includes((error as { code: string }).code),
      admit: (store, bytes, { signal }) => store.admit(bytes, { signal }),
      get: (store, key) => {
        const value = store.get(key);
        if (value !== undefined) return { type: ValueType.Value, value };
        return store.isDeleted(key) ? { type: ValueType.Deletion, value: new Uint8Array() } : undefined;
      },
      discard: (store) => store.close({ discard: true }),
      timeouts: true,
      longValueBytes: 10_000,
    },
  };
}
