/**
 * A heap with a free list: `malloc`, `free` and `realloc` over one memory. One thread uses it.
 *
 * Invariants, which `verify()` checks:
 * H1. Blocks fill the memory from the superblock to the end mark at its top without a gap; each is a multiple of 8 and 16 at least.
 * H2. A block knows whether the one before it is used; no two free blocks are neighbours.
 * H3. A free block repeats its size in its last word; a used one carries the tag of its address and size.
 * H4. Every free block is in the list of its bin, once, and no other is; a bit tells which bins have any.
 * H5. `UsedBlocks`, `UsedBytes` and `FreeBlocks` add up over the blocks.
 */
import { type Addr, NIL } from '../addr.js';
import { ArenaError, invalidSize, malformed, notAllocated } from '../errors.js';
import { onDrop, onFailure, onReset } from '../events.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from '../memory.js';
import { INSPECT, show } from '../show.js';
import { type SizeCount, sizeHistogram } from '../stats.js';
import type { BlockSource } from '../source.js';
import { Line, LINE_WORDS, SUPERBLOCK_BYTES, Tenant } from '../superblock.js';

/**
 * A block, two characters a byte; the address that is given out is that of the payload:
 *
 * ```
 *           0       4       8
 *   used    | size+f| tag   | payload ...                         |
 *   free    | size+f| next  | prev  | ...                 | size  |
 *
 *   f     flags in the low bits of the size, which is a multiple of 8: this block is used, the one before it is used
 *   next, prev    in the list of its bin, 0 at either end
 *   size  once more at the end of a free block, where the block behind it finds it ("boundary tag", Knuth 1962)
 * ```
 */
const HEADER_BYTES = 8;
const BLOCK_BYTES_MIN = 16;
/** An end mark like a used block stands behind the last one, so that every block has a neighbour there. */
const MARK_BYTES = 8;
const REQUEST_BYTES_MAX = MEMORY_BYTES_MAX - SUPERBLOCK_BYTES - HEADER_BYTES - MARK_BYTES;
const USED = 1;
const PREV_USED = 2;
const SIZE_MASK = ~7;

/** Bins: by powers of two, bin b has sizes from 2^b; a heap with another fit has all in the one list of bin 0. */
const BINS = 32;
/** Blocks of a request's own bin that are looked at for the best one before a larger bin is gone to. */
const CANDIDATES = 8;
/** What the memory is asked for at a time, so that not every request has to. */
const CHUNK_BYTES = 65536;

const LINE = Line.Arena * LINE_WORDS;
const Word = {
  Fit: LINE,
  /** Bit b is set when bin b is not empty. */
  Bins: LINE + 1,
  /** Where `next` goes on searching, or what `mixed` cut from last; 0 when there is none. */
  Rover: LINE + 2,
  UsedBlocks: LINE + 3,
  /** With their headers. */
  UsedBytes: LINE + 4,
  FreeBlocks: LINE + 5,
  Allocations: LINE + 6,
  Frees: LINE + 7,
  /** First of the lists. */
  Lists: LINE + LINE_WORDS,
} as const;

const FITS = ['mixed', 'first', 'next', 'best'] as const;
const MIXED = 0;
const NEXT = 2;
const BEST = 3;

/**
 * Which free block a request is cut from.
 * - `first`: the first in the list that is large enough; the list begins with what was freed last.
 * - `next`: the same, but the search goes on where the last one ended.
 * - `best`: the smallest that is large enough, in the whole list.
 * - `mixed`: best of the first eight of the request's own size class, else what was cut from last as next fit
 *   would, else the first of a larger class, where every block is large enough. O(1).
 */
export type HeapFit = (typeof FITS)[number];

export interface HeapOptions extends MemoryOptions {
  /** @defaultValue 'mixed' */
  fit?: HeapFit;
}

