/**
 * A slab allocator (J. Bonwick, "The Slab Allocator", 1994) over one memory. One thread uses it.
 *
 * Invariants, which `verify()` checks:
 * L1. Slabs and runs of slabs fill the memory from `First` to its top without a gap; each head carries its tag.
 * L2. A slab of a class has at least one chunk in use, and `Room` for the others up to its capacity. Chunks in use and
 *     those in its free list are all that lie below `Fresh`. Every chunk in the free list carries its tag.
 * L3. The partial list of a class has its slabs with room, once each, and no others.
 * L4. The list of free slabs has every free slab, once; `FreeSlabs` counts them, `RunSlabs` those in runs.
 */
import { type Addr, NIL } from '../addr.js';
import { ArenaError, invalidSize, malformed, notAllocated } from '../errors.js';
import { onDrop, onFailure, onReset } from '../events.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from '../memory.js';
import { INSPECT, show } from '../show.js';
import type { BlockSource } from '../source.js';
import { Line, LINE_WORDS, SUPERBLOCK_BYTES, Tenant } from '../superblock.js';

/**
 * A slab; its header is one cache line:
 *
 * ```
 *    0                    64
 *    | header             | chunk | chunk | chunk | ...        | rest |
 *                           ^ out   ^ free  ^ fresh: not given out yet
 *
 *    a free chunk    | next free | tag | ...
 *    a run           | header             | one request, over several slabs ...
 * ```
 */
const HEADER_BYTES = 64;
const Slab = {
  /** 1 + its class; 0 when it is free; minus the number of slabs when it is the head of a run. */
  State: 0,
  Tag: 1,
  /** Chunks that can be given out yet, of so many. */
  Room: 2,
  Capacity: 3,
  /** First chunk that was given back; each names the next. */
  Free: 4,
  /** First chunk that was never given out. */
  Fresh: 5,
  /** In the partial list of its class, or in the list of free slabs. */
  Next: 6,
  Prev: 7,
  /** Goes into the tags of its free chunks: another one each time the slab is begun, so that old tags mean nothing. */
  Salt: 8,
} as const;

const LINE = Line.Arena * LINE_WORDS;
const Word = {
  SlabBytes: LINE,
  ClassCount: LINE + 1,
  /** The list of free slabs, and how many are in it. */
  FreeList: LINE + 2,
  FreeSlabs: LINE + 3,
  /** Slabs in runs, requests for runs, and runs given back. */
  RunSlabs: LINE + 4,
  RunAllocations: LINE + 5,
  RunFrees: LINE + 6,
  /** Address of the first slab; the records of the classes stand before it. */
  First: LINE + 7,
  /** The salt used last. */
  Salt: LINE + 8,
} as const;

/** A class's record, four words each right after the superblock. */
const Class = { Bytes: 0, Partial: 1, Frees: 2 } as const;
const CLASS_WORDS = 4;

// On the path of every request; a number is read faster than a property. A record's first word is the size.
const { State: STATE, Tag: TAG, Room: ROOM, Capacity: CAPACITY, Free: FREE, Fresh: FRESH, Salt: SALT } = Slab;
const { Partial: PARTIAL, Frees: FREES } = Class;

const CLASSES = SUPERBLOCK_BYTES / 4;
const CLASSES_MAX = 250;

const SLAB_BYTES = 65536;
const SLAB_BYTES_MAX = 1 << 24;
const REQUEST_BYTES_MAX = MEMORY_BYTES_MAX - 2 * SLAB_BYTES_MAX;

export interface SlabAllocatorOptions extends MemoryOptions {
  /** Size of a slab in bytes, a power of two from 4096 to 2^24. @defaultValue 65536 */
  slabBytes?: number;
  /**
   * Sizes of chunks in bytes, each a multiple of 8 that fits into a slab. A request gets the smallest chunk that it fits
   * into; one that is larger than all gets slabs of its own.
   * @defaultValue multiples of 8 up to 128, then four to a doubling, then what divides a slab evenly
   */
  sizes?: readonly number[];
}

