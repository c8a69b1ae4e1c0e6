/**
 * Which bytes of an arena belong to something. Every allocation that an index knows of claims its bytes. A byte that is
 * claimed twice, or that the arena has not handed out, is damage: the next write would overwrite an entry. A map of
 * blocks in e2fsck finds the same.
 */
import type { Arena } from '@memtable/arena';

/** One bit for each byte, set when no further claim may have it. O(bytes of the arena / 32). */
export class Claims {
  readonly #bits: Int32Array;
  /** Address of the first bit's byte. */
  readonly #start: number;
  readonly #end: number;
  #unclaimedBytes = 0;

  /** @param arena - one that has been verified */
  constructor(arena: Arena) {
    const blocks = arena.blocks();
    let [start, end] = [Infinity, 0];
    for (const { address, bytes } of blocks) {
      if (address < start) start = address;
      if (address + bytes > end) end = address + bytes;
    }
    this.#start = blocks.length === 0 ? 0 : start & ~31;
    this.#end = end;
    this.#bits = new Int32Array(Math.ceil((end - this.#start) / 32)).fill(-1);
    for (const { address, usedBytes } of blocks) {
      if (usedBytes > 0) this.#flip(address, address + usedBytes);
      this.#unclaimedBytes += usedBytes;
    }
  }

  /** Bytes that the arena has handed out, and that nothing has claimed so far. */
  get unclaimedBytes(): number {
    return this.#unclaimedBytes;
  }

  /** Whether the arena has handed out the byte at an address, and nothing has claimed it. */
  isUnclaimed(address: number): boolean {
    if (!(address >= this.#start && address < this.#end)) return false;
    const at = address - this.#start;
    return ((this.#bits[at >>> 5] >>> (at & 31)) & 1) === 0;
  }

  /**
   * @returns false when the arena has not handed out all bytes from `from` up to `to`, or when one is claimed already
   */
  claim(from: number, to: number): boolean {
    if (!(from >= this.#start && from < to && to <= this.#end)) return false;
    if (!this.#isClear(from, to)) return false;
    this.#flip(from, to);
    this.#unclaimedBytes -= to - from;
    return true;
  }

  #isClear(from: number, to: number): boolean {
    const bits = this.#bits;
    const first = from - this.#start;
    const last = to - 1 - this.#start;
    const firstMask = -1 << (first & 31);
    const lastMask = -1 >>> (31 - (last & 31));
    let word = first >>> 5;
    const lastWord = last >>> 5;
    if (word === lastWord) return (bits[word] & firstMask & lastMask) === 0;
    if ((bits[word] & firstMask) !== 0) return false;
    for (word++; word < lastWord; word++) if (bits[word] !== 0) return false;
    return (bits[word] & lastMask) === 0;
  }

  #flip(from: number, to: number): void {
    const bits = this.#bits;
    const first = from - this.#start;
    const last = to - 1 - this.#start;
    const firstMask = -1 << (first & 31);
    const lastMask = -1 >>> (31 - (last & 31));
    let word = first >>> 5;
    const lastWord = last >>> 5;
    if (word === lastWord) {
      bits[word] ^= firstMask & lastMask;
      return;
    }
    bits[word] ^= firstMask;
    for (word++; word < lastWord; word++) bits[word] ^= -1;
    bits[word] ^= lastMask;
  }
}
