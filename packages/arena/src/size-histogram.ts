/** How many there are of the sizes up to `bytesMax`, a power of two, and above the half of it. */
export interface SizeCount {
  readonly bytesMax: number;
  readonly count: number;
}

/** Sizes counted by powers of two, from the smallest to the largest there is. */
export function sizeHistogram(sizes: Iterable<number>): SizeCount[] {
  const counts = new Map<number, number>();
  for (const bytes of sizes) {
    const bytesMax = 2 ** Math.ceil(Math.log2(bytes));
    counts.set(bytesMax, (counts.get(bytesMax) ?? 0) + 1);
  }
  return [...counts].map(([bytesMax, count]) => ({ bytesMax, count })).sort((a, b) => a.bytesMax - b.bytesMax);
}
