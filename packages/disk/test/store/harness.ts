import type { DurableStoreHarness } from '@memtable/testing';
import { type DiskStore, type DiskStoreSettings, openStore } from '../../src/index.js';

type Bytes = Uint8Array;

/** How the suites use a store in a directory. */
export function diskStoreHarness(options: DiskStoreSettings = {}): DurableStoreHarness<DiskStore<Bytes, Bytes>> {
  return {
    open: (files) =>
      openStore<Bytes, Bytes>(files, {
        keyEncoding: 'view',
        valueEncoding: 'view',
        maxBytes: 128 << 10,
        tables: { tableBytesMax: 400, blockBytes: 200 },
        ...options,
      }),
    supports: {
      survivesKill: options.durability !== 'memory',
      checkpoint: (store) => store.checkpoint(),
      write(store, operations) {
        const [first] = operations;
        if (operations.length > 1) store.batch(operations);
        else if (first.type === 'put') store.put(first.key, first.value);
        else store.del(first.key);
      },
    },
  };
}
