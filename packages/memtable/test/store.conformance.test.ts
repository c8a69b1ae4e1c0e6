import { type Store as ConformingStore, storeConformance } from '@memtable/testing';
import { MemStore, type MemStoreOptions } from '../src/index.js';

/** What `storeConformance` calls a flush is where everything may move: a compaction. */
class Store extends MemStore<Uint8Array, Uint8Array> {
  override async flush(): Promise<void> {
    this.verify();
    await this.compact();
    this.verify();
  }
}

const options: Record<string, MemStoreOptions<Uint8Array, Uint8Array>> = {
  'as it comes': {},
  'that is nearly always compacting': { garbageBytesMin: 0, garbageRatioMax: 0.01 },
  'with a comparator': { comparator: (a, b) => Buffer.compare(a, b), garbageBytesMin: 0, garbageRatioMax: 0.1 },
};

describe.each(Object.keys(options))('MemStore %s', (name) => {
  storeConformance({
    describe,
    it,
    // Its options may be undefined where those of the contract may only be left out.
    factory: (): ConformingStore =>
      new Store({
        keyEncoding: 'view',
        valueEncoding: 'view',
        reserveBytes: 4096,
        blockBytes: 1024,
        ...options[name],
      }) as unknown as ConformingStore,
    supports: { batches: true, ranges: true, snapshots: true, copies: true, flush: true },
  });
});
