/** How a suite runs its property. */
export interface RunOptions {
  /**
   * Number of runs.
   * @defaultValue 100; 400 for lists of memtables and write buffers
   */
  numRuns?: number;
  /**
   * Seed of the first run. The same seed makes the same runs.
   * @defaultValue the global seed of fast-check if there is one, else a new one
   */
  seed?: number;
  /**
   * Whether to shorten a failing run before it is reported.
   * @defaultValue true
   */
  shrink?: boolean;
}

/** What a suite has done when its property holds. */
export interface RunReport {
  /** Number of runs. */
  readonly runs: number;
  /** Number of commands that all runs executed together. */
  readonly commands: number;
}

/** The same options for `fc.check`. */
export function parametersOf(
  { numRuns, seed, shrink = true }: RunOptions,
  defaultRuns: number,
): { numRuns: number; endOnFailure: boolean; seed?: number } {
  return { numRuns: numRuns ?? defaultRuns, endOnFailure: !shrink, ...(seed !== undefined && { seed }) };
}
