/**
 * The bytes of a fixed arena: its blocks, and its line of the superblock.
 *
 * ```
 *    0                   64
 *    | next, bytes, used | bytes given out ... ^ offset      |
 *
 *    free slot           | next free | tag | ...
 * ```
 *
 * A block's header takes a cache line, so the block's bytes begin at one.
 */
import { Line, LINE_WORDS } from '../superblock.js';

export const HEADER_BYTES = 64;

/** Words of a block's header. */
export const Block = {
  Next: 0, // Header of the next block of the chain, 0 at its end.
  Bytes: 1,
  Used: 2, // Bytes given out when the arena went on to the next block.
} as const;

/** A free slot's tag is `tagOf(address, TAG_SALT)`. */
export const TAG_SALT = 0xf12ed;

const LINE = Line.Arena * LINE_WORDS;

/** Words of the arena's line. */
export const Word = {
  Offset: LINE, // Next free byte of the current block.
  Limit: LINE + 1, // End of the current block.
  Current: LINE + 2, // Header of the current block.
  First: LINE + 3, // Header of the first block of the chain.
  Bytes: LINE + 4,
  Grow: LINE + 5,
  SlotBytes: LINE + 6,
  FreeList: LINE + 7,
  FreeSlots: LINE + 8,
  Allocations: LINE + 9,
  Frees: LINE + 10,
  SlopBytes: LINE + 11,
} as const;

/** Upper bound on a request, and on the size with which an arena is made. */
export const BYTES_MAX = 1 << 30;

/** Whether an arena can be made with blocks of this size. A larger request gets a larger block. */
export function isBlockBytes(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 64 && bytes <= BYTES_MAX && bytes % 8 === 0;
}