/** A heap's figures; bytes unless it says count. */
export interface HeapStats {
  readonly fit: HeapFit;
  readonly usedCount: number;
  /** Of the blocks in use, headers included. */
  readonly usedBytes: number;
  readonly freeCount: number;
  readonly freeBytes: number;
  /** Headers of the blocks in use. */
  readonly headerBytes: number;
  /** Payload of the largest request that needs no more memory. */
  readonly largestFreeBytes: number;
  /** Requests served and blocks taken back since the beginning. */
  readonly allocationCount: number;
  readonly releaseCount: number;
  /** Length of the buffer, including pages that were never touched. */
  readonly capacityBytes: number;
}

/** One block of a heap. */
export interface HeapBlock {
  /** Of the payload. */
  readonly address: number;
  /** Without the 8-byte header. */
  readonly bytes: number;
  readonly kind: 'used' | 'free';
}

/**
 * Hands out blocks of any size that can be given back one by one, by itself or to arenas ({@link BlockSource}).
 *
 * Splits what is larger than asked for, and joins what is given back with free neighbours, both in O(1). All state is
 * in the buffer.
 *
 * @example
 * ```ts
 * const heap = new Heap();
 * const at = heap.allocate(100);
 * heap.memory.u8.fill(1, at, at + 100);
 * const moved = heap.reallocate(at, 200);
 * heap.free(moved);
 * heap.stats().freeCount; // 1
 * ```
 *
 * Source: D. Knuth, The Art of Computer Programming 1, 2.5 (fits, boundary tags); D. Lea's malloc for the mix.
 */
