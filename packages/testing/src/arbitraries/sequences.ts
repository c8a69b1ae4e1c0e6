import fc from 'fast-check';
import { type Sequence, SEQUENCE_MAX } from '../contract.js';

/** Where a byte, a word or a sign ends in a tag (sequence * 256 + type), and the last whole number. */
const EDGES = [0xff, 0x100, 2 ** 23, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48];
const LAST_WRITABLE = Number.MAX_SAFE_INTEGER;

/** Sequences of writes: mostly few and small, so that some are equal, and the edges of the tag. */
export function sequences(): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.nat(40) },
    { weight: 2, arbitrary: fc.constantFrom(...EDGES) },
    { weight: 1, arbitrary: fc.constant(LAST_WRITABLE) },
  );
}

/** Sequences to read at, undefined for the newest. @param wide - bigints up to 2^56 - 1 too */
export function readSequences(wide = false): fc.Arbitrary<Sequence | undefined> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 9, arbitrary: sequences() },
    { weight: wide ? 1 : 0, arbitrary: fc.constantFrom(5n, 2n ** 53n, SEQUENCE_MAX) },
  );
}
