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
  lengthFirst: (a, b) => a.length - b.length || bytewise(a, b),
} as const satisfies Record<string, Comparator>;

export type ComparatorName = keyof typeof comparators;

/** The name of a comparator, or undefined for the order of the bytes, which comes up half of the time. */
export function comparatorNames(): fc.Arbitrary<ComparatorName | undefined> {
  return fc.oneof(fc.constant(undefined), fc.constantFrom('reverse', 'caseless', 'lengthFirst'));
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
