/** What an arena knows of itself, as plain data; everything is in bytes unless it says count. */
export interface ArenaStats {
  /** Size of a regular block, without its header. */
  readonly blockBytes: number;
  readonly regularCount: number;
  readonly dedicatedCount: number;
  /** LevelDB's figure: all blocks with their 8-byte headers. */
  readonly memoryUsage: number;
  /** Sum of all requests that were served. */
  readonly askedBytes: number;
  /** Free in the current block. */
  readonly remainingBytes: number;
  /** Left over at the end of blocks that were given up for a new one. */
  readonly tailBytes: number;
  /** Skipped to align allocations. */
  readonly slopBytes: number;
  /** Headers of all blocks. */
  readonly headerBytes: number;
  /** Length of the buffer, including pages that were never touched. */
  readonly capacityBytes: number;
}

/** One block of an arena. */
export interface BlockInfo {
  /** Address of the first byte after the header. */
  readonly address: number;
  /** Without the 8-byte header. */
  readonly bytes: number;
  /** `dedicated`: made for the one request in it, which was over a quarter of `blockBytes`. */
  readonly kind: 'regular' | 'dedicated';
  /** Handed out, including what was skipped to align. */
  readonly usedBytes: number;
  /** Lost at the end. 0 for the current block, whose end is still free. */
  readonly tailBytes: number;
}

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