export class Heap implements BlockSource, Disposable {
  readonly memory: Memory;
  readonly #fit: number;

  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options?: HeapOptions);
  /** @internal Over a memory that holds a heap already. */
  constructor(options: HeapOptions, attached: Memory);
  constructor(options: HeapOptions = {}, attached?: Memory) {
    const { fit = 'mixed' } = options;
    this.#fit = attached === undefined ? FITS.indexOf(fit) : attached.i32[Word.Fit];
    if (FITS[this.#fit] === undefined) {
      throw new ArenaError('ARENA_INVALID_OPTION', `fit must be one of ${FITS.join(', ')}: ${String(fit)}`);
    }
    this.memory = attached ?? Memory.create(options, Tenant.Heap);
    if (attached === undefined) this.#begin();
  }

  /**
   * The heap that wrote these bytes, or a copy of it if they are a copy. `Arena.attachAll(heap)` gives the arenas in it.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): Heap {
    const heap = new Heap({}, Memory.attach(buffer, Tenant.Heap));
    if (!heap.memory.shared) heap.verify(); // See Memory.attach.
    return heap;
  }

  /**
   * Allocates `bytes` bytes at a multiple of 8. O(1) with `mixed`, else O(free blocks).
   * @param bytes - whole number from 1 to 2^31 - 280
   * @returns where they are, or NIL when the memory is at its limit; nothing has changed then
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    this.#checkLive();
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > REQUEST_BYTES_MAX) throw invalidSize(bytes, REQUEST_BYTES_MAX);
    const size = sizeFor(bytes);
    let block = this.#find(size);
    if (block === 0) {
      block = this.#grow(size);
      if (block === 0) {
        if (onFailure.hasSubscribers) onFailure.publish({ allocator: this, bytes, memoryUsage: this.memoryUsage() });
        return NIL;
      }
    }
    const words = this.memory.i32;
    words[Word.Allocations]++;
    const free = words[block >> 2] & SIZE_MASK;
    this.#unlink(block, free);
    this.#use(block, free, size);
    if (INVARIANTS) this.#verifySometimes();
    return (block + HEADER_BYTES) as Addr;
  }

  /**
   * Gives a block back, which is joined with free neighbours. O(1).
   * @throws ArenaError `ARENA_NOT_ALLOCATED` when nothing that is in use was given out there; nothing has changed then
   */
  free(address: Addr): void {
    const block = this.#blockOf(address);
    const words = this.memory.i32;
    const size = words[block >> 2] & SIZE_MASK;
    words[Word.Frees]++;
    words[Word.UsedBlocks]--;
    words[Word.UsedBytes] -= size;
    if (INVARIANTS) this.memory.poison(address, block + size);
    this.#release(block, size);
    if (INVARIANTS) this.#verifySometimes();
  }

  /**
   * Makes a block larger or smaller, in its place if possible. What was written stays, as far as it still fits.
   * @returns where the block is now, or NIL when the memory is at its limit; the old block is as it was then
   * @throws ArenaError `ARENA_NOT_ALLOCATED`, `ARENA_INVALID_SIZE`
   */
  reallocate(address: Addr, bytes: number): Addr {
    const block = this.#blockOf(address);
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > REQUEST_BYTES_MAX) throw invalidSize(bytes, REQUEST_BYTES_MAX);
    const words = this.memory.i32;
    const old = words[block >> 2] & SIZE_MASK;
    const size = sizeFor(bytes);
    const next = block + old;
    const free = (words[next >> 2] & USED) === 0 ? words[next >> 2] & SIZE_MASK : 0;
    if (size > old + free) {
      const moved = this.allocate(bytes);
      if (moved === NIL) return NIL;
      this.memory.u8.copyWithin(moved, address, block + old);
      this.free(address);
      return moved;
    }
    words[Word.UsedBlocks]--;
    words[Word.UsedBytes] -= old;
    if (size > old) {
      this.#unlink(next, free);
      this.#use(block, old + free, size);
    } else {
      this.#use(block, old, size);
    }
    if (INVARIANTS) this.#verifySometimes();
    return address;
  }

  /** See {@link BlockSource.ensure}. O(free blocks) at worst. */
  ensure(bytes: number, count: number): boolean {
    if (this.dropped || bytes > REQUEST_BYTES_MAX) return false;
    const size = sizeFor(bytes);
    const words = this.memory.i32;
    let wanted = count;
    // From the largest bin down to the request's own, whose blocks may be too small and count last.
    for (let bin = 31 - Math.clz32(words[Word.Bins]); bin >= this.#binOf(size) && wanted > 0; bin--) {
      for (let block = words[Word.Lists + bin]; block !== 0 && wanted > 0; block = words[(block >> 2) + 1]) {
        wanted -= Math.floor((words[block >> 2] & SIZE_MASK) / size);
      }
    }
    return wanted <= 0 || this.memory.ensure(wanted * size);
  }

  /** Bytes of all blocks in use with their headers. 0 once dropped. O(1). */
  memoryUsage(): number {
    return this.memory.i32[Word.UsedBytes] ?? 0;
  }

  /** The heap's own figures, from the buffer. O(free blocks of the largest size class). */
  stats(): HeapStats {
    const words = this.memory.i32;
    const word = (index: number): number => words[index] ?? 0;
    const usedBytes = word(Word.UsedBytes);
    let largest = 0;
    const bin = 31 - Math.clz32(word(Word.Bins));
    for (let block = bin < 0 ? 0 : words[Word.Lists + bin]; block !== 0; block = words[(block >> 2) + 1]!) {
      largest = Math.max(largest, words[block >> 2] & SIZE_MASK);
    }
    return {
      fit: FITS[this.#fit],
      usedCount: word(Word.UsedBlocks),
      usedBytes,
      freeCount: word(Word.FreeBlocks),
      freeBytes: Math.max(0, this.memory.usedBytes - SUPERBLOCK_BYTES - MARK_BYTES) - usedBytes,
      headerBytes: word(Word.UsedBlocks) * HEADER_BYTES,
      largestFreeBytes: Math.max(0, largest - HEADER_BYTES),
      allocationCount: word(Word.Allocations) >>> 0,
      releaseCount: word(Word.Frees) >>> 0,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** Every block in the order of their addresses. O(blocks). */
  blocks(): HeapBlock[] {
    const words = this.memory.i32;
    const blocks: HeapBlock[] = [];
    const mark = this.memory.usedBytes - MARK_BYTES;
    for (let block = SUPERBLOCK_BYTES; block < mark; block += words[block >> 2] & SIZE_MASK) {
      const bytes = (words[block >> 2] & SIZE_MASK) - HEADER_BYTES;
      blocks.push({ address: block + HEADER_BYTES, bytes, kind: (words[block >> 2] & USED) === 0 ? 'free' : 'used' });
    }
    return blocks;
  }

  /** How many blocks of which sizes are in use. O(blocks). */
  sizes(): SizeCount[] {
    const used = this.blocks().filter(({ kind }) => kind === 'used');
    return sizeHistogram(used.map(({ bytes }) => bytes));
  }

  /**
   * Takes everything back at once, in O(1). Arenas over this heap end with it.
   * @throws ArenaError `ARENA_DROPPED`
   */
  reset(): void {
    this.#checkLive();
    if (onReset.hasSubscribers) onReset.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    if (INVARIANTS) this.memory.poison(SUPERBLOCK_BYTES, this.memory.usedBytes);
    this.memory.clear();
    this.#begin();
  }

  /** Gives all memory back at once, and ends the heap and the arenas over it. Idempotent. */
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
      const [usedCount, freeCount] = [words[Word.UsedBlocks], words[Word.FreeBlocks]];
      return { fit: FITS[this.#fit], memoryUsage: this.memoryUsage(), usedCount, freeCount, capacityBytes };
    });
  }

  /**
   * Checks H1 to H5. O(blocks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.#checkLive();
    const words = this.memory.i32;
    const top = this.memory.usedBytes - MARK_BYTES;
    let usedBlocks = 0;
    let usedBytes = 0;
    let freeBlocks = 0;
    let before = PREV_USED;
    for (let block = SUPERBLOCK_BYTES; block < top;) {
      const header = words[block >> 2];
      const size = header & SIZE_MASK;
      if (size < BLOCK_BYTES_MIN || block + size > top) malformed(`H1: a block of ${size} bytes at ${block} of ${top}`);
      if ((header & PREV_USED) !== before) malformed(`H2: the block at ${block} is wrong about the one before it`);
      if ((header & USED) !== 0) {
        if (words[(block >> 2) + 1] !== tagOf(block, size)) malformed(`H3: the tag of the block at ${block}`);
        usedBlocks++;
        usedBytes += size;
        before = PREV_USED;
      } else {
        if (before === 0) malformed(`H2: the free block at ${block} follows a free one`);
        if (words[((block + size) >> 2) - 1] !== size) malformed(`H3: the size at the end of the block at ${block}`);
        freeBlocks++;
        before = 0;
      }
      block += size;
    }
    if (words[top >> 2] !== (MARK_BYTES | USED | before)) malformed(`H1: no end mark at ${top}`);
    let listed = 0;
    for (let bin = 0; bin < BINS; bin++) {
      let prev = 0;
      const first = words[Word.Lists + bin];
      if ((first !== 0) !== ((words[Word.Bins] & (1 << bin)) !== 0)) malformed(`H4: the bit of bin ${bin}`);
      for (let block = first; block !== 0; block = words[(block >> 2) + 1]) {
        if (++listed > freeBlocks) malformed(`H4: more blocks are listed than the ${freeBlocks} free ones`);
        if (block % 8 !== 0 || block < SUPERBLOCK_BYTES || block >= top) malformed(`H4: bin ${bin} lists ${block}`);
        const header = words[block >> 2];
        if ((header & USED) !== 0 || this.#binOf(header & SIZE_MASK) !== bin || words[(block >> 2) + 2] !== prev) {
          malformed(`H4: the block at ${block} in bin ${bin}`);
        }
        prev = block;
      }
    }
    const rover = words[Word.Rover];
    if (rover !== 0 && (rover % 8 !== 0 || rover >= top || (words[rover >> 2] & USED) !== 0)) {
      malformed(`H4: the rover at ${rover} is no free block`);
    }
    if (listed !== freeBlocks) malformed(`H4: ${listed} blocks are listed, ${freeBlocks} are free`);
    if (usedBlocks !== words[Word.UsedBlocks] || usedBytes !== words[Word.UsedBytes]) {
      malformed(`H5: ${usedBlocks} blocks of ${usedBytes} bytes in use, other figures counted`);
    }
    if (freeBlocks !== words[Word.FreeBlocks]) {
      malformed(`H5: ${freeBlocks} free blocks, ${words[Word.FreeBlocks]} counted`);
    }
  }

  #begin(): void {
    const mark = this.memory.take(MARK_BYTES);
    this.memory.i32[mark >> 2] = MARK_BYTES | USED | PREV_USED;
    this.memory.i32[Word.Fit] = this.#fit;
  }

  /** A free block of `size` bytes at least, or 0. */
  #find(size: number): number {
    const words = this.memory.i32;
    if (this.#fit !== MIXED) return this.#findInList(words, size);
    const bin = 31 - Math.clz32(size);
    const best = bestOf(words, words[Word.Lists + bin], size, CANDIDATES);
    if (best !== 0) return best;
    const rover = words[Word.Rover];
    if (rover !== 0 && words[rover >> 2] >= size) return rover;
    // Bins above: the lowest bit that is set. (A shift by 32 would be one by 0, but sizes end below 2^31.)
    const larger = words[Word.Bins] & (-2 << bin);
    if (larger !== 0) return words[Word.Lists + 31 - Math.clz32(larger & -larger)];
    return bestOf(words, words[Word.Lists + bin], size, Infinity);
  }

  #findInList(words: Int32Array, size: number): number {
    const first = words[Word.Lists];
    if (this.#fit === BEST) return bestOf(words, first, size, Infinity);
    const rover = this.#fit === NEXT ? words[Word.Rover] : 0;
    let found = rover === 0 ? 0 : firstOf(words, rover, 0, size);
    if (found === 0) found = firstOf(words, first, rover, size);
    if (this.#fit === NEXT) words[Word.Rover] = found; // Unlinking it moves this on.
    return found;
  }

  /** Lets the memory grow by a chunk, or by what is missing when there is no more. @returns a free block, or 0 */
  #grow(size: number): number {
    const mark = this.memory.usedBytes - MARK_BYTES;
    const state = this.memory.i32[mark >> 2] & PREV_USED;
    const missing = size - (state === 0 ? this.memory.i32[(mark >> 2) - 1] : 0);
    let taken = Math.max(missing, CHUNK_BYTES);
    if (this.memory.take(taken) === NIL) {
      if (taken === missing || this.memory.take(missing) === NIL) return 0;
      taken = missing;
    }
    // The end mark becomes the header of the new block; being released joins it with a free one before it.
    const words = this.memory.i32;
    words[mark >> 2] = taken | state;
    words[(mark + taken) >> 2] = MARK_BYTES | USED;
    return this.#release(mark, taken);
  }

  /** Makes a block free, joined with its free neighbours. @returns where it begins now */
  #release(block: number, size: number): number {
    const words = this.memory.i32;
    const next = block + size;
    const after = words[next >> 2];
    if ((after & USED) === 0) {
      this.#unlink(next, after & SIZE_MASK);
      size += after & SIZE_MASK;
    }
    if ((words[block >> 2] & PREV_USED) === 0) {
      const before = words[(block >> 2) - 1];
      words[block >> 2] = 0; // What was a header must not be taken for one, should this address be freed again.
      block -= before;
      this.#unlink(block, before);
      size += before;
    }
    this.#link(block, size);
    words[(block + size) >> 2] &= ~PREV_USED;
    return block;
  }

  /** Makes the first `size` of `total` unlisted bytes at `block` a used block, and the rest, if it is enough, a free one. */
  #use(block: number, total: number, size: number): void {
    const words = this.memory.i32;
    const rest = total - size;
    const state = (words[block >> 2] & PREV_USED) | USED;
    const used = rest < BLOCK_BYTES_MIN ? total : size;
    words[block >> 2] = used | state;
    words[(block >> 2) + 1] = tagOf(block, used);
    words[Word.UsedBlocks]++;
    words[Word.UsedBytes] += used;
    if (used === total) {
      words[(block + total) >> 2] |= PREV_USED;
    } else {
      words[(block + size) >> 2] = PREV_USED;
      const cut = this.#release(block + size, rest);
      if (this.#fit === MIXED) words[Word.Rover] = cut;
    }
  }

  /** Puts a free block first in the list of its bin. */
  #link(block: number, size: number): void {
    const words = this.memory.i32;
    const bin = this.#binOf(size);
    const first = words[Word.Lists + bin];
    const at = block >> 2;
    words[at] = size | PREV_USED; // The one before it is used: a free one would have been joined.
    words[at + 1] = first;
    words[at + 2] = 0;
    words[at + (size >> 2) - 1] = size;
    if (first !== 0) words[(first >> 2) + 2] = block;
    words[Word.Lists + bin] = block;
    words[Word.Bins] |= 1 << bin;
    words[Word.FreeBlocks]++;
  }

  #unlink(block: number, size: number): void {
    const words = this.memory.i32;
    const next = words[(block >> 2) + 1];
    const prev = words[(block >> 2) + 2];
    if (next !== 0) words[(next >> 2) + 2] = prev;
    if (prev !== 0) {
      words[(prev >> 2) + 1] = next;
    } else {
      const bin = this.#binOf(size);
      words[Word.Lists + bin] = next;
      if (next === 0) words[Word.Bins] &= ~(1 << bin);
    }
    if (block === words[Word.Rover]) words[Word.Rover] = this.#fit === NEXT ? next : 0;
    words[Word.FreeBlocks]--;
  }

  #binOf(size: number): number {
    return this.#fit === MIXED ? 31 - Math.clz32(size) : 0;
  }

  /** The block whose payload is at `address`, if it is in use. */
  #blockOf(address: number): number {
    this.#checkLive();
    const words = this.memory.i32;
    const block = address - HEADER_BYTES;
    if (
      (address | 0) === address &&
      (block & 7) === 0 &&
      block >= SUPERBLOCK_BYTES &&
      block < this.memory.usedBytes - MARK_BYTES
    ) {
      const header = words[block >> 2];
      if ((header & USED) !== 0 && words[(block >> 2) + 1] === tagOf(block, header & SIZE_MASK)) return block;
    }
    throw notAllocated(address);
  }

  /** Often enough to find every damage, seldom enough to cost O(1) a request in the long run. */
  #verifySometimes(): void {
    const words = this.memory.i32;
    const blocks = words[Word.UsedBlocks] + words[Word.FreeBlocks];
    if ((words[Word.Allocations] + words[Word.Frees]) % (1 + (blocks >> 4)) === 0) this.verify();
  }

  #checkLive(): void {
    if (this.dropped) throw new ArenaError('ARENA_DROPPED', 'the heap has been dropped');
  }
}

