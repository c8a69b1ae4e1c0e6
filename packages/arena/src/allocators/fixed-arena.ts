/**
 * A memory arena as C programs have them: one block of a given size, an offset into it, everything freed at once.
 *
 * Invariants, which `verify()` checks:
 * F1. The blocks of the chain lie in the memory one behind the other's making, each after a 64-byte line of its own.
 * F2. The offset lies in the current block, which is in the chain.
 * F3. With slots, the free ones are distinct slots that were given out, and `FreeSlots` counts them.
 */
import { type Addr, NIL } from '../addr.js';
import { ArenaError, invalidAlignment, invalidSize, malformed, notAllocated } from '../errors.js';
import { onBlock, onDrop, onFailure, onReset } from '../events.js';
import { INVARIANTS } from '#invariants';
import { Memory, MEMORY_BYTES_MAX } from '../memory.js';
import { INSPECT, show } from '../show.js';
import { Line, LINE_WORDS, Tenant } from '../superblock.js';

/**
 * ```
 *    line                 block
 *    | next, bytes, used  | bytes given out ... ^ offset      |
 *    64 bytes
 * ```
 *
 * A line stands before each block, so that the block begins at a cache line.
 */
const LINE_BYTES = 64;
/** Words of a block's line. */
const Block = {
  /** Line of the next block of the chain, 0 at its end. */
  Next: 0,
  Bytes: 1,
  /** What was given out when the arena went on to the next block. */
  Used: 2,
} as const;

const LINE = Line.Arena * LINE_WORDS;
const Word = {
  /** Next free byte, and the end of the current block. */
  Offset: LINE,
  Limit: LINE + 1,
  Current: LINE + 2,
  First: LINE + 3,
  Bytes: LINE + 4,
  Grow: LINE + 5,
  SlotBytes: LINE + 6,
  FreeList: LINE + 7,
  FreeSlots: LINE + 8,
  Allocations: LINE + 9,
  Frees: LINE + 10,
  SlopBytes: LINE + 11,
} as const;

const BYTES_MAX = 1 << 30;
const ALIGNMENT = 8;
const ALIGNMENT_MAX = 1 << 30;

export interface FixedArenaOptions {
  /** Size of the block in bytes, a multiple of 8 from 64 to 2^30. */
  bytes: number;
  /**
   * Goes on in a further block of the same size, or of the size of a larger request, when one is full.
   * @defaultValue false: then it yields NIL
   */
  grow?: boolean;
  /**
   * Size of a slot in bytes, a multiple of 8. The arena hands out slots only then, each of which can be given back.
   * @defaultValue no slots: requests of any size, and nothing can be given back
   */
  slotBytes?: number;
  /** The chain never grows beyond this, lines and superblock included. @defaultValue 2^31 - 2^20 */
  maxBytes?: number;
}

/** A fixed arena's figures; bytes unless it says count. */
export interface FixedArenaStats {
  readonly blockCount: number;
  /** Of all blocks. */
  readonly bytes: number;
  /** Handed out in all blocks, with what was skipped to align; slots that were given back still count. */
  readonly usedBytes: number;
  /** Skipped to align. */
  readonly slopBytes: number;
  /** Free in the current block. */
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
  /** Lost at the end. 0 for the current block and those behind it. */
  readonly tailBytes: number;
  readonly kind: 'closed' | 'current' | 'spare';
}

