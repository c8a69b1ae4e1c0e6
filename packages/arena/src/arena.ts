/**
 * LevelDB's arena (util/arena.h, util/arena.cc) over one memory. One thread allocates; others may read.
 *
 * Invariants, which `verify()` checks:
 * A1. `Pointer <= Limit`; both lie in the current block, or both are 0 before the first one.
 * A2. Every block starts at a multiple of 8, after an 8-byte header, inside the memory's used part; none overlap.
 * A3. The chain from `LastBlock` has `RegularCount` regular and `DedicatedCount` dedicated blocks.
 * A4. `MemoryUsage` is the sum over that chain of block bytes + 8.
 * A5. The tails of the closed regular blocks add up to `TailBytes`.
 */
import { type Addr, NIL } from './addr.js';
import { ArenaError } from './errors.js';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from './memory.js';
import type { ArenaStats, BlockInfo } from './stats.js';
import { ARENA_WORDS, ArenaWord, INDEX_WORDS, Line, LINE_WORDS, SUPERBLOCK_BYTES } from './superblock.js';

/**
 * What stands before each block, and why LevelDB's `sizeof(char*)` a block is real here:
 *
 * ```
 *    0       4       8
 *    | state | prev  | bytes of the block ...
 *    two characters = one byte
 *
 *    state   regular block:   bytes used when it was given up; 0 while it is current
 *            dedicated block: minus its length
 *    prev    header of the block made before, or 0
 * ```
 */
/** @internal */
export const HEADER_BYTES = 8;
const ALIGNMENT = 8;
const ALIGNMENT_MAX = 4096;
const BLOCK_BYTES = 4096;
const BLOCK_BYTES_MAX = 1 << 28;

/** Words that {@link Arena.mark} fills. */
export const MARK_WORDS = ARENA_WORDS + INDEX_WORDS;

const LINE = Line.Arena * LINE_WORDS;
const INDEX_LINE = Line.Index * LINE_WORDS;
const POINTER = LINE + ArenaWord.Pointer;
const LIMIT = LINE + ArenaWord.Limit;
const BLOCK_BYTES_WORD = LINE + ArenaWord.BlockBytes;
const LAST_BLOCK = LINE + ArenaWord.LastBlock;
const CURRENT_BLOCK = LINE + ArenaWord.CurrentBlock;
const REGULAR_COUNT = LINE + ArenaWord.RegularCount;
const DEDICATED_COUNT = LINE + ArenaWord.DedicatedCount;
const MEMORY_USAGE = LINE + ArenaWord.MemoryUsage;
const TAIL_BYTES = LINE + ArenaWord.TailBytes;
const SLOP_BYTES = LINE + ArenaWord.SlopBytes;

export interface ArenaOptions extends MemoryOptions {
  /**
   * Size of a regular block in bytes, a multiple of 8 from 64 to 2^28. A request of more than a quarter of it gets a
   * block of its own.
   * @defaultValue 4096, LevelDB's
   */
  blockBytes?: number;
}

/**
 * Hands out bytes that live until the whole arena is dropped.
 *
 * Requests are served by moving a pointer through the current block: O(1), no header, no free. What does not fit
 * follows LevelDB's rule: over a quarter of the block size it gets a block of its own and the current block goes on;
 * else a new block is begun and the rest of the old one is lost, and counted.
 *
 * All state is in the buffer. Bytes are zero when their page was never used before, and stale after a `reset()`.
 *
 * @example
 * ```ts
 * const arena = new Arena();
 * const at = arena.allocate(5);
 * arena.memory.u8.set([1, 2, 3, 4, 5], at);
 * arena.memoryUsage(); // 4104: a block of 4096 bytes and its header
 * arena.drop();
 * arena.memory.u8.length; // 0
 * ```
 *
 * Source: LevelDB util/arena.cc. Deviations: a memory that is at its limit yields NIL, `reset()` and `drop()` exist,
 * any alignment up to 4096 is served.
 */
export class Arena implements Disposable {
  readonly memory: Memory;

