import { TestingError } from './errors.js';
import { Mismatch } from './expect.js';
import type { Json } from './notation.js';

/** A run as plain data. */
export interface Recording {
  /** Name of the suite. */
  readonly suite: string;
  /** What was chosen before the first operation: a comparator, for example. */
  readonly setup: Json;
  /** The commands, or the ids of the scheduled tasks, in order. */
  readonly operations: readonly Json[];
}

/**
 * A property does not hold. The message says what is wrong. It also has the run that shows it, as code to paste and as
 * JSON for {@link replay}. `cause` is the error of the run.
 */
export class CounterexampleError extends TestingError {
  override readonly name = 'CounterexampleError';
  /** The run as code, one command a line. */
  readonly lines: readonly string[];
  /**
   * Code that makes the check that failed, if the last command does not make it: a step of the walk at the end, for
   * example. It calls `expectSame`.
   */
  readonly check: string | undefined;
  /** The run as JSON, for {@link replay}. */
  readonly json: string;
  /** The seed, and the number of the run from 1, that found it; undefined for a replay. */
  readonly found: { readonly seed: number; readonly run: number } | undefined;

  /** @internal */
  constructor(
    recording: Recording,
    prelude: string,
    lines: readonly string[],
    cause: unknown,
    found?: CounterexampleError['found'],
  ) {
    const json = JSON.stringify(recording);
    const { step, where } = cause instanceof Mismatch ? cause : {};
    super(
      'TESTING_COUNTEREXAMPLE',
      [
        `${recording.suite}: ${cause instanceof Error ? cause.message : String(cause)}`,
        ...(where === undefined ? [] : [where]),
        '',
        ...[prelude, ...lines, ...(step === undefined ? [] : [step])].map((line) => `  ${line}`),
        '',
        ...(found === undefined
          ? []
          : [
              `seed: ${found.seed}, run ${found.run}; the suite finds it again with the option { seed: ${found.seed} }`,
            ]),
        'to run only these lines again: await replay(json, harness), with the JSON of the next line',
        `replay: ${json}`,
      ].join('\n'),
      { cause },
    );
    this.lines = lines;
    this.check = step;
    this.json = json;
    this.found = found;
  }
}
