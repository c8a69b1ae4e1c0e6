/**
 * The order of tables: user keys ascend byte by byte, a shorter key before its extensions; versions of one key descend
 * by sequence (LevelDB's InternalKeyComparator over BytewiseComparator).
 */
import { TAG_BYTES } from '@memtable/memtable/internal';

/** The tag with the highest sequence and the type that comes first, so that the key sorts before all its versions. */
const FIRST_TAG = Uint8Array.of(1, 255, 255, 255, 255, 255, 255, 255);

/** Compares the internal keys at two places; each has at least the eight bytes of its tag. */
export function compareInternalKeys(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aTag = aEnd - TAG_BYTES;
  const bTag = bEnd - TAG_BYTES;
  const order = compareBytes(a, aStart, aTag, b, bStart, bTag);
  if (order !== 0) return order;
  // One number of 64 bits, its lowest byte first, the higher number before the lower.
  for (let i = TAG_BYTES - 1; i >= 0; i--) {
    const difference = b[bTag + i] - a[aTag + i];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Compares bytes as unsigned numbers; when one row is the beginning of the other, the shorter one comes first. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const end = Math.min(aEnd, aStart + bEnd - bStart);
  for (let i = aStart, j = bStart; i < end; i++, j++) {
    const difference = a[i] - b[j];
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

/**
 * A short internal key at or after `last` and before `next`: what an index says of a block that ends with `last`.
 * It is `last` itself unless a shorter user key is between the two.
 *
 * Source: LevelDB BytewiseComparator::FindShortestSeparator, InternalKeyComparator::FindShortestSeparator.
 */
export function shortestSeparator(last: Uint8Array, next: Uint8Array): Uint8Array {
  const lastEnd = last.length - TAG_BYTES;
  const nextEnd = next.length - TAG_BYTES;
  let at = 0;
  while (at < lastEnd && at < nextEnd && last[at] === next[at]) at++;
  // One key is the beginning of the other: nothing shorter is between them.
  if (at === lastEnd || at === nextEnd) return last;
  if (last[at] === 0xff || last[at] + 1 >= next[at]) return last;
  return cut(last, at, lastEnd);
}

/** A short internal key at or after `last`, for the last block of a table. Source: FindShortSuccessor. */
export function shortSuccessor(last: Uint8Array): Uint8Array {
  const lastEnd = last.length - TAG_BYTES;
  let at = 0;
  while (at < lastEnd && last[at] === 0xff) at++;
  return at === lastEnd ? last : cut(last, at, lastEnd);
}

/** The user key up to `at`, the byte there one higher; the whole key when that would not be shorter. */
function cut(key: Uint8Array, at: number, userEnd: number): Uint8Array {
  if (at + 1 >= userEnd) return key;
  const short = new Uint8Array(at + 1 + TAG_BYTES);
  short.set(key.subarray(0, at + 1));
  short[at]++;
  short.set(FIRST_TAG, at + 1);
  return short;
}
