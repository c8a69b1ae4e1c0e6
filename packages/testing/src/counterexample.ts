import { TestingError } from './errors.js';
import type { Json } from './notation.js';

/** A run as plain data. */
export interface Recording {
  /** Which suite it belongs to. */
  readonly suite: string;
  readonly setup: Json;
  readonly operations: readonly Json[];
}

/**
 * A property does not hold. The message says what is wrong, and has the run that shows it: as code that can be pasted,
 * and as JSON for `replay()`.
 */
export class CounterexampleError extends TestingError {
  override readonly name = 'CounterexampleError';
  /** The run, a command a line. */
  readonly lines: readonly string[];
  /** The run, for `replay()`. */
  readonly json: string;
  /** With which seed it was found, and in which run; undefined for a replay. */
  readonly found: { readonly seed: number; readonly run: number } | undefined;

  /** @internal */
  constructor(
    recording: Recording,
    prelude: string,
    lines: readonly string[],
    cause: unknown,
    found?: { readonly seed: number; readonly run: number },
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
