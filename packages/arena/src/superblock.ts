/**
 * The superblock: the first bytes of a memory, one 64-byte line a layer. A layer keeps all its state in its line, so
 * the buffer alone is the truth, and `attach` can rebuild every object from it.
 *
 * ```
 *    0        64        128       192       256
 *    | Memory  | Arena   | Index   | Table   | first block ...
 *    | Memory  | Arena   | Index   | Table   | Index 1 | Index 2 | first block ...     with three indexes
 *    one character = 6.4 bytes
 * ```
 *
 * An arena over a source keeps its lines in a block from that source. The memory's line belongs to all its arenas.
 *
 * A line is 16 words of 32 bits, little-endian. This file owns the words of `Memory` and `Arena`. The packages above
 * own the others, and get the index of their first word from {@link Arena.lineOf} and {@link Arena.indexLineOf}.
 */
export const LINE_WORDS = 16;

/** The lines of a superblock, in order. */
export const Line = { Memory: 0, Arena: 1, Index: 2, Table: 3 } as const;
export type Line = (typeof Line)[keyof typeof Line];

/** Bytes of a superblock with one index. No block begins before this address. */
export const SUPERBLOCK_BYTES = 256;

/** Bytes of an arena's lines: its own, the table's, and one for each index. */
export function linesBytes(indexCount: number): number {
  return (2 + indexCount) * LINE_WORDS * 4;
}

/** 'MTK1' when the first four bytes are read as text: tells a memory from any other bytes. */
export const MAGIC = 0x314b544d;

/** Words of the memory's line. */
export const MemoryWord = {
  Magic: 0,
  Top: 1, // End of the last block.
  Tenant: 2, // The allocator that shares the memory out.
  NewestArena: 3, // Address of the lines of the newest arena over a source, 0 for none.
} as const;

/** The allocators that can share a memory out. Each uses the arena's line; only an arena has indexes or a table. */
export const Tenant = { Arena: 0, Heap: 1, Slab: 2, FixedArena: 3 } as const;
export type Tenant = (typeof Tenant)[keyof typeof Tenant];

/** Words of the arena's line. */
export const ArenaWord = {
  Pointer: 0, // Next free byte of the current block.
  Limit: 1, // End of the current block; `Limit - Pointer` is LevelDB's `alloc_bytes_remaining_`.
  BlockBytes: 2,
  LastBlock: 3, // Header of the newest block; each header names the block before it.
  CurrentBlock: 4, // Header of the current block, which serves small requests.
  RegularCount: 5,
  DedicatedCount: 6,
  MemoryUsage: 7, // LevelDB's `MemoryUsage()`: every block with its 8-byte header.
  TailBytes: 8, // Bytes left at the end of closed regular blocks.
  SlopBytes: 9, // Bytes skipped to align allocations.
  Older: 10, // Over a source: lines of the arenas made before and after this one, 0 at either end.
  Newer: 11,
  Guarded: 12, // 1 + the number of allocations so far in an arena with guards; 0 in any other.
  MoreIndexes: 13, // Number of index lines behind the table's: all but the first.
} as const;

/**
 * The header in front of each block of an arena. It makes LevelDB's `sizeof(char*)` a block real:
 *
 * ```
 *    0       4       8
 *    | state | prev  | bytes of the block ...
 *    two characters = one byte
 *
 *    state   regular block:   bytes used when it was closed; 0 while it is current
 *            dedicated block: minus its length
 *    prev    header of the block made before, or 0
 * ```
 */
export const HEADER_BYTES = 8;