/** One size class of a slab allocator. */
export interface SlabClass {
  /** Of a chunk. */
  readonly bytes: number;
  readonly slabCount: number;
  readonly chunkCount: number;
  readonly usedCount: number;
  readonly freeCount: number;
  /** Requests served and chunks taken back since the beginning. */
  readonly allocationCount: number;
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
  /** First chunk that the next request gets, 0 when there is none. */
  readonly firstFree: number;
  /** In use by chunks that were given out; their requests may have been smaller. */
  readonly usedBytes: number;
  /** The header, and what is left at the end behind the last chunk. */
  readonly wastedBytes: number;
}

/** A slab allocator's figures; bytes unless it says count. */
export interface SlabStats {
  readonly slabBytes: number;
  readonly slabCount: number;
  readonly freeSlabCount: number;
  readonly runSlabCount: number;
  /** Chunks given out, and runs. */
  readonly usedCount: number;
  readonly usedBytes: number;
  readonly allocationCount: number;
  readonly releaseCount: number;
  /** Classes that have been used. */
  readonly classes: readonly SlabClass[];
  readonly capacityBytes: number;
}

/**
 * Hands out chunks of a few sizes in O(1), and takes them back in O(1), by itself or to arenas ({@link BlockSource}).
 * Chunks of one size lie side by side in slabs, and need no headers.
 *
 * All state is in the buffer. A request over the largest size takes slabs in a row, in O(slabs).
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
export class SlabAllocator implements BlockSource, Disposable {
  readonly memory: Memory;
  // Derived from the classes in the buffer.
  readonly #slabMask: number;
  readonly #first: number;
  readonly #largest: number;
  /** First word of a size's class record, by eighths of the size. */
  readonly #records: Uint16Array;
  /** Reciprocals of the sizes: a chunk's number is found without a division. */
  readonly #reciprocals: Float64Array;

  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options?: SlabAllocatorOptions);
  /** @internal Over a memory that holds one already. */
  constructor(options: SlabAllocatorOptions, attached: Memory);
  constructor(options: SlabAllocatorOptions = {}, attached?: Memory) {
    if (attached === undefined) {
      const { slabBytes = SLAB_BYTES } = options;
      if (
        !Number.isInteger(slabBytes) ||
        slabBytes < 4096 ||
        slabBytes > SLAB_BYTES_MAX ||
        slabBytes & (slabBytes - 1)
      ) {
        throw invalidOption(`slabBytes must be a power of two from 4096 to ${SLAB_BYTES_MAX}: ${slabBytes}`);
      }
      const sizes = options.sizes === undefined ? defaultSizes(slabBytes) : checkSizes(options.sizes, slabBytes);
      this.memory = Memory.create(options, Tenant.Slab);
      if (this.memory.take(Math.ceil((sizes.length * CLASS_WORDS * 4) / 64) * 64) === NIL) {
        throw invalidOption(`${this.memory.maxBytes} bytes cannot hold the records of ${sizes.length} sizes`);
      }
      this.#begin(slabBytes, sizes);
    } else {
      this.memory = attached;
    }
    const words = this.memory.i32;
    const sizes = sizesIn(words);
    this.#slabMask = -words[Word.SlabBytes];
    this.#first = words[Word.First];
    this.#largest = sizes[sizes.length - 1];
    this.#reciprocals = Float64Array.from(sizes, (bytes) => 1 / bytes);
    this.#records = new Uint16Array((this.#largest >> 3) + 1);
    for (let i = 0, index = 0; i < this.#records.length; i++) {
      while (sizes[index] < i * 8) index++;
      this.#records[i] = CLASSES + index * CLASS_WORDS;
    }
  }

  /**
   * The allocator that wrote these bytes, or a copy of it if they are a copy.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): SlabAllocator {
    const memory = Memory.attach(buffer, Tenant.Slab);
    const slabBytes = memory.i32[Word.SlabBytes];
    const count = memory.i32[Word.ClassCount];
    const first = memory.i32[Word.First];
    if (slabBytes < 4096 || slabBytes & (slabBytes - 1) || count < 1 || count > CLASSES_MAX) {
      malformed(`${count} classes of chunks, slabs of ${slabBytes} bytes`);
    }
    if (first !== SUPERBLOCK_BYTES + Math.ceil((count * CLASS_WORDS * 4) / 64) * 64 || first > memory.usedBytes) {
      malformed(`L1: the first slab cannot be at ${first} behind ${count} classes`);
    }
    const sizes = sizesIn(memory.i32);
    if (sizes.some((bytes, i) => bytes % 8 !== 0 || bytes <= (sizes[i - 1] ?? 0) || bytes > slabBytes - HEADER_BYTES)) {
      malformed(`classes of ${sizes.join(', ')} bytes`);
    }
    const slabs = new SlabAllocator({}, memory);
    if (!memory.shared) slabs.verify(); // See Memory.attach.
    return slabs;
  }

  /**
   * Allocates a chunk of `bytes` bytes at least, at a multiple of 8. O(1).
   * @param bytes - whole number from 1 to 2^31 - 2^25 - 8
   * @returns where it is, or NIL when the memory is at its limit; nothing has changed then
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    if ((bytes | 0) === bytes && bytes > 0 && bytes <= this.#largest) {
      const words = this.memory.i32;
      const record = this.#records[(bytes + 7) >> 3];
      const slab = words[record + PARTIAL];
      if (slab > 0) return this.#allocateIn(words, record, slab); // A dropped memory has no such word.
    }
    return this.#allocateSlowly(bytes);
  }

  #allocateIn(words: Int32Array, record: number, slab: number): Addr {
    const at = slab >> 2;
    let chunk = words[at + FREE];
    if (chunk !== 0) {
      words[at + FREE] = words[chunk >> 2];
      words[(chunk >> 2) + 1] = 0; // It is not free any more, so the tag goes.
    } else {
      chunk = words[at + FRESH];
      words[at + FRESH] = chunk + words[record];
    }
    const room = words[at + ROOM] - 1;
    words[at + ROOM] = room;
    if (room === 0) unlink(words, record + PARTIAL, slab);
    if (INVARIANTS) this.#verifySometimes();
    return chunk as Addr;
  }

  #allocateSlowly(bytes: number): Addr {
    if (this.dropped) throw dropped();
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > REQUEST_BYTES_MAX) throw invalidSize(bytes, REQUEST_BYTES_MAX);
    if (bytes > this.#largest) return this.#allocateRun(bytes);
    let record = this.#records[(bytes + 7) >> 3];
    let slab = this.#makeSlab(record);
    // When no slab is to be had for this class, a larger one may still have a chunk.
    const words = this.memory.i32;
    const end = CLASSES + words[Word.ClassCount] * CLASS_WORDS;
    while (slab === 0 && (record += CLASS_WORDS) < end) slab = words[record + Class.Partial];
    return slab === 0 ? this.#fail(bytes) : this.#allocateIn(words, record, slab);
  }

  /**
   * Takes a chunk back. O(1).
   * @throws ArenaError `ARENA_NOT_ALLOCATED` when nothing that is in use was given out there; nothing has changed then
   */
  free(address: Addr): void {
    const words = this.memory.i32;
    const first = this.#first;
    const slab = first + ((address - first) & this.#slabMask);
    const at = slab >> 2;
    const state = words[at + STATE];
    // Only a number below the top finds a tag, and only a slab of chunks has a positive state.
    if (!(
      state > 0 &&
      words[at + TAG] === tagOf(slab) &&
      (address | 0) === address &&
      address < this.memory.usedBytes
    )) {
      this.#freeRun(address);
      return;
    }
    const record = CLASSES + (state - 1) * CLASS_WORDS;
    const offset = address - slab - HEADER_BYTES;
    const number = ((offset + 0.5) * this.#reciprocals[state - 1]) | 0;
    const chunk = address >> 2;
    const tag = tagOf(address ^ words[at + SALT]);
    if (offset < 0 || number * words[record] !== offset || address >= words[at + FRESH]) throw notAllocated(address);
    // Whoever uses a chunk may happen to write its tag; the free list has the last word.
    if (words[chunk + 1] === tag && isFree(words, slab, address)) throw notAllocated(address);

    if (INVARIANTS) this.memory.poison(address, address + words[record]);
    words[chunk] = words[at + FREE]!;
    words[chunk + 1] = tag;
    words[at + FREE] = address;
    words[record + FREES]++;
    const room = words[at + ROOM] + 1;
    words[at + ROOM] = room;
    if (room === 1) link(words, record + PARTIAL, slab);
    if (room === words[at + CAPACITY]) {
      unlink(words, record + PARTIAL, slab);
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
    const capacity = capacityOf(slabBytes, words[record + Class.Bytes]);
    let wanted = count;
    for (let slab = words[record + Class.Partial]; slab !== 0 && wanted > 0; slab = words[(slab >> 2) + Slab.Next]) {
      wanted -= words[(slab >> 2) + Slab.Room];
    }
    // Smaller requests in between may begin slabs of smaller classes.
    const others = Math.min(count - 1, (record - CLASSES) / CLASS_WORDS);
    const slabs = Math.ceil(Math.max(0, wanted) / capacity) + others - words[Word.FreeSlabs];
    return slabs <= 0 || this.memory.ensure(slabs * slabBytes);
  }

  /** Bytes of all slabs in use, whatever part of them was given out. 0 once dropped. O(1). */
  memoryUsage(): number {
    const words = this.memory.i32;
    if (words.length === 0) return 0;
    return this.memory.usedBytes - this.#first - words[Word.FreeSlabs] * words[Word.SlabBytes];
  }

  /** The allocator's own figures, from the buffer. O(slabs). All 0 once dropped. */
  stats(): SlabStats {
    const words = this.memory.i32;
    const word = (index: number): number => words[index] ?? 0;
    const slabs = this.blocks();
    const classes = sizesIn(words).flatMap((bytes, index): SlabClass[] => {
      const own = slabs.filter(({ kind, chunkBytes }) => kind === 'chunks' && chunkBytes === bytes);
      const sum = (of: (slab: SlabInfo) => number): number => own.reduce((all, slab) => all + of(slab), 0);
      const releaseCount = word(CLASSES + index * CLASS_WORDS + Class.Frees) >>> 0;
      const usedCount = sum((slab) => slab.usedCount);
      // What was given out is in use, or was given back: one of three figures need not be counted.
      const allocationCount = usedCount + releaseCount;
      const freeCount = sum((slab) => slab.freeCount);
      const chunkCount = usedCount + freeCount;
      if (allocationCount === 0) return [];
      return [{ bytes, slabCount: own.length, chunkCount, usedCount, freeCount, allocationCount, releaseCount }];
    });
    const slabBytes = word(Word.SlabBytes);
    const total = (of: (some: SlabClass) => number): number => classes.reduce((all, some) => all + of(some), 0);
    return {
      slabBytes,
      slabCount: slabBytes === 0 ? 0 : (this.memory.usedBytes - this.#first) / slabBytes,
      freeSlabCount: word(Word.FreeSlabs),
      runSlabCount: word(Word.RunSlabs),
      usedCount: total(({ usedCount }) => usedCount) + word(Word.RunAllocations) - word(Word.RunFrees),
      usedBytes: slabs.reduce((all, { usedBytes }) => all + usedBytes, 0),
      allocationCount: total(({ allocationCount }) => allocationCount) + word(Word.RunAllocations),
      releaseCount: total(({ releaseCount }) => releaseCount) + word(Word.RunFrees),
      classes,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** Every slab and run in the order of their addresses. O(slabs). */
  blocks(): SlabInfo[] {
    const words = this.memory.i32;
    const blocks: SlabInfo[] = [];
    const top = this.memory.usedBytes;
    const slabBytes = words[Word.SlabBytes];
    for (let slab = this.#first; slab < top; slab += blocks[blocks.length - 1].bytes) {
      const at = slab >> 2;
      const state = words[at + Slab.State];
      const kind = state > 0 ? 'chunks' : state < 0 ? 'run' : 'free';
      const bytes = kind === 'run' ? -state * slabBytes : slabBytes;
      const chunkBytes =
        kind === 'chunks' ? words[CLASSES + (state - 1) * CLASS_WORDS] : kind === 'run' ? bytes - HEADER_BYTES : 0;
      const capacity = kind === 'chunks' ? words[at + Slab.Capacity] : kind === 'run' ? 1 : 0;
      const usedCount = kind === 'chunks' ? capacity - words[at + Slab.Room] : capacity;
      const fresh = usedCount < capacity ? words[at + Slab.Fresh] : 0;
      blocks.push({
        address: slab,
        bytes,
        kind,
        chunkBytes,
        usedCount,
        freeCount: capacity - usedCount,
        firstFree: kind === 'chunks' ? words[at + Slab.Free] || fresh : 0,
        usedBytes: usedCount * chunkBytes,
        wastedBytes: kind === 'free' ? 0 : bytes - capacity * chunkBytes,
      });
    }
    return blocks;
  }

  /**
   * Takes everything back at once, in O(classes). Arenas over this allocator end with it.
   * @throws ArenaError `ARENA_DROPPED`
   */
  reset(): void {
    if (this.dropped) throw dropped();
    if (onReset.hasSubscribers) onReset.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    if (INVARIANTS) this.memory.poison(this.#first, this.memory.usedBytes);
    const slabBytes = this.memory.i32[Word.SlabBytes];
    const salt = this.memory.i32[Word.Salt];
    const sizes = sizesIn(this.memory.i32);
    this.memory.clear();
    this.memory.take(this.#first - SUPERBLOCK_BYTES);
    this.#begin(slabBytes, sizes);
    this.memory.i32[Word.Salt] = salt;
  }

  /** Gives all memory back at once, and ends the allocator and the arenas over it. Idempotent. */
  drop(): void {
    if (this.dropped) return;
    if (onDrop.hasSubscribers) onDrop.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    this.memory.drop();
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
      const { i32: words, capacityBytes } = this.memory;
      const [slabBytes, freeSlabCount] = [words[Word.SlabBytes], words[Word.FreeSlabs]];
      return { memoryUsage: this.memoryUsage(), slabBytes, freeSlabCount, capacityBytes };
    });
  }

  /**
   * Checks L1 to L5. O(slabs and free chunks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    if (this.dropped) throw dropped();
    const words = this.memory.i32;
    const top = this.memory.usedBytes;
    const slabBytes = words[Word.SlabBytes];
    const count = words[Word.ClassCount];
    const partial = Array.from({ length: count }, () => new Set<number>());
    const free = new Set<number>();
    let runSlabs = 0;
    for (let slab = this.#first; slab < top;) {
      const at = slab >> 2;
      const state = words[at + Slab.State];
      const length = state < 0 ? -state : 1;
      if (words[at + Slab.Tag] !== tagOf(slab)) malformed(`L1: the tag of the slab at ${slab}`);
      if (state > count || slab + length * slabBytes > top) malformed(`L1: the slab at ${slab} of state ${state}`);
      if (state === 0) free.add(slab);
      else if (state < 0) runSlabs += length;
      else {
        this.#verifySlab(slab, words[CLASSES + (state - 1) * CLASS_WORDS]);
        if (words[at + Slab.Room] > 0) partial[state - 1].add(slab);
      }
      slab += length * slabBytes;
    }
    if (free.size !== words[Word.FreeSlabs]) malformed(`L4: ${free.size} free slabs, ${words[Word.FreeSlabs]} counted`);
    if (runSlabs !== words[Word.RunSlabs]) malformed(`L4: ${runSlabs} slabs in runs, ${words[Word.RunSlabs]} counted`);
    verifyList(words, words[Word.FreeList], free, 'L4: the list of free slabs');
    for (let index = 0; index < count; index++) {
      const record = CLASSES + index * CLASS_WORDS;
      verifyList(words, words[record + Class.Partial], partial[index], `L3: the partial list of class ${index}`);
    }
  }

  #verifySlab(slab: number, bytes: number): void {
    const words = this.memory.i32;
    const at = slab >> 2;
    const capacity = words[at + Slab.Capacity];
    const used = capacity - words[at + Slab.Room];
    const fresh = (words[at + Slab.Fresh] - slab - HEADER_BYTES) / bytes;
    if (capacity !== capacityOf(words[Word.SlabBytes], bytes) || used < 1 || used > capacity) {
      malformed(`L2: ${used} of ${capacity} chunks in use in the slab at ${slab}`);
    }
    const salt = words[at + Slab.Salt];
    let listed = 0;
    for (let chunk = words[at + Slab.Free]; chunk !== 0; chunk = words[chunk >> 2]) {
      const number = (chunk - slab - HEADER_BYTES) / bytes;
      if (
        !Number.isInteger(number) ||
        number < 0 ||
        number >= fresh ||
        words[(chunk >> 2) + 1] !== tagOf(chunk ^ salt)
      ) {
        malformed(`L2: the slab at ${slab} lists ${chunk} as free`);
      }
      if (++listed > capacity) malformed(`L2: the free list of the slab at ${slab} has no end`);
    }
    if (used + listed !== fresh) malformed(`L2: ${used} used and ${listed} free of ${fresh} chunks at ${slab}`);
  }

  #begin(slabBytes: number, sizes: readonly number[]): void {
    const words = this.memory.i32;
    words[Word.SlabBytes] = slabBytes;
    words[Word.ClassCount] = sizes.length;
    words[Word.First] = this.memory.usedBytes;
    words.fill(0, CLASSES, this.memory.usedBytes >> 2);
    sizes.forEach((bytes, index) => (words[CLASSES + index * CLASS_WORDS] = bytes));
  }

  /** A free slab or a new one becomes the class's. @returns 0 when there is none */
  #makeSlab(record: number): number {
    const slabBytes = this.memory.i32[Word.SlabBytes];
    let slab: number = this.memory.i32[Word.FreeList];
    if (slab !== 0) this.#takeFree(slab);
    else if ((slab = this.memory.take(slabBytes)) === NIL) return 0;
    const words = this.memory.i32;
    const at = slab >> 2;
    words[at + Slab.State] = 1 + (record - CLASSES) / CLASS_WORDS;
    words[at + Slab.Tag] = tagOf(slab);
    words[at + Slab.Capacity] = capacityOf(slabBytes, words[record + Class.Bytes]);
    words[at + Slab.Room] = words[at + Slab.Capacity]!;
    words[at + Slab.Salt] = ++words[Word.Salt];
    words[at + Slab.Free] = 0;
    words[at + Slab.Fresh] = slab + HEADER_BYTES;
    link(words, record + Class.Partial, slab);
    return slab;
  }

  #makeFree(slab: number): void {
    const words = this.memory.i32;
    words[(slab >> 2) + Slab.State] = 0;
    words[(slab >> 2) + Slab.Tag] = tagOf(slab);
    link(words, Word.FreeList, slab);
    words[Word.FreeSlabs]++;
  }

  #takeFree(slab: number): void {
    unlink(this.memory.i32, Word.FreeList, slab);
    this.memory.i32[Word.FreeSlabs]--;
  }

  #allocateRun(bytes: number): Addr {
    const slabBytes = this.memory.i32[Word.SlabBytes];
    const length = Math.ceil((bytes + HEADER_BYTES) / slabBytes);
    let run = this.#findFreeRun(this.#first, length);
    if (run !== 0) for (let i = 0; i < length; i++) this.#takeFree(run + i * slabBytes);
    else if ((run = this.memory.take(length * slabBytes)) === NIL) return this.#fail(bytes);
    const words = this.memory.i32;
    // What were heads of slabs are bytes of the request now.
    for (let i = 0; i < length; i++) words[((run + i * slabBytes) >> 2) + Slab.Tag] = 0;
    words[(run >> 2) + Slab.State] = -length;
    words[(run >> 2) + Slab.Tag] = tagOf(run);
    words[Word.RunSlabs] += length;
    words[Word.RunAllocations]++;
    if (INVARIANTS) this.#verifySometimes();
    return (run + HEADER_BYTES) as Addr;
  }

  #freeRun(address: number): void {
    if (this.dropped) throw dropped();
    const words = this.memory.i32;
    const run = address - HEADER_BYTES;
    const whole = (address | 0) === address && ((run - this.#first) & ~this.#slabMask) === 0;
    if (!whole || run < this.#first || run >= this.memory.usedBytes) throw notAllocated(address);
    const state = words[(run >> 2) + Slab.State];
    if (state >= 0 || words[(run >> 2) + Slab.Tag] !== tagOf(run)) throw notAllocated(address);
    const slabBytes = words[Word.SlabBytes];
    if (INVARIANTS) this.memory.poison(address, run - state * slabBytes);
    for (let slab = run - state * slabBytes - slabBytes; slab >= run; slab -= slabBytes) this.#makeFree(slab);
    words[Word.RunSlabs] += state;
    words[Word.RunFrees]++;
    if (INVARIANTS) this.#verifySometimes();
  }

  /** The first `length` free slabs in a row at `from` or behind it, or 0. */
  #findFreeRun(from: number, length: number): number {
    const words = this.memory.i32;
    if (words[Word.FreeSlabs] < length) return 0;
    const slabBytes = words[Word.SlabBytes];
    const top = this.memory.usedBytes;
    let found = 0;
    for (let slab = from; slab < top;) {
      const state = words[(slab >> 2) + Slab.State];
      slab += (state < 0 ? -state : 1) * slabBytes;
      found = state === 0 ? found + 1 : 0;
      if (found === length) return slab - length * slabBytes;
    }
    return 0;
  }

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

  #fail(bytes: number): Addr {
    if (onFailure.hasSubscribers) onFailure.publish({ allocator: this, bytes, memoryUsage: this.memoryUsage() });
    return NIL;
  }

  /** Often enough to find every damage, seldom enough to cost little a request in the long run. */
  #verifySometimes(): void {
    const { usedCount, allocationCount, releaseCount } = this.stats();
    if ((allocationCount + releaseCount) % (1 + (usedCount >> 4)) === 0) this.verify();
  }
}

