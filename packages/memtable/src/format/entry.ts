/**
 * An entry of a memtable. The bytes are LevelDB's (db/memtable.cc, `Add`). `n` is the length of the user key:
 *
 * ```
 *    | n + 8    | user key  | tag      | length   | value     |
 *    | varint32 | n bytes   | 8 bytes  | varint32 | bytes     |
 *
 *    16-byte key, 100-byte value, to scale (one character = one byte):
 *    |v|     key      |  tag   |v|                              value ...
 * ```
 *
 * A *lookup key* is the part up to and including the tag. It compares like an entry.
 */
import { copyBytes, copyPart } from './copy.js';
import { TAG_BYTES } from './internal-key.js';
import { readVarint32, skipVarint, varint32Bytes, VARINT32_BYTES_MAX, writeVarint32 } from './varint.js';

/** Bytes of the lookup key of a user key. */
export function lookupKeyBytes(keyLength: number): number {
  return varint32Bytes(keyLength + TAG_BYTES) + keyLength + TAG_BYTES;
}

/** Bytes of an entry. */
export function entryBytes(keyLength: number, valueLength: number): number {
  const keyBytes = keyLength + TAG_BYTES;
  return varint32Bytes(keyBytes) + keyBytes + varint32Bytes(valueLength) + valueLength;
}

/** Writes a lookup key at `at`. `u8` and `view` are of the same bytes. @returns the place after it */
export function writeLookupKey(
  u8: Uint8Array,
  view: DataView,
  at: number,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  low: number,
  high: number,
): number {
  const start = writeVarint32(view, at, keyLength + TAG_BYTES);
  copyBytes(u8, start, key, keyAt, keyLength);
  const tag = start + keyLength;
  view.setUint32(tag, low, true);
  view.setUint32(tag + 4, high, true);
  return tag + TAG_BYTES;
}

/**
 * Writes an entry at `at`. `u8` and `view` are of the same bytes. It does what {@link writeLookupKey} and
 * {@link writeValue} do, but makes no calls except for long lengths and parts of arrays: an add is faster [D33].
 * @returns the place after it
 */
export function writeEntry(
  u8: Uint8Array,
  view: DataView,
  at: number,
  sequence: number,
  type: number,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  value: Uint8Array,
  valueAt: number,
  valueLength: number,
): number {
  const keyBytes = keyLength + TAG_BYTES;
  let keyStart = at + 1;
  if (keyBytes < 0x80) u8[at] = keyBytes;
  else keyStart = writeVarint32(view, at, keyBytes);
  if (keyLength === key.length) u8.set(key, keyStart);
  else copyBytes(u8, keyStart, key, keyAt, keyLength);

  // `tagLow` and `tagHigh`, inlined. The shift takes a number modulo 2^32, and `setInt32` drops the fraction.
  const tag = keyStart + keyLength;
  view.setInt32(tag, (sequence << 8) | type, true);
  view.setInt32(tag + 4, sequence / 0x1000000, true);

  const lengthAt = keyStart + keyBytes;
  let valueStart = lengthAt + 1;
  if (valueLength < 0x80) u8[lengthAt] = valueLength;
  else valueStart = writeVarint32(view, lengthAt, valueLength);
  if (valueLength === value.length) u8.set(value, valueStart);
  else copyBytes(u8, valueStart, value, valueAt, valueLength);
  return valueStart + valueLength;
}

/**
 * Writes the length of a value and the value at `at`. @returns the place after it
 * @param valueView - of the bytes of `value`, if that has more bytes than the value
 */
export function writeValue(
  u8: Uint8Array,
  view: DataView,
  at: number,
  value: Uint8Array,
  valueAt: number,
  valueLength: number,
  valueView?: DataView,
): number {
  const start = writeVarint32(view, at, valueLength);
  if (valueView === undefined) copyBytes(u8, start, value, valueAt, valueLength);
  else copyPart(u8, view, start, value, valueView, valueAt, valueLength);
  return start + valueLength;
}

/** Length of the user key of the entry at `at`. */
export function keyLengthOf(view: DataView, at: number): number {
  const first = view.getUint8(at);
  return (first < 0x80 ? first : readVarint32(view, at, at + VARINT32_BYTES_MAX)) - TAG_BYTES;
}

/** First byte of the user key of the entry at `at`. */
export function keyStartOf(view: DataView, at: number): number {
  return view.getUint8(at) < 0x80 ? at + 1 : skipVarint(view, at);
}

/** First byte of the tag of the entry at `at`. */
export function tagStartOf(view: DataView, at: number): number {
  const first = view.getUint8(at);
  return first < 0x80 ? at + 1 + first - TAG_BYTES : longTagStartOf(view, at);
}

/** A function of its own, so that {@link tagStartOf} stays small enough for V8 to inline it. */
function longTagStartOf(view: DataView, at: number): number {
  return skipVarint(view, at) + keyLengthOf(view, at);
}

/** Low word of the tag of the entry at `at`. Its lowest byte is the type. */
export function tagLowOf(view: DataView, at: number): number {
  return view.getUint32(tagStartOf(view, at), true);
}

/** High word of the tag of the entry at `at`. */
export function tagHighOf(view: DataView, at: number): number {
  return view.getUint32(tagStartOf(view, at) + 4, true);
}

/** Length of the value of the entry at `at`. */
export function valueLengthOf(view: DataView, at: number): number {
  const length = tagStartOf(view, at) + TAG_BYTES;
  const first = view.getUint8(length);
  return first < 0x80 ? first : readVarint32(view, length, length + VARINT32_BYTES_MAX);
}

/** First byte of the value of the entry at `at`. */
export function valueStartOf(view: DataView, at: number): number {
  const length = tagStartOf(view, at) + TAG_BYTES;
  return view.getUint8(length) < 0x80 ? length + 1 : skipVarint(view, length);
}
