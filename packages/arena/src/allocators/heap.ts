/**
 * A heap with a free list: `malloc`, `free` and `realloc` over one memory. One thread uses it.
 *
 * Invariants, which `verify()` checks:
 * H1. Blocks fill the memory from the superblock to the end mark without a gap. Each is a multiple of 8 and at least 16
 *     bytes long.
 * H2. A block's header says whether the block before it is used. No two free blocks are neighbours.
 * H3. A free block repeats its size in its last word. A used block carries the tag of its address and size.
 * H4. Every free block is in the list of its bin, once, and no other block is. A bit says which bins are not empty.
 * H5. `USED_BLOCKS`, `USED_BYTES` and `FREE_BLOCKS` are the sums over the blocks.
 */
import { type Addr, NIL } from '../addr.js';
import { dropped, invalidOption, invalidSize, malformed, notAllocated } from '../errors.js';
import * as format from '../format/heap.js';
import { heapBytesAt, verifyHeap } from '../inspect/verify-heap.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from '../memory.js';
import { printed } from '../show.js';
import type { BlockSource } from '../source.js';
import { type SizeCount, sizeHistogram } from '../stats.js';
import { SUPERBLOCK_BYTES, Tenant } from '../superblock.js';
import * as freeList from './free-list.js';
import { Lifetime } from './lifetime.js';

// V8 looks up an import on every use, so the hot path has constants of its own.
const { HEADER_BYTES, BLOCK_BYTES_MIN, END_BYTES, USED, PREV_USED, SIZE_MASK, LINKS, SIZE_SALT, MIXED } = format;
const { FIT, BIN_BITS, ROVER, USED_BLOCKS, USED_BYTES, FREE_BLOCKS, ALLOCATIONS, FREES, LISTS } = format.Word;
const { link, tagOf, unlink } = freeList;

const FITS: readonly HeapFit[] = ['mixed', 'first', 'next', 'best'];
const NEXT = 2;
const BEST = 3;
/** Number of blocks of a request's own bin that `mixed` compares before it goes on to a larger bin. */
const CANDIDATES = 8;
/** The memory grows by this at least, so that few requests make it grow. */
const CHUNK_BYTES = 65536;
const REQUEST_BYTES_MAX = MEMORY_BYTES_MAX - SUPERBLOCK_BYTES - HEADER_BYTES - END_BYTES;

/**
 * Which free block a request is cut from.
 * - `first`: the first in the list that is large enough. The list begins with the block freed last.
 * - `next`: the same, but the search resumes where the last one ended.
 * - `best`: the smallest in the whole list that is large enough.
 * - `mixed`: the best of the first eight of the request's own size class; else the block that was cut last, as `next`
 *   would; else the first of a larger class, where every block is large enough. O(1).
 */
export type HeapFit = 'mixed' | 'first' | 'next' | 'best';

/** Options of a {@link Heap}. */
export interface HeapOptions extends MemoryOptions {
  /** @defaultValue 'mixed' */
  fit?: HeapFit;
}

/** A heap's figures; bytes unless it says count. */
export interface HeapStats {
  readonly fit: HeapFit;
  readonly usedCount: number;
  /** Used blocks, headers included. */
  readonly usedBytes: number;
  readonly freeCount: number;
  readonly freeBytes: number;
  /** Headers of the used blocks. */
  readonly headerBytes: number;
  /** Payload of the largest request that needs no more memory. */
  readonly largestFreeBytes: number;
  /** Requests served since the beginning. */
  readonly allocationCount: number;
  /** Blocks given back since the beginning. */
  readonly releaseCount: number;
  /** Length of the buffer, pages that were never touched included. */
  readonly capacityBytes: number;
}

/** One block of a heap. */
export interface HeapBlock {
  /** Address of the payload. */
  readonly address: number;
  /** Without the 8-byte header. */
  readonly bytes: number;
  readonly kind: 'used' | 'free';
}

