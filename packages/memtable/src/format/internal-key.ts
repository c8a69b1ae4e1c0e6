/**
 * LevelDB's internal key (db/dbformat.h): the user key, then eight bytes that tell its versions apart.
 *
 * ```
 *    0          n    n+1                        n+8
 *    | user key | type | sequence, 7 bytes, low first |
 * ```
 *
 * The last eight bytes are one little-endian number, the *tag*: sequence * 256 + type. Here it is handled as two words
 * of 32 bits, `low` and `high`, so that nothing on the way to an entry needs a bigint.
 */
import { MemTableError } from '../errors.js';
import { checkBytes } from './bytes.js';

/** What an entry says of its key. The numbers are LevelDB's, on disk too. */
export const ValueType = {
  /** The key was deleted: a tombstone, whose value is empty. */
  Deletion: 0,
  /** The key has the value. */
  Value: 1,
} as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/**
 * The number of a write; later ones are higher. Up to 2^53 - 1 it is a JS number. LevelDB's own limit is
 * {@link SEQUENCE_MAX}; only beyond 2^53 - 1 it is a bigint.
 */
export type Sequence = number | bigint;

/** LevelDB's highest sequence number, 2^56 - 1: whoever looks a key up with it sees the newest version. */
export const SEQUENCE_MAX = (1n << 56n) - 1n;

/** Bytes of the tag. */
export const TAG_BYTES = 8;

/** The type that comes first among equal sequences; a key is looked up with it. */
const TYPE_FOR_SEEK = ValueType.Value;

/** Low word of the tag of `sequence` and `type`. */
export function tagLow(sequence: Sequence, type: number): number {
  if (typeof sequence === 'bigint') return (Number(sequence & 0xffffffn) * 256 + type) >>> 0;
  if (sequence <= 0x7fffffff) return ((sequence << 8) | type) >>> 0;
  return ((sequence % 0x1000000) * 256 + type) >>> 0;
}

/** High word of the tag of `sequence`. */
export function tagHigh(sequence: Sequence): number {
  if (typeof sequence === 'bigint') return Number(sequence >> 24n);
  if (sequence <= 0x7fffffff) return sequence >>> 24;
  return Math.floor(sequence / 0x1000000);
}

/** The sequence in a tag. */
export function tagSequence(low: number, high: number): Sequence {
  // 2^53 / 2^24: from there on the number would not be exact.
  return high < 0x20000000 ? high * 0x1000000 + (low >>> 8) : (BigInt(high) << 24n) | BigInt(low >>> 8);
}

/** @throws MemTableError `MEMTABLE_INVALID_SEQUENCE` unless it is a whole number from 0 to 2^56 - 1 */
export function checkSequence(sequence: Sequence): void {
  if (typeof sequence === 'bigint' ? sequence >= 0n && sequence <= SEQUENCE_MAX : isSequenceNumber(sequence)) return;
  throw new MemTableError(
    'MEMTABLE_INVALID_SEQUENCE',
    `a sequence is a whole number from 0 to 2^53 - 1, or a bigint up to 2^56 - 1: ${String(sequence)}`,
  );
}

function isSequenceNumber(sequence: number): boolean {
  return Number.isSafeInteger(sequence) && sequence >= 0;
}

/** An internal key, taken apart. */
export interface InternalKey {
  readonly userKey: Uint8Array;
  readonly sequence: Sequence;
  readonly type: ValueType;
}

/**
 * The bytes of an internal key. The caller owns them.
 * @throws MemTableError `MEMTABLE_INVALID_SEQUENCE`; TypeError: `userKey` is not bytes
 */
export function encodeInternalKey(
  userKey: Uint8Array,
  sequence: Sequence,
  type: ValueType = TYPE_FOR_SEEK,
): Uint8Array {
  checkBytes('the user key', userKey);
  checkSequence(sequence);
  const bytes = new Uint8Array(userKey.length + TAG_BYTES);
  bytes.set(userKey);
  const view = new DataView(bytes.buffer);
  view.setUint32(userKey.length, tagLow(sequence, type), true);
  view.setUint32(userKey.length + 4, tagHigh(sequence), true);
  return bytes;
}

/**
 * Takes an internal key apart.
 * @returns undefined when it is shorter than a tag or its type is unknown; else `userKey` is a view of `bytes`
 * @throws TypeError: not bytes
 */
export function parseInternalKey(bytes: Uint8Array): InternalKey | undefined {
  checkBytes('the internal key', bytes);
  const tag = bytes.length - TAG_BYTES;
  if (tag < 0 || bytes[tag] > ValueType.Value) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + tag);
  return {
    userKey: bytes.subarray(0, tag),
    sequence: tagSequence(view.getUint32(0, true), view.getUint32(4, true)),
    type: bytes[tag] as ValueType,
  };
}
