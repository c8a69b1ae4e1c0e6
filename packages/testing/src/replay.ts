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
import { TestingError } from './errors.js';
import { replayInterleavings } from './interleavings/interleaving-test.js';
import { replayModelTest } from './model-test.js';

/**
 * Runs just the operations of a run that failed.
 * @param json - from the message of a {@link CounterexampleError}
 * @param harness - the one the run was made with
 * @throws CounterexampleError when it fails again; TestingError `TESTING_MALFORMED`, `TESTING_REPLAY_DIVERGED`
 */
export async function replay(
  json: string,
  harness: { readonly factory: (options: never) => unknown; readonly supports: object },
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
    default:
      throw new TestingError('TESTING_MALFORMED', `there is no suite ${JSON.stringify(recording.suite)}`);
  }
}

function parse(json: string): Recording {
  try {
    return JSON.parse(json) as Recording;
  } catch (cause) {
    throw new TestingError('TESTING_MALFORMED', 'a replay is the JSON that a failing run has printed', { cause });
  }
}
