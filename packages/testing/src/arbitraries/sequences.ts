import fc from 'fast-check';
import { type Sequence, SEQUENCE_MAX } from '../contract.js';

/** Sequences at which a byte, a word or a sign bit of the tag (sequence * 256 + type) overflows. */
const EDGES = [0xff, 0x100, 2 ** 23, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48];
const LAST_WRITABLE = Number.MAX_SAFE_INTEGER;

/** Sequences for writes. Most are below 41, so that some of a run are equal. Others overflow a part of the tag. */
export function sequences(): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.nat(40) },
    { weight: 2, arbitrary: fc.constantFrom(...EDGES) },
    { weight: 1, arbitrary: fc.constant(LAST_WRITABLE) },
  );
}

/**
 * Sequences for reads, and undefined for the newest version.
 * @param wide - whether bigints up to 2^56 - 1 are among them
 */
export function readSequences(wide = false): fc.Arbitrary<Sequence | undefined> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 9, arbitrary: sequences() },
    { weight: wide ? 1 : 0, arbitrary: fc.constantFrom(5n, 2n ** 53n, SEQUENCE_MAX) },
  );
}
