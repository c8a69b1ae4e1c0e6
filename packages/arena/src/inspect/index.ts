/** Reads an arena's blocks and figures from its buffer alone, as plain data for tools that show or check them. */
import { Arena } from '../arena.js';
import type { ArenaStats, BlockInfo } from '../stats.js';
import { HEADER_BYTES, LINE_WORDS, linesBytes } from '../superblock.js';

/** A block with all its bytes: `headerBytes + usedBytes + tailBytes + freeBytes`. */
export interface BlockInspection extends BlockInfo {
  /** Address of the header, which precedes the block's bytes. */
  readonly headerAddress: number;
  readonly headerBytes: number;
  /** Not given out yet; only the current block has any. */
  readonly freeBytes: number;
  /** Whether it is the current block, which serves small requests. */
  readonly current: boolean;
}

/** An arena as its buffer has it: its figures and its blocks. */
export interface ArenaInspection {
  /** From the start of the buffer to the end of the last block: the length of a dump. */
  readonly usedBytes: number;
  /** Bytes before the first block. */
  readonly superblockBytes: number;
  readonly stats: ArenaStats;
  /** In the order in which they were made, which is the order of their addresses. */
  readonly blocks: readonly BlockInspection[];
}

/**
 * Inspects the arena in a buffer: the buffer of a live arena (`arena.memory.buffer`), or a copy of it. Only reads.
 * O(blocks).
 *
 * The arena must own its memory. An arena over a heap or over slabs shares its memory with others, and the buffer does
 * not tell which bytes are whose.
 *
 * @throws ArenaError `ARENA_MALFORMED`: no arena, an arena over a source, cut short or damaged; the message says where
 *
 * @example
 * ```ts
 * import { Arena } from '@memtable/arena';
 * import { inspectArena } from '@memtable/arena/inspect';
 *
 * const arena = new Arena();
 * arena.allocate(100);
 * arena.allocate(4000);
 * const { blocks } = inspectArena(arena.memory.buffer);
 * blocks.map(({ kind }) => kind); // ['regular', 'dedicated']
 * blocks.map(({ usedBytes }) => usedBytes); // [100, 4000]
 * blocks[0].freeBytes; // 3996
 * ```
 */
export function inspectArena(buffer: ArrayBufferLike): ArenaInspection {
  const arena = Arena.attach(buffer);
  if (arena.memory.shared) arena.verify(); // `attach` has verified any other.
  const stats = arena.stats();
  const blocks = arena.blocks();
  const currentIndex = blocks.findLastIndex(({ kind }) => kind === 'regular');
  return {
    usedBytes: arena.memory.usedBytes,
    superblockBytes: LINE_WORDS * 4 + linesBytes(arena.indexCount),
    stats,
    blocks: blocks.map((block, i) => ({
      ...block,
      headerAddress: block.address - HEADER_BYTES,
      headerBytes: HEADER_BYTES,
      freeBytes: block.bytes - block.usedBytes - block.tailBytes,
      current: i === currentIndex,
    })),
  };
}
