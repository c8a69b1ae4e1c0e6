/**
 * Heads of keys, the "poor man's normalized keys" of Graefe and Larson (2001). A head is a number in the index. It
 * decides most comparisons, so that the entry is not read.
 */
import type { Order } from './order.js';

/** The parts of an order that an index with heads calls. */
export type Keys = Required<Pick<Order, 'keyStart' | 'keyLength' | 'compareFrom' | 'common'>>;

/**
 * Fills in what an order leaves out. Without `keyStart` every key counts as empty, so all heads are equal and `compare`
 * decides.
 */
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
 * The head of a key: its four bytes after a prefix, as a signed number. Of two keys that share the prefix, the one with
 * the lower head comes first. Equal heads decide nothing.
 * @param at - address of the first byte after the prefix
 * @param left - bytes of the key after the prefix; zeros stand for missing ones
 */
export function headAt(bytes: DataView, at: number, left: number): number {
  if (left >= 4) return bytes.getInt32(at) ^ SIGN;
  let head = 0;
  for (let i = 0; i < left; i++) head |= bytes.getUint8(at + i) << (24 - 8 * i);
  return head ^ SIGN;
}

/** @returns how many of the `length` bytes at two places are equal before the first difference */
export function common(a: DataView, aAt: number, b: DataView, bAt: number, length: number): number {
  let i = 0;
  while (i + 4 <= length && a.getInt32(aAt + i) === b.getInt32(bAt + i)) i += 4;
  while (i < length && a.getUint8(aAt + i) === b.getUint8(bAt + i)) i++;
  return i;
}

/** Flips the sign bit, so that signed numbers ascend as their unsigned bytes do. */
const SIGN = 0x80000000 | 0;
