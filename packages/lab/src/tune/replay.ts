import { Arena, Heap, NIL, SlabAllocator } from '@memtable/arena';
import type { Trace, TraceArena } from './trace.js';

const BLOCK_BYTES = [1024, 4096, 16384, 65536, 262144];
const ROUNDS = 5;
/** Arenas alive at once: a frozen memtable stays while the next one fills. */
const ALIVE = 2;

const SLAB_BYTES = 1 << 20;

/** The sources of blocks: a memory for each arena, or one source for all arenas. */
const SOURCES = {
  memory: undefined,
  'heap, mixed': (reserveBytes: number) => new Heap({ fit: 'mixed', reserveBytes }),
  'heap, first': (reserveBytes: number) => new Heap({ fit: 'first', reserveBytes }),
  'heap, next': (reserveBytes: number) => new Heap({ fit: 'next', reserveBytes }),
  'heap, best': (reserveBytes: number) => new Heap({ fit: 'best', reserveBytes }),
  slabs: (reserveBytes: number, blockBytes: number) =>
    new SlabAllocator({ slabBytes: SLAB_BYTES, sizes: slabSizesFor(blockBytes), reserveBytes }),
} as const;
type SourceName = keyof typeof SOURCES;

/** The cost of one source with one block size. The first row of a list is the best. */
export interface TuneRow {
  readonly source: SourceName;
  readonly blockBytes: number;
  /** Median of 5 replays of the whole trace. */
  readonly ms: number;
  /** Peak memory: blocks, headers, and waste of the source. */
  readonly memoryBytes: number;
  /** Share of the peak memory that nothing requested. */
  readonly wastePercent: number;
  /** Number of blocks in all arenas. */
  readonly blocks: number;
  /** Time times memory, each relative to the smallest of all rows. The lower bound is 1. */
  readonly cost: number;
}

/** Replays a trace with every source and block size, in turn in each round. @returns the rows by ascending cost */
export function tune(trace: Trace): TuneRow[] {
  const reserveBytes = reserveFor(trace);
  const cases = (Object.keys(SOURCES) as SourceName[]).flatMap((source) =>
    BLOCK_BYTES.map((blockBytes) => ({
      source,
      blockBytes,
      times: [] as number[],
      memoryBytes: 0,
      askedBytes: 0,
      blocks: 0,
    })),
  );
  // The first round does not count: V8 compiles in it.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of cases) {
      const { ms, ...figures } = replay(trace, one.source, one.blockBytes, reserveBytes);
      if (round > 0) one.times.push(ms);
      Object.assign(one, figures);
    }
  }
  const rows = cases.map(({ source, blockBytes, times, memoryBytes, askedBytes, blocks }) => {
    const ms = times.sort((a, b) => a - b)[times.length >> 1];
    return { source, blockBytes, ms, memoryBytes, wastePercent: 100 * (1 - askedBytes / memoryBytes), blocks };
  });
  const msMin = Math.min(...rows.map(({ ms }) => ms));
  const bytesMin = Math.min(...rows.map(({ memoryBytes }) => memoryBytes));
  return rows
    .map((row) => ({ ...row, cost: (row.ms / msMin) * (row.memoryBytes / bytesMin) }))
    .sort((a, b) => a.cost - b.cost);
}

interface Replay {
  readonly ms: number;
  readonly memoryBytes: number;
  readonly askedBytes: number;
  readonly blocks: number;
}

function replay(trace: Trace, name: SourceName, blockBytes: number, reserveBytes: number): Replay {
  const source = SOURCES[name]?.(reserveBytes * ALIVE, blockBytes);
  const alive: Arena[] = [];
  let memoryBytes = 0;
  let askedBytes = 0;
  let blocks = 0;
  const start = performance.now();
  for (const requests of trace.arenas) {
    if (alive.length === ALIVE) alive.shift()!.drop();
    const arena = new Arena({ blockBytes, ...(source === undefined ? { reserveBytes } : { source }) });
    fill(arena, requests);
    alive.push(arena);
    const used = source?.memoryUsage() ?? alive.reduce((sum, some) => sum + some.memoryUsage(), 0);
    if (used > memoryBytes) {
      memoryBytes = used;
      askedBytes = alive.reduce((sum, some) => sum + some.stats().askedBytes, 0);
    }
    const { regularCount, dedicatedCount } = arena.stats();
    blocks += regularCount + dedicatedCount;
  }
  for (const arena of alive) arena.drop();
  source?.drop();
  return { ms: performance.now() - start, memoryBytes, askedBytes, blocks };
}

/** Writes the first byte of each allocation, as a real caller would. A page costs memory only when it is written. */
function fill(arena: Arena, { bytes, alignments }: TraceArena): void {
  for (let i = 0; i < bytes.length; i++) {
    const at = alignments[i] === 1 ? arena.allocate(bytes[i]) : arena.allocateAligned(bytes[i], alignments[i]);
    if (at === NIL) throw new Error(`no room for request ${i + 1} of ${bytes[i]} bytes`);
    arena.memory.u8[at] = 1;
  }
}

/** Sizes for the arena's own lines and its regular blocks, then eight sizes per doubling for dedicated blocks. */
function slabSizesFor(blockBytes: number): number[] {
  const sizes = [192, blockBytes + 8];
  for (let step = blockBytes / 32; step * 16 <= SLAB_BYTES / 2; step *= 2) {
    for (let i = 9; i <= 16; i++) sizes.push(step * i);
  }
  return sizes;
}

/** Enough memory for the largest arena with the largest blocks, so that no memory grows during a measurement. */
function reserveFor({ arenas }: Trace): number {
  const asked = arenas.map(({ bytes, alignments }) =>
    bytes.reduce((sum, size, i) => sum + size + alignments[i] + 16, 4 * Math.max(...BLOCK_BYTES)),
  );
  return Math.min(2 ** 29, Math.ceil(1.5 * Math.max(...asked)));
}
