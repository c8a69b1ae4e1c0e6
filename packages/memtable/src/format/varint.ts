/**
 * LevelDB's varints (util/coding.h): seven bits a byte, lowest first. The high bit says that more bytes follow.
 *
 * ```
 *   300 = 0b10_0101100     | 1 0101100 | 0 0000010 |     one byte each
 * ```
 */

/** Upper bound on the bytes of a 32-bit varint. */
export const VARINT32_BYTES_MAX = 5;

/** Length in bytes of the varint of `value`, which is from 0 to 2^32 - 1. */
export function varint32Bytes(value: number): number {
  return value < 0x80 ? 1 : longVarint32Bytes(value);
}

function longVarint32Bytes(value: number): number {
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  return 5;
}

/** Writes `value`, from 0 to 2^32 - 1, at `at`. @returns the place after it */
export function writeVarint32(view: DataView, at: number, value: number): number {
  while (value >= 0x80) {
    view.setUint8(at++, (value & 0x7f) | 0x80);
    value >>>= 7;
  }
  view.setUint8(at, value);
  return at + 1;
}

/**
 * Reads the varint at `at`. Returns -1 when it is not complete before `end`, or when its fifth byte says that more
 * follow. Like LevelDB it accepts forms that are longer than needed (`80 00` is 0), and ignores bits beyond the 32nd.
 */
export function readVarint32(view: DataView, at: number, end: number): number {
  let value = 0;
  for (let shift = 0; shift <= 28; shift += 7) {
    if (at >= end) return -1;
    const byte = view.getUint8(at++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
  return -1;
}

/** The place after the varint at `at`, which must be complete. */
export function skipVarint(view: DataView, at: number): number {
  while (view.getUint8(at++) >= 0x80);
  return at;
}

/** Writes `value`, from 0 to 2^64 - 1, at `at`. @returns the place after it */
export function writeVarint64(view: DataView, at: number, value: bigint): number {
  while (value >= 0x80n) {
    view.setUint8(at++, Number(value & 0x7fn) | 0x80);
    value >>= 7n;
  }
  view.setUint8(at, Number(value));
  return at + 1;
}
