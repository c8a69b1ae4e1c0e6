/**
 * Heads of keys, the "poor man's normalized keys" of Graefe and Larson (2001): a number in the index that decides most
 * comparisons without a look at the entry.
 */
import type { Order } from './order.js';

/** What an index that keeps heads asks an order. */
export type Keys = Required<Pick<Order, 'keyStart' | 'keyLength' | 'compareFrom' | 'common'>>;

/** What an order does not know: where keys are not known as bytes all heads are equal, and entries have to be compared. */
export function keysOf(order: Order): Keys {
  if (order.keyStart === undefined || order.keyLength === undefined) {
    return { keyStart: () => 0, keyLength: () => 0, compareFrom, common: 0 };
  }
  if (order.compareFrom !== undefined) return order as Keys;
  return {
    keyStart: (bytes, at) => order.keyStart!(bytes, at),
    keyLength: (bytes, at) => order.keyLength!(bytes, at),
    compareFrom,
    common: 0,
  };

  function compareFrom(a: DataView, aAt: number, b: DataView, bAt: number): number {
    return order.compare(a, aAt, b, bAt);
  }
}

/**
 * The head of a key: the four bytes after a prefix, as a signed number. `left` bytes of the key follow the prefix, the first at
 * `at`; zeros stand for those that it has not. Of two keys that share the prefix the one with the lower head comes first; equal
 * heads say nothing.
 */
export function headAt(bytes: DataView, at: number, left: number): number {
  if (left >= 4) return bytes.getInt32(at) ^ SIGN;
  let head = 0;
  for (let i = 0; i < left; i++) head |= bytes.getUint8(at + i) << (24 - 8 * i);
  return head ^ SIGN;
}

/** How many of `length` bytes at two places are the same, up to the first that differs. */
export function common(a: DataView, aAt: number, b: DataView, bAt: number, length: number): number {
  let i = 0;
  while (i + 4 <= length && a.getInt32(aAt + i) === b.getInt32(bAt + i)) i += 4;
  while (i < length && a.getUint8(aAt + i) === b.getUint8(bAt + i)) i++;
  return i;
}

/** Turned, so that bytes, which are unsigned, ascend as signed numbers do. */
const SIGN = 0x80000000 | 0;
