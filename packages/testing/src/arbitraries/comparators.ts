import fc from 'fast-check';
import type { Comparator } from '../contract.js';
import { bytewise } from '../model.js';

/** Orders of keys other than that of their bytes, by name. */
export const comparators = {
  /** Backwards. */
  reverse: (a, b) => bytewise(b, a),
  /** ASCII letters without their case: different bytes can be the same key. */
  caseless: (a, b) => {
    for (let i = 0; i < a.length && i < b.length; i++) {
      const difference = lowerCase(a[i]) - lowerCase(b[i]);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  },
  /** The shorter first. */
  lengthFirst,
  /** Numbers as text, whose zeros in front do not count: `1` and `0001` are the same key. */
  numeric: (a, b) => lengthFirst(withoutZeros(a), withoutZeros(b)),
  /** The first two bytes: all that begin with them are the same key. */
  prefix: (a, b) => bytewise(a.subarray(0, 2), b.subarray(0, 2)),
} as const satisfies Record<string, Comparator>;

/** The name of one of the {@link comparators}. */
export type ComparatorName = keyof typeof comparators;

/** The name of a comparator, or undefined for the order of the bytes, which comes up half of the time. */
export function comparatorNames(): fc.Arbitrary<ComparatorName | undefined> {
  return fc.oneof(fc.constant(undefined), fc.constantFrom(...names));
}

const names = Object.keys(comparators) as ComparatorName[];

/** An ASCII letter's byte in the other case. */
export function swapCase(byte: number): number {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isLetter ? byte ^ 0x20 : byte;
}

function lengthFirst(a: Uint8Array, b: Uint8Array): number {
  return a.length - b.length || bytewise(a, b);
}

function withoutZeros(key: Uint8Array): Uint8Array {
  const digits = key.findIndex((byte) => byte !== ZERO);
  return key.subarray(digits === -1 ? key.length : digits);
}

const ZERO = 0x30;

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