/** What a request takes: its payload and the header, in whole words of eight bytes. */
function sizeFor(bytes: number): number {
  return Math.max(BLOCK_BYTES_MIN, (bytes + HEADER_BYTES + 7) & SIZE_MASK);
}

/** Tells a header from other bytes: it is not the same at any two places, so that a copy of it gives nothing away. */
function tagOf(block: number, size: number): number {
  return Math.imul(block ^ Math.imul(size, 0x85ebca6b), 0x9e3779b1);
}

/** The first block from `block` on, up to `end`, that has `size` bytes; 0 when there is none. */
function firstOf(words: Int32Array, block: number, end: number, size: number): number {
  while (block !== end && words[block >> 2] < size) block = words[(block >> 2) + 1];
  return block === end ? 0 : block;
}

/** The smallest of the next `candidates` blocks that has `size` bytes; 0 when there is none. */
function bestOf(words: Int32Array, block: number, size: number, candidates: number): number {
  let best = 0;
  let least = 0x7fffffff;
  for (; block !== 0 && candidates > 0; candidates--) {
    const found = words[block >> 2] & SIZE_MASK;
    if (found >= size && found < least) {
      best = block;
      if (found === size) break;
      least = found;
    }
    block = words[(block >> 2) + 1];
  }
  return best;
}
