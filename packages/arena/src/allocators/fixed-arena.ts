/**
 * A memory arena as C programs have them: one block of a given size, an offset into it, everything freed at once.
 *
 * Invariants, which `verify()` checks:
 * FX1. Every block of the chain lies in the used part of the memory, behind a header that begins at a cache line. None
 *      overlap.
 * FX2. The offset lies in the current block, which is in the chain. What is used of a block fits into it, and is whole
 *      slots if the arena has any. `SlopBytes` is at most what is used.
 * FX3. In an arena with slots, every free slot was given out before and is listed once. `FreeSlots` counts them.
 * FX4. `Bytes`, `Grow` and `SlotBytes` are options that an arena can be made with. The first block has `Bytes` bytes.
 */
import { type Addr, NIL } from '../addr.js';
import { dropped, invalidAlignment, invalidOption, invalidSize, notAllocated } from '../errors.js';
import { onBlock } from '../events.js';
import * as format from '../format/fixed-arena.js';
import { verifyFixedArena } from '../inspect/verify-fixed-arena.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX } from '../memory.js';
import { printed } from '../show.js';
import { SUPERBLOCK_BYTES, Tenant } from '../superblock.js';
import * as freeList from './free-list.js';
import { Lifetime } from './lifetime.js';

// V8 looks up an import on every use, so the hot path has constants of its own.
const { HEADER_BYTES, Block, TAG_SALT, Word, BYTES_MAX } = format;
const { isFree, pop, push, tagOf } = freeList;

const ALIGNMENT = 8;
const ALIGNMENT_MAX = 1 << 30;

/** Options of a {@link FixedArena}. */
export interface FixedArenaOptions {
  /** Size of the block in bytes, a multiple of 8 from 64 to 2^30. */
  bytes: number;
  /**
   * Whether a full block is followed by another one, of the same size or of the size of a larger request.
   * @defaultValue false: a request that does not fit yields NIL
   */
  grow?: boolean;
  /**
   * Size of a slot in bytes, a multiple of 8. With it, the arena hands out slots only, each of which can be given back.
   * @defaultValue no slots: requests have any size, and none can be given back
   */
  slotBytes?: number;
  /** Upper bound on the memory in bytes. @defaultValue 2^31 - 2^20, or the size of one block without `grow` */
  maxBytes?: number;
}

/** A fixed arena's figures; bytes unless it says count. */
export interface FixedArenaStats {
  readonly blockCount: number;
  /** Sum over all blocks. */
  readonly bytes: number;
  /** Given out in all blocks, bytes skipped to align and free slots included. */
  readonly usedBytes: number;
  /** Bytes skipped to align. */
  readonly slopBytes: number;
  /** Free bytes of the current block. */
  readonly remainingBytes: number;
  readonly allocationCount: number;
  readonly releaseCount: number;
  readonly slotBytes: number;
  readonly freeSlotCount: number;
}

/** One block of a fixed arena. */
export interface FixedArenaBlock {
  readonly address: number;
  readonly bytes: number;
  readonly usedBytes: number;
  /** Lost at the end. 0 for the current block and the spare ones. */
  readonly tailBytes: number;
  readonly kind: 'closed' | 'current' | 'spare';
}

/**
 * Hands out the bytes of a block from front to back, at any alignment, in O(1). `reset()` frees all of them, in O(1).
 * All state is in the buffer.
 *
 * @example
 * ```ts
 * const arena = new FixedArena({ bytes: 1024 });
 * const numbers = arena.allocate(400, 4);
 * arena.memory.i32.fill(7, numbers / 4, numbers / 4 + 100);
 * arena.allocate(1000) === NIL; // true
 * arena.reset();
 * arena.allocate(1000) === numbers; // true
 * arena.drop();
 * ```
 */
