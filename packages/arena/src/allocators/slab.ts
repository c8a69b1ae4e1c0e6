/**
 * A slab allocator (J. Bonwick, "The Slab Allocator", 1994) over one memory. One thread uses it.
 *
 * Invariants, which `verify()` checks:
 * SL1. Slabs and runs of slabs fill the memory from `First` to its top without a gap. Each header carries its tag.
 * SL2. A slab with a class has at least one used chunk, and `Room` for the others up to `Capacity`. The used chunks and
 *      those in the slab's free list are all the chunks below `Fresh`. Every chunk in the free list carries its tag.
 * SL3. The partial list of a class has the slabs of that class with room, once each, and no others.
 * SL4. The list of free slabs has every free slab, once. `FreeSlabs` counts them, `RunSlabs` counts the slabs in runs.
 *      `RunAllocations - RunFrees` counts the runs.
 */
import { type Addr, NIL } from '../addr.js';
import { invalidOption, invalidSize, malformed, notAllocated } from '../errors.js';
import * as format from '../format/slab.js';
import { slabBytesAt, verifySlabs } from '../inspect/verify-slab.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from '../memory.js';
import { printed } from '../show.js';
import type { BlockSource } from '../source.js';
import { SUPERBLOCK_BYTES, Tenant } from '../superblock.js';
import * as freeList from './free-list.js';
import { Lifetime } from './lifetime.js';
import * as classes from './size-classes.js';

// V8 looks up an import on every use, so the hot path has constants of its own. A record's first word is the size.
const { HEADER_BYTES, TAG_SALT, Word, capacityOf } = format;
const { STATE, TAG, ROOM, CAPACITY, FREE, FRESH, SALT, NEXT: LINKS } = format.Slab;
const { PARTIAL, FREES, RECORDS, RECORD_WORDS } = classes;
const { isFree, link, pop, push, tagOf, unlink } = freeList;

const SLAB_BYTES = 65536;
const SLAB_BYTES_MAX = 1 << 24;
const REQUEST_BYTES_MAX = MEMORY_BYTES_MAX - 2 * SLAB_BYTES_MAX;

/** Options of a {@link SlabAllocator}. */
export interface SlabAllocatorOptions extends MemoryOptions {
  /** Size of a slab in bytes, a power of two from 4096 to 2^24. @defaultValue 65536 */
  slabBytes?: number;
  /**
   * Sizes of chunks in bytes, each a multiple of 8 that fits into a slab. A request gets the smallest chunk that holds
   * it. A request larger than all chunks gets slabs of its own.
   * @defaultValue multiples of 8 up to 128, then four sizes to a doubling, then even parts of a slab
   */
  sizes?: readonly number[];
}

/** One size class of a slab allocator. */
export interface SlabClass {
  /** Size of a chunk. */
  readonly bytes: number;
  readonly slabCount: number;
  readonly chunkCount: number;
  readonly usedCount: number;
  readonly freeCount: number;
  /** Requests served since the beginning. */
  readonly allocationCount: number;
  /** Chunks given back since the beginning. */
  readonly releaseCount: number;
}

/** One slab, or a run of slabs for a request that is larger than any class. */
export interface SlabInfo {
  readonly address: number;
  readonly bytes: number;
  readonly kind: 'chunks' | 'free' | 'run';
  readonly chunkBytes: number;
  readonly usedCount: number;
  readonly freeCount: number;
  /** The chunk that the next request gets, 0 for none. */
  readonly firstFree: number;
  /** Whole chunks; their requests may have been smaller. */
  readonly usedBytes: number;
  /** The header, and the rest behind the last chunk. */
  readonly wastedBytes: number;
}

/** A slab allocator's figures; bytes unless it says count. */
export interface SlabStats {
  readonly slabBytes: number;
  readonly slabCount: number;
  readonly freeSlabCount: number;
  readonly runSlabCount: number;
  /** Used chunks, and runs. */
  readonly usedCount: number;
  readonly usedBytes: number;
  readonly allocationCount: number;
  readonly releaseCount: number;
  /** The classes that have served a request. */
  readonly classes: readonly SlabClass[];
  readonly capacityBytes: number;
}

/**
 * Hands out chunks of a few sizes in O(1), and takes each of them back in O(1). Serves single requests, or arenas as
 * their {@link BlockSource}.
 *
 * Chunks of one size lie side by side in slabs and need no headers. A request over the largest size takes a run of
 * slabs, in O(slabs). All state is in the buffer.
 *
 * @example
 * ```ts
 * const slabs = new SlabAllocator();
 * const at = slabs.allocate(24);
 * slabs.allocate(24) - at; // 24
 * slabs.free(at);
 * slabs.allocate(20) === at; // true
 * ```
 */
