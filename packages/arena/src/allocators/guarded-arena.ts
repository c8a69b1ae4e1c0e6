/**
 * An arena for debugging. Its buffer has a record of every allocation, with guard bytes around the allocation.
 *
 * Invariants, which `verify()` checks besides those of the arena:
 * G1. Records fill the used part of every block without a gap.
 * G2. All bytes of a record but its header and its allocation are guard bytes.
 */
import { type Addr, NIL } from '../addr.js';
import { Arena, type ArenaOptions } from '../arena.js';
import { ArenaError, malformed } from '../errors.js';
import { Memory } from '../memory.js';
import { type SizeCount, sizeHistogram } from '../stats.js';
import { ArenaWord, Line, LINE_WORDS } from '../superblock.js';
import { tagOf } from './free-list.js';

/**
 * A record, two characters a byte:
 *
 * ```
 *    0       4       8       12      16      20
 *    | bytes | addr  | total | number| tag   | guard ... | allocation ...   | guard, 8 bytes at least |
 * ```
 */
const HEADER_BYTES = 20;
const FRONT_BYTES = 24;
const GUARD_BYTES = 8;
const GUARD = 0xfd;
const ALIGNMENT = 8;
const CACHE_LINE_BYTES = 64;

/** One allocation of a guarded arena. */
export interface Allocation {
  readonly address: number;
  readonly bytes: number;
  /** Allocations are numbered from 1 in the order of their requests. */
  readonly number: number;
}

/**
 * An arena that lists its allocations and notices writes outside of them. It serves wherever an {@link Arena} does, and
 * takes 32 bytes more for each allocation.
 *
 * @example
 * ```ts
 * const arena = new GuardedArena();
 * const at = arena.allocate(10);
 * arena.allocations(); // [{ address: 288, bytes: 10, number: 1 }]
 * arena.memory.u8[at + 10] = 65; // From now on `arena.verify()` throws ARENA_OVERRUN.
 * ```
 */
export class GuardedArena extends Arena {
  /** @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY` */
  constructor(options?: ArenaOptions);
  /** @internal The arena whose line begins at that word of a memory. */
  constructor(options: ArenaOptions, memory: Memory, line: number);
  constructor(options: ArenaOptions = {}, memory?: Memory, line?: number) {
    if (memory !== undefined && line !== undefined) {
      super(options, memory, line);
      return;
    }
    super(options);
    this.memory.i32[this.#count] = 1;
  }

  /** As `Arena.attach`. @throws ArenaError `ARENA_MALFORMED`, `ARENA_OVERRUN` */
  static override attach(buffer: ArrayBuffer | SharedArrayBuffer): GuardedArena {
    const arena = new GuardedArena({}, Memory.attach(buffer), Line.Arena * LINE_WORDS);
    if (arena.memory.i32[arena.#count] === 0) malformed('this arena has no guards');
    arena.checkAttached();
    return arena;
  }

  override allocate(bytes: number): Addr {
    return this.#allocate(bytes, 1);
  }

  override allocateAligned(bytes: number, alignment: number = ALIGNMENT): Addr {
    return this.#allocate(bytes, alignment);
  }

  override ensure(bytes: number, count: number): boolean {
    return super.ensure(totalOf(bytes, CACHE_LINE_BYTES), count);
  }

  /** Always false: only `ensure` allows for the guards. */
  override hasLeft(): boolean {
    return false;
  }

  /** All allocations in the order of their requests. O(allocations). */
  allocations(): Allocation[] {
    const words = this.memory.i32;
    const found: Allocation[] = [];
    for (const { address, usedBytes } of this.blocks()) {
      for (let at = address; at < address + usedBytes; at += words[(at >> 2) + 2]) {
        this.#checkRecord(at, address + usedBytes);
        found.push({ bytes: words[at >> 2], address: words[(at >> 2) + 1], number: words[(at >> 2) + 3] });
      }
    }
    return found.sort((a, b) => a.number - b.number);
  }

  /** Number of allocations by size. O(allocations). */
  sizes(): SizeCount[] {
    return sizeHistogram(this.allocations().map(({ bytes }) => bytes));
  }

  /**
   * Checks the arena, then G1 and G2. O(allocations).
   * @throws ArenaError `ARENA_OVERRUN` that names the allocation; `ARENA_MALFORMED`
   */
  override verify(): void {
    super.verify();
    this.allocations();
  }

  #allocate(bytes: number, alignment: number): Addr {
    // The arena itself refuses a bad size or alignment.
    if (!Number.isInteger(bytes) || bytes < 1 || !isAlignment(alignment)) {
      return super.allocateAligned(bytes, alignment);
    }
    const total = totalOf(bytes, alignment);
    const at = super.allocateAligned(total, ALIGNMENT);
    if (at === NIL) return NIL;
    const address = Math.ceil((at + FRONT_BYTES) / alignment) * alignment;
    const { u8, i32: words } = this.memory;
    u8.fill(GUARD, at + HEADER_BYTES, address);
    u8.fill(GUARD, address + bytes, at + total);
    words[at >> 2] = bytes;
    words[(at >> 2) + 1] = address;
    words[(at >> 2) + 2] = total;
    words[(at >> 2) + 3] = words[this.#count]++;
    words[(at >> 2) + 4] = headerTag(words, at);
    return address as Addr;
  }

  /** An overrun record is found before the record that it runs into, whose header may be damaged too. */
  #checkRecord(at: number, end: number): void {
    const { u8, i32: words } = this.memory;
    const [bytes, address, total, number, tag] = words.subarray(at >> 2, (at >> 2) + HEADER_BYTES / 4);
    const isWhole =
      tag === headerTag(words, at) &&
      at + total <= end &&
      total % ALIGNMENT === 0 &&
      address >= at + FRONT_BYTES &&
      bytes > 0 &&
      address + bytes + GUARD_BYTES <= at + total;
    if (!isWhole) throw overrun(`the record at ${at} was overwritten`);
    const what = `allocation ${number}, ${bytes} bytes at ${address}`;
    for (let i = at + HEADER_BYTES; i < address; i++) {
      if (u8[i] !== GUARD) throw overrun(`${what}: byte ${i - address} before it is ${u8[i]}`);
    }
    for (let i = address + bytes; i < at + total; i++) {
      if (u8[i] !== GUARD) throw overrun(`${what}: byte ${i - address - bytes} behind its end is ${u8[i]}`);
    }
  }

  /** The word that numbers allocations; 0 in an arena without guards. */
  get #count(): number {
    return this.lineOf(Line.Arena) + ArenaWord.Guarded;
  }
}

function totalOf(bytes: number, alignment: number): number {
  return FRONT_BYTES + Math.max(0, alignment - ALIGNMENT) + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT + GUARD_BYTES;
}

function isAlignment(alignment: number): boolean {
  return (alignment | 0) === alignment && alignment >= 1 && alignment <= 4096 && (alignment & (alignment - 1)) === 0;
}

/** Tells a record's header from other bytes. */
function headerTag(words: Int32Array, at: number): number {
  return words.subarray(at >> 2, (at >> 2) + 4).reduce(tagOf, at);
}

function overrun(message: string): ArenaError {
  return new ArenaError('ARENA_OVERRUN', message);
}
