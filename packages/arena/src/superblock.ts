/**
 * The superblock: the first bytes of a memory, one 64-byte line a layer. Everything that a layer must remember
 * lives in its line, so that the buffer alone is the whole truth and `attach` can give the same objects back.
 *
 * ```
 *    0        64        128       192       256
 *    | Memory  | Arena   | Index   | Table   | first block ...
 *    | Memory  | Arena   | Index   | Table   | Index 1 | Index 2 | first block ...     with three indexes
 *    one character = 6.4 bytes
 * ```
 *
 * An arena over a source keeps its lines in a block from that source. The memory's line belongs to all.
 *
 * A line is 16 words of 32 bits, little-endian. This file owns the words of `Memory` and `Arena`. The other lines belong
 * to the packages above, which get the index of their first word from {@link Arena.lineOf} and
 * {@link Arena.indexLineOf}.
 */
export const LINE_WORDS = 16;

/** The lines of a superblock, in order. */
export const Line = { Memory: 0, Arena: 1, Index: 2, Table: 3 } as const;
export type Line = (typeof Line)[keyof typeof Line];

/** Bytes of a superblock with one index; the first block may start here. */
export const SUPERBLOCK_BYTES = 256;

/** Bytes of an arena's lines: its own, the table's, and one for each index. */
export function linesBytes(indexCount: number): number {
  return (2 + indexCount) * LINE_WORDS * 4;
}

/** 'MTK1' when the first four bytes are read as text: tells our memories from any other bytes. */
export const MAGIC = 0x314b544d;

/** Words of the memory's line. */
export const MemoryWord = {
  Magic: 0,
  /** First byte that no block has been given. */
  Top: 1,
  /** Who shares the memory out, a {@link Tenant}. */
  Tenant: 2,
  /** Superblock of the arena made last over a source, 0 when there is none. */
  NewestArena: 3,
} as const;

/** Who shares a memory out. Its line of the superblock is the arena's; the other tenants have no index or table. */
export const Tenant = { Arena: 0, Heap: 1, Slab: 2, FixedArena: 3 } as const;
export type Tenant = (typeof Tenant)[keyof typeof Tenant];

/** Words of the arena's line. */
export const ArenaWord = {
  /** Next free byte of the current block. */
  Pointer: 0,
  /** End of the current block; `Limit - Pointer` is LevelDB's `alloc_bytes_remaining_`. */
  Limit: 1,
  BlockBytes: 2,
  /** Header of the block made last; each header names the one before it. */
  LastBlock: 3,
  /** Header of the block that is bumped now. */
  CurrentBlock: 4,
  RegularCount: 5,
  DedicatedCount: 6,
  /** LevelDB's `MemoryUsage()`: every block with its 8-byte header. */
  MemoryUsage: 7,
  /** Bytes left at the end of blocks that were given up for a new one. */
  TailBytes: 8,
  /** Bytes skipped to align an allocation. */
  SlopBytes: 9,
  /** Over a source: superblocks of the arenas made before and after this one, 0 at either end. */
  Older: 10,
  Newer: 11,
  /** 1 + the number of allocations so far in an arena with guards; 0 in any other. */
  Guarded: 12,
  /** Number of lines behind the table's, one for each index but the first. */
  MoreIndexes: 13,
} as const;
