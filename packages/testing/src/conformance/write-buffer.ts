import { checkConformance, checkHarness } from '../check-harness.js';
import type { WriteBuffer, WriteBufferHarness } from '../contract.js';
import { BufferSubject } from '../interleavings/buffer-subject.js';
import { assertInterleavings, type InterleavingTest } from '../interleavings/interleaving-test.js';
import { writeBufferPrograms } from '../interleavings/program.js';
import type { RunOptions, RunReport } from '../run-options.js';
import { TEST_MS, type TestRunner } from './test-runner.js';

/**
 * Registers the tests of a store in front of a flush target: whatever order writes, admissions, flushes, aborts,
 * timers and the target run in, store and target together have the newest value of each key, and no caller waits in
 * vain.
 */
export function writeBufferConformance<T extends WriteBuffer>(
  options: TestRunner & WriteBufferHarness<T> & RunOptions,
): void {
  const run = checkConformance('write buffer', options);
  options.describe('write buffer', () => {
    options.it(
      'has the last write to each key and ends every wait, in any order of events',
      async () => {
        await assertWriteBuffer(options, run);
      },
      TEST_MS,
    );
  });
}

/**
 * Runs programs of writes, admissions, flushes, aborts and closes over a store in front of a flush target, in orders
 * that a scheduler chooses.
 * @returns the number of runs, and the number of scheduled tasks as `commands`
 * @throws CounterexampleError with the shortest failing run found
 */
export function assertWriteBuffer<T extends WriteBuffer>(
  harness: WriteBufferHarness<T>,
  options?: RunOptions,
): Promise<RunReport> {
  return assertInterleavings(writeBufferTest(harness), options);
}

/** @internal */
export function writeBufferTest<T extends WriteBuffer>(typed: WriteBufferHarness<T>): InterleavingTest {
  checkHarness('write buffer', typed);
  const harness = typed as unknown as WriteBufferHarness;
  return {
    suite: 'write buffer',
    programs: writeBufferPrograms(harness.supports),
    begin: (target) => new BufferSubject(harness, target),
  };
}