/**
 * A block whose bytes are handed out from front to back, in O(1), at any alignment, and are all free again after
 * `reset()`, in O(1). All state is in the buffer.
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
export class FixedArena implements Disposable {
  readonly memory: Memory;

  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options: FixedArenaOptions);
  /** @internal Over a memory that holds one already. */
  constructor(options: FixedArenaOptions, attached: Memory);
  constructor(options: FixedArenaOptions, attached?: Memory) {
    if (attached !== undefined) {
      this.memory = attached;
      return;
    }
    const { bytes, grow = false, slotBytes = 0 } = options;
    if (!Number.isInteger(bytes) || bytes < 64 || bytes > BYTES_MAX || bytes % 8 !== 0) {
      throw invalidOption(`bytes must be a multiple of 8 from 64 to ${BYTES_MAX}: ${bytes}`);
    }
    if (
      slotBytes !== 0 &&
      !(Number.isInteger(slotBytes) && slotBytes > 0 && slotBytes <= bytes && slotBytes % 8 === 0)
    ) {
      throw invalidOption(`slotBytes must be a multiple of 8 from 8 to ${bytes}: ${slotBytes}`);
    }
    const reserveBytes = Math.max(4096, 256 + totalOf(bytes));
    const maxBytes = options.maxBytes ?? (grow ? MEMORY_BYTES_MAX : reserveBytes);
    this.memory = Memory.create({ reserveBytes, maxBytes }, Tenant.FixedArena);
    const first = this.#makeBlock(bytes);
    const words = this.memory.i32;
    words[Word.First] = first;
    words[Word.Bytes] = bytes;
    words[Word.Grow] = grow ? 1 : 0;
    words[Word.SlotBytes] = slotBytes;
    this.#enter(first);
  }

  /**
   * The arena that wrote these bytes, or a copy of it if they are a copy.
   * @throws ArenaError `ARENA_MALFORMED`
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer): FixedArena {
    const arena = new FixedArena({ bytes: 0 }, Memory.attach(buffer, Tenant.FixedArena));
    if (!arena.memory.shared) arena.verify(); // See Memory.attach.
    return arena;
  }

  /**
   * Allocates `bytes` bytes at a multiple of `alignment`. O(1), but for the making of a block.
   * @param bytes - whole number from 1 to 2^30, or to the size of a slot
   * @param alignment - power of two from 1 to 2^30; with slots only what all slots have
   * @returns where they are, or NIL when they do not fit; nothing has changed then
   * @throws ArenaError `ARENA_INVALID_SIZE`, `ARENA_INVALID_ALIGNMENT`, `ARENA_DROPPED`
   */
  allocate(bytes: number, alignment: number = ALIGNMENT): Addr {
    const words = this.memory.i32;
    if (words.length === 0) throw dropped();
    const slotBytes = words[Word.SlotBytes];
    const bytesMax = slotBytes === 0 ? BYTES_MAX : slotBytes;
    // Blocks begin at cache lines, so slots have the alignment of their size, up to that.
    const alignmentMax = slotBytes === 0 ? ALIGNMENT_MAX : Math.min(LINE_BYTES, slotBytes & -slotBytes);
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > bytesMax) throw invalidSize(bytes, bytesMax);
    if (
      (alignment & (alignment - 1)) !== 0 ||
      !(alignment >= 1 && alignment <= alignmentMax) ||
      (alignment | 0) !== alignment
    ) {
      throw invalidAlignment(alignment, alignmentMax);
    }
    if (slotBytes !== 0) return this.#allocateSlot(slotBytes);
    const slop = -words[Word.Offset] & (alignment - 1);
    const start = words[Word.Offset] + slop;
    if (start + bytes > words[Word.Limit]) return this.#allocateInNext(bytes, alignment);
    words[Word.Offset] = start + bytes;
    words[Word.SlopBytes] += slop;
    words[Word.Allocations]++;
    return start as Addr;
  }

  /**
   * Gives a slot back, for the next request. O(1); O(blocks) in a chain, where the slot's block is looked for.
   * @throws ArenaError `ARENA_NOT_ALLOCATED` when no slot is in use there; TypeError when the arena has no slots
   */
  free(address: Addr): void {
    const words = this.memory.i32;
    if (words.length === 0) throw dropped();
    if (words[Word.SlotBytes] === 0)
      throw new TypeError('this arena has no slots: nothing is given back but all of it');
    if (!this.#isSlot(address)) throw notAllocated(address);
    // Whoever uses a slot may happen to write its tag; the free list has the last word.
    if (words[(address >> 2) + 1] === tagOf(address) && this.#isFree(address)) throw notAllocated(address);
    if (INVARIANTS) this.memory.poison(address, address + words[Word.SlotBytes]);
    words[address >> 2] = words[Word.FreeList]!;
    words[(address >> 2) + 1] = tagOf(address);
    words[Word.FreeList] = address;
    words[Word.FreeSlots]++;
    words[Word.Frees]++;
    if (INVARIANTS) this.verify();
  }

  /**
   * Forgets every allocation, in O(1). Blocks stay in the chain for the next ones.
   * @throws ArenaError `ARENA_DROPPED`
   */
  reset(): void {
    if (this.dropped) throw dropped();
    if (onReset.hasSubscribers) onReset.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    if (INVARIANTS) for (const { address, bytes } of this.blocks()) this.memory.poison(address, address + bytes);
    const words = this.memory.i32;
    words.fill(0, Word.FreeList, Word.SlopBytes + 1);
    this.#enter(words[Word.First]);
  }

  /** Gives all memory back at once and ends the arena. Idempotent. */
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
      const words = this.memory.i32;
      return {
        bytes: words[Word.Bytes],
        remainingBytes: words[Word.Limit] - words[Word.Offset],
        allocationCount: words[Word.Allocations] >>> 0,
        ...(words[Word.SlotBytes] === 0
          ? {}
          : { slotBytes: words[Word.SlotBytes], freeSlotCount: words[Word.FreeSlots] }),
        grow: words[Word.Grow] !== 0,
      };
    });
  }

  /** Bytes of all blocks and of their lines. 0 once dropped. O(blocks). */
  memoryUsage(): number {
    return this.blocks().reduce((sum, { bytes }) => sum + totalOf(bytes), 0);
  }

  /** The arena's own figures, from the buffer. O(blocks). All 0 once dropped. */
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
    for (let line = words[Word.First] ?? 0; line !== 0; line = words[(line >> 2) + Block.Next]!) {
      const address = line + LINE_BYTES;
      const bytes = words[(line >> 2) + Block.Bytes];
      if (line === current) kind = 'current';
      const usedBytes =
        kind === 'spare' ? 0 : kind === 'current' ? words[Word.Offset] - address : words[(line >> 2) + Block.Used];
      blocks.push({ address, bytes, usedBytes, tailBytes: kind === 'closed' ? bytes - usedBytes : 0, kind });
      if (kind === 'current') kind = 'spare';
    }
    return blocks;
  }

  /**
   * Checks F1 to F3. O(blocks and free slots).
   * @throws ArenaError `ARENA_MALFORMED` that names the invariant and the figures
   */
  verify(): void {
    if (this.dropped) throw dropped();
    const words = this.memory.i32;
    const top = this.memory.usedBytes;
    let current = false;
    const seen = new Set<number>();
    for (let line = words[Word.First]; line !== 0; line = words[(line >> 2) + Block.Next]) {
      if (line % LINE_BYTES !== 0 || line < 256 || seen.has(line)) malformed(`F1: no block can begin at ${line}`);
      seen.add(line);
      const bytes = words[(line >> 2) + Block.Bytes];
      if (bytes < 64 || line + LINE_BYTES + bytes > top)
        malformed(`F1: a block of ${bytes} bytes at ${line} of ${top}`);
      if (line !== words[Word.Current]) continue;
      current = true;
      const offset = words[Word.Offset] - line - LINE_BYTES;
      if (offset < 0 || offset > bytes || words[Word.Limit] !== line + LINE_BYTES + bytes) {
        malformed(`F2: the offset is at ${offset} of ${bytes} bytes of the block at ${line}`);
      }
    }
    if (!current) malformed(`F2: the current block at ${words[Word.Current]} is not in the chain`);
    const free = new Set<number>();
    for (let slot = words[Word.FreeList]; slot !== 0; slot = words[slot >> 2]) {
      if (!this.#isSlot(slot) || free.has(slot) || words[(slot >> 2) + 1] !== tagOf(slot)) {
        malformed(`F3: ${slot} is listed as a free slot`);
      }
      free.add(slot);
    }
    if (free.size !== words[Word.FreeSlots]) malformed(`F3: ${free.size} free slots, ${words[Word.FreeSlots]} counted`);
  }

  #allocateSlot(slotBytes: number): Addr {
    const words = this.memory.i32;
    const slot = words[Word.FreeList];
    if (slot === 0) {
      const start = words[Word.Offset];
      if (start + slotBytes > words[Word.Limit]) return this.#allocateInNext(slotBytes, 1);
      words[Word.Offset] = start + slotBytes;
      words[(start >> 2) + 1] = 0; // The tag of a slot that was free before a reset.
      words[Word.Allocations]++;
      return start as Addr;
    }
    words[Word.FreeList] = words[slot >> 2]!;
    words[Word.FreeSlots]--;
    words[(slot >> 2) + 1] = 0; // It is not free any more, so the tag goes.
    words[Word.Allocations]++;
    return slot as Addr;
  }

  /** Goes on in the next block of the chain, which is made if there is none that is large enough. */
  #allocateInNext(bytes: number, alignment: number): Addr {
    const words = this.memory.i32;
    const spare = Math.max(0, alignment - LINE_BYTES);
    let next = words[(words[Word.Current] >> 2) + Block.Next];
    if (next === 0 || words[(next >> 2) + Block.Bytes] < bytes + spare) {
      const grown = words[Word.Grow] === 0 ? 0 : this.#makeBlock(Math.max(words[Word.Bytes], bytes + spare));
      if (grown === 0) {
        if (onFailure.hasSubscribers) onFailure.publish({ allocator: this, bytes, memoryUsage: this.memoryUsage() });
        return NIL;
      }
      // A block that is too small comes behind the new one.
      this.memory.i32[(grown >> 2) + Block.Next] = next;
      next = grown;
    }
    const fresh = this.memory.i32; // Read again: the memory may have moved.
    const current = fresh[Word.Current];
    fresh[(current >> 2) + Block.Next] = next;
    fresh[(current >> 2) + Block.Used] = fresh[Word.Offset] - current - LINE_BYTES;
    this.#enter(next);
    if (INVARIANTS) this.verify();
    return this.allocate(bytes, alignment);
  }

  /** @returns the line of a new block, or 0 */
  #makeBlock(bytes: number): number {
    const line = this.memory.take(totalOf(bytes));
    if (line === NIL) return 0;
    const words = this.memory.i32;
    words[(line >> 2) + Block.Next] = 0;
    words[(line >> 2) + Block.Bytes] = bytes;
    words[(line >> 2) + Block.Used] = 0;
    if (onBlock.hasSubscribers) onBlock.publish({ arena: this, address: line + LINE_BYTES, bytes, kind: 'regular' });
    return line;
  }

  #enter(line: number): void {
    const words = this.memory.i32;
    words[Word.Current] = line;
    words[Word.Offset] = line + LINE_BYTES;
    words[Word.Limit] = line + LINE_BYTES + words[(line >> 2) + Block.Bytes];
  }

  /** Whether a slot that was given out lies there, be it free now. O(blocks). */
  #isSlot(address: number): boolean {
    if ((address | 0) !== address) return false;
    const words = this.memory.i32;
    for (let line = words[Word.First]; line !== 0; line = words[(line >> 2) + Block.Next]) {
      const start = line + LINE_BYTES;
      const current = line === words[Word.Current];
      const end = current ? words[Word.Offset] : start + words[(line >> 2) + Block.Used];
      if (address >= start && address < end) return (address - start) % words[Word.SlotBytes] === 0;
      if (current) break;
    }
    return false;
  }

  #isFree(address: number): boolean {
    const words = this.memory.i32;
    let slot = words[Word.FreeList];
    while (slot !== 0 && slot !== address) slot = words[slot >> 2];
    return slot !== 0;
  }
}

/** What a block takes with its line: whole cache lines. */
function totalOf(bytes: number): number {
  return LINE_BYTES + Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}

/** Tells free slots from other bytes; not the same at any two addresses. */
function tagOf(address: number): number {
  return Math.imul(address ^ 0xf12ed, 0x9e3779b1);
}

function invalidOption(message: string): ArenaError {
  return new ArenaError('ARENA_INVALID_OPTION', message);
}

function dropped(): ArenaError {
  return new ArenaError('ARENA_DROPPED', 'the arena has been dropped');
}
