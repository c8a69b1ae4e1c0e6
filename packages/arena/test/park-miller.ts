/** LevelDB's `Random` (util/random.h) as its tests use it. */
export function parkMiller(seed: number) {
  let state = seed & 0x7fffffff;
  if (state === 0 || state === 0x7fffffff) state = 1;
  const next = () => (state = (state * 16807) % 0x7fffffff);
  return { next, uniform: (n: number) => next() % n, oneIn: (n: number) => next() % n === 0 };
}
