import fc from 'fast-check';
import { swapCase } from './comparators.js';

/** Lengths around those from which a varint takes two bytes, with and without LevelDB's tag of 8 bytes. */
const VARINT_EDGES = [119, 120, 121, 127, 128, 129];
const LONG_KEY_BYTES = 65_536;
const STEM_BYTES_MAX = 256;

/**
 * Keys that tend to break an encoding or an order: the empty key, runs of 0x00 and 0xff, lengths around those from
 * which a varint takes two bytes, multi-byte UTF-8, and a few keys of more than 64 KiB.
 */
export function keys(): fc.Arbitrary<Uint8Array> {
  const lowest = fc.constantFrom(0x00, 0x61, 0x7f, 0x80, 0xff);
  return fc.oneof(
    { weight: 160, arbitrary: fc.uint8Array({ maxLength: 3 }) },
    { weight: 80, arbitrary: fc.tuple(fc.nat(9), lowest).map(([length, byte]) => run(length, byte)) },
    { weight: 40, arbitrary: fc.string({ unit: 'grapheme', maxLength: 5 }).map((text) => utf8.encode(text)) },
    { weight: 60, arbitrary: fc.tuple(fc.constantFrom(...VARINT_EDGES), lowest).map(([n, byte]) => run(n, byte)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(9), lowest).map(([n, byte]) => run(LONG_KEY_BYTES + n, byte)) },
  );
}

/**
 * The keys of one run: few, so that the run writes each of them several times. Three come from {@link keys}, and ten
 * more are related to them:
 *
 * - a key followed by 0x00, 0x7f or 0xff (the last two differ in one bit), its first half, and two keys joined;
 * - two keys with 40 bytes in common at their start;
 * - keys with their case swapped or with leading zeros, which some of {@link comparators} take for the same key.
 */
export function keyPool(): fc.Arbitrary<Uint8Array[]> {
  return fc.tuple(keys(), keys(), keys()).map(([a, b, c]) => [
    a,
    b,
    c,
    join(a, [0x00]),
    // One relation has all bytes of a key of 64 KiB. The others use its start only, to keep runs fast.
    ...relations(stemOf(a), stemOf(b), stemOf(c)),
  ]);
}

function relations(a: Uint8Array, b: Uint8Array, c: Uint8Array): Uint8Array[] {
  return [
    join(a, [0x7f]),
    join(a, [0xff]),
    a.slice(0, Math.floor(a.length / 2)),
    join(a, b),
    join(run(40, 0x61), b),
    join(run(40, 0x61), c),
    join(run(40, 0x41), b.map(swapCase)),
    join(run(1, 0x30), b),
    join(run(3, 0x30), b),
  ];
}

/** The first 256 bytes of a key, to make many keys of. */
export function stemOf(key: Uint8Array): Uint8Array {
  return key.slice(0, STEM_BYTES_MAX);
}

/**
 * Keys of a prefix and one more byte: 0, then `stride` more for each key, modulo 256. With the stride 1 the keys
 * ascend. With 255 they descend after the first. Any other odd stride scatters them.
 * @param count - number of keys, up to 256
 * @param stride - odd, or keys repeat
 */
export function numberedKeys(prefix: Uint8Array, count: number, stride: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => join(prefix, [i * stride]));
}

/** Arguments of {@link numberedKeys}, with up to 120 keys. */
export function keyRuns(pool: readonly Uint8Array[]): fc.Arbitrary<[Uint8Array, count: number, stride: number]> {
  return fc.tuple(fc.constantFrom(...pool.map(stemOf)), fc.nat(120), fc.constantFrom(1, 255, 77));
}

const utf8 = new TextEncoder();

function run(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

function join(a: Uint8Array, b: Iterable<number>): Uint8Array {
  return Uint8Array.from([...a, ...b]);
}
