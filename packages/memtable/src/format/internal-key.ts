/**
 * LevelDB's internal key (db/dbformat.h): the user key, then eight bytes that distinguish its versions.
 *
 * ```
 *    0          n    n+1                        n+8
 *    | user key | type | sequence, 7 bytes, low first |
 * ```
 *
 * The last eight bytes are one little-endian number, the *tag*: sequence * 256 + type. The code handles it as two words
 * of 32 bits, `low` and `high`, because a bigint would allocate.
 */
import { printed } from '@memtable/arena';
import { MemTableError } from '../errors.js';
import { checkBytes } from './bytes.js';

/** The types of an entry. The numbers are LevelDB's, on disk too. */
export const ValueType = {
  /** A tombstone: the key was deleted. The value of the entry is empty. */
  Deletion: 0,
  /** The key has a value. */
  Value: 1,
} as const;
/** One of the types of an entry. */
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/**
 * The number of a write. Later writes have higher numbers. It is a JS number up to 2^53 - 1, and a bigint beyond, up to
 * LevelDB's limit {@link SEQUENCE_MAX}.
 */
export type Sequence = number | bigint;

/** LevelDB's highest sequence, 2^56 - 1. A read with it sees the newest version of a key. */
export const SEQUENCE_MAX = (1n << 56n) - 1n;

/** Length of the tag in bytes. */
export const TAG_BYTES = 8;

/** The type that sorts first among equal sequences. Lookup keys have it. */
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
  // From 2^53 on, where `high` is 2^53 / 2^24, a number would not be exact.
  return high < 0x20000000 ? high * 0x1000000 + (low >>> 8) : (BigInt(high) << 24n) | BigInt(low >>> 8);
}

/** @throws MemTableError `MEMTABLE_INVALID_SEQUENCE` unless the sequence is a whole number from 0 to 2^56 - 1 */
export function checkSequence(sequence: Sequence): void {
  if (typeof sequence === 'bigint' ? sequence >= 0n && sequence <= SEQUENCE_MAX : isSequenceNumber(sequence)) return;
  throw new MemTableError(
    'MEMTABLE_INVALID_SEQUENCE',
    `a sequence is a whole number from 0 to 2^53 - 1, or a bigint up to 2^56 - 1: ${printed(sequence)}`,
  );
}

function isSequenceNumber(sequence: number): boolean {
  return Number.isSafeInteger(sequence) && sequence >= 0;
}

/** The parts of an internal key. */
export interface InternalKey {
  /** The user key: a view of the bytes that were parsed. */
  readonly userKey: Uint8Array;
  /** The sequence of the write, from 0 to 2^56 - 1. */
  readonly sequence: Sequence;
  /** `ValueType.Value`, or `ValueType.Deletion` for a tombstone. */
  readonly type: ValueType;
}

/**
 * Encodes an internal key. O(bytes).
 * @param sequence - from 0 to 2^56 - 1
 * @param type - by default the one of a lookup, which sorts first among equal sequences
 * @returns the user key and 8 bytes. The caller owns them
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
 * Decodes an internal key. O(1).
 * @returns the parts; undefined when the bytes are shorter than a tag, or the type is unknown
 * @throws TypeError: `bytes` is not bytes
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