  /** @throws ArenaError `ARENA_INVALID_OPTION` */
  constructor(options?: ArenaOptions);
  /** @internal Over a memory that holds an arena already. */
  constructor(options: ArenaOptions, attached: Memory);
  constructor(options: ArenaOptions = {}, attached?: Memory) {
    if (attached !== undefined) {
      this.memory = attached;
      return;
    }
    const { blockBytes = BLOCK_BYTES } = options;
    if (!Number.isInteger(blockBytes) || blockBytes < 64 || blockBytes > BLOCK_BYTES_MAX || blockBytes % 8 !== 0) {
      throw new ArenaError(
        'ARENA_INVALID_OPTION',
        `blockBytes must be a multiple of 8 from 64 to ${BLOCK_BYTES_MAX}: ${blockBytes}`,
      );
    }
    this.memory = Memory.create(options);
    this.memory.i32[BLOCK_BYTES_WORD] = blockBytes;
  }

  /**
   * The arena that wrote these bytes, or a copy of it if they are a copy.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): Arena {
    const arena = new Arena({}, Memory.attach(buffer));
    arena.verify();
    return arena;
  }

  /**
   * Allocates `bytes` bytes at any address.
   * @param bytes - whole number from 1 to 2^31 - 2^20
   * @returns where they are, or NIL when the memory is at its limit; nothing has changed then
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    const words = this.memory.i32;
    const start = words[POINTER];
    const end = start + bytes;
    // `| 0` is false for fractions, NaN and what is beyond an address; a dropped memory makes `end` NaN.
    if ((bytes | 0) === bytes && bytes > 0 && end <= words[LIMIT]) {
      words[POINTER] = end;
      return start as Addr;
    }
    return this.#allocateFallback(bytes, 1);
  }

  /**
   * Allocates `bytes` bytes at a multiple of `alignment`.
   * @param alignment - power of two from 1 to 4096
   * @returns where they are, or NIL when the memory is at its limit; nothing has changed then
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_INVALID_ALIGNMENT`, `ARENA_DROPPED`
   */
  allocateAligned(bytes: number, alignment: number = ALIGNMENT): Addr {
    const words = this.memory.i32;
    const mask = alignment - 1;
    if ((alignment & mask) !== 0 || !(alignment >= 1 && alignment <= ALIGNMENT_MAX) || (alignment | 0) !== alignment) {
      throw new ArenaError(
        'ARENA_INVALID_ALIGNMENT',
        `the alignment must be a power of two from 1 to ${ALIGNMENT_MAX}: ${alignment}`,
      );
    }
    const pointer = words[POINTER];
    const slop = -pointer & mask;
    const start = pointer + slop;
    const end = start + bytes;
    if ((bytes | 0) === bytes && bytes > 0 && end <= words[LIMIT]) {
      words[POINTER] = end;
      words[SLOP_BYTES] += slop;
      return start as Addr;
    }
    return this.#allocateFallback(bytes, alignment);
  }

  /**
   * Makes sure that the next `count` requests, of `bytes` bytes each at alignments up to 8, cannot yield NIL, by letting
   * the memory grow now. Nothing is allocated. O(1).
   * @returns false when the memory is too close to its limit to promise that
   */
  ensure(bytes: number, count: number): boolean {
    const blockBytes = this.memory.i32[BLOCK_BYTES_WORD];
    const slot = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const perBlock = slot > blockBytes / 4 ? 0 : Math.floor(blockBytes / slot);
    const blocks = perBlock === 0 ? count : Math.ceil(count / perBlock);
    return this.memory.ensure(blocks * ((perBlock === 0 ? slot : blockBytes) + HEADER_BYTES + ALIGNMENT));
  }

  /** LevelDB's `MemoryUsage()`: bytes of all blocks and their headers, used or not. 0 once dropped. O(1). */
  memoryUsage(): number {
    return this.memory.i32[MEMORY_USAGE] ?? 0;
  }