/**
 * Hands out blocks of any size, each of which can be given back. Serves single requests, or arenas as their
 * {@link BlockSource}.
 *
 * Splits a block that is larger than asked for, and joins a freed block with its free neighbours, both in O(1). All
 * state is in the buffer.
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
export class Heap extends Lifetime implements BlockSource {
  readonly #fit: number;

  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options?: HeapOptions);
  /** @internal Over a memory that holds a heap already. */
  constructor(options: HeapOptions, attached: Memory);
  constructor(options: HeapOptions = {}, attached?: Memory) {
    const { fit = 'mixed' } = options;
    const number = attached === undefined ? FITS.indexOf(fit) : attached.i32[FIT];
    if (FITS[number] === undefined) throw invalidOption(`fit must be one of ${FITS.join(', ')}: ${printed(fit)}`);
    super(attached ?? Memory.create(options, Tenant.Heap));
    this.#fit = number;
    if (attached === undefined) this.#begin();
  }

  /**
   * The heap that wrote these bytes, or a copy of it if they are a copy. It verifies them, O(blocks): if it succeeds,
   * all calls work. In shared memory only the words that never change; see `Memory.attach`. `Arena.attachAll(heap)`
   * finds its arenas.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): Heap {
    const memory = Memory.attach(buffer, Tenant.Heap);
    if (FITS[memory.i32[FIT]] === undefined) malformed(`H4: no heap has the fit ${memory.i32[FIT]}`);
    const heap = new Heap({}, memory);
    if (!heap.memory.shared) heap.verify(); // See Memory.attach.
    return heap;
  }

  /**
   * Allocates `bytes` bytes at a multiple of 8. O(1) with `mixed`, else O(free blocks).
   * @param bytes - whole number from 1 to 2^31 - 2^20 - 272
   * @returns their address, or NIL when the memory is at its limit and nothing has changed
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_DROPPED`
   */
  allocate(bytes: number): Addr {
    if (this.memory.i32.length === 0) throw dropped();
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > REQUEST_BYTES_MAX) throw invalidSize(bytes, REQUEST_BYTES_MAX);
    const size = sizeFor(bytes);
    const fit = this.#fit;
    let block = find(this.memory.i32, fit, size);
    if (block === 0) {
      block = this.#grow(size);
      if (block === 0) return this.fail(bytes);
    }
    const words = this.memory.i32; // Read again, as the memory may have moved.
    words[ALLOCATIONS]++;
    const free = words[block >> 2] & SIZE_MASK;
    unlinkFree(words, fit, block, free);
    use(words, fit, block, free, size);
    if (INVARIANTS) this.#verifySometimes();
    return (block + HEADER_BYTES) as Addr;
  }

  /**
   * Gives a block back, and joins it with its free neighbours. O(1).
   * @throws ArenaError `ARENA_NOT_ALLOCATED` when no used block has that address; nothing has changed then
   */
  free(address: Addr): void {
    const block = this.#blockOf(address);
    const words = this.memory.i32;
    const size = words[block >> 2] & SIZE_MASK;
    words[FREES]++;
    words[USED_BLOCKS]--;
    words[USED_BYTES] -= size;
    if (INVARIANTS) this.memory.poison(address, block + size);
    release(words, this.#fit, block, size);
    if (INVARIANTS) this.#verifySometimes();
  }

  /**
   * Makes a block larger or smaller, in its place if possible. Keeps its bytes as far as they still fit.
   * @returns where the block is now, or NIL when the memory is at its limit and the block is as it was
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
    words[USED_BLOCKS]--;
    words[USED_BYTES] -= old;
    // A free neighbour serves the growth, or joins the rest if there is one.
    const total = size > old || old - size >= BLOCK_BYTES_MIN ? old + free : old;
    if (total > old) unlinkFree(words, this.#fit, next, free);
    use(words, this.#fit, block, total, size);
    if (INVARIANTS) this.#verifySometimes();
    return address;
  }

  /** See {@link BlockSource.ensure}. O(free blocks) at worst. */
  ensure(bytes: number, count: number): boolean {
    if (this.dropped || bytes > REQUEST_BYTES_MAX) return false;
    const size = sizeFor(bytes);
    const words = this.memory.i32;
    let wanted = count;
    // From the largest bin down to the request's own, whose blocks may be too small and so count last.
    for (let bin = 31 - Math.clz32(words[BIN_BITS]); bin >= binOf(this.#fit, size) && wanted > 0; bin--) {
      for (let block = words[LISTS + bin]; block !== 0 && wanted > 0; block = words[(block >> 2) + LINKS]) {
        wanted -= Math.floor((words[block >> 2] & SIZE_MASK) / size);
      }
    }
    return wanted <= 0 || this.memory.ensure(wanted * size);
  }

  /** See {@link BlockSource.bytesAt}. O(1). */
  bytesAt(address: number): number {
    return heapBytesAt(this.memory, address);
  }

  /** Bytes of all used blocks and their headers. 0 once dropped. O(1). */
  override memoryUsage(): number {
    return this.memory.i32[USED_BYTES] ?? 0;
  }

  /** The heap's figures, read from the buffer. O(free blocks of the largest size class). */
  stats(): HeapStats {
    const words = this.memory.i32;
    const word = (index: number): number => words[index] ?? 0;
    const usedBytes = word(USED_BYTES);
    let largest = 0;
    const bin = 31 - Math.clz32(word(BIN_BITS));
    for (let block = bin < 0 ? 0 : words[LISTS + bin]; block !== 0; block = words[(block >> 2) + LINKS]) {
      largest = Math.max(largest, words[block >> 2] & SIZE_MASK);
    }
    return {
      fit: FITS[this.#fit],
      usedCount: word(USED_BLOCKS),
      usedBytes,
      freeCount: word(FREE_BLOCKS),
      freeBytes: Math.max(0, this.memory.usedBytes - SUPERBLOCK_BYTES - END_BYTES) - usedBytes,
      headerBytes: word(USED_BLOCKS) * HEADER_BYTES,
      largestFreeBytes: Math.max(0, largest - HEADER_BYTES),
      allocationCount: word(ALLOCATIONS) >>> 0,
      releaseCount: word(FREES) >>> 0,
      capacityBytes: this.memory.capacityBytes,
    };
  }

  /** All blocks in the order of their addresses. O(blocks). */
  blocks(): HeapBlock[] {
    const words = this.memory.i32;
    const blocks: HeapBlock[] = [];
    const end = this.memory.usedBytes - END_BYTES;
    for (let block = SUPERBLOCK_BYTES; block < end; block += words[block >> 2] & SIZE_MASK) {
      const bytes = (words[block >> 2] & SIZE_MASK) - HEADER_BYTES;
      blocks.push({ address: block + HEADER_BYTES, bytes, kind: (words[block >> 2] & USED) === 0 ? 'free' : 'used' });
    }
    return blocks;
  }

  /** Number of used blocks by size. O(blocks). */
  sizes(): SizeCount[] {
    const used = this.blocks().filter(({ kind }) => kind === 'used');
    return sizeHistogram(used.map(({ bytes }) => bytes));
  }

  /**
   * Checks H1 to H5. O(blocks).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.checkLive();
    verifyHeap(this.memory);
  }

  protected override restart(): void {
    if (INVARIANTS) this.memory.poison(SUPERBLOCK_BYTES, this.memory.usedBytes);
    this.memory.clear();
    this.#begin();
  }

  protected override shown(): object {
    const { i32: words, capacityBytes } = this.memory;
    const [usedCount, freeCount] = [words[USED_BLOCKS], words[FREE_BLOCKS]];
    return { fit: FITS[this.#fit], memoryUsage: this.memoryUsage(), usedCount, freeCount, capacityBytes };
  }

  #begin(): void {
    const end = this.memory.take(END_BYTES);
    this.memory.i32[end >> 2] = END_BYTES | USED | PREV_USED;
    this.memory.i32[FIT] = this.#fit;
  }

  /** Lets the memory grow by a chunk, or by the missing bytes near the limit. @returns a free block, or 0 */
  #grow(size: number): number {
    const end = this.memory.usedBytes - END_BYTES;
    const state = this.memory.i32[end >> 2] & PREV_USED;
    const missing = size - (state === 0 ? this.memory.i32[(end >> 2) - 1] : 0);
    let taken = Math.max(missing, CHUNK_BYTES);
    if (this.memory.take(taken) === NIL) {
      if (taken === missing || this.memory.take(missing) === NIL) return 0;
      taken = missing;
    }
    // The end mark becomes the header of the new block. Its release joins it with a free block before it.
    const words = this.memory.i32;
    words[end >> 2] = taken | state;
    words[(end + taken) >> 2] = END_BYTES | USED;
    return release(words, this.#fit, end, taken);
  }

  /** The used block whose payload is at `address`. @throws ArenaError `ARENA_NOT_ALLOCATED`, `ARENA_DROPPED` */
  #blockOf(address: number): number {
    const words = this.memory.i32;
    if (words.length === 0) throw dropped();
    const block = address - HEADER_BYTES;
    const isInside = block >= SUPERBLOCK_BYTES && block < this.memory.usedBytes - END_BYTES;
    if (isInside && (address | 0) === address && (block & 7) === 0) {
      const header = words[block >> 2];
      if ((header & USED) !== 0 && words[(block >> 2) + 1] === tagOf(block, Math.imul(header & SIZE_MASK, SIZE_SALT)))
        return block;
    }
    throw notAllocated(address);
  }

  /** Verifies often enough to find any damage soon, and seldom enough to cost O(1) a request in the long run. */
  #verifySometimes(): void {
    const words = this.memory.i32;
    const blocks = words[USED_BLOCKS] + words[FREE_BLOCKS];
    if ((words[ALLOCATIONS] + words[FREES]) % (1 + (blocks >> 4)) === 0) this.verify();
  }
}

