/** Runs commands against a model and an object under test, and makes a counterexample of a run that fails. */
import fc from 'fast-check';
import { keyPool } from './arbitraries/keys.js';
import { checkRunOptions } from './check-harness.js';
import type { AnyCommand, CommandLog } from './commands/command.js';
import { CounterexampleError, type Recording } from './counterexample.js';
import { TestingError } from './errors.js';
import { failureOf } from './expect.js';
import { fromJson, type Json, toJson } from './notation.js';
import { parametersOf, type RunOptions, type RunReport } from './run-options.js';
import { shrinkBytes } from './shrink-bytes.js';

/** How one kind of object is tested with commands. */
export interface ModelTest<Setup> {
  readonly suite: string;
  /** The class of each command, by its name in JSON. */
  readonly kinds: Readonly<Record<string, new (...args: never[]) => AnyCommand>>;
  /** What is chosen before the commands of a run: a comparator, for example. */
  readonly setups: fc.Arbitrary<Setup>;
  readonly command: (keys: readonly Uint8Array[]) => fc.Arbitrary<AnyCommand>;
  readonly begin: (setup: Setup) => Trial | Promise<Trial>;
  /** Code to put above the code of the commands. */
  readonly prelude: (setup: Setup) => string;
}

/** A model and an object under test, at the start of a run. */
export interface Trial {
  readonly model: object;
  readonly subject: CommandLog;
  /** The last comparison. */
  readonly end: () => void | Promise<void>;
  /** Called last, even if the run has failed. */
  readonly close?: () => Promise<void>;
}

/** A run that is over. */
interface Run {
  readonly executed: readonly AnyCommand[];
  readonly failure: { readonly error: unknown } | undefined;
}

const RUNS = 100;

/** Upper bound on the commands of a run. fast-check makes half as many on average; its own default would make five. */
const COMMANDS_MAX = 260;

/** Upper bound on the shorter runs that are tried after a failure. */
const SHRINKS_MAX = 1000;

/** Checks a property. @throws CounterexampleError if it does not hold */
export async function assertModelTest<Setup>(test: ModelTest<Setup>, options: RunOptions = {}): Promise<RunReport> {
  checkRunOptions(test.suite, options);
  let commandCount = 0;
  // Each run draws its few keys first. `chain` then shrinks the keys of all commands together.
  const programs = keyPool().chain((keys) =>
    fc.commands([test.command(keys)], {
      maxCommands: COMMANDS_MAX,
      size: 'max',
      disableReplayLog: true,
    }),
  );
  const property = fc.asyncProperty(test.setups, fc.limitShrink(programs, SHRINKS_MAX), async (setup, commands) => {
    const { executed, failure } = await run(test, setup, commands);
    if (failure !== undefined) throw failure.error;
    commandCount += executed.length;
  });
  const details = await fc.check(property, parametersOf(options, RUNS));
  if (!details.failed) return { runs: details.numRuns, commands: commandCount };
  const [setup, commands] = details.counterexample!;
  // Run it again to record which commands are executed.
  const first = await run(test, setup, commands);
  const { executed, failure } = options.shrink === false ? first : await shortest(test, setup, first);
  const found = { seed: details.seed, run: details.numRuns };
  throw counterexample(test, setup, executed, failure?.error ?? details.errorInstance, found);
}

/** Runs the operations of a recording. @throws CounterexampleError if they fail again */
export async function replayModelTest<Setup>(test: ModelTest<Setup>, recording: Recording): Promise<void> {
  const setup = fromJson(recording.setup) as Setup;
  const { executed, failure } = await run(test, setup, commandsOf(test, recording.operations));
  if (failure !== undefined) throw counterexample(test, setup, executed, failure.error);
}

function commandsOf<Setup>({ suite, kinds }: ModelTest<Setup>, operations: readonly Json[]): AnyCommand[] {
  return operations.map((operation) => {
    const [kind, ...args] = operation as readonly [string, ...Json[]];
    const constructor = kinds[kind];
    if (constructor === undefined) {
      throw new TestingError('TESTING_MALFORMED', `the suite '${suite}' has no command ${JSON.stringify(kind)}`);
    }
    return new constructor(...(args.map(fromJson) as never[]));
  });
}

async function run<Setup>(
  test: ModelTest<Setup>,
  setup: Setup,
  commands: Iterable<fc.AsyncCommand<object, CommandLog>>,
): Promise<Run> {
  const { model, subject, end, close } = await test.begin(setup);
  const { executed } = subject;
  const outcome = await failureOf(async () => {
    await fc.asyncModelRun(() => Promise.resolve({ model, real: subject }), commands);
    await end();
  });
  const closing = await failureOf(async () => close?.());
  return { executed, failure: outcome ?? closing };
}

/** Leaves out what the failure does not need: commands, and bytes of keys and values. */
async function shortest<Setup>(test: ModelTest<Setup>, setup: Setup, first: Run): Promise<Run> {
  let failing = await leaveOutNeedless(test, setup, first);
  if (failing.failure === undefined) return failing;
  const operationsOf = ({ executed }: Run): Json[] => executed.map((command) => command.toJSON());
  await shrinkBytes(operationsOf(failing), async (operations) => {
    const smaller = await run(test, setup, commandsOf(test, operations));
    if (smaller.failure === undefined) return undefined;
    failing = smaller;
    return operationsOf(smaller);
  });
  // With smaller keys it may need fewer commands.
  return leaveOutNeedless(test, setup, failing);
}

/** Removes every command that the failure does not need. fast-check leaves some of them, and always the last. */
async function leaveOutNeedless<Setup>(test: ModelTest<Setup>, setup: Setup, failing: Run): Promise<Run> {
  let shortest = failing;
  for (let i = shortest.executed.length - 1; i >= 0; i--) {
    const shorter = await run(test, setup, shortest.executed.toSpliced(i, 1));
    if (shorter.failure !== undefined) shortest = shorter;
  }
  return shortest;
}

function counterexample<Setup>(
  test: ModelTest<Setup>,
  setup: Setup,
  executed: readonly AnyCommand[],
  error: unknown,
  found?: CounterexampleError['found'],
): CounterexampleError {
  const operations = executed.map((command) => command.toJSON());
  const recording = { suite: test.suite, setup: toJson(setup), operations };
  return new CounterexampleError(recording, test.prelude(setup), executed.map(String), error, found);
}
