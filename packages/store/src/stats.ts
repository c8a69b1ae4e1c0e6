import type { Commit } from './commit.js';
import type { MemStoreStats } from './options.js';
import type { Readers } from './readers.js';
import type { Driver } from './renewal/driver.js';
import type { StoreState } from './state.js';

/** The figures of a store, put together from those of its parts. */
export function storeStats(
  state: StoreState,
  commit: Commit,
  readers: Readers,
  driver: Driver,
  memory: Pick<MemStoreStats, 'memoryUsage' | 'scratchBytes'>,
): MemStoreStats {
  const now = performance.now();
  const { entryCount, sequence, liveBytes, garbageBytes, table } = commit;
  return {
    state: state.current === 'loading' ? 'open' : state.current,
    entryCount,
    lastSequence: sequence,
    liveBytes,
    heldBytes: readers.heldBytes,
    garbageBytes,
    ...memory,
    ...driver.stats(),
    waiting: driver.admission.stats(),
    pins: readers.figures().map(({ pin, heldBytes }) => {
      const { kind, sequence, since, stack } = pin;
      return { kind, sequence, ageMs: now - since, heldBytes, stack };
    }),
    arena: table.arena.stats(),
  };
}