export class SlabAllocator extends Lifetime implements BlockSource {
  // Derived from the classes in the buffer.
  readonly #slabMask: number;
  readonly #first: number;
  readonly #largest: number;
  readonly #records: Uint16Array;
  /** Reciprocals of the sizes, which find a chunk's number without a division. */
  readonly #reciprocals: Float64Array;

  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options?: SlabAllocatorOptions);
  /** @internal Over a memory that holds one already. */
  constructor(options: SlabAllocatorOptions, attached: Memory);
  constructor(options: SlabAllocatorOptions = {}, attached?: Memory) {
    super(attached ?? create(options));
    const words = this.memory.i32;
    const sizes = classes.readSizes(words, words[Word.ClassCount]);
    this.#slabMask = -words[Word.SlabBytes];
    this.#first = words[Word.First];
    this.#largest = sizes[sizes.length - 1];
    this.#reciprocals = Float64Array.from(sizes, (bytes) => 1 / bytes);
    this.#records = classes.recordTable(sizes);
  }

  /**
   * The allocator that wrote these bytes, or a copy of it if they are a copy. It verifies them, O(slabs and free
   * chunks): if it succeeds, all calls work. In shared memory only the words that never change; see `Memory.attach`.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): SlabAllocator {
    const memory = Memory.attach(buffer, Tenant.Slab);
    const slabBytes = memory.i32[Word.SlabBytes];
    const count = memory.i32[Word.ClassCount];
    const first = memory.i32[Word.First];
    if (!isSlabBytes(slabBytes) || !classes.isClassCount(count)) {
      malformed(`no slab allocator has ${count} classes of chunks and slabs of ${slabBytes} bytes`);
    }
    if (first !== classes.firstSlabOf(count) || first > memory.usedBytes) {
      malformed(`SL1: the first slab cannot be at ${first} behind ${count} classes`);
    }
    const sizes = classes.readSizes(memory.i32, count);
    if (sizes.some((bytes, i) => !classes.isSize(bytes, slabBytes) || bytes <= (sizes[i - 1] ?? 0))) {
      malformed(`no slab allocator has chunks of ${sizes.join(', ')} bytes`);
    }
    const slabs = new SlabAllocator({}, memory);
    if (!memory.shared) slabs.verify(); // See Memory.attach.
    return slabs;
  }

  /**
   * Allocates a chunk of at least `bytes` bytes at a multiple of 8. O(1); O(slabs) for a run.
   * @param bytes - whole number from 1 to 2^31 - 2^25 - 2^20
   * @returns its address, or NIL when the memory is at its limit and nothing has changed
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    if ((bytes | 0) === bytes && bytes > 0 && bytes <= this.#largest) {
      const words = this.memory.i32;
      const record = this.#records[(bytes + 7) >> 3];
      const slab = words[record + PARTIAL];
      if (slab > 0) return this.#allocateIn(words, record, slab); // False in a dropped memory, which has no words.
    }
    return this.#allocateSlowly(bytes);
  }

  #allocateIn(words: Int32Array, record: number, slab: number): Addr {
    const at = slab >> 2;
    let chunk = words[at + FREE];
    if (chunk !== 0) {
      pop(words, at + FREE);
    } else {
      chunk = words[at + FRESH];
      words[at + FRESH] = chunk + words[record];
    }
    const room = words[at + ROOM] - 1;
    words[at + ROOM] = room;
    if (room === 0) unlink(words, record + PARTIAL, slab, LINKS);
    if (INVARIANTS) this.#verifySometimes();
    return chunk as Addr;
  }

  #allocateSlowly(bytes: number): Addr {
    this.checkLive();
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > REQUEST_BYTES_MAX) throw invalidSize(bytes, REQUEST_BYTES_MAX);
    if (bytes > this.#largest) return this.#allocateRun(bytes);
    let record = this.#records[(bytes + 7) >> 3];
    let slab = this.#makeSlab(record);
    // Without a slab for this class, a larger class may still have a chunk.
    const words = this.memory.i32;
    const end = RECORDS + words[Word.ClassCount] * RECORD_WORDS;
    while (slab === 0 && (record += RECORD_WORDS) < end) slab = words[record + PARTIAL];
    return slab === 0 ? this.fail(bytes) : this.#allocateIn(words, record, slab);
  }

  /**
   * Gives a chunk back, or a run. O(1); O(slabs) for a run.
   * @throws ArenaError `ARENA_NOT_ALLOCATED` when no used chunk has that address; nothing has changed then
   */
  free(address: Addr): void {
    const words = this.memory.i32;
    const first = this.#first;
    const slab = first + ((address - first) & this.#slabMask);
    const at = slab >> 2;
    const state = words[at + STATE];
    // Only an address below the top finds a tag, and only a slab with a class has a positive state.
    const isChunk = state > 0 && words[at + TAG] === tagOf(slab, TAG_SALT) && (address | 0) === address;
    if (!isChunk || address >= this.memory.usedBytes) return this.#freeRun(address);
    const record = RECORDS + (state - 1) * RECORD_WORDS;
    const offset = address - slab - HEADER_BYTES;
    const number = ((offset + 0.5) * this.#reciprocals[state - 1]) | 0;
    const tag = tagOf(address, TAG_SALT ^ words[at + SALT]);
    if (offset < 0 || number * words[record] !== offset || address >= words[at + FRESH]) throw notAllocated(address);
    if (isFree(words, at + FREE, address, tag)) throw notAllocated(address);

    if (INVARIANTS) this.memory.poison(address, address + words[record]);
    push(words, at + FREE, address, tag);
    words[record + FREES]++;
    const room = words[at + ROOM] + 1;
    words[at + ROOM] = room;
    if (room === 1) link(words, record + PARTIAL, slab, LINKS);
    if (room === words[at + CAPACITY]) {
      unlink(words, record + PARTIAL, slab, LINKS);
      this.#makeFree(slab);
    }
    if (INVARIANTS) this.#verifySometimes();
  }

  /** See {@link BlockSource.ensure}. O(slabs) at worst. */
  ensure(bytes: number, count: number): boolean {
    if (this.dropped || bytes > REQUEST_BYTES_MAX) return false;
    const words = this.memory.i32;
    const slabBytes = words[Word.SlabBytes];
    if (bytes > this.#largest) {
      const slabs = Math.ceil((bytes + HEADER_BYTES) / slabBytes);
      const wanted = count - this.#countFreeRuns(slabs, count);
      return wanted === 0 || this.memory.ensure(wanted * slabs * slabBytes);
    }
    const record = this.#records[(bytes + 7) >> 3];
    const capacity = capacityOf(slabBytes, words[record]);
    let wanted = count;
    for (let slab = words[record + PARTIAL]; slab !== 0 && wanted > 0; slab = words[(slab >> 2) + LINKS]) {
      wanted -= words[(slab >> 2) + ROOM];
    }
    // Smaller requests among them may begin slabs of smaller classes.
    const others = Math.min(count - 1, (record - RECORDS) / RECORD_WORDS);
    const slabs = Math.ceil(Math.max(0, wanted) / capacity) + others - words[Word.FreeSlabs];
    return slabs <= 0 || this.memory.ensure(slabs * slabBytes);
  }

  /** See {@link BlockSource.bytesAt}. O(1), but O(free chunks of a slab) for an address that holds a tag by chance. */
  bytesAt(address: number): number {
    return slabBytesAt(this.memory, address);
  }

  /** Bytes of all slabs with a class and of all runs, used or not. 0 once dropped. O(1). */
  override memoryUsage(): number {
    const words = this.memory.i32;
    if (words.length === 0) return 0;
    return this.memory.usedBytes - this.#first - words[Word.FreeSlabs] * words[Word.SlabBytes];
  }

  /** The allocator's figures, read from the buffer. O(slabs). All 0 once dropped. */
  stats(): SlabStats {
    const words = this.memory.i32;
    const word = (index: number): number => words[index] ?? 0;
    const slabs = this.blocks();
    const used = classes.readSizes(words, word(Word.ClassCount)).flatMap((bytes, index): SlabClass[] => {
      const own = slabs.filter(({ kind, chunkBytes }) => kind === 'chunks' && chunkBytes === bytes);
      const sum = (of: (slab: SlabInfo) => number): number => own.reduce((all, slab) => all + of(slab), 0);
      const releaseCount = word(RECORDS + index * RECORD_WORDS + FREES) >>> 0;
      const usedCount = sum((slab) => slab.usedCount);
      // Every chunk given out is used or was given back, so allocations need no counter.
      const allocationCount = usedCount + releaseCount;
      const freeCount = sum((slab) => slab.freeCount);
      const chunkCount = usedCount + freeCount;
      if (allocationCount === 0) return [];
      return [{ bytes, slabCount: own.length, chunkCount, usedCount, freeCount, allocationCount, releaseCount }];
    });
    const slabBytes = word(Word.SlabBytes);
    const total = (of: (some: SlabClass) => number): number => used.reduce((all, some) => all + of(some), 0);
    return {
      slabBytes,
      slabCount: slabBytes === 0 ? 0 : (this.memory.usedBytes - this.#first) / slabBytes,
      freeSlabCount: word(Word.FreeSlabs),
      runSlabCount: word(Word.RunSlabs),
      usedCount: total(({ usedCount }) => usedCount) + word(Word.RunAllocations) - word(Word.RunFrees),
      usedBytes: slabs.reduce((all, { usedBytes }) => all + usedBytes, 0),
      allocationCount: total(({ allocationCount }) => allocationCount) + word(Word.RunAllocations),
      releaseCount: total(({ releaseCount }) => releaseCount) + word(Word.RunFrees),
      classes: used,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** All slabs and runs in the order of their addresses. O(slabs). */
  blocks(): SlabInfo[] {
    const words = this.memory.i32;
    const blocks: SlabInfo[] = [];
    const slabBytes = words[Word.SlabBytes];
    for (let slab = this.#first; slab < this.memory.usedBytes; slab += blocks[blocks.length - 1].bytes) {
      const at = slab >> 2;
      const state = words[at + STATE];
      const bytes = slabBytes * Math.max(1, -state);
      const info = (kind: SlabInfo['kind'], chunkBytes: number, capacity: number, freeCount: number): SlabInfo => ({
        address: slab,
        bytes,
        kind,
        chunkBytes,
        usedCount: capacity - freeCount,
        freeCount,
        firstFree: freeCount === 0 ? 0 : words[at + FREE] || words[at + FRESH],
        usedBytes: (capacity - freeCount) * chunkBytes,
        wastedBytes: kind === 'free' ? 0 : bytes - capacity * chunkBytes,
      });
      if (state === 0) blocks.push(info('free', 0, 0, 0));
      else if (state < 0) blocks.push(info('run', bytes - HEADER_BYTES, 1, 0));
      else {
        const chunkBytes = words[RECORDS + (state - 1) * RECORD_WORDS];
        blocks.push(info('chunks', chunkBytes, words[at + CAPACITY], words[at + ROOM]));
      }
    }
    return blocks;
  }

  /**
   * Checks SL1 to SL4. O(slabs and free chunks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.checkLive();
    verifySlabs(this.memory);
  }

  protected override restart(): void {
    if (INVARIANTS) this.memory.poison(this.#first, this.memory.usedBytes);
    const words = this.memory.i32;
    const [slabBytes, salt] = [words[Word.SlabBytes], words[Word.Salt]];
    const sizes = classes.readSizes(words, words[Word.ClassCount]);
    this.memory.clear();
    this.memory.take(this.#first - SUPERBLOCK_BYTES);
    begin(words, slabBytes, sizes);
    words[Word.Salt] = salt; // Tags from before the reset must mean nothing.
  }

  protected override shown(): object {
    const { i32: words, capacityBytes } = this.memory;
    const [slabBytes, freeSlabCount] = [words[Word.SlabBytes], words[Word.FreeSlabs]];
    return { memoryUsage: this.memoryUsage(), slabBytes, freeSlabCount, capacityBytes };
  }

  /** Gives a free slab or a new one to a class. @returns the slab, or 0 when the memory is at its limit */
  #makeSlab(record: number): number {
    const slabBytes = this.memory.i32[Word.SlabBytes];
    let slab: number = this.memory.i32[Word.FreeList];
    if (slab !== 0) this.#takeFree(slab);
    else if ((slab = this.memory.take(slabBytes)) === NIL) return 0;
    const words = this.memory.i32;
    const at = slab >> 2;
    words[at + STATE] = 1 + (record - RECORDS) / RECORD_WORDS;
    words[at + TAG] = tagOf(slab, TAG_SALT);
    words[at + CAPACITY] = capacityOf(slabBytes, words[record]);
    words[at + ROOM] = words[at + CAPACITY];
    words[at + SALT] = ++words[Word.Salt];
    words[at + FREE] = 0;
    words[at + FRESH] = slab + HEADER_BYTES;
    link(words, record + PARTIAL, slab, LINKS);
    return slab;
  }

  #makeFree(slab: number): void {
    const words = this.memory.i32;
    words[(slab >> 2) + STATE] = 0;
    words[(slab >> 2) + TAG] = tagOf(slab, TAG_SALT);
    link(words, Word.FreeList, slab, LINKS);
    words[Word.FreeSlabs]++;
  }

  #takeFree(slab: number): void {
    unlink(this.memory.i32, Word.FreeList, slab, LINKS);
    this.memory.i32[Word.FreeSlabs]--;
  }

  #allocateRun(bytes: number): Addr {
    const slabBytes = this.memory.i32[Word.SlabBytes];
    const length = Math.ceil((bytes + HEADER_BYTES) / slabBytes);
    let run = this.#findFreeRun(this.#first, length);
    if (run !== 0) for (let i = 0; i < length; i++) this.#takeFree(run + i * slabBytes);
    else if ((run = this.memory.take(length * slabBytes)) === NIL) return this.fail(bytes);
    const words = this.memory.i32;
    // The old headers are payload now, so their tags go.
    for (let i = 0; i < length; i++) words[((run + i * slabBytes) >> 2) + TAG] = 0;
    words[(run >> 2) + STATE] = -length;
    words[(run >> 2) + TAG] = tagOf(run, TAG_SALT);
    words[Word.RunSlabs] += length;
    words[Word.RunAllocations]++;
    if (INVARIANTS) this.#verifySometimes();
    return (run + HEADER_BYTES) as Addr;
  }

  #freeRun(address: number): void {
    this.checkLive();
    const words = this.memory.i32;
    const run = address - HEADER_BYTES;
    const whole = (address | 0) === address && ((run - this.#first) & ~this.#slabMask) === 0;
    if (!whole || run < this.#first || run >= this.memory.usedBytes) throw notAllocated(address);
    const state = words[(run >> 2) + STATE];
    if (state >= 0 || words[(run >> 2) + TAG] !== tagOf(run, TAG_SALT)) throw notAllocated(address);
    const slabBytes = words[Word.SlabBytes];
    if (INVARIANTS) this.memory.poison(address, run - state * slabBytes);
    for (let slab = run - state * slabBytes - slabBytes; slab >= run; slab -= slabBytes) this.#makeFree(slab);
    words[Word.RunSlabs] += state;
    words[Word.RunFrees]++;
    if (INVARIANTS) this.#verifySometimes();
  }

  /** The first of `length` free slabs in a row, at `from` or behind it, or 0. */
  #findFreeRun(from: number, length: number): number {
    const words = this.memory.i32;
    if (words[Word.FreeSlabs] < length) return 0;
    const slabBytes = words[Word.SlabBytes];
    const top = this.memory.usedBytes;
    let found = 0;
    for (let slab = from; slab < top;) {
      const state = words[(slab >> 2) + STATE];
      slab += (state < 0 ? -state : 1) * slabBytes;
      found = state === 0 ? found + 1 : 0;
      if (found === length) return slab - length * slabBytes;
    }
    return 0;
  }

  /** Number of runs of `length` free slabs, up to `enough`. */
  #countFreeRuns(length: number, enough: number): number {
    let count = 0;
    let from = this.#first;
    while (count < enough) {
      const run = this.#findFreeRun(from, length);
      if (run === 0) break;
      from = run + length * this.memory.i32[Word.SlabBytes];
      count++;
    }
    return count;
  }

  /** Verifies often enough to find any damage soon, and seldom enough to cost little a request in the long run. */
  #verifySometimes(): void {
    const { usedCount, allocationCount, releaseCount } = this.stats();
    if ((allocationCount + releaseCount) % (1 + (usedCount >> 4)) === 0) this.verify();
  }
}

