/** Runs programs in the orders that a scheduler chooses, and makes a counterexample of one that fails. */
import fc from 'fast-check';
import { checkRunOptions } from '../check-harness.js';
import { CounterexampleError, type Recording } from '../counterexample.js';
import { TestingError } from '../errors.js';
import { failureOf } from '../expect.js';
import { fromJson, toJson } from '../notation.js';
import { parametersOf, type RunOptions, type RunReport } from '../run-options.js';
import type { ListProgram } from './program.js';
import { type BeginInterleaving, runInterleaving } from './run.js';

/** How one kind of object is tested with programs. */
export interface InterleavingTest {
  readonly suite: string;
  readonly programs: fc.Arbitrary<ListProgram>;
  readonly begin: BeginInterleaving;
}

/** A task that the scheduler has run. */
interface Task {
  readonly taskId: number;
  readonly label: string;
}

/** A run that is over. */
interface Run {
  /** Its tasks, in the order in which they ran. */
  readonly order: readonly Task[];
  readonly failure: { readonly error: unknown } | undefined;
}

const RUNS = 400;

/** Checks a property. @throws CounterexampleError if it does not hold */
export async function assertInterleavings(test: InterleavingTest, options: RunOptions = {}): Promise<RunReport> {
  checkRunOptions(test.suite, options);
  let commands = 0;
  const property = fc.asyncProperty(test.programs, fc.scheduler(), async (program, scheduler) => {
    await runInterleaving(test.begin, program, scheduler);
    commands += scheduler.report().length;
  });
  const details = await fc.check(property, parametersOf(options, RUNS));
  if (!details.failed) return { runs: details.numRuns, commands };
  const [program, scheduler] = details.counterexample!;
  // Run it again to record the order.
  const { order, failure } = await run(test, program, fc.cloneIfNeeded(scheduler));
  const found = { seed: details.seed, run: details.numRuns };
  throw counterexample(test, program, order, failure?.error ?? details.errorInstance, found);
}

/** Runs the operations of a recording. @throws CounterexampleError if they fail again */
export async function replayInterleavings(test: InterleavingTest, recording: Recording): Promise<void> {
  const program = fromJson(recording.setup) as ListProgram;
  const recorded = recording.operations.map(Number);
  const { order, failure } = await run(test, program, fc.schedulerFor([...recorded]), recorded);
  if (failure === undefined) return;
  const { error } = failure;
  if (error instanceof TestingError && error.code === 'TESTING_REPLAY_DIVERGED') throw error;
  throw counterexample(test, program, order, error);
}

async function run(
  test: InterleavingTest,
  program: ListProgram,
  scheduler: fc.Scheduler,
  recorded?: readonly number[],
): Promise<Run> {
  const failure = await failureOf(() => runInterleaving(test.begin, program, scheduler, recorded));
  return { order: scheduler.report().filter(({ status }) => status !== 'pending'), failure };
}

function counterexample(
  { suite }: InterleavingTest,
  program: ListProgram,
  order: readonly Task[],
  error: unknown,
  found?: CounterexampleError['found'],
): CounterexampleError {
  const recording = { suite, setup: toJson(program), operations: order.map(({ taskId }) => taskId) };
  const keys = program.comparator === undefined ? '' : `order of keys: ${program.comparator}; `;
  const prelude = `${keys}flush target: ${[...program.script, 'resolves'].join(', ')} ...`;
  const lines = order.map(({ label }) => label);
  return new CounterexampleError(recording, prelude, lines, error, found);
}
