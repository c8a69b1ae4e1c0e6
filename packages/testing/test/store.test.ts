import { MemoryLevel } from 'memory-level';
import { assertStore, CounterexampleError, storeConformance, type StoreHarness } from '../src/index.js';
import { ArrayStore, supportsAll } from './array-store.js';

const supports = { batches: true, ranges: true, snapshots: true, copies: true, flush: false };

describe('ArrayStore', () => {
  storeConformance({ describe, it, factory: (options) => new ArrayStore(options), supports: supportsAll, numRuns: 40 });
});

/** A store of another project. */
const memoryLevel: StoreHarness<MemoryLevel<Uint8Array, Uint8Array>> = {
  factory: () =>
    new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' }),
  supports: { ...supports, copies: false },
};

describe('memory-level', () => {
  storeConformance({ describe, it, ...memoryLevel, numRuns: 50 });

  test('fails if it declares copies, as it keeps the bytes of its caller', async () => {
    const error = await assertStore({ ...memoryLevel, supports }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CounterexampleError);
    expect((error as CounterexampleError).lines.length).toBeLessThanOrEqual(2);
  });
});
