import * as memtableHarnesses from '../../../memtable/test/harness.js';
import { indexHarness } from '../../../skiplist/test/harness.js';
import type * as Skiplist from '../../../skiplist/src/index.js';
import {
  assertMemtable,
  assertMemtableList,
  assertOrderedIndex,
  assertStore,
  replay,
  type RunOptions,
  type StoreOptions,
} from '../../src/index.js';
import type * as arrayStore from '../array-store.js';
import type { Mutant } from './mutants.js';
import { PatchedPackages } from './patched.js';

/** Runs the suite that must catch a mutant. */
export interface MutantHarness {
  /** Runs the suite. */
  check(options?: RunOptions): Promise<unknown>;
  /** Runs the operations of a recording. */
  replay(json: string): Promise<void>;
}

/** The harness of a mutant. @param sound - leaves out the fault, and tests the original */
export function harnessOf(mutant: Mutant, sound = false): MutantHarness {
  const packages = new PatchedPackages(sound || 'subclass' in mutant ? undefined : mutant);
  const { SkipList, BlockSkipList } = packages.load('@memtable/skiplist') as typeof Skiplist;
  const loaded = packages.load('@memtable/memtable') as memtableHarnesses.MemtablePackage;
  const memtable =
    sound || !('subclass' in mutant) ? loaded : { ...loaded, MemTable: mutant.subclass(loaded.MemTable) };
  switch (mutant.suite) {
    case 'memtable': {
      const harness = memtableHarnesses.memTableHarness({ index: mutant.block ? 'block' : 'skiplist' }, memtable);
      return { check: (options) => assertMemtable(harness, options), replay: (json) => replay(json, harness) };
    }
    case 'ordered index': {
      const harness = indexHarness((arena, order) =>
        mutant.block ? new BlockSkipList(arena, order) : new SkipList(arena, order),
      );
      return { check: (options) => assertOrderedIndex(harness, options), replay: (json) => replay(json, harness) };
    }
    case 'store': {
      const { ArrayStore, supportsAll } = packages.load('testing/test/array-store.ts') as typeof arrayStore;
      const harness = { factory: (options: StoreOptions) => new ArrayStore(options), supports: supportsAll };
      return { check: (options) => assertStore(harness, options), replay: (json) => replay(json, harness) };
    }
    case 'memtable list': {
      const harness = memtableHarnesses.memTableListHarness({ frozenMax: 2, writeBufferBytes: 1 }, memtable);
      return { check: (options) => assertMemtableList(harness, options), replay: (json) => replay(json, harness) };
    }
  }
}