/** Puts a slab first in the list whose head is the word `head`. */
function link(words: Int32Array, head: number, slab: number): void {
  const next = words[head];
  words[(slab >> 2) + Slab.Next] = next;
  words[(slab >> 2) + Slab.Prev] = 0;
  if (next !== 0) words[(next >> 2) + Slab.Prev] = slab;
  words[head] = slab;
}

function unlink(words: Int32Array, head: number, slab: number): void {
  const next = words[(slab >> 2) + Slab.Next];
  const prev = words[(slab >> 2) + Slab.Prev];
  if (next !== 0) words[(next >> 2) + Slab.Prev] = prev;
  words[prev === 0 ? head : (prev >> 2) + Slab.Next] = next;
}

function isFree(words: Int32Array, slab: number, address: number): boolean {
  let chunk = words[(slab >> 2) + Slab.Free];
  while (chunk !== 0 && chunk !== address) chunk = words[chunk >> 2];
  return chunk !== 0;
}

/** Tells heads of slabs and free chunks from other bytes; not the same at any two addresses. */
function tagOf(address: number): number {
  return Math.imul(address ^ 0x5ab5ab, 0x9e3779b1);
}

function capacityOf(slabBytes: number, bytes: number): number {
  return Math.floor((slabBytes - HEADER_BYTES) / bytes);
}

