import fc from 'fast-check';
import { LcgRandom } from '../src/index.js';

/** The definition of the generator, in bigints. */
function* definition(seed: bigint): Generator<bigint, never> {
  for (let state = BigInt.asUintN(64, seed); ;) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1n);
    yield state;
  }
}

test('LcgRandom has the states of its definition, and draws their upper halves', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 1, max: 2 ** 32 }), (seed, range) => {
      const random = new LcgRandom(seed);
      const states = definition(seed);
      for (let i = 0; i < 20; i++) {
        const number = random.uniform(range);
        const state = states.next().value;
        expect(random.state).toBe(state);
        expect(number).toBe(Number(state >> 32n) % range);
      }
    }),
  );
});

test('oneIn(n) of LcgRandom is true once in n times', () => {
  const random = new LcgRandom(301);
  let count = 0;
  for (let i = 0; i < 100_000; i++) if (random.oneIn(10)) count++;
  expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('LcgRandom takes seeds modulo 2^64, and refuses those that are not whole', () => {
  expect(new LcgRandom(2n ** 64n + 5n).state).toBe(5n);
  expect(new LcgRandom(-1).state).toBe(2n ** 64n - 1n);
  for (const seed of [0.5, NaN, '1' as unknown as number]) expect(() => new LcgRandom(seed)).toThrow(TypeError);
});
