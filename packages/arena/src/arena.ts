/**
 * LevelDB's arena (util/arena.h, util/arena.cc), over a memory of its own or over a source that it shares with others.
 * One thread allocates; others may read.
 *
 * Invariants, which `verify()` checks:
 * A1. `Pointer <= Limit`. Both lie in the current block, or both are 0 before there is one.
 * A2. Every block starts at a multiple of 8, behind an 8-byte header. In a memory of the arena's own, blocks follow
 *     each
 *     other from the lines to the end of the used part. Over a source, each is an allocation of the source.
 * A3. The chain from `LastBlock` has `RegularCount` regular and `DedicatedCount` dedicated blocks.
 * A4. `MemoryUsage` is the sum of block bytes + 8 over that chain.
 * A5. `TailBytes` is the sum of the tails of the closed regular blocks. `SlopBytes` is at most what is used.
 */
import { type Addr, NIL } from './addr.js';
import { Lifetime } from './allocators/lifetime.js';
import { invalidAlignment, invalidOption, invalidSize, malformed } from './errors.js';
import { onBlock, onFallback } from './events.js';
import { checkAllocated, verifyArena } from './inspect/verify-arena.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from './memory.js';
import { printed } from './show.js';
import type { BlockSource } from './source.js';
import type { ArenaStats, BlockInfo } from './stats.js';
import { ArenaWord, HEADER_BYTES, Line, LINE_WORDS, linesBytes, MemoryWord, SUPERBLOCK_BYTES } from './superblock.js';

const ALIGNMENT = 8;
const ALIGNMENT_MAX = 4096;
const BLOCK_BYTES = 4096;
const BLOCK_BYTES_MAX = 1 << 28;
const INDEXES_MAX = 4;
const NEWEST_ARENA = Line.Memory * LINE_WORDS + MemoryWord.NewestArena;

// On the path of every allocation or mark. V8 looks up an imported constant, and a property, on every use.
const POINTER = ArenaWord.Pointer;
const LIMIT = ArenaWord.Limit;
const SLOP_BYTES = ArenaWord.SlopBytes;
const MORE_INDEXES = ArenaWord.MoreIndexes;
const WORDS = LINE_WORDS;
/**
 * Words of the arena's line that allocations change: `mark` copies them and `reset` clears them. The words behind them
 * link the arena to others over its source, or never change.
 */
const STATE_WORDS = ArenaWord.Older;

/** Length of the array that {@link Arena.mark} fills. */
export const MARK_WORDS = linesBytes(INDEXES_MAX) / 4;

/** Options of an {@link Arena}. */
export interface ArenaOptions extends MemoryOptions {
  /**
   * Size of a regular block in bytes, a multiple of 8 from 64 to 2^28. A request that does not fit into the current
   * block and is larger than a quarter of this gets a block of its own.
   * @defaultValue 4096, as in LevelDB
   */
  blockBytes?: number;
  /**
   * Number of indexes that can lie in the arena, from 1 to 4. Each has its own line of the superblock, which `mark` and
   * `rewind` cover.
   * @defaultValue 1
   */
  indexCount?: number;
  /**
   * Where the arena's blocks and lines come from. The source then has the options `reserveBytes`, `maxBytes`, `shared`.
   * @defaultValue a memory of the arena's own
   */
  source?: BlockSource;
}

/**
 * Hands out bytes that live until the whole arena is dropped.
 *
 * A request moves a pointer through the current block: O(1), no header, no free. A request that does not fit follows
 * LevelDB's rule. One larger than a quarter of the block size gets a block of its own, and the current block goes on.
 * Else the arena begins a new block, and the tail of the old one is lost and counted.
 *
 * All state is in the buffer. Fresh bytes are zero; after a `reset()` they are stale.
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
 * Source: LevelDB util/arena.cc. Deviations: an arena whose memory is at its limit returns NIL; `reset()`, `drop()`,
 * `mark()` and `rewind()` exist; alignments up to 4096 are served.
 */
export class Arena extends Lifetime {
  readonly #source: BlockSource | undefined;
  /** Index of the first word of the arena's line. The lines of the index and the table follow. */
  readonly #line: number;

