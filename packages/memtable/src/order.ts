/**
 * The order of entries (LevelDB's InternalKeyComparator). User keys ascend. Versions of one key descend by tag, newest
 * first, so a search for (key, sequence) stops at the newest version that the sequence may see.
 */
import { printed } from '@memtable/arena';
import type { Order } from '@memtable/skiplist';
import { MemTableError } from './errors.js';
import { keyLengthOf, keyStartOf } from './format/entry.js';

/**
 * An order of user keys other than that of their bytes. It must be total and must never change. It is slower than the
 * order of the bytes: each comparison makes two views. They are valid until the comparator returns.
 *
 * A comparator must not use the table or store that calls it: a search is half done. Every call throws
 * `MEMTABLE_REENTERED`.
 *
 * Equal keys are the same key, though their bytes may differ. Each version keeps the bytes that it was written with, so
 * reads show the spelling of the newest write.
 * @returns a number below 0, 0, or above 0. Anything else is refused with `MEMTABLE_INVALID_COMPARATOR`
 */
export type Comparator = (a: Uint8Array, b: Uint8Array) => number;

/** The order of the entries of one table, or of all tables of one store. */
export type EntryOrder = BytewiseOrder | ComparatorOrder;

/** The order of a comparator, or that of the bytes without one. @throws TypeError: it is no function */
export function orderOf(comparator: Comparator | undefined): EntryOrder {
  if (comparator === undefined) return new BytewiseOrder();
  if (typeof comparator === 'function') return new ComparatorOrder(comparator);
  throw new TypeError(`comparator must be a function, not ${printed(comparator)}`);
}

/** Orders user keys by their bytes, unsigned. A prefix comes before its continuations (memcmp, then length). */
export class BytewiseOrder implements Order {
  common = 0;
  /** Always false: this order runs no user code. */
  readonly isComparing = false;

  isSameKey(a: Uint8Array, b: Uint8Array): boolean {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  compare(a: DataView, aAt: number, b: DataView, bAt: number): number {
    return this.compareFrom(a, aAt, b, bAt, 0);
  }

  compareFrom(a: DataView, aAt: number, b: DataView, bAt: number, from: number): number {
    const aLength = keyLengthOf(a, aAt);
    const bLength = keyLengthOf(b, bAt);
    const aKey = keyStartOf(a, aAt);
    let aByte = aKey + from;
    let bByte = keyStartOf(b, bAt) + from;
    const length = aLength < bLength ? aLength : bLength;
    const end = aKey + length;
    for (const wordEnd = end - ((length - from) & 3); aByte < wordEnd; aByte += 4, bByte += 4) {
      const aWord = a.getInt32(aByte);
      const bWord = b.getInt32(bByte);
      if (aWord === bWord) continue;
      this.common = aByte - aKey;
      // Words are big-endian, so the first byte counts most. Turning the sign bit makes them compare as unsigned.
      return (aWord ^ SIGN) < (bWord ^ SIGN) ? -1 : 1;
    }
    for (; aByte < end; aByte++, bByte++) {
      const difference = a.getUint8(aByte) - b.getUint8(bByte);
      if (difference === 0) continue;
      this.common = aByte - aKey;
      return difference;
    }
    this.common = length;
    if (aLength !== bLength) return aLength - bLength;
    return compareTags(a, aByte, b, bByte);
  }

  keyStart(bytes: DataView, at: number): number {
    return keyStartOf(bytes, at);
  }

  keyLength(bytes: DataView, at: number): number {
    return keyLengthOf(bytes, at);
  }
}

const SIGN = 0x80000000 | 0;

/** Orders user keys by a comparator. */
export class ComparatorOrder implements Order {
  readonly #comparator: Comparator;
  /** Whether the comparator is running. A search is half done then, and no other may begin. */
  isComparing = false;

  constructor(comparator: Comparator) {
    this.#comparator = comparator;
  }

  compare(a: DataView, aAt: number, b: DataView, bAt: number): number {
    const aKey = keyStartOf(a, aAt);
    const bKey = keyStartOf(b, bAt);
    const aLength = keyLengthOf(a, aAt);
    const bLength = keyLengthOf(b, bAt);
    const difference = this.compareKeys(
      new Uint8Array(a.buffer, a.byteOffset + aKey, aLength),
      new Uint8Array(b.buffer, b.byteOffset + bKey, bLength),
    );
    return difference !== 0 ? difference : compareTags(a, aKey + aLength, b, bKey + bLength);
  }

  /** Whether two user keys are equal. Their bytes may differ. */
  isSameKey(a: Uint8Array, b: Uint8Array): boolean {
    return this.compareKeys(a, b) === 0;
  }

  /** Calls the comparator. @throws its errors; MemTableError `MEMTABLE_INVALID_COMPARATOR` */
  compareKeys(a: Uint8Array, b: Uint8Array): number {
    this.isComparing = true;
    try {
      const difference: unknown = this.#comparator(a, b);
      if (typeof difference === 'number' && !Number.isNaN(difference)) return difference;
      throw invalidAnswer(difference);
    } finally {
      this.isComparing = false;
    }
  }
}

function invalidAnswer(answer: unknown): MemTableError {
  return new MemTableError(
    'MEMTABLE_INVALID_COMPARATOR',
    `a comparator must return a number below 0, 0 or above 0: it returned ${printed(answer)} (${typeof answer})`,
  );
}

/** Refuses a call from the comparator of this order. @throws MemTableError `MEMTABLE_REENTERED` while it is running */
export function checkNotComparing(order: EntryOrder): void {
  if (order.isComparing) throw reentered();
}

function reentered(): MemTableError {
  return new MemTableError(
    'MEMTABLE_REENTERED',
    'a comparator must not use the table or store that calls it: a search is half done',
  );
}

/** Puts higher tags first. Tags are unsigned. */
function compareTags(a: DataView, aTag: number, b: DataView, bTag: number): number {
  const high = b.getUint32(bTag + 4, true) - a.getUint32(aTag + 4, true);
  return high !== 0 ? high : b.getUint32(bTag, true) - a.getUint32(aTag, true);
}
