import fc from 'fast-check';
import { swapCase } from './comparators.js';

/** Keys of so many bytes have lengths that take two bytes as a varint, with and without LevelDB's 8-byte tag. */
const VARINT_EDGES = [119, 120, 121, 127, 128, 129];
const LONG_KEY_BYTES = 65_536;
const STEM_BYTES_MAX = 256;

/**
 * Keys that hurt: none at all, runs of 0x00 and 0xff, lengths around those that need a longer varint, multi-byte
 * UTF-8, and now and then one of more than 64 KiB.
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
 * The few keys that one run uses, so that versions meet: three keys that hurt, and their relations: a key and what
 * continues it by 0x00, 0x7f or 0xff (the last two are one bit apart), a prefix of it, two with a long prefix in
 * common, and other spellings, which some comparators take for the same key: the other case, and zeros in front.
 */
export function keyPool(): fc.Arbitrary<Uint8Array[]> {
  return fc.tuple(keys(), keys(), keys()).map(([a, b, c]) => [
    a,
    b,
    c,
    join(a, [0x00]),
    // A key of 64 KiB is trouble enough with one relation.
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

/** The start of a key, of which many keys can be made. */
export function stemOf(key: Uint8Array): Uint8Array {
  return key.slice(0, STEM_BYTES_MAX);
}

/**
 * Keys that are a prefix and one byte more, which goes up by `stride` from key to key, modulo 256: 1 makes them ascend,
 * 255 descend, any other odd number scatters them.
 * @param count - up to 256
 */
export function numberedKeys(prefix: Uint8Array, count: number, stride: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => join(prefix, [i * stride]));
}

/** Arguments of {@link numberedKeys}. */
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