  /**
   * @throws ArenaError `ARENA_OUT_OF_MEMORY`; `ARENA_INVALID_OPTION`, also when the source has no room for the lines
   */
  constructor(options?: ArenaOptions);
  /** @internal The arena whose line begins at that word of a memory, its own or the source's. */
  constructor(options: ArenaOptions, memory: Memory, line: number);
  constructor(options: ArenaOptions = {}, memory?: Memory, line = Line.Arena * LINE_WORDS) {
    const { blockBytes = BLOCK_BYTES, indexCount = 1, source } = options;
    if (memory === undefined) checkOptions(options, blockBytes, indexCount);
    super(memory ?? source?.memory ?? Memory.create(options));
    this.#source = source;
    this.#line = line;
    if (memory !== undefined) return;
    if (source === undefined) this.memory.take(linesBytes(indexCount) - linesBytes(1));
    else this.#line = enrol(source, linesBytes(indexCount));
    this.memory.i32[this.#line + ArenaWord.BlockBytes] = blockBytes;
    this.memory.i32[this.#line + ArenaWord.MoreIndexes] = indexCount - 1;
  }

  /**
   * The arena that wrote these bytes, or a copy of it if they are a copy. It verifies them, O(blocks): if it
   * succeeds, all calls work. In shared memory another thread may be allocating, so `attach` checks only the words
   * that never change there; `verify()` checks the rest.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): Arena {
    const arena = new Arena({}, Memory.attach(buffer), Line.Arena * LINE_WORDS);
    arena.checkAttached();
    return arena;
  }

  /**
   * All arenas over a source, oldest first. Attach the source, which verifies it, then call this. It verifies each
   * arena, and that no two share a block: if it succeeds, all calls work. In shared memory, only the words that never
   * change. O(blocks log blocks).
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attachAll(source: BlockSource): Arena[] {
    const { i32: words, usedBytes } = source.memory;
    const arenas: Arena[] = [];
    const taken = new Set<number>();
    let newer = 0;
    for (let at = words[NEWEST_ARENA] ?? 0; at !== 0; at = words[(at >> 2) + ArenaWord.Older]!) {
      // The links agree in both directions, so the list cannot run into itself.
      if (at % 8 !== 0 || at < SUPERBLOCK_BYTES || at + linesBytes(1) > usedBytes) {
        malformed(`no arena can lie at ${at} of ${usedBytes} bytes`);
      }
      if (words[(at >> 2) + ArenaWord.Newer] !== newer) malformed(`the arena at ${at} does not follow ${newer}`);
      const arena = new Arena({ source }, source.memory, at >> 2);
      arena.checkAttached();
      if (!source.memory.shared) arena.#takeAll(taken);
      arenas.push(arena);
      newer = at;
    }
    return arenas.reverse();
  }

  /**
   * Allocates `bytes` bytes at any address.
   * @param bytes - whole number from 1 to 2^31 - 2^20
   * @returns their address, or NIL when the memory is at its limit and nothing has changed
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    const words = this.memory.i32;
    const line = this.#line;
    const start = words[line + POINTER];
    const end = start + bytes;
    // `| 0` changes fractions, NaN and numbers beyond any address. In a dropped memory `end` is NaN.
    if ((bytes | 0) === bytes && bytes > 0 && end <= words[line + LIMIT]) {
      words[line + POINTER] = end;
      return start as Addr;
    }
    return this.#allocateFallback(bytes, 1);
  }

  /**
   * Allocates `bytes` bytes at a multiple of `alignment`.
   * @param alignment - power of two from 1 to 4096
   * @returns their address, or NIL when the memory is at its limit and nothing has changed
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
   * Promises that the next `count` requests, of `bytes` bytes each at alignments up to 8, do not return NIL. Lets the
   * memory grow now if need be, and allocates nothing. O(1).
   * @returns false when the memory is too close to its limit for the promise
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
   * Whether `bytes` bytes are left behind the arena's last block. Requests that need no more than that, block headers
   * included, neither return NIL nor move the memory. False when the answer is not known: over a source, or with
   * guards. O(1), and cheaper than `ensure`, which divides.
   */
  hasLeft(bytes: number): boolean {
    return this.#source === undefined && this.memory.hasLeft(bytes);
  }

  /** LevelDB's `MemoryUsage()`: bytes of all blocks and their headers, used or free. 0 once dropped. O(1). */
  override memoryUsage(): number {
    return this.#word(ArenaWord.MemoryUsage);
  }

  /** The arena's figures, read from the buffer. O(1). All 0 once dropped. */
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
      // Allocations are not counted one by one: the bytes asked for are all bytes but the losses and the free ones.
      askedBytes: memoryUsage - headerBytes - remainingBytes - tailBytes - slopBytes,
      remainingBytes,
      tailBytes,
      slopBytes,
      headerBytes,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** All blocks, oldest first. O(blocks). */
  blocks(): BlockInfo[] {
    const words = this.memory.i32;
    const blockBytes = this.#word(ArenaWord.BlockBytes);
    const blocks: BlockInfo[] = [];
    for (let header = this.#word(ArenaWord.LastBlock); header !== 0; header = words[(header >> 2) + 1]) {
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

  protected override restart(): void {
    const line = this.#line;
    const blockBytes = this.memory.i32[line + ArenaWord.BlockBytes];
    this.#giveBack(0);
    this.memory.i32.fill(0, line, line + STATE_WORDS);
    this.memory.i32.fill(0, line + LINE_WORDS, this.#linesEnd >> 2);
    this.memory.i32[line + ArenaWord.BlockBytes] = blockBytes;
  }

  protected override release(): void {
    if (this.#source === undefined) return super.release();
    this.#giveBack(0);
    strikeOff(this.#source, this.#line);
    // The only write to this field: from now on every method finds an empty memory.
    (this as { memory: Memory }).memory = Memory.none;
  }

  protected override shown(): object {
    const { blockBytes, regularCount, dedicatedCount, memoryUsage, askedBytes, capacityBytes } = this.stats();
    return { memoryUsage, askedBytes, blockCount: regularCount + dedicatedCount, blockBytes, capacityBytes };
  }

  /** Index of the first word of a layer's line of the superblock, for `memory.i32`. */
  lineOf(line: Line): number {
    return this.#line + (line - Line.Arena) * LINE_WORDS;
  }

  /** Number of indexes that can lie in the arena. */
  get indexCount(): number {
    return 1 + this.#word(ArenaWord.MoreIndexes);
  }

  /**
   * Index of the first word of an index's line, for `memory.i32`. Index 0 has `Line.Index`, the others have the lines
   * behind the table's.
   * @param index - from 0 to `indexCount - 1`
   * @throws ArenaError `ARENA_INVALID_OPTION`
   */
  indexLineOf(index: number): number {
    const { indexCount } = this;
    if (!Number.isInteger(index) || index < 0 || index >= indexCount) {
      throw invalidOption(`the arena has lines for ${indexCount} indexes, none for index ${index}`);
    }
    return this.#line + (index === 0 ? 1 : 2 + index) * LINE_WORDS;
  }

  /** Where a mark has its copy of an index's line. @param line - returned by {@link Arena.indexLineOf} */
  markOf(line: number): number {
    return line - this.#line;
  }

  /**
   * Copies the state of the arena and the lines of all indexes, but not the table's, so that {@link Arena.rewind} can
   * undo the allocations made since. Copies whole lines, as only an index knows which words of its line it uses.
   * @param mark - at least {@link MARK_WORDS} words, overwritten; the caller's, to be reused
   */
  mark(mark: Int32Array): void {
    const words = this.memory.i32;
    const line = this.#line;
    const end = (3 + words[line + MORE_INDEXES]) * WORDS;
    for (let i = 0; i < STATE_WORDS; i++) mark[i] = words[line + i];
    for (let i = WORDS; i < 2 * WORDS; i++) mark[i] = words[line + i];
    for (let i = 3 * WORDS; i < end; i++) mark[i] = words[line + i];
  }

  /** Whether the bytes at `address` were allocated after the mark. O(blocks made since). */
  isSince(mark: Int32Array, address: number): boolean {
    const words = this.memory.i32;
    if (address >= mark[ArenaWord.Pointer] && address < mark[ArenaWord.Limit]) return true;
    const last = mark[ArenaWord.LastBlock];
    for (let header = this.#word(ArenaWord.LastBlock); header !== last; header = words[(header >> 2) + 1]) {
      const state = words[header >> 2];
      const bytes = state < 0 ? -state : words[this.#line + ArenaWord.BlockBytes];
      if (address > header && address < header + HEADER_BYTES + bytes) return true;
    }
    return false;
  }

  /**
   * Puts the arena and all indexes back to the mark, and takes back all allocations made since. The caller has unlinked
   * them from everything older.
   */
  rewind(mark: Int32Array): void {
    this.#giveBack(mark[ArenaWord.LastBlock]);
    const words = this.memory.i32;
    const line = this.#line;
    const end = (3 + words[line + MORE_INDEXES]) * WORDS;
    for (let i = 0; i < STATE_WORDS; i++) words[line + i] = mark[i];
    for (let i = WORDS; i < 2 * WORDS; i++) words[line + i] = mark[i];
    for (let i = 3 * WORDS; i < end; i++) words[line + i] = mark[i];
    // The block that was current at the mark may have been closed since. Its header says "current" again.
    const current = words[line + ArenaWord.CurrentBlock];
    if (current !== 0) words[current >> 2] = 0;
    if (INVARIANTS) this.verify();
  }

  /** @internal The checks of `attach`: all of them, but in shared memory only those of words that never change. */
  checkAttached(): void {
    if (this.memory.shared) this.#checkLines();
    else this.verify();
  }

  /** Takes the arena's lines and blocks, of which no other arena may have any. */
  #takeAll(taken: Set<number>): void {
    const lines = this.#line << 2;
    for (const address of [lines, ...this.blocks().map(({ address }) => address - HEADER_BYTES)]) {
      if (taken.has(address)) malformed(`A2: two arenas have the block at ${address}`);
      taken.add(address);
    }
  }

  /** Address of the first byte behind the arena's lines. */
  get #linesEnd(): number {
    return (this.#line << 2) + linesBytes(this.indexCount);
  }

  /** Checks the words that never change. */
  #checkLines(): void {
    const { indexCount } = this;
    const blockBytes = this.#word(ArenaWord.BlockBytes);
    if (!isIndexCount(indexCount) || this.#linesEnd > this.memory.usedBytes) {
      malformed(`no arena has lines for ${indexCount} indexes`);
    }
    if (!isBlockBytes(blockBytes)) malformed(`no arena has blocks of ${blockBytes} bytes`);
    if (this.#source !== undefined) checkAllocated(this.#source, this.#line << 2, linesBytes(indexCount));
  }

  /**
   * Checks A1 to A5. Call it while no thread allocates. The bytes may be damaged in any way. O(blocks), over a source
   * O(blocks log blocks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.checkLive();
    this.#checkLines();
    verifyArena(this.memory, this.#line, this.#source);
  }

  #allocateFallback(bytes: number, alignment: number): Addr {
    this.checkLive();
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MEMORY_BYTES_MAX) throw invalidSize(bytes, MEMORY_BYTES_MAX);
    const line = this.#line;
    const blockBytes = this.memory.i32[line + ArenaWord.BlockBytes];
    // A block starts at a multiple of 8, which is all that LevelDB asks for. A larger alignment may need slop.
    const spare = alignment > ALIGNMENT ? alignment - ALIGNMENT : 0;
    const dedicated = bytes + spare > Math.floor(blockBytes / 4);
    const size = dedicated ? bytes + spare : blockBytes;
    if (onFallback.hasSubscribers) {
      onFallback.publish({ arena: this, bytes, alignment, remainingBytes: this.stats().remainingBytes });
    }

    const total = HEADER_BYTES + size;
    const header = this.#source === undefined ? this.memory.take(total) : this.#source.allocate(total);
    if (header === NIL) return this.fail(bytes);
    const words = this.memory.i32; // Read again, as taking may have moved the memory.
    words[header >> 2] = dedicated ? -size : 0;
    words[(header >> 2) + 1] = words[line + ArenaWord.LastBlock];
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

  /** Gives back the blocks made after the block whose header is at `until`, or all blocks when that is 0. */
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
}

function checkOptions(options: ArenaOptions, blockBytes: number, indexCount: number): void {
  const { source, reserveBytes, maxBytes, shared } = options;
  if (!isBlockBytes(blockBytes)) {
    throw invalidOption(`blockBytes must be a multiple of 8 from 64 to ${BLOCK_BYTES_MAX}: ${printed(blockBytes)}`);
  }
  if (!isIndexCount(indexCount)) {
    throw invalidOption(`indexCount must be a whole number from 1 to ${INDEXES_MAX}: ${printed(indexCount)}`);
  }
  if (source !== undefined && (reserveBytes ?? maxBytes ?? shared) !== undefined) {
    throw invalidOption('reserveBytes, maxBytes and shared are options of the source, not of an arena over it');
  }
}

function isBlockBytes(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 64 && bytes <= BLOCK_BYTES_MAX && bytes % 8 === 0;
}

function isIndexCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= INDEXES_MAX;
}

/** Takes a new arena's lines from the source, and puts it at the end of the source's list. @returns its first word */
function enrol(source: BlockSource, bytes: number): number {
  const address = source.allocate(bytes);
  if (address === NIL) throw invalidOption(`the source has no ${bytes} bytes left for an arena`);
  const words = source.memory.i32;
  const line = address >> 2;
  const older = words[NEWEST_ARENA];
  words.fill(0, line, line + bytes / 4);
  words[line + ArenaWord.Older] = older;
  if (older !== 0) words[(older >> 2) + ArenaWord.Newer] = address;
  words[NEWEST_ARENA] = address;
  return line;
}

/** Takes an arena out of the source's list, and gives its lines back. */
function strikeOff(source: BlockSource, line: number): void {
  const words = source.memory.i32;
  const older = words[line + ArenaWord.Older];
  const newer = words[line + ArenaWord.Newer];
  if (older !== 0) words[(older >> 2) + ArenaWord.Newer] = newer;
  words[newer === 0 ? NEWEST_ARENA : (newer >> 2) + ArenaWord.Older] = older;
  source.free((line << 2) as Addr);
}
