/** An arena's figures; bytes unless it says count. */
export interface ArenaStats {
  /** Size of a regular block, without its header. */
  readonly blockBytes: number;
  readonly regularCount: number;
  readonly dedicatedCount: number;
  /** LevelDB's figure: all blocks with their 8-byte headers. */
  readonly memoryUsage: number;
  /** Sum of all requests served. */
  readonly askedBytes: number;
  /** Free bytes of the current block. */
  readonly remainingBytes: number;
  /** Bytes left at the end of closed blocks. */
  readonly tailBytes: number;
  /** Bytes skipped to align allocations. */
  readonly slopBytes: number;
  /** Headers of all blocks. */
  readonly headerBytes: number;
  /** Length of the buffer, pages that were never touched included. */
  readonly capacityBytes: number;
}

/** One block of an arena. */
export interface BlockInfo {
  /** Address of the first byte after the header. */
  readonly address: number;
  /** Without the 8-byte header. */
  readonly bytes: number;
  /** A `dedicated` block serves one request, of more than a quarter of `blockBytes`. */
  readonly kind: 'regular' | 'dedicated';
  /** Given out, bytes skipped to align included. */
  readonly usedBytes: number;
  /** Lost at the end. 0 for the current block, whose end is free. */
  readonly tailBytes: number;
}

/** Number of sizes up to `bytesMax`, a power of two, and above half of it. */
export interface SizeCount {
  readonly bytesMax: number;
  readonly count: number;
}

/** Counts sizes by powers of two, in ascending order. */
export function sizeHistogram(sizes: Iterable<number>): SizeCount[] {
  const counts = new Map<number, number>();
  for (const bytes of sizes) {
    const bytesMax = 2 ** Math.ceil(Math.log2(bytes));
    counts.set(bytesMax, (counts.get(bytesMax) ?? 0) + 1);
  }
  return [...counts].map(([bytesMax, count]) => ({ bytesMax, count })).sort((a, b) => a.bytesMax - b.bytesMax);
}
