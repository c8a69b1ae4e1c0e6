/** A seeded generator (mulberry32) that gives the same numbers in every process. Each call returns 32 random bits. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The numbers 0 to count - 1 in random order. */
export function shuffled(count: number, seed: number): Uint32Array {
  const next = random(seed);
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = next() % (i + 1);
    const other = numbers[j];
    numbers[j] = numbers[i];
    numbers[i] = other;
  }
  return numbers;
}

/** `length` random whole numbers below `count`. */
export function picks(length: number, count: number, seed: number): Uint32Array {
  const next = random(seed);
  return Uint32Array.from({ length }, () => next() % count);
}

/** `length` skewed random numbers below `count`: half of the picks fall on one eighth of the numbers. */
export function skewedPicks(length: number, count: number, seed: number): Uint32Array {
  const next = random(seed);
  const places = shuffled(count, seed + 1);
  return Uint32Array.from({ length }, () => places[Math.floor(count * (next() / 2 ** 32) ** 3)]);
}