// Functions and not private methods: their bytecode is smaller, so V8 inlines more of them into a request.

/** A free block of at least `size` bytes, or 0. */
function find(words: Int32Array, fit: number, size: number): number {
  if (fit !== MIXED) return findInList(words, fit, size);
  const bin = 31 - Math.clz32(size);
  const best = bestOf(words, words[LISTS + bin], size, CANDIDATES);
  if (best !== 0) return best;
  const rover = words[ROVER];
  if (rover !== 0 && words[rover >> 2] >= size) return rover;
  // The lowest bin above that is not empty. (A shift by 32 would shift by 0, but sizes end below 2^31.)
  const larger = words[BIN_BITS] & (-2 << bin);
  if (larger !== 0) return words[LISTS + 31 - Math.clz32(larger & -larger)];
  return bestOf(words, words[LISTS + bin], size, Infinity);
}

function findInList(words: Int32Array, fit: number, size: number): number {
  const first = words[LISTS];
  if (fit === BEST) return bestOf(words, first, size, Infinity);
  const rover = fit === NEXT ? words[ROVER] : 0;
  let found = rover === 0 ? 0 : firstOf(words, rover, 0, size);
  if (found === 0) found = firstOf(words, first, rover, size);
  if (fit === NEXT) words[ROVER] = found; // Unlinking the block moves this on.
  return found;
}

