import fc from 'fast-check';
import type { MemtableList, MemtableListHarness } from '../contract.js';
import { CounterexampleError, type Recording } from '../counterexample.js';
import { TestingError } from '../errors.js';
import { type ListProgram, listPrograms } from '../interleavings/program.js';
import { runInterleaving } from '../interleavings/run.js';
import { fromJson, toJson } from '../notation.js';
import type { RunOptions, RunReport } from '../model-test.js';
import type { TestRunner } from './test-runner.js';

const SUITE = 'memtable list';

/** Registers the tests of a list of memtables. */
export function memtableListConformance<T extends MemtableList>(
  options: TestRunner & MemtableListHarness<T> & RunOptions,
): void {
  options.describe('memtable list', () => {
    options.it('loses nothing that it has accepted, in whatever order things happen', async () => {
      await assertMemtableList(options, options);
    });
  });
}

/**
 * Runs programs of writes, flushes, aborts and closes over a list, in orders that a scheduler chooses.
 * @returns with the steps of all runs as commands
 * @throws CounterexampleError
 */
export async function assertMemtableList<T extends MemtableList>(
  typed: MemtableListHarness<T>,
  options: RunOptions = {},
): Promise<RunReport> {
  const harness = typed as unknown as MemtableListHarness;
  const { numRuns = 400, seed, shrink = true } = options;
  let commands = 0;
  const property = fc.asyncProperty(listPrograms(harness.supports), fc.scheduler(), async (program, scheduler) => {
    await runInterleaving(harness, program, scheduler);
    commands += scheduler.report().length;
  });
  const parameters = { numRuns, endOnFailure: !shrink, ...(seed === undefined ? {} : { seed }) };
  const details = await fc.check(property, parameters);
  if (!details.failed) return { runs: details.numRuns, commands };
  const [program, scheduler] = details.counterexample!;
  // Once more, to learn in which order.
  const again = await attempt(harness, program, fc.cloneIfNeeded(scheduler));
  throw counterexample(program, again.order, again.failure?.error ?? details.errorInstance, {
    seed: details.seed,
    run: details.numRuns,
  });
}

/** @internal Runs a recording. @throws CounterexampleError when it fails (again) */
export async function replayMemtableList(harness: MemtableListHarness, recording: Recording): Promise<void> {
  const program = fromJson(recording.setup) as ListProgram;
  const recorded = recording.operations.map(Number);
  const { order, failure } = await attempt(harness, program, fc.schedulerFor([...recorded]), recorded);
  if (failure?.error instanceof TestingError && failure.error.code === 'TESTING_REPLAY_DIVERGED') throw failure.error;
  if (failure !== undefined) throw counterexample(program, order, failure.error);
}

type Step = { readonly taskId: number; readonly label: string };

async function attempt(
  harness: MemtableListHarness,
  program: ListProgram,
  scheduler: fc.Scheduler,
  recorded?: readonly number[],
): Promise<{ order: readonly Step[]; failure?: { error: unknown } }> {
  const order = (): Step[] => scheduler.report().filter(({ status }) => status !== 'pending');
  try {
    await runInterleaving(harness, program, scheduler, recorded);
    return { order: order() };
  } catch (error) {
    return { order: order(), failure: { error } };
  }
}

function counterexample(
  program: ListProgram,
  order: readonly Step[],
  error: unknown,
  found?: { seed: number; run: number },
): CounterexampleError {
  const recording = { suite: SUITE, setup: toJson(program), operations: order.map(({ taskId }) => taskId) };
  const keys = program.comparator === undefined ? '' : `the order: ${program.comparator}; `;
  const prelude = `${keys}the target: ${[...program.script, 'resolves'].join(', ')} ...`;
  return new CounterexampleError(
    recording,
    prelude,
    order.map(({ label }) => label),
    error,
    found,
  );
}
