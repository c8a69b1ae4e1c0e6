import { checkConformance, checkHarness } from '../check-harness.js';
import type { MemtableList, MemtableListHarness } from '../contract.js';
import { assertInterleavings, type InterleavingTest } from '../interleavings/interleaving-test.js';
import { ListSubject } from '../interleavings/list-subject.js';
import { listPrograms } from '../interleavings/program.js';
import type { RunOptions, RunReport } from '../run-options.js';
import { TEST_MS, type TestRunner } from './test-runner.js';

/**
 * Registers the tests of a list of memtables: whatever order writes, admissions, flushes, aborts, closes, timers and
 * the target run in, no accepted write is lost and no caller waits in vain.
 */
export function memtableListConformance<T extends MemtableList>(
  options: TestRunner & MemtableListHarness<T> & RunOptions,
): void {
  const run = checkConformance('memtable list', options);
  options.describe('memtable list', () => {
    options.it(
      'keeps every accepted write and ends every wait, in any order of events',
      async () => {
        await assertMemtableList(options, run);
      },
      TEST_MS,
    );
  });
}

/**
 * Runs programs of writes, admissions, flushes, aborts and closes over a list, in orders that a scheduler chooses.
 * @returns the number of runs, and the number of scheduled tasks as `commands`
 * @throws CounterexampleError with the shortest failing run found
 */
export function assertMemtableList<T extends MemtableList>(
  harness: MemtableListHarness<T>,
  options?: RunOptions,
): Promise<RunReport> {
  return assertInterleavings(memtableListTest(harness), options);
}

/** @internal */
export function memtableListTest<T extends MemtableList>(typed: MemtableListHarness<T>): InterleavingTest {
  checkHarness('memtable list', typed);
  const harness = typed as unknown as MemtableListHarness;
  return {
    suite: 'memtable list',
    programs: listPrograms(harness.supports),
    begin: (target, comparator) => new ListSubject(harness, target, comparator),
  };
}