/** Makes the first `size` of `total` unlisted bytes a used block, and the rest a free one if it is large enough. */
function use(words: Int32Array, fit: number, block: number, total: number, size: number): void {
  const state = (words[block >> 2] & PREV_USED) | USED;
  const rest = total - size;
  const used = rest < BLOCK_BYTES_MIN ? total : size;
  words[block >> 2] = used | state;
  words[(block >> 2) + 1] = tagOf(block, Math.imul(used, SIZE_SALT));
  words[USED_BLOCKS]++;
  words[USED_BYTES] += used;
  if (used === total) {
    words[(block + total) >> 2] |= PREV_USED;
  } else {
    linkFree(words, fit, block + size, rest);
    if (fit === MIXED) words[ROVER] = block + size;
  }
}

/** Makes a block free, joined with its free neighbours. @returns where the free block begins */
function release(words: Int32Array, fit: number, block: number, size: number): number {
  const next = block + size;
  const after = words[next >> 2];
  if ((after & USED) === 0) {
    unlinkFree(words, fit, next, after & SIZE_MASK);
    size += after & SIZE_MASK;
  }
  if ((words[block >> 2] & PREV_USED) === 0) {
    const before = words[(block >> 2) - 1];
    words[block >> 2] = 0; // No header any more: a second free of this address must be refused.
    block -= before;
    unlinkFree(words, fit, block, before);
    size += before;
  }
  linkFree(words, fit, block, size);
  return block;
}

/** Makes a block between used ones free. */
function linkFree(words: Int32Array, fit: number, block: number, size: number): void {
  const bin = binOf(fit, size);
  words[block >> 2] = size | PREV_USED;
  words[((block + size) >> 2) - 1] = size;
  words[(block + size) >> 2] &= ~PREV_USED;
  link(words, LISTS + bin, block, LINKS);
  words[BIN_BITS] |= 1 << bin;
  words[FREE_BLOCKS]++;
}

function unlinkFree(words: Int32Array, fit: number, block: number, size: number): void {
  const bin = binOf(fit, size);
  const next = words[(block >> 2) + LINKS];
  unlink(words, LISTS + bin, block, LINKS);
  if (words[LISTS + bin] === 0) words[BIN_BITS] &= ~(1 << bin);
  if (block === words[ROVER]) words[ROVER] = fit === NEXT ? next : 0;
  words[FREE_BLOCKS]--;
}

function binOf(fit: number, size: number): number {
  return fit === MIXED ? 31 - Math.clz32(size) : 0;
}

/** Bytes of the block for a request: payload and header, rounded up to a multiple of 8. */
function sizeFor(bytes: number): number {
  return Math.max(BLOCK_BYTES_MIN, (bytes + HEADER_BYTES + 7) & SIZE_MASK);
}

/** The first block from `block` on, up to `end`, of at least `size` bytes, or 0. */
function firstOf(words: Int32Array, block: number, end: number, size: number): number {
  while (block !== end && words[block >> 2] < size) block = words[(block >> 2) + LINKS];
  return block === end ? 0 : block;
}

/** The smallest of the next `candidates` blocks of at least `size` bytes, or 0. */
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
    block = words[(block >> 2) + LINKS];
  }
  return best;
}