function sizesIn(words: Int32Array): number[] {
  return Array.from({ length: words[Word.ClassCount] ?? 0 }, (_, index) => words[CLASSES + index * CLASS_WORDS]);
}

/** Multiples of 8 up to 128, then four to a doubling up to an eighth of a slab, then what divides one evenly. */
function defaultSizes(slabBytes: number): number[] {
  const sizes: number[] = [];
  for (let bytes = 8; bytes <= 128; bytes += 8) sizes.push(bytes);
  for (let step = 32; step * 4 < slabBytes / 8; step *= 2) for (let i = 5; i <= 8; i++) sizes.push(step * i);
  for (let parts = 7; parts >= 1; parts--) sizes.push(Math.floor((slabBytes - HEADER_BYTES) / parts / 8) * 8);
  return sizes;
}

function checkSizes(sizes: readonly number[], slabBytes: number): number[] {
  const max = slabBytes - HEADER_BYTES;
  if (sizes.length < 1 || sizes.length > CLASSES_MAX) {
    throw invalidOption(`there must be from 1 to ${CLASSES_MAX} sizes: ${sizes.length}`);
  }
  for (const bytes of sizes) {
    if (!Number.isInteger(bytes) || bytes < 8 || bytes > max || bytes % 8 !== 0) {
      throw invalidOption(`each size must be a multiple of 8 from 8 to ${max}: ${bytes}`);
    }
  }
  return [...new Set(sizes)].sort((a, b) => a - b);
}

function verifyList(words: Int32Array, first: number, expected: Set<number>, name: string): void {
  let prev = 0;
  let count = 0;
  for (let slab = first; slab !== 0; slab = words[(slab >> 2) + Slab.Next]) {
    if (!expected.has(slab) || words[(slab >> 2) + Slab.Prev] !== prev) malformed(`${name} has the slab at ${slab}`);
    if (++count > expected.size) break;
    prev = slab;
  }
  if (count !== expected.size) malformed(`${name} has ${count} slabs or more, not ${expected.size}`);
}

function invalidOption(message: string): ArenaError {
  return new ArenaError('ARENA_INVALID_OPTION', message);
}

function dropped(): ArenaError {
  return new ArenaError('ARENA_DROPPED', 'the slab allocator has been dropped');
}
