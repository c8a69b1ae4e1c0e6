/** Knuth's multiplier for MMIX, 6364136223846793005, in digits of 16 bits, lowest first. */
const [M0, M1, M2, M3] = [0x7f2d, 0x4c95, 0xf42d, 0x5851];

/**
 * The linear congruential generator of the Rust port of LevelDB's arena. Each step sets the state to
 * `state * 6364136223846793005 + 1` modulo 2^64, and draws its upper 32 bits. Use it for tests only: its numbers are
 * easy to predict.
 *
 * The state is two words, multiplied in digits of 16 bits, so a draw allocates no bigint.
 *
 * @example
 * ```ts
 * import { LcgRandom } from '@memtable/testing';
 *
 * const random = new LcgRandom(0x1234_5678_9abc_def0n);
 * random.uniform(256); // 67
 * random.oneIn(4); // false
 * ```
 */
export class LcgRandom {
  #high: number;
  #low: number;

  /**
   * @param seed - the first state: a bigint or a safe integer, taken modulo 2^64
   * @throws TypeError if it is neither
   */
  constructor(seed: bigint | number) {
    if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed)) {
      throw new TypeError(`the seed must be a bigint or a safe integer: ${String(seed)}`);
    }
    const state = BigInt.asUintN(64, BigInt(seed));
    this.#high = Number(state >> 32n);
    this.#low = Number(state & 0xffff_ffffn);
  }

  /** The state. A generator with this seed draws the same numbers from here on. */
  get state(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /**
   * Draws a whole number from 0 to `range` - 1. Small numbers are slightly more likely if `range` is no power of two.
   * @param range - a whole number from 1 to 2^32
   */
  uniform(range: number): number {
    this.#step();
    return this.#high % range;
  }

  /** Draws true once in `n` times on average. @param n - a whole number from 1 to 2^32 */
  oneIn(n: number): boolean {
    return this.uniform(n) === 0;
  }

  #step(): void {
    const s0 = this.#low & 0xffff;
    const s1 = this.#low >>> 16;
    const s2 = this.#high & 0xffff;
    const s3 = this.#high >>> 16;
    // Each sum stays below 2^35, so it is exact. Its part above 16 bits carries into the next digit.
    const d0 = s0 * M0 + 1;
    const d1 = s0 * M1 + s1 * M0 + Math.floor(d0 / 65536);
    const d2 = s0 * M2 + s1 * M1 + s2 * M0 + Math.floor(d1 / 65536);
    const d3 = s0 * M3 + s1 * M2 + s2 * M1 + s3 * M0 + Math.floor(d2 / 65536);
    this.#low = (d1 % 65536) * 65536 + (d0 % 65536);
    this.#high = (d3 % 65536) * 65536 + (d2 % 65536);
  }
}
