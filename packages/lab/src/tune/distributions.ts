import { type Trace, traceArenaOf } from './trace.js';

interface Request {
  bytes: number;
  alignment: number;
}

type Uniform = (range: number) => number;

/** Generated requests, for use without a recorded trace. */
export const DISTRIBUTIONS = {
  /** LevelDB's own test: mostly under 20 bytes, sometimes up to 100, rarely up to 6000. */
  leveldb: (uniform) => {
    const bytes = uniform(4000) === 0 ? uniform(6000) : uniform(10) === 0 ? uniform(100) : uniform(20);
    return { bytes: Math.max(1, bytes), alignment: uniform(10) === 0 ? 8 : 1 };
  },
  /** The Rust port's workload: 1 to 256 bytes, one in four aligned. */
  uniform: (uniform) => ({ bytes: 1 + uniform(256), alignment: uniform(4) === 0 ? 8 : 1 }),
  /** Memtable entries of 16-byte keys and 100-byte values, and sometimes an index block. */
  entries: (uniform) => (uniform(45) === 0 ? { bytes: 576, alignment: 64 } : { bytes: 126, alignment: 1 }),
  /** Values of up to 32 KiB. Each doubling of the size is equally frequent. */
  documents: (uniform) => ({ bytes: 30 + uniform(2 ** (1 + uniform(15))), alignment: 1 }),
} satisfies Record<string, (uniform: Uniform) => Request>;

export type Distribution = keyof typeof DISTRIBUTIONS;

/** Generates `count` requests, the same in every call. An arena ends when its requests reach `arenaBytes`. */
export function traceOf(name: Distribution, count: number, arenaBytes: number): Trace {
  let state = 1;
  // The generator of Park and Miller, as in LevelDB.
  const uniform: Uniform = (range) => (state = (state * 16807) % 0x7fffffff) % range;
  const arenas: Request[][] = [];
  let asked = Infinity;
  for (let i = 0; i < count; i++) {
    if (asked >= arenaBytes) {
      arenas.push([]);
      asked = 0;
    }
    const request = DISTRIBUTIONS[name](uniform);
    arenas[arenas.length - 1].push(request);
    asked += request.bytes;
  }
  return { name, arenas: arenas.map(traceArenaOf) };
}
