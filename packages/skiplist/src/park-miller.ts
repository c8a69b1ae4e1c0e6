/**
 * LevelDB's `Random` (util/random.h): the minimal standard generator of Park and Miller,
 * `state = state * 16807 mod (2^31 - 1)`. The caller keeps the state, in a word of the superblock, so that a replay of
 * the same operations draws the same heights.
 */
const MODULUS = 0x7fffffff;

/**
 * The state that LevelDB makes of a seed: its lower 31 bits, or 1 for the two values that the generator never leaves.
 */
export function parkMillerSeed(seed: number): number {
  const state = seed & MODULUS;
  return state === 0 || state === MODULUS ? 1 : state;
}

/** The next state, which is also the number drawn: from 1 to 2^31 - 2. */
export function parkMillerNext(state: number): number {
  const product = state * 16807; // Below 2^46, so exact.
  const high = Math.floor(product / 0x80000000);
  // 2^31 is 1 modulo 2^31 - 1: the bits above add to those below.
  const sum = high + (product - high * 0x80000000);
  return sum > MODULUS ? sum - MODULUS : sum;
}
