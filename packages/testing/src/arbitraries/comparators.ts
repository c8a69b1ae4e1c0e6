import fc from 'fast-check';
import type { Comparator } from '../contract.js';
import { bytewise } from '../model.js';

/** Orders of keys by name, other than the order of the bytes. Some take different bytes for the same key. */
export const comparators = {
  /** The order of the bytes, backward. */
  reverse: (a, b) => bytewise(b, a),
  /** Ignores the case of ASCII letters. */
  caseless: (a, b) => {
    for (let i = 0; i < a.length && i < b.length; i++) {
      const difference = lowerCase(a[i]) - lowerCase(b[i]);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  },
  /** Shorter keys first, then by bytes. */
  lengthFirst,
  /** Decimal numbers as text. Leading zeros do not count: `1` and `0001` are the same key. */
  numeric: (a, b) => lengthFirst(withoutZeros(a), withoutZeros(b)),
  /** Compares the first two bytes only. */
  prefix: (a, b) => bytewise(a.subarray(0, 2), b.subarray(0, 2)),
} as const satisfies Record<string, Comparator>;

/** The name of one of {@link comparators}. */
export type ComparatorName = keyof typeof comparators;

/** Names of comparators. Half of the time undefined, for the order of the bytes. */
export function comparatorNames(): fc.Arbitrary<ComparatorName | undefined> {
  return fc.oneof(fc.constant(undefined), fc.constantFrom(...names));
}

const names = Object.keys(comparators) as ComparatorName[];

/** The byte of an ASCII letter in the other case; any other byte unchanged. */
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
