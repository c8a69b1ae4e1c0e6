import { memtableTest } from './conformance/memtable.js';
import { memtableListTest } from './conformance/memtable-list.js';
import { orderedIndexTest } from './conformance/ordered-index.js';
import { storeTest } from './conformance/store.js';
import { writeBufferTest } from './conformance/write-buffer.js';
import type {
  MemtableHarness,
  MemtableListHarness,
  OrderedIndexHarness,
  StoreHarness,
  WriteBufferHarness,
} from './contract.js';
import type { Recording } from './counterexample.js';
import { type DamageHarness, replayDamage } from './damage.js';
import { TestingError } from './errors.js';
import { replayInterleavings } from './interleavings/interleaving-test.js';
import { replayModelTest } from './model-test.js';

/**
 * Runs the operations of a failed run again, and nothing else. Kept as a test, it guards against the same fault.
 * @param json - from the message of a {@link CounterexampleError}, after `replay: `
 * @param harness - the harness with which the run failed; for `survivesDamage` its arguments, `{ open, use,
 * ...options }`
 * @throws CounterexampleError if the run fails again
 * @throws TestingError `TESTING_MALFORMED` if `json` is no recording of a suite
 * @throws TestingError `TESTING_REPLAY_DIVERGED` if a recorded schedule no longer fits the object under test
 * @example
 * ```ts
 * import { MemTable } from '@memtable/memtable';
 * import { replay, supportsNothing } from '@memtable/testing';
 *
 * const harness = { factory: () => new MemTable(), supports: supportsNothing };
 * const json = '{"suite":"memtable","setup":null,"operations":[["addMany",0,"0x61*6",3,255]]}';
 * await replay(json, harness); // undefined: the run does not fail
 * ```
 */
export async function replay<Opened = unknown>(
  json: string,
  harness: { readonly factory: (options: never) => unknown; readonly supports: object } | DamageHarness<Opened>,
): Promise<void> {
  const recording = parse(json);
  const any: unknown = harness;
  switch (recording.suite) {
    case 'memtable':
      return replayModelTest(memtableTest(any as MemtableHarness), recording);
    case 'ordered index':
      return replayModelTest(orderedIndexTest(any as OrderedIndexHarness), recording);
    case 'store':
      return replayModelTest(storeTest(any as StoreHarness), recording);
    case 'memtable list':
      return replayInterleavings(memtableListTest(any as MemtableListHarness), recording);
    case 'write buffer':
      return replayInterleavings(writeBufferTest(any as WriteBufferHarness), recording);
    case 'damage':
      return replayDamage(any as DamageHarness, recording);
    default:
      throw new TestingError('TESTING_MALFORMED', `no suite has the name ${JSON.stringify(recording.suite)}`);
  }
}

function parse(json: string): Recording {
  try {
    return JSON.parse(json) as Recording;
  } catch (cause) {
    throw new TestingError('TESTING_MALFORMED', 'not JSON: pass the text that a failed run prints after `replay: `', {
      cause,
    });
  }
}