  /** The arena's own figures, from the buffer. O(1). All 0 once dropped. */
  stats(): ArenaStats {
    const words = this.memory.i32;
    const word = (index: number): number => words[index] ?? 0;
    const regularCount = word(REGULAR_COUNT);
    const dedicatedCount = word(DEDICATED_COUNT);
    const headerBytes = (regularCount + dedicatedCount) * HEADER_BYTES;
    const remainingBytes = word(LIMIT) - word(POINTER);
    const memoryUsage = word(MEMORY_USAGE);
    return {
      blockBytes: word(BLOCK_BYTES_WORD),
      regularCount,
      dedicatedCount,
      memoryUsage,
      // Nothing is counted per allocation: what was asked for is what is left of all blocks without the losses.
      askedBytes: memoryUsage - headerBytes - remainingBytes - word(TAIL_BYTES) - word(SLOP_BYTES),
      remainingBytes,
      tailBytes: word(TAIL_BYTES),
      slopBytes: word(SLOP_BYTES),
      headerBytes,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** Every block, oldest first. O(blocks). */
  blocks(): BlockInfo[] {
    const words = this.memory.i32;
    const blockBytes = words[BLOCK_BYTES_WORD] ?? 0;
    const blocks: BlockInfo[] = [];
    for (let header = words[LAST_BLOCK] ?? 0; header !== 0; header = words[(header >> 2) + 1]!) {
      const state = words[header >> 2];
      const address = header + HEADER_BYTES;
      if (state < 0) {
        blocks.push({ address, bytes: -state, kind: 'dedicated', usedBytes: -state, tailBytes: 0 });
      } else {
        const current = header === words[CURRENT_BLOCK];
        const usedBytes = current ? words[POINTER] - address : state;
        const tailBytes = current ? 0 : blockBytes - state;
        blocks.push({ address, bytes: blockBytes, kind: 'regular', usedBytes, tailBytes });
      }
    }
    return blocks.reverse();
  }

  /**
   * Forgets every allocation, in O(1), and keeps the memory for the next ones. Whatever lies in the arena, an index or
   * a memtable, is gone.
   * @throws ArenaError `ARENA_DROPPED`
   */
  reset(): void {
    this.#checkLive();
    const blockBytes = this.memory.i32[BLOCK_BYTES_WORD];
    this.memory.i32.fill(0, LINE, SUPERBLOCK_BYTES / 4);
    this.memory.i32[BLOCK_BYTES_WORD] = blockBytes;
    this.memory.cutBack(SUPERBLOCK_BYTES);
  }

  /** Gives all memory back at once and ends the arena. Every view of its bytes reads as empty. Idempotent. */
  drop(): void {
    this.memory.drop();
  }

  get dropped(): boolean {
    return this.memory.dropped;
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  /** Index of the first word of a layer's line of the superblock, for `memory.i32`. */
  lineOf(line: Line): number {
    return line * LINE_WORDS;
  }

  /**
   * Remembers the state of the arena and of the index in it, so that {@link Arena.rewind} can undo the allocations made
   * since. Taken for every write, so it copies no more than it must.
   * @param mark - at least {@link MARK_WORDS} words, overwritten; reuse it
   */
  mark(mark: Int32Array): void {
    const words = this.memory.i32;
    for (let i = 0; i < ARENA_WORDS; i++) mark[i] = words[LINE + i];
    for (let i = 0; i < INDEX_WORDS; i++) mark[ARENA_WORDS + i] = words[INDEX_LINE + i];
  }

  /** Whether what lies at `address` was allocated after the mark. O(blocks made since). */
  isSince(mark: Int32Array, address: number): boolean {
    const words = this.memory.i32;
    if (address >= mark[ArenaWord.Pointer] && address < mark[ArenaWord.Limit]) return true;
    for (let header = words[LAST_BLOCK]; header !== mark[ArenaWord.LastBlock]; header = words[(header >> 2) + 1]) {
      const state = words[header >> 2];
      const bytes = state < 0 ? -state : words[BLOCK_BYTES_WORD];
      if (address > header && address < header + HEADER_BYTES + bytes) return true;
    }
    return false;
  }

  /**
   * Puts arena and index back to where they were at the mark: what has been allocated since is free again. The caller has
   * unlinked it from everything older.
   */
  rewind(mark: Int32Array): void {
    const words = this.memory.i32;
    for (let i = 0; i < ARENA_WORDS; i++) words[LINE + i] = mark[i];
    for (let i = 0; i < INDEX_WORDS; i++) words[INDEX_LINE + i] = mark[ARENA_WORDS + i];
    // The block that was current then may have been closed since; its header has to say "current" again.
    const current = words[CURRENT_BLOCK];
    if (current !== 0) words[current >> 2] = 0;
    const last = words[LAST_BLOCK];
    const size = words[last >> 2] < 0 ? -words[last >> 2] : words[BLOCK_BYTES_WORD];
    this.memory.cutBack(last === 0 ? SUPERBLOCK_BYTES : last + HEADER_BYTES + size);
  }

  /**
   * Checks A1 to A5. O(blocks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.#checkLive();
    const words = this.memory.i32;
    const top = this.memory.usedBytes;
    const blockBytes = words[BLOCK_BYTES_WORD];
    let regularCount = 0;
    let dedicatedCount = 0;
    let memoryUsage = 0;
    let tailBytes = 0;
    let above = top;
    for (let header = words[LAST_BLOCK]; header !== 0; header = words[(header >> 2) + 1]!) {
      const state = words[header >> 2];
      const bytes = state < 0 ? -state : blockBytes;
      // Blocks are made upwards, so the chain runs strictly downwards; this also ends a chain that was made a ring.
      if (header % 8 !== 0 || header < SUPERBLOCK_BYTES || header + HEADER_BYTES + bytes > above) {
        malformed(`A2: a block of ${bytes} bytes at ${header} is not aligned between ${SUPERBLOCK_BYTES} and ${above}`);
      }
      above = header;
      memoryUsage += bytes + HEADER_BYTES;
      if (state < 0) dedicatedCount++;
      else regularCount++;
      if (state >= 0 && header !== words[CURRENT_BLOCK]) {
        if (state > bytes) malformed(`A5: ${state} of ${bytes} bytes used in the block at ${header}`);
        tailBytes += bytes - state;
      }
    }
    const current = words[CURRENT_BLOCK];
    const low = current === 0 ? 0 : current + HEADER_BYTES;
    const high = current === 0 ? 0 : low + blockBytes;
    if (current !== 0 && words[current >> 2] !== 0) malformed(`A1: the current block at ${current} says it is closed`);
    if (words[LIMIT] !== high || words[POINTER] < low || words[POINTER] > high) {
      malformed(`A1: pointer ${words[POINTER]}, limit ${words[LIMIT]}, block from ${low} to ${high}`);
    }
    if (regularCount !== words[REGULAR_COUNT] || dedicatedCount !== words[DEDICATED_COUNT]) {
      malformed(
        `A3: ${regularCount} regular and ${dedicatedCount} dedicated blocks in the chain, ` +
          `${words[REGULAR_COUNT]} and ${words[DEDICATED_COUNT]} counted`,
      );
    }
    if (memoryUsage !== words[MEMORY_USAGE]) malformed(`A4: ${memoryUsage} bytes, ${words[MEMORY_USAGE]} counted`);
    if (tailBytes !== words[TAIL_BYTES]) malformed(`A5: ${tailBytes} bytes of tails, ${words[TAIL_BYTES]} counted`);
  }

  #allocateFallback(bytes: number, alignment: number): Addr {
    this.#checkLive();
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MEMORY_BYTES_MAX) {
      throw new ArenaError(
        'ARENA_INVALID_SIZE',
        `the size must be a whole number of bytes from 1 to ${MEMORY_BYTES_MAX}: ${bytes}`,
      );
    }
    const blockBytes = this.memory.i32[BLOCK_BYTES_WORD];
    // A new block starts at a multiple of 8. LevelDB asks for no more than that; a larger alignment may need slop.
    const spare = alignment > ALIGNMENT ? alignment - ALIGNMENT : 0;
    const dedicated = bytes + spare > Math.floor(blockBytes / 4);
    const size = dedicated ? bytes + spare : blockBytes;

    const header = this.memory.take(HEADER_BYTES + size);
    if (header === NIL) return NIL;
    const words = this.memory.i32; // Read again: taking may have moved the memory.
    words[header >> 2] = dedicated ? -size : 0;
    words[(header >> 2) + 1] = words[LAST_BLOCK]!;
    words[LAST_BLOCK] = header;
    words[MEMORY_USAGE] += HEADER_BYTES + size;

    const start = header + HEADER_BYTES;
    const slop = -start & (alignment - 1);
    if (dedicated) {
      words[DEDICATED_COUNT]++;
      words[SLOP_BYTES] += spare;
    } else {
      this.#closeCurrentBlock();
      words[REGULAR_COUNT]++;
      words[CURRENT_BLOCK] = header;
      words[POINTER] = start + slop + bytes;
      words[LIMIT] = start + size;
      words[SLOP_BYTES] += slop;
    }
    return (start + slop) as Addr;
  }

  #closeCurrentBlock(): void {
    const words = this.memory.i32;
    const header = words[CURRENT_BLOCK];
    if (header === 0) return;
    words[header >> 2] = words[POINTER] - header - HEADER_BYTES;
    words[TAIL_BYTES] += words[LIMIT] - words[POINTER];
  }

  #checkLive(): void {
    if (this.dropped) throw new ArenaError('ARENA_DROPPED', 'the arena has been dropped');
  }
}

function malformed(message: string): never {
  throw new ArenaError('ARENA_MALFORMED', message);
}
