/**
 * The bytes of a heap: its blocks, and its line of the superblock.
 *
 * ```
 *           0       4       8
 *   used    | size+f| tag   | payload ...                         |
 *   free    | size+f| next  | prev  | ...                 | size  |
 *   two characters = one byte
 *
 *   f           flags in the low bits of the size, which is a multiple of 8
 *   tag         of the block's address and size
 *   next, prev  links in the list of the block's bin, 0 at either end
 *   size        repeated at the end of a free block, where the block after it finds it (boundary tag, Knuth 1962)
 * ```
 *
 * `allocate()` returns the address of the payload. An end mark after the last block looks like the header of a used
 * block, so every block has a neighbour there.
 */
import { Line, LINE_WORDS } from '../superblock.js';

export const HEADER_BYTES = 8;
export const BLOCK_BYTES_MIN = 16;
export const END_BYTES = 8;
export const USED = 1; // Flag: this block is used.
export const PREV_USED = 2; // Flag: the block before this one is used.
export const SIZE_MASK = ~7;
export const SIZE_SALT = 0x85ebca6b; // A used block's tag is `tagOf(address, Math.imul(size, SIZE_SALT))`.
export const LINKS = 1; // Word of a free block that holds `next`.
export const BINS = 32; // Bin b holds sizes from 2^b on. With any fit but `mixed`, bin 0 holds all free blocks.
export const MIXED = 0; // Number of the fit `mixed`.

const LINE = Line.Arena * LINE_WORDS;

/** Words of the heap's line and of the line behind it. */
export const Word = {
  FIT: LINE,
  BIN_BITS: LINE + 1, // Bit b is set when bin b is not empty.
  ROVER: LINE + 2, // Where `next` resumes its search, or the block that `mixed` cut from last; 0 for none.
  USED_BLOCKS: LINE + 3,
  USED_BYTES: LINE + 4, // Headers included.
  FREE_BLOCKS: LINE + 5,
  ALLOCATIONS: LINE + 6,
  FREES: LINE + 7,
  LISTS: LINE + LINE_WORDS, // Heads of the bins' lists, from here on.
} as const;
