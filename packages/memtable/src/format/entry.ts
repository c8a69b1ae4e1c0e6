/**
 * A memtable's entry, LevelDB's byte for byte (db/memtable.cc, `Add`). Here `n` is the length of the user key:
 *
 * ```
 *    | n + 8    | user key  | tag      | length   | value     |
 *    | varint32 | n bytes   | 8 bytes  | varint32 | bytes     |
 *
 *    16-byte key, 100-byte value, to scale (one character = one byte):
 *    |v|     key      |  tag   |v|                              value ...
 * ```
 *
 * A *lookup key* is the part up to and including the tag; it compares like an entry.
 */
import { copyBytes } from './copy.js';
import { readFixed32, writeFixed32 } from './fixed.js';
import { TAG_BYTES } from './internal-key.js';
import { readVarint32, skipVarint, varint32Bytes, VARINT32_BYTES_MAX, writeVarint32 } from './varint.js';

/** Bytes of the lookup key of a user key. */
export function lookupKeyBytes(keyLength: number): number {
  return varint32Bytes(keyLength + TAG_BYTES) + keyLength + TAG_BYTES;
}

/** Bytes of an entry. */
export function entryBytes(keyLength: number, valueLength: number): number {
  return lookupKeyBytes(keyLength) + varint32Bytes(valueLength) + valueLength;
}

/** Writes a lookup key at `at`; returns the place after it. */
export function writeLookupKey(
  to: Uint8Array,
  at: number,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  low: number,
  high: number,
): number {
  const tag = writeVarint32(to, at, keyLength + TAG_BYTES) + keyLength;
  copyBytes(to, tag - keyLength, key, keyAt, keyLength);
  writeFixed32(to, tag, low);
  writeFixed32(to, tag + 4, high);
  return tag + TAG_BYTES;
}

/** Writes a value with its length at `at`; returns the place after it. */
export function writeValue(
  to: Uint8Array,
  at: number,
  value: Uint8Array,
  valueAt: number,
  valueLength: number,
): number {
  const start = writeVarint32(to, at, valueLength);
  copyBytes(to, start, value, valueAt, valueLength);
  return start + valueLength;
}

/** Length of the user key of the entry at `at`. */
export function keyLengthOf(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  return (first < 0x80 ? first : readVarint32(bytes, at, at + VARINT32_BYTES_MAX)) - TAG_BYTES;
}

/** First byte of the user key of the entry at `at`. */
export function keyStartOf(bytes: Uint8Array, at: number): number {
  return bytes[at] < 0x80 ? at + 1 : skipVarint(bytes, at);
}

/** First byte of the tag of the entry at `at`. */
export function tagStartOf(bytes: Uint8Array, at: number): number {
  return keyStartOf(bytes, at) + keyLengthOf(bytes, at);
}

/** Low word of the tag of the entry at `at`; its lowest byte is the type. */
export function tagLowOf(bytes: Uint8Array, at: number): number {
  return readFixed32(bytes, tagStartOf(bytes, at));
}

/** High word of the tag of the entry at `at`. */
export function tagHighOf(bytes: Uint8Array, at: number): number {
  return readFixed32(bytes, tagStartOf(bytes, at) + 4);
}

/** Length of the value of the entry at `at`. */
export function valueLengthOf(bytes: Uint8Array, at: number): number {
  const length = tagStartOf(bytes, at) + TAG_BYTES;
  return readVarint32(bytes, length, length + VARINT32_BYTES_MAX);
}

/** First byte of the value of the entry at `at`. */
export function valueStartOf(bytes: Uint8Array, at: number): number {
  return skipVarint(bytes, tagStartOf(bytes, at) + TAG_BYTES);
}
