import { TestingError } from './errors.js';
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
    super(
      'TESTING_COUNTEREXAMPLE',
      [
        `${recording.suite}: ${cause instanceof Error ? cause.message : String(cause)}`,
        '',
        ...[prelude, ...lines].map((line) => `  ${line}`),
        '',
        ...(found === undefined ? [] : [`seed: ${found.seed}, run ${found.run}`]),
        `replay: ${json}`,
      ].join('\n'),
      { cause },
    );
    this.lines = lines;
    this.json = json;
    this.found = found;
  }
}