export class FixedArena extends Lifetime {
  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options: FixedArenaOptions);
  /** @internal Over a memory that holds one already. */
  constructor(options: FixedArenaOptions, attached: Memory);
  constructor(options: FixedArenaOptions, attached?: Memory) {
    super(attached ?? create(options));
    if (attached !== undefined) return;
    const { bytes, grow = false, slotBytes = 0 } = options;
    const first = this.#makeBlock(bytes);
    const words = this.memory.i32;
    words[Word.First] = first;
    words[Word.Bytes] = bytes;
    words[Word.Grow] = grow ? 1 : 0;
    words[Word.SlotBytes] = slotBytes;
    this.#enter(first);
  }

  /**
   * The arena that wrote these bytes, or a copy of it if they are a copy. It verifies them: if it succeeds, all calls
   * work. In shared memory only the words that never change; see `Memory.attach`.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): FixedArena {
    const arena = new FixedArena({ bytes: 0 }, Memory.attach(buffer, Tenant.FixedArena));
    if (!arena.memory.shared) arena.verify(); // See Memory.attach.
    return arena;
  }

  /**
   * Allocates `bytes` bytes at a multiple of `alignment`. O(1).
   * @param bytes - whole number from 1 to 2^30, or to the size of a slot
   * @param alignment - power of two from 1 to 2^30; with slots, up to 64 and to the largest that divides their size
   * @returns their address, or NIL when they do not fit and nothing has changed
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_INVALID_ALIGNMENT`, `ARENA_DROPPED`
   */
  allocate(bytes: number, alignment: number = ALIGNMENT): Addr {
    const words = this.memory.i32;
    if (words.length === 0) throw dropped();
    const slotBytes = words[Word.SlotBytes];
    const bytesMax = slotBytes === 0 ? BYTES_MAX : slotBytes;
    // Blocks begin at a cache line, so slots have the alignment of their size, up to a line.
    const alignmentMax = slotBytes === 0 ? ALIGNMENT_MAX : Math.min(HEADER_BYTES, slotBytes & -slotBytes);
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > bytesMax) throw invalidSize(bytes, bytesMax);
    const mask = alignment - 1;
    if ((alignment & mask) !== 0 || !(alignment >= 1 && alignment <= alignmentMax) || (alignment | 0) !== alignment) {
      throw invalidAlignment(alignment, alignmentMax);
    }
    if (slotBytes !== 0) return this.#allocateSlot(slotBytes);
    const slop = -words[Word.Offset] & mask;
    const start = words[Word.Offset] + slop;
    if (start + bytes > words[Word.Limit]) return this.#allocateInNext(bytes, alignment);
    words[Word.Offset] = start + bytes;
    words[Word.SlopBytes] += slop;
    words[Word.Allocations]++;
    return start as Addr;
  }

  /**
   * Gives a slot back; the next request gets it. O(1), but O(blocks) to find the slot's block in a chain.
   * @throws ArenaError `ARENA_NOT_ALLOCATED` when no used slot has that address; TypeError when the arena has no slots
   */
  free(address: Addr): void {
    const words = this.memory.i32;
    if (words.length === 0) throw dropped();
    if (words[Word.SlotBytes] === 0)
      throw new TypeError(
        `cannot free ${printed(address)} alone: an arena without slots gives back everything or nothing`,
      );
    if (!this.#isSlot(address)) throw notAllocated(address);
    const tag = tagOf(address, TAG_SALT);
    if (isFree(words, Word.FreeList, address, tag)) throw notAllocated(address);
    if (INVARIANTS) this.memory.poison(address, address + words[Word.SlotBytes]);
    push(words, Word.FreeList, address, tag);
    words[Word.FreeSlots]++;
    words[Word.Frees]++;
    if (INVARIANTS) this.verify();
  }

  /** Bytes of all blocks and their headers. 0 once dropped. O(blocks). */
  override memoryUsage(): number {
    return this.blocks().reduce((sum, { bytes }) => sum + totalOf(bytes), 0);
  }

  /** The arena's figures, read from the buffer. O(blocks). All 0 once dropped. */
  stats(): FixedArenaStats {
    const blocks = this.blocks();
    const word = (index: number): number => this.memory.i32[index] ?? 0;
    return {
      blockCount: blocks.length,
      bytes: blocks.reduce((sum, { bytes }) => sum + bytes, 0),
      usedBytes: blocks.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      slopBytes: word(Word.SlopBytes),
      remainingBytes: word(Word.Limit) - word(Word.Offset),
      allocationCount: word(Word.Allocations) >>> 0,
      releaseCount: word(Word.Frees) >>> 0,
      slotBytes: word(Word.SlotBytes),
      freeSlotCount: word(Word.FreeSlots),
    };
  }

  /** The chain of blocks, in the order in which they are filled. O(blocks). */
  blocks(): FixedArenaBlock[] {
    const words = this.memory.i32;
    const blocks: FixedArenaBlock[] = [];
    const current = words[Word.Current];
    let kind: FixedArenaBlock['kind'] = 'closed';
    for (let header = words[Word.First] ?? 0; header !== 0; header = words[(header >> 2) + Block.Next]) {
      const address = header + HEADER_BYTES;
      const bytes = words[(header >> 2) + Block.Bytes];
      if (header === current) kind = 'current';
      const usedBytes =
        kind === 'spare' ? 0 : kind === 'current' ? words[Word.Offset] - address : words[(header >> 2) + Block.Used];
      blocks.push({ address, bytes, usedBytes, tailBytes: kind === 'closed' ? bytes - usedBytes : 0, kind });
      if (kind === 'current') kind = 'spare';
    }
    return blocks;
  }

  /**
   * Checks FX1 to FX4. O(blocks log blocks), and O(log blocks) for each free slot.
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    this.checkLive();
    verifyFixedArena(this.memory);
  }

  /** Blocks stay in the chain for the next allocations. */
  protected override restart(): void {
    if (INVARIANTS) for (const { address, bytes } of this.blocks()) this.memory.poison(address, address + bytes);
    const words = this.memory.i32;
    words.fill(0, Word.FreeList, Word.SlopBytes + 1);
    this.#enter(words[Word.First]);
  }

  protected override shown(): object {
    const words = this.memory.i32;
    const slots = { slotBytes: words[Word.SlotBytes], freeSlotCount: words[Word.FreeSlots] };
    return {
      bytes: words[Word.Bytes],
      remainingBytes: words[Word.Limit] - words[Word.Offset],
      allocationCount: words[Word.Allocations] >>> 0,
      ...(slots.slotBytes !== 0 && slots),
      grow: words[Word.Grow] !== 0,
    };
  }

  #allocateSlot(slotBytes: number): Addr {
    const words = this.memory.i32;
    if (words[Word.FreeList] !== 0) {
      words[Word.FreeSlots]--;
      words[Word.Allocations]++;
      return pop(words, Word.FreeList) as Addr;
    }
    const start = words[Word.Offset];
    if (start + slotBytes > words[Word.Limit]) return this.#allocateInNext(slotBytes, 1);
    words[Word.Offset] = start + slotBytes;
    words[(start >> 2) + 1] = 0; // A slot that was free before a reset still has its tag.
    words[Word.Allocations]++;
    return start as Addr;
  }

  /** Goes on in the next block of the chain, or makes one if there is none of that size. */
  #allocateInNext(bytes: number, alignment: number): Addr {
    const words = this.memory.i32;
    const spare = Math.max(0, alignment - HEADER_BYTES);
    let next = words[(words[Word.Current] >> 2) + Block.Next];
    if (next === 0 || words[(next >> 2) + Block.Bytes] < bytes + spare) {
      const grown = words[Word.Grow] === 0 ? 0 : this.#makeBlock(Math.max(words[Word.Bytes], bytes + spare));
      if (grown === 0) return this.fail(bytes);
      // A next block that is too small comes behind the new one.
      this.memory.i32[(grown >> 2) + Block.Next] = next;
      next = grown;
    }
    const fresh = this.memory.i32; // Read again, as the memory may have moved.
    const current = fresh[Word.Current];
    fresh[(current >> 2) + Block.Next] = next;
    fresh[(current >> 2) + Block.Used] = fresh[Word.Offset] - current - HEADER_BYTES;
    this.#enter(next);
    if (INVARIANTS) this.verify();
    return this.allocate(bytes, alignment);
  }

  /** @returns the header of a new block, or 0 when the memory is at its limit */
  #makeBlock(bytes: number): number {
    const header = this.memory.take(totalOf(bytes));
    if (header === NIL) return 0;
    const words = this.memory.i32;
    words[(header >> 2) + Block.Next] = 0;
    words[(header >> 2) + Block.Bytes] = bytes;
    words[(header >> 2) + Block.Used] = 0;
    const address = header + HEADER_BYTES;
    if (onBlock.hasSubscribers) onBlock.publish({ arena: this, address, bytes, kind: 'regular' });
    return header;
  }

  /** Whether the address is that of a slot that was given out, used or free now. O(blocks). */
  #isSlot(address: number): boolean {
    if ((address | 0) !== address) return false;
    const words = this.memory.i32;
    for (let header = words[Word.First]; header !== 0; header = words[(header >> 2) + Block.Next]) {
      const start = header + HEADER_BYTES;
      const current = header === words[Word.Current];
      const end = current ? words[Word.Offset] : start + words[(header >> 2) + Block.Used];
      if (address >= start && address < end) return (address - start) % words[Word.SlotBytes] === 0;
      if (current) break;
    }
    return false;
  }

  #enter(header: number): void {
    const words = this.memory.i32;
    words[Word.Current] = header;
    words[Word.Offset] = header + HEADER_BYTES;
    words[Word.Limit] = header + HEADER_BYTES + words[(header >> 2) + Block.Bytes];
  }
}

/** A memory with room for the first block. @throws ArenaError `ARENA_INVALID_OPTION` */
function create(options: FixedArenaOptions): Memory {
  const { bytes, grow = false, slotBytes = 0 } = options;
  if (!format.isBlockBytes(bytes)) {
    throw invalidOption(`bytes must be a multiple of 8 from 64 to ${BYTES_MAX}: ${printed(bytes)}`);
  }
  if (slotBytes !== 0 && !(slotBytes > 0 && slotBytes <= bytes && slotBytes % 8 === 0)) {
    throw invalidOption(`slotBytes must be a multiple of 8 from 8 to ${bytes}: ${printed(slotBytes)}`);
  }
  const reserveBytes = Math.max(4096, SUPERBLOCK_BYTES + totalOf(bytes));
  const { maxBytes = grow ? MEMORY_BYTES_MAX : reserveBytes } = options;
  return Memory.create({ reserveBytes, maxBytes }, Tenant.FixedArena);
}

/** Bytes of a block and its header, in whole cache lines. */
function totalOf(bytes: number): number {
  return HEADER_BYTES + Math.ceil(bytes / HEADER_BYTES) * HEADER_BYTES;
}
