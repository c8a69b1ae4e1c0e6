/** How long something took, as counts of times up to a bound. */
export interface Latencies {
  /** Number of times. */
  readonly count: number;
  /** Their sum in milliseconds. */
  readonly totalMs: number;
  /** The longest one in milliseconds; 0 without any. */
  readonly maxMs: number;
  /**
   * How many took at most `ms` milliseconds and more than half of that. Bounds are powers of two. Empty buckets are
   * left out.
   */
  readonly buckets: readonly { readonly ms: number; readonly count: number }[];
}

/** The lowest bound: 2^-6 ms, 16 microseconds. */
const EXPONENT_MIN = -6;
/** The highest bound: 2^20 ms, 17 minutes. What takes longer counts there. */
const EXPONENT_MAX = 20;

/** Counts times in buckets whose bounds are powers of two. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(EXPONENT_MAX - EXPONENT_MIN + 1);
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    const exponent = Math.min(Math.max(Math.ceil(Math.log2(ms)), EXPONENT_MIN), EXPONENT_MAX);
    this.#counts[exponent - EXPONENT_MIN]++;
    this.#count++;
    this.#totalMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  figures(): Latencies {
    const buckets = Array.from(this.#counts, (count, i) => ({ ms: 2 ** (i + EXPONENT_MIN), count }));
    return {
      count: this.#count,
      totalMs: this.#totalMs,
      maxMs: this.#maxMs,
      buckets: buckets.filter(({ count }) => count > 0),
    };
  }
}
