/**
 * The layout of a block skip list in memory. Every module that reads or writes its bytes takes the numbers from here.
 *
 * A block takes 576 bytes and starts at a cache line. In the drawing two characters are four bytes:
 *
 * ```
 *   cache line  |                               |                               |         (8 of those)
 *               |n p c x         P P P P P P P P |h a h a h a h a h a h a h a h a |h a h a ...
 *
 *   n next block     c slots in use      P pilots: the head of each group's first slot
 *   p previous       x prefix length     h head, a address: of an entry; above level 0, of a block one level below
 * ```
 *
 * A group of 8 slots is one cache line. A search reads the line of the pilots, then the line of one group: two lines a
 * level. A binary search over the slots alone would read five [D12].
 *
 * A slot is eight bytes, so that one double moves it [D14]. The address is the double's high word. Addresses end at
 * 2^31 - 2^20 = 0x7ff00000, where NaNs begin, so a slot is never a NaN whose bits V8 may change.
 */
import { type Arena, NIL } from '@memtable/arena';
import type { Keys } from './head.js';
import type { Order } from './order.js';

const HEADS = 16;
const SLOTS = 64;
const GROUP = 8;

/** Words of a block, counted from its first, and the values that some of them have. */
export const BlockLayout = {
  NEXT: 0,
  PREV: 1,
  COUNT: 2,
  PREFIX: 3,
  PILOTS: 8,
  HEADS,
  ADDRESSES: HEADS + 1,
  /** Slots of a block. */
  SLOTS,
  /** Slots of a group. */
  GROUP,
  /** Groups of a block. */
  GROUPS: SLOTS / GROUP,
  BLOCK_BYTES: 4 * (HEADS + 2 * SLOTS),
  /** Blocks start at a multiple of this, a cache line, so that each group of slots lies in one line. */
  BLOCK_ALIGNMENT: 64,
  /**
   * Most blocks of a run, and so of the spare ones. Blocks come from the arena in runs, so that they lie side by side.
   * Scattered among entries each would have a memory page of its own, and a search would miss the TLB at each. A run of
   * 28 blocks fills four pages [D5].
   */
  RUN_BLOCKS_MAX: 28,
  /** Head of an unused slot: the highest number, so that counting lower heads skips it. */
  UNUSED: 0x7fffffff,
  /** Head of the first slot of a level above 0: the lowest number, since the slot stands for all smaller keys too. */
  LOWEST: -0x80000000,
  /** Most levels. A split leaves 32 slots on each side, so memory ends before levels do. */
  HEIGHT_MAX: 12,
} as const;

/** Words of the index's line in the superblock. */
export const BlockWord = {
  Kind: 0,
  Root: 1,
  Height: 2,
  Count: 3,
  Pending: 4,
  Prefix: 5,
  Entry: 6,
  Spare: 7,
  SpareCount: 8,
} as const;

/** The parts of a block skip list that functions of its bytes use. */
export interface BlockList {
  readonly arena: Arena;
  readonly order: Order;
  readonly keys: Keys;
  /** Levels in use. */
  readonly height: number;
  /** First word of the index's line in the superblock. */
  readonly line: number;
  /** Sink for prefetch reads. */
  touched: number;
}

const { NEXT, COUNT, ADDRESSES } = BlockLayout;

/** The entry that an address on a level stands for: the entry itself, or the first one below that block. */
export function entryBelow(words: Int32Array, address: number, level: number): number {
  for (; level > 0; level--) address = words[(address >> 2) + ADDRESSES];
  return address;
}

/** The first block of a level. */
export function firstBlock({ arena, line }: BlockList, level: number): number {
  const words = arena.memory.i32;
  return entryBelow(words, words[line + BlockWord.Root], words[line + BlockWord.Height] - 1 - level);
}

/** The last block of a level. */
export function lastBlock({ arena, line }: BlockList, level: number): number {
  const words = arena.memory.i32;
  let block = words[line + BlockWord.Root];
  for (let above = words[line + BlockWord.Height] - 1; above > level; above--) {
    block = words[(block >> 2) + ADDRESSES + 2 * (words[(block >> 2) + COUNT] - 1)];
  }
  return block;
}

/** The block and all blocks to the right of it on its level. */
export function* blocksFrom(words: Int32Array, first: number): Generator<number> {
  for (let block = first; block !== NIL; block = words[(block >> 2) + NEXT]) yield block;
}

/** The addresses in the slots of a block. Reads at most as many as a block has, so it may look at damaged bytes. */
export function addressesOf(words: Int32Array, block: number): number[] {
  const first = (block >> 2) + ADDRESSES;
  return Array.from({ length: Math.min(words[(block >> 2) + COUNT], SLOTS) }, (_, slot) => words[first + 2 * slot]);
}
