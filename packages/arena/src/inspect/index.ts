/** What lies in an arena's memory, read from nothing but its buffer: plain data, for tools that show or check it. */
import { Arena, HEADER_BYTES } from '../arena.js';
import { ArenaError } from '../errors.js';
import type { ArenaStats, BlockInfo } from '../stats.js';
import { LINE_WORDS, linesBytes, MAGIC, MemoryWord, SUPERBLOCK_BYTES, Tenant } from '../superblock.js';

/** A block with all of its bytes: `headerBytes + usedBytes + tailBytes + freeBytes`. */
export interface BlockInspection extends BlockInfo {
  /** Address of the header; the block's own bytes follow it. */
  readonly headerAddress: number;
  readonly headerBytes: number;
  /** Still to be handed out; only the current block has any. */
  readonly freeBytes: number;
  /** Whether small requests are served from it now. */
  readonly current: boolean;
}

export interface ArenaInspection {
  /** From the start of the buffer to the end of the last block; a dump holds that much. */
  readonly usedBytes: number;
  /** What stands before the first block. */
  readonly superblockBytes: number;
  readonly stats: ArenaStats;
  /** In the order in which they were made, which is that of their addresses. */
  readonly blocks: readonly BlockInspection[];
}

/**
 * Looks at the arena in a buffer: that of a live one (`arena.memory.buffer`) or a copy of it. Reads only. O(blocks).
 *
 * The arena must own its memory. One that takes its blocks from a heap or from slabs shares that memory with others, and
 * there is no telling which of its bytes are whose.
 *
 * @throws ArenaError `ARENA_MALFORMED`: no arena of its own, cut short or damaged; the message says what, and where
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
  checkTenant(buffer);
  const arena = Arena.attach(buffer);
  if (arena.memory.shared) arena.verify(); // Which attaching has done for any other.
  const stats = arena.stats();
  if (stats.blockBytes === 0)
    throw new ArenaError('ARENA_MALFORMED', 'this memory holds no arena: it has no block size');
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

/** Before anything else is looked at, so that whoever gives the memory of a source is told what it is. */
function checkTenant(buffer: ArrayBufferLike): void {
  if (buffer.byteLength < SUPERBLOCK_BYTES) return;
  const words = new Int32Array(buffer, 0, LINE_WORDS);
  const tenant = words[MemoryWord.Tenant];
  if (words[MemoryWord.Magic] !== MAGIC || tenant === Tenant.Arena) return;
  throw new ArenaError(
    'ARENA_MALFORMED',
    `this is the memory of a source of blocks (tenant ${tenant}), which its arenas share: only one that owns its memory, ` +
      'made without a source, can be inspected',
  );
}
