/**
 * The order of entries (LevelDB's InternalKeyComparator): user keys ascend; versions of one key descend by tag, newest
 * first, so that a search for (key, sequence) stops at the newest version that this sequence may see.
 */
import type { Order } from '@memtable/skiplist';
import { keyLengthOf, keyStartOf } from './format/entry.js';
import { readFixed32 } from './format/fixed.js';

/**
 * An order of user keys other than that of their bytes. It must be total and must never change; equal means the same
 * key, though the bytes may differ. It is slower: two views are made for every comparison.
 */
export type Comparator = (a: Uint8Array, b: Uint8Array) => number;

/** User keys as bytes: unsigned, and a prefix comes before what continues it (memcmp, then length). */
export class BytewiseOrder implements Order {
  compare(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
    const aLength = keyLengthOf(a, aAt);
    const bLength = keyLengthOf(b, bAt);
    const aKey = keyStartOf(a, aAt);
    const bKey = keyStartOf(b, bAt);
    const length = aLength < bLength ? aLength : bLength;
    for (let i = 0; i < length; i++) {
      const difference = a[aKey + i] - b[bKey + i];
      if (difference !== 0) return difference;
    }
    if (aLength !== bLength) return aLength - bLength;
    return compareTags(a, aKey + aLength, b, bKey + bLength);
  }
}

/** User keys as a comparator has them. */
export class ComparatorOrder implements Order {
  readonly #comparator: Comparator;

  constructor(comparator: Comparator) {
    this.#comparator = comparator;
  }

  compare(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
    const aKey = keyStartOf(a, aAt);
    const bKey = keyStartOf(b, bAt);
    const aTag = aKey + keyLengthOf(a, aAt);
    const bTag = bKey + keyLengthOf(b, bAt);
    const comparator = this.#comparator;
    const difference = comparator(a.subarray(aKey, aTag), b.subarray(bKey, bTag));
    return difference !== 0 ? difference : compareTags(a, aTag, b, bTag);
  }
}

/** Higher tags first; unsigned. */
function compareTags(a: Uint8Array, aTag: number, b: Uint8Array, bTag: number): number {
  const high = readFixed32(b, bTag + 4) - readFixed32(a, aTag + 4);
  return high !== 0 ? high : readFixed32(b, bTag) - readFixed32(a, aTag);
}