function isSlabBytes(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 4096 && bytes <= SLAB_BYTES_MAX && (bytes & (bytes - 1)) === 0;
}

/** A memory with the records of all classes and no slab. @throws ArenaError `ARENA_INVALID_OPTION` */
function create(options: SlabAllocatorOptions): Memory {
  const { slabBytes = SLAB_BYTES } = options;
  if (!isSlabBytes(slabBytes)) {
    throw invalidOption(`slabBytes must be a power of two from 4096 to ${SLAB_BYTES_MAX}: ${printed(slabBytes)}`);
  }
  const sizes =
    options.sizes === undefined ? classes.defaultSizes(slabBytes) : classes.checkSizes(options.sizes, slabBytes);
  const memory = Memory.create(options, Tenant.Slab);
  if (memory.take(classes.firstSlabOf(sizes.length) - SUPERBLOCK_BYTES) === NIL) {
    throw invalidOption(`${memory.maxBytes} bytes cannot hold the records of ${sizes.length} sizes`);
  }
  begin(memory.i32, slabBytes, sizes);
  return memory;
}

function begin(words: Int32Array, slabBytes: number, sizes: readonly number[]): void {
  words[Word.SlabBytes] = slabBytes;
  words[Word.ClassCount] = sizes.length;
  words[Word.First] = classes.firstSlabOf(sizes.length);
  classes.writeSizes(words, sizes);
}
