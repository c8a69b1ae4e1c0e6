/**
 * LevelDB's arena (util/arena.h, util/arena.cc) over a memory of its own, or over a source that it shares with others.
 * One thread allocates; others may read.
 *
 * Invariants, which `verify()` checks:
 * A1. `Pointer <= Limit`; both lie in the current block, or both are 0 before the first one.
 * A2. Every block starts at a multiple of 8, after an 8-byte header, inside the memory's used part; none overlap.
 * A3. The chain from `LastBlock` has `RegularCount` regular and `DedicatedCount` dedicated blocks.
 * A4. `MemoryUsage` is the sum over that chain of block bytes + 8.
 * A5. The tails of the closed regular blocks add up to `TailBytes`.
 */
import { type Addr, NIL } from './addr.js';
import { ArenaError, invalidAlignment, invalidSize, malformed } from './errors.js';
import { onBlock, onDrop, onFailure, onFallback, onReset } from './events.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from './memory.js';
import { INSPECT, show } from './show.js';
import type { ArenaStats, BlockInfo } from './stats.js';
import type { BlockSource } from './source.js';
import { ArenaWord, Line, LINE_WORDS, linesBytes, MemoryWord, SUPERBLOCK_BYTES } from './superblock.js';

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

/** Indexes that an arena can have. */
const INDEXES_MAX = 4;
/**
 * Words of the arena's line that allocating changes: `mark` copies them and `reset` clears them. The words behind them
 * say what the arena was made for and where it stands among others.
 */
const STATE_WORDS = ArenaWord.Older;
/** Words of a line. An imported constant would be loaded and checked on every use. */
const WORDS = LINE_WORDS;

/** Length of an array that {@link Arena.mark} fills: the arena's own words, then the lines of all its indexes. */
export const MARK_WORDS = STATE_WORDS + INDEXES_MAX * LINE_WORDS;

// On the path of every allocation; a number is read faster than a property.
const POINTER = ArenaWord.Pointer;
const LIMIT = ArenaWord.Limit;
const SLOP_BYTES = ArenaWord.SlopBytes;
const MORE_INDEXES = ArenaWord.MoreIndexes;

const NEWEST_ARENA = Line.Memory * LINE_WORDS + MemoryWord.NewestArena;

export interface ArenaOptions extends MemoryOptions {
  /**
   * Size of a regular block in bytes, a multiple of 8 from 64 to 2^28. A request of more than a quarter of it gets a
   * block of its own.
   * @defaultValue 4096, LevelDB's
   */
  blockBytes?: number;
  /**
   * Number of indexes that the arena has a line for, from 1 to 4. `mark` and `rewind` cover all of them.
   * @defaultValue 1
   */
  indexCount?: number;
  /**
   * Where the blocks come from, and the arena's own lines; `reserveBytes`, `maxBytes` and `shared` are the source's then.
   * @defaultValue a memory of the arena's own
   */
  source?: BlockSource;
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
  /** Of its own, or its source's. Empty once the arena has been dropped, though a source's lives on. */
  readonly memory: Memory;
  readonly #source: BlockSource | undefined;
  /** Index of the first word of the arena's line; the index's and the table's follow. */
  readonly #line: number;

