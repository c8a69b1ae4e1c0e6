/**
 * The bytes of a slab allocator: its slabs, and its line of the superblock. The records of the size classes lie between
 * the superblock and the first slab.
 *
 * ```
 *    0                    64
 *    | header             | chunk | chunk | chunk | ...        | rest |
 *                           ^ used  ^ free  ^ fresh: never given out
 *
 *    free chunk      | next free | tag | ...
 *    run             | header             | one request, over several slabs ...
 * ```
 *
 * A header is one cache line.
 */
import { Line, LINE_WORDS } from '../superblock.js';

export const HEADER_BYTES = 64;

/** Words of a slab's header. */
export const Slab = {
  STATE: 0, // 1 + its class; 0 for a free slab; minus the number of slabs for a run.
  TAG: 1,
  ROOM: 2, // Number of chunks that are not used.
  CAPACITY: 3, // Number of chunks.
  FREE: 4, // First chunk that was given back; each names the next.
  FRESH: 5, // First chunk that was never given out.
  NEXT: 6, // Links in the partial list of the slab's class, or in the list of free slabs.
  PREV: 7,
  SALT: 8, // Part of the tags of free chunks. It is new each time the slab gets a class, so older tags mean nothing.
} as const;

/** A header's tag is `tagOf(address, TAG_SALT)`, a free chunk's is `tagOf(address, TAG_SALT ^ salt)`. */
export const TAG_SALT = 0x5ab5ab;

const LINE = Line.Arena * LINE_WORDS;

/** Words of the allocator's line. */
export const Word = {
  SlabBytes: LINE,
  ClassCount: LINE + 1,
  FreeList: LINE + 2, // Head of the list of free slabs.
  FreeSlabs: LINE + 3, // Number of free slabs.
  RunSlabs: LINE + 4, // Number of slabs in runs.
  RunAllocations: LINE + 5, // Number of runs given out since the beginning.
  RunFrees: LINE + 6, // Number of runs given back since the beginning.
  First: LINE + 7, // Address of the first slab.
  Salt: LINE + 8, // The salt used last.
} as const;

/** Number of chunks of a size in a slab. */
export function capacityOf(slabBytes: number, bytes: number): number {
  return Math.floor((slabBytes - HEADER_BYTES) / bytes);
}
