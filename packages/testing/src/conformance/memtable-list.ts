import fc from 'fast-check';
import type { Comparator, MemtableList, MemtableListHarness, WriteBuffer, WriteBufferHarness } from '../contract.js';
import { CounterexampleError, type Recording } from '../counterexample.js';
import { TestingError } from '../errors.js';
import type { ScriptedTarget } from '../faults.js';
import { BufferSubject } from '../interleavings/buffer-subject.js';
import { ListSubject } from '../interleavings/list-subject.js';
import { type ListProgram, listPrograms, writeBufferPrograms } from '../interleavings/program.js';
import { type InterleavingSubject, runInterleaving } from '../interleavings/run.js';
import { fromJson, toJson } from '../notation.js';
import type { RunOptions, RunReport } from '../model-test.js';
import type { TestRunner } from './test-runner.js';

/** One kind of thing that programs are run over. */
interface Suite {
  readonly name: string;
  readonly programs: fc.Arbitrary<ListProgram>;
  readonly begin: (target: ScriptedTarget, comparator?: Comparator) => InterleavingSubject;
}

function listSuite(harness: MemtableListHarness): Suite {
  return {
    name: 'memtable list',
    programs: listPrograms(harness.supports),
    begin: (target, comparator) => new ListSubject(harness, target, comparator),
  };
}

function bufferSuite(harness: WriteBufferHarness): Suite {
  return {
    name: 'write buffer',
    programs: writeBufferPrograms(harness.supports),
    begin: (target) => new BufferSubject(harness, target),
  };
}

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

/** Registers the tests of a store in front of a flush target. */
export function writeBufferConformance<T extends WriteBuffer>(
  options: TestRunner & WriteBufferHarness<T> & RunOptions,
): void {
  options.describe('write buffer', () => {
    options.it(
      'has what was last written, and lets nobody wait for nothing, in whatever order things happen',
      async () => {
        await assertWriteBuffer(options, options);
      },
    );
  });
}

/**
 * Runs programs of writes, admissions, flushes, aborts and closes over a list, in orders that a scheduler chooses.
 * @returns with the steps of all runs as commands
 * @throws CounterexampleError
 */
export function assertMemtableList<T extends MemtableList>(
  harness: MemtableListHarness<T>,
  options: RunOptions = {},
): Promise<RunReport> {
  return assertSuite(listSuite(harness as unknown as MemtableListHarness), options);
}

/** As {@link assertMemtableList}, over a store in front of a flush target. @throws CounterexampleError */
export function assertWriteBuffer<T extends WriteBuffer>(
  harness: WriteBufferHarness<T>,
  options: RunOptions = {},
): Promise<RunReport> {
  return assertSuite(bufferSuite(harness as unknown as WriteBufferHarness), options);
}

/** @internal Runs a recording. @throws CounterexampleError when it fails (again) */
export function replayMemtableList(harness: MemtableListHarness, recording: Recording): Promise<void> {
  return replaySuite(listSuite(harness), recording);
}

/** @internal Runs a recording. @throws CounterexampleError when it fails (again) */
export function replayWriteBuffer(harness: WriteBufferHarness, recording: Recording): Promise<void> {
  return replaySuite(bufferSuite(harness), recording);
}

async function assertSuite(suite: Suite, { numRuns = 400, seed, shrink = true }: RunOptions): Promise<RunReport> {
  let commands = 0;
  const property = fc.asyncProperty(suite.programs, fc.scheduler(), async (program, scheduler) => {
    await runInterleaving(suite.begin, program, scheduler);
    commands += scheduler.report().length;
  });
  const parameters = { numRuns, endOnFailure: !shrink, ...(seed === undefined ? {} : { seed }) };
  const details = await fc.check(property, parameters);
  if (!details.failed) return { runs: details.numRuns, commands };
  const [program, scheduler] = details.counterexample!;
  // Once more, to learn in which order.
  const again = await attempt(suite, program, fc.cloneIfNeeded(scheduler));
  throw counterexample(suite, program, again.order, again.failure?.error ?? details.errorInstance, {
    seed: details.seed,
    run: details.numRuns,
  });
}

async function replaySuite(suite: Suite, recording: Recording): Promise<void> {
  const program = fromJson(recording.setup) as ListProgram;
  const recorded = recording.operations.map(Number);
  const { order, failure } = await attempt(suite, program, fc.schedulerFor([...recorded]), recorded);
  if (failure?.error instanceof TestingError && failure.error.code === 'TESTING_REPLAY_DIVERGED') throw failure.error;
  if (failure !== undefined) throw counterexample(suite, program, order, failure.error);
}

type Step = { readonly taskId: number; readonly label: string };

async function attempt(
  suite: Suite,
  program: ListProgram,
  scheduler: fc.Scheduler,
  recorded?: readonly number[],
): Promise<{ order: readonly Step[]; failure?: { error: unknown } }> {
  const order = (): Step[] => scheduler.report().filter(({ status }) => status !== 'pending');
  try {
    await runInterleaving(suite.begin, program, scheduler, recorded);
    return { order: order() };
  } catch (error) {
    return { order: order(), failure: { error } };
  }
}

function counterexample(
  suite: Suite,
  program: ListProgram,
  order: readonly Step[],
  error: unknown,
  found?: { seed: number; run: number },
): CounterexampleError {
  const recording = { suite: suite.name, setup: toJson(program), operations: order.map(({ taskId }) => taskId) };
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