  /** @throws ArenaError `ARENA_INVALID_OPTION`, also when the source has no room for the arena's lines; `ARENA_OUT_OF_MEMORY` */
  constructor(options?: ArenaOptions);
  /** @internal The arena whose line is there in a memory, its own or the source's. */
  constructor(options: ArenaOptions, memory: Memory, line: number);
  constructor(options: ArenaOptions = {}, memory?: Memory, line = Line.Arena * LINE_WORDS) {
    const { blockBytes = BLOCK_BYTES, indexCount = 1, source } = options;
    this.#source = source;
    if (memory !== undefined) {
      this.memory = memory;
      this.#line = line;
      return;
    }
    if (!isBlockBytes(blockBytes)) {
      throw new ArenaError(
        'ARENA_INVALID_OPTION',
        `blockBytes must be a multiple of 8 from 64 to ${BLOCK_BYTES_MAX}: ${blockBytes}`,
      );
    }
    if (!isIndexCount(indexCount)) {
      throw new ArenaError('ARENA_INVALID_OPTION', `indexCount must be from 1 to ${INDEXES_MAX}: ${indexCount}`);
    }
    if (source === undefined) {
      this.memory = Memory.create(options);
      this.memory.take(linesBytes(indexCount) - linesBytes(1));
      this.#line = line;
    } else {
      const { reserveBytes, maxBytes, shared } = options;
      if (reserveBytes !== undefined || maxBytes !== undefined || shared !== undefined) {
        throw new ArenaError('ARENA_INVALID_OPTION', 'reserveBytes, maxBytes and shared are options of the source');
      }
      this.memory = source.memory;
      this.#line = enrol(source, linesBytes(indexCount));
    }
    this.memory.i32[this.#line + ArenaWord.BlockBytes] = blockBytes;
    this.memory.i32[this.#line + ArenaWord.MoreIndexes] = indexCount - 1;
  }

  /**
   * The arena that wrote these bytes, or a copy of it if they are a copy. In shared memory another thread may be
   * allocating meanwhile: `verify()` is not called then, only what never changes is checked.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): Arena {
    const arena = new Arena({}, Memory.attach(buffer), Line.Arena * LINE_WORDS);
    arena.checkAttached();
    return arena;
  }

  /**
   * The arenas that lie in a source's memory, oldest first: after attaching the source, this gives back what is in it.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attachAll(source: BlockSource): Arena[] {
    const { i32: words, usedBytes } = source.memory;
    const arenas: Arena[] = [];
    let newer = 0;
    for (let at = words[NEWEST_ARENA] ?? 0; at !== 0; at = words[(at >> 2) + ArenaWord.Older]!) {
      // The links both ways agree, so the list cannot run into itself.
      if (at % 8 !== 0 || at < SUPERBLOCK_BYTES || at + linesBytes(1) > usedBytes) {
        malformed(`no arena can lie at ${at} of ${usedBytes} bytes`);
      }
      if (words[(at >> 2) + ArenaWord.Newer] !== newer) malformed(`the arena at ${at} does not follow ${newer}`);
      const arena = new Arena({ source }, source.memory, at >> 2);
      arena.checkAttached();
      arenas.push(arena);
      newer = at;
    }
    return arenas.reverse();
  }

  /**
   * Allocates `bytes` bytes at any address.
   * @param bytes - whole number from 1 to 2^31 - 2^20
   * @returns where they are, or NIL when the memory is at its limit; nothing has changed then
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    const words = this.memory.i32;
    const line = this.#line;
    const start = words[line + POINTER];
    const end = start + bytes;
    // `| 0` is false for fractions, NaN and what is beyond an address; a dropped memory makes `end` NaN.
    if ((bytes | 0) === bytes && bytes > 0 && end <= words[line + LIMIT]) {
      words[line + POINTER] = end;
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
      throw invalidAlignment(alignment, ALIGNMENT_MAX);
    }
    const line = this.#line;
    const pointer = words[line + POINTER];
    const slop = -pointer & mask;
    const start = pointer + slop;
    const end = start + bytes;
    if ((bytes | 0) === bytes && bytes > 0 && end <= words[line + LIMIT]) {
      words[line + POINTER] = end;
      words[line + SLOP_BYTES] += slop;
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
    const blockBytes = this.memory.i32[this.#line + ArenaWord.BlockBytes];
    const slot = (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    const perBlock = slot > blockBytes >> 2 ? 0 : (blockBytes / slot) | 0;
    const blocks = perBlock === 0 ? count : ((count + perBlock - 1) / perBlock) | 0;
    const size = HEADER_BYTES + (perBlock === 0 ? slot : blockBytes);
    return this.#source === undefined ? this.memory.ensure(blocks * size) : this.#source.ensure(size, blocks);
  }

  /**
   * Whether so many bytes, headers included, are left behind the arena's last block: whatever needs no more can neither yield
   * NIL nor move the memory. False when that is not known, as over a source or with guards. O(1), without the divisions of
   * `ensure`.
   */
  hasLeft(bytes: number): boolean {
    return this.#source === undefined && this.memory.hasLeft(bytes);
  }

  /** LevelDB's `MemoryUsage()`: bytes of all blocks and their headers, used or not. 0 once dropped. O(1). */
  memoryUsage(): number {
    return this.#word(ArenaWord.MemoryUsage);
  }

  /** The arena's own figures, from the buffer. O(1). All 0 once dropped. */
  stats(): ArenaStats {
    const regularCount = this.#word(ArenaWord.RegularCount);
    const dedicatedCount = this.#word(ArenaWord.DedicatedCount);
    const headerBytes = (regularCount + dedicatedCount) * HEADER_BYTES;
    const remainingBytes = this.#word(ArenaWord.Limit) - this.#word(ArenaWord.Pointer);
    const tailBytes = this.#word(ArenaWord.TailBytes);
    const slopBytes = this.#word(ArenaWord.SlopBytes);
    const memoryUsage = this.memoryUsage();
    return {
      blockBytes: this.#word(ArenaWord.BlockBytes),
      regularCount,
      dedicatedCount,
      memoryUsage,
      // Nothing is counted per allocation: what was asked for is what is left of all blocks without the losses.
      askedBytes: memoryUsage - headerBytes - remainingBytes - tailBytes - slopBytes,
      remainingBytes,
      tailBytes,
      slopBytes,
      headerBytes,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** Every block, oldest first. O(blocks). */
  blocks(): BlockInfo[] {
    const words = this.memory.i32;
    const blockBytes = this.#word(ArenaWord.BlockBytes);
    const blocks: BlockInfo[] = [];
    for (let header = this.#word(ArenaWord.LastBlock); header !== 0; header = words[(header >> 2) + 1]!) {
      const state = words[header >> 2];
      const address = header + HEADER_BYTES;
      if (state < 0) {
        blocks.push({ address, bytes: -state, kind: 'dedicated', usedBytes: -state, tailBytes: 0 });
      } else {
        const current = header === words[this.#line + ArenaWord.CurrentBlock];
        const usedBytes = current ? words[this.#line + ArenaWord.Pointer] - address : state;
        const tailBytes = current ? 0 : blockBytes - state;
        blocks.push({ address, bytes: blockBytes, kind: 'regular', usedBytes, tailBytes });
      }
    }
    return blocks.reverse();
  }

  /**
   * Forgets every allocation and keeps the memory for the next ones, or gives it back to the source. Whatever lies in
   * the arena, an index or a memtable, is gone. O(1); O(blocks) over a source.
   * @throws ArenaError `ARENA_DROPPED`
   */
  reset(): void {
    this.#checkLive();
    if (onReset.hasSubscribers) onReset.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    const line = this.#line;
    const blockBytes = this.memory.i32[line + ArenaWord.BlockBytes];
    this.#giveBack(0);
    this.memory.i32.fill(0, line, line + STATE_WORDS);
    this.memory.i32.fill(0, line + LINE_WORDS, this.#linesEnd >> 2);
    this.memory.i32[line + ArenaWord.BlockBytes] = blockBytes;
  }

  /**
   * Ends the arena: gives all memory back at once, and every view of its bytes reads as empty. Over a source it gives
   * its blocks back for others, in O(blocks); views that were taken before show what those write. Idempotent.
   */
  drop(): void {
    if (this.dropped) return;
    if (onDrop.hasSubscribers) onDrop.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    if (this.#source === undefined) {
      this.memory.drop();
      return;
    }
    this.#giveBack(0);
    strikeOff(this.#source, this.#line);
    // The one change of the field: from now on all that asks the arena finds it dropped.
    (this as { memory: Memory }).memory = Memory.none;
  }

  get dropped(): boolean {
    return this.memory.dropped;
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  [INSPECT](): object {
    return show(this, () => {
      if (this.dropped) return { dropped: true };
      const { blockBytes, regularCount, dedicatedCount, memoryUsage, askedBytes, capacityBytes } = this.stats();
      return { memoryUsage, askedBytes, blockCount: regularCount + dedicatedCount, blockBytes, capacityBytes };
    });
  }

  /** Index of the first word of a layer's line of the superblock, for `memory.i32`. */
  lineOf(line: Line): number {
    return this.#line + (line - Line.Arena) * LINE_WORDS;
  }

  /** Number of indexes that the arena has a line for. */
  get indexCount(): number {
    return 1 + this.#word(ArenaWord.MoreIndexes);
  }

  /**
   * Index of the first word of an index's line, for `memory.i32`. Index 0 has `Line.Index`; the others have the lines
   * behind the table's.
   * @param index - from 0 to `indexCount - 1`
   * @throws ArenaError `ARENA_INVALID_OPTION`
   */
  indexLineOf(index: number): number {
    const { indexCount } = this;
    if (!Number.isInteger(index) || index < 0 || index >= indexCount) {
      throw new ArenaError('ARENA_INVALID_OPTION', `the arena has ${indexCount} lines for indexes, none for ${index}`);
    }
    return this.#line + (index === 0 ? 1 : 2 + index) * LINE_WORDS;
  }

  /** Index of the first word of an index's line within a mark. @param line - what {@link Arena.indexLineOf} returned */
  markOf(line: number): number {
    const number = (line - this.#line) / LINE_WORDS;
    return STATE_WORDS + (number === 1 ? 0 : number - 2) * LINE_WORDS;
  }

  /**
   * Remembers the state of the arena and of all indexes in it, so that {@link Arena.rewind} can undo the allocations
   * made since. Copies the indexes' whole lines, so it need not know which of their words they use.
   * @param mark - at least {@link MARK_WORDS} words, overwritten; reuse it
   */
  mark(mark: Int32Array): void {
    const words = this.memory.i32;
    const line = this.#line;
    for (let i = 0; i < STATE_WORDS; i++) mark[i] = words[line + i];
    for (let i = 0; i < WORDS; i++) mark[STATE_WORDS + i] = words[line + WORDS + i];
    const more = words[line + MORE_INDEXES] * WORDS;
    for (let i = 0; i < more; i++) mark[STATE_WORDS + WORDS + i] = words[line + 3 * WORDS + i];
  }

  /** Whether what lies at `address` was allocated after the mark. O(blocks made since). */
  isSince(mark: Int32Array, address: number): boolean {
    const words = this.memory.i32;
    if (address >= mark[ArenaWord.Pointer] && address < mark[ArenaWord.Limit]) return true;
    for (
      let header = words[this.#line + ArenaWord.LastBlock];
      header !== mark[ArenaWord.LastBlock];
      header = words[(header >> 2) + 1]
    ) {
      const state = words[header >> 2];
      const bytes = state < 0 ? -state : words[this.#line + ArenaWord.BlockBytes];
      if (address > header && address < header + HEADER_BYTES + bytes) return true;
    }
    return false;
  }

  /**
   * Puts the arena and all indexes in it back to where they were at the mark: what has been allocated since is free again. The caller has
   * unlinked it from everything older.
   */
  rewind(mark: Int32Array): void {
    this.#giveBack(mark[ArenaWord.LastBlock]);
    const words = this.memory.i32;
    const line = this.#line;
    for (let i = 0; i < STATE_WORDS; i++) words[line + i] = mark[i];
    for (let i = 0; i < WORDS; i++) words[line + WORDS + i] = mark[STATE_WORDS + i];
    const more = words[line + MORE_INDEXES] * WORDS;
    for (let i = 0; i < more; i++) words[line + 3 * WORDS + i] = mark[STATE_WORDS + WORDS + i];
    // The block that was current then may have been closed since; its header has to say "current" again.
    const current = words[line + ArenaWord.CurrentBlock];
    if (current !== 0) words[current >> 2] = 0;
    if (INVARIANTS) this.verify();
  }

  /** @internal What `attach` checks: everything, but beside a thread that may be allocating what never changes. */
  checkAttached(): void {
    if (!this.memory.shared) {
      this.verify();
      return;
    }
    const blockBytes = this.#word(ArenaWord.BlockBytes);
    if (!isBlockBytes(blockBytes)) malformed(`no arena has blocks of ${blockBytes} bytes`);
    this.#checkLines();
  }

  /** Address of the first byte behind the arena's lines. */
  get #linesEnd(): number {
    return (this.#line << 2) + linesBytes(this.indexCount);
  }

  #checkLines(): void {
    const { indexCount } = this;
    if (!isIndexCount(indexCount) || this.#linesEnd > this.memory.usedBytes) {
      malformed(`no arena has lines for ${indexCount} indexes`);
    }
  }

  /**
   * Checks A1 to A5, while no thread allocates. O(blocks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.#checkLive();
    const words = this.memory.i32;
    const line = this.#line;
    const top = this.memory.usedBytes;
    this.#checkLines();
    const bottom = this.#source === undefined ? this.#linesEnd : SUPERBLOCK_BYTES;
    const blockBytes = words[line + ArenaWord.BlockBytes];
    const current = words[line + ArenaWord.CurrentBlock];
    const blockCount = words[line + ArenaWord.RegularCount] + words[line + ArenaWord.DedicatedCount];
    let regularCount = 0;
    let dedicatedCount = 0;
    let memoryUsage = 0;
    let tailBytes = 0;
    const ranges: { start: number; end: number }[] = [];
    for (let header = words[line + ArenaWord.LastBlock]; header !== 0; header = words[(header >> 2) + 1]!) {
      if (ranges.length === blockCount) malformed(`A3: more than the ${blockCount} blocks counted`);
      if (header % 8 !== 0 || header < bottom || header > top) {
        malformed(`A2: a block at ${header} is not aligned between ${bottom} and ${top}`);
      }
      const state = words[header >> 2];
      const bytes = state < 0 ? -state : blockBytes;
      const end = header + HEADER_BYTES + bytes;
      if (end > top) malformed(`A2: a block of ${bytes} bytes at ${header} goes beyond ${top}`);
      ranges.push({ start: header, end });
      memoryUsage += bytes + HEADER_BYTES;
      if (state < 0) dedicatedCount++;
      else regularCount++;
      if (state >= 0 && header !== current) {
        if (state > bytes) malformed(`A5: ${state} of ${bytes} bytes used in the block at ${header}`);
        tailBytes += bytes - state;
      }
    }
    ranges.sort((a, b) => a.start - b.start);
    for (let i = 1; i < ranges.length; i++) {
      if (ranges[i].start < ranges[i - 1].end) malformed(`A2: the block at ${ranges[i].start} lies in another one`);
    }
    const pointer = words[line + ArenaWord.Pointer];
    const limit = words[line + ArenaWord.Limit];
    const low = current === 0 ? 0 : current + HEADER_BYTES;
    const high = current === 0 ? 0 : low + blockBytes;
    if (current !== 0 && words[current >> 2] !== 0) malformed(`A1: the current block at ${current} says it is closed`);
    if (limit !== high || pointer < low || pointer > high) {
      malformed(`A1: pointer ${pointer}, limit ${limit}, block from ${low} to ${high}`);
    }
    const counted = this.stats();
    if (regularCount !== counted.regularCount || dedicatedCount !== counted.dedicatedCount) {
      malformed(
        `A3: ${regularCount} regular and ${dedicatedCount} dedicated blocks, ` +
          `${counted.regularCount} and ${counted.dedicatedCount} counted`,
      );
    }
    if (memoryUsage !== counted.memoryUsage) malformed(`A4: ${memoryUsage} bytes, ${counted.memoryUsage} counted`);
    if (tailBytes !== counted.tailBytes) malformed(`A5: ${tailBytes} bytes of tails, ${counted.tailBytes} counted`);
  }

  #allocateFallback(bytes: number, alignment: number): Addr {
    this.#checkLive();
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MEMORY_BYTES_MAX) {
      throw invalidSize(bytes, MEMORY_BYTES_MAX);
    }
    const line = this.#line;
    const blockBytes = this.memory.i32[line + ArenaWord.BlockBytes];
    // A new block starts at a multiple of 8. LevelDB asks for no more than that; a larger alignment may need slop.
    const spare = alignment > ALIGNMENT ? alignment - ALIGNMENT : 0;
    const dedicated = bytes + spare > Math.floor(blockBytes / 4);
    const size = dedicated ? bytes + spare : blockBytes;
    if (onFallback.hasSubscribers) {
      onFallback.publish({ arena: this, bytes, alignment, remainingBytes: this.stats().remainingBytes });
    }

    const total = HEADER_BYTES + size;
    const header = this.#source === undefined ? this.memory.take(total) : this.#source.allocate(total);
    if (header === NIL) {
      if (onFailure.hasSubscribers) onFailure.publish({ allocator: this, bytes, memoryUsage: this.memoryUsage() });
      return NIL;
    }
    const words = this.memory.i32; // Read again: taking may have moved the memory.
    words[header >> 2] = dedicated ? -size : 0;
    words[(header >> 2) + 1] = words[line + ArenaWord.LastBlock]!;
    words[line + ArenaWord.LastBlock] = header;
    words[line + ArenaWord.MemoryUsage] += total;

    const start = header + HEADER_BYTES;
    const slop = -start & (alignment - 1);
    if (dedicated) {
      words[line + ArenaWord.DedicatedCount]++;
      words[line + ArenaWord.SlopBytes] += spare;
    } else {
      this.#closeCurrentBlock();
      words[line + ArenaWord.RegularCount]++;
      words[line + ArenaWord.CurrentBlock] = header;
      words[line + ArenaWord.Pointer] = start + slop + bytes;
      words[line + ArenaWord.Limit] = start + size;
      words[line + ArenaWord.SlopBytes] += slop;
    }
    if (INVARIANTS) this.verify();
    if (onBlock.hasSubscribers) {
      onBlock.publish({ arena: this, address: start, bytes: size, kind: dedicated ? 'dedicated' : 'regular' });
    }
    return (start + slop) as Addr;
  }

  #closeCurrentBlock(): void {
    const words = this.memory.i32;
    const line = this.#line;
    const header = words[line + ArenaWord.CurrentBlock];
    if (header === 0) return;
    words[header >> 2] = words[line + ArenaWord.Pointer] - header - HEADER_BYTES;
    words[line + ArenaWord.TailBytes] += words[line + ArenaWord.Limit] - words[line + ArenaWord.Pointer];
  }

  /** Gives back the blocks made after the one whose header is at `until`; all of them when that is 0. */
  #giveBack(until: number): void {
    const { i32: words, usedBytes } = this.memory;
    if (this.#source !== undefined) {
      for (let header = words[this.#line + ArenaWord.LastBlock]; header !== until;) {
        const older = words[(header >> 2) + 1];
        this.#source.free(header as Addr);
        header = older;
      }
      return;
    }
    const state = words[until >> 2];
    const bytes = state < 0 ? -state : words[this.#line + ArenaWord.BlockBytes];
    const end = until === 0 ? this.#linesEnd : until + HEADER_BYTES + bytes;
    if (INVARIANTS) this.memory.poison(end, usedBytes);
    this.memory.cutBack(end);
  }

  #word(word: number): number {
    return this.memory.i32[this.#line + word] ?? 0;
  }

  #checkLive(): void {
    if (this.dropped) throw new ArenaError('ARENA_DROPPED', 'the arena has been dropped');
  }
}

function isBlockBytes(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 64 && bytes <= BLOCK_BYTES_MAX && bytes % 8 === 0;
}

function isIndexCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= INDEXES_MAX;
}

/** Takes the lines of a new arena from the source, and puts it last in the list. @returns index of its first word */
function enrol(source: BlockSource, bytes: number): number {
  const address = source.allocate(bytes);
  if (address === NIL) {
    throw new ArenaError('ARENA_INVALID_OPTION', `the source has no ${bytes} bytes left for an arena`);
  }
  const words = source.memory.i32;
  const line = address >> 2;
  const older = words[NEWEST_ARENA];
  words.fill(0, line, line + bytes / 4);
  words[line + ArenaWord.Older] = older;
  if (older !== 0) words[(older >> 2) + ArenaWord.Newer] = address;
  words[NEWEST_ARENA] = address;
  return line;
}

/** Takes an arena out of the list, and gives its lines back. */
function strikeOff(source: BlockSource, line: number): void {
  const words = source.memory.i32;
  const older = words[line + ArenaWord.Older];
  const newer = words[line + ArenaWord.Newer];
  if (older !== 0) words[(older >> 2) + ArenaWord.Newer] = newer;
  words[newer === 0 ? NEWEST_ARENA : (newer >> 2) + ArenaWord.Older] = older;
  source.free((line << 2) as Addr);
}
