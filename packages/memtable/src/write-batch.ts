/**
 * LevelDB's WriteBatch (db/write_batch.cc): the bytes of writes that are applied together.
 *
 * ```
 *    0                  8       12
 *    | sequence, 8      | count | record | record ...
 *    two characters = one byte
 *
 *    record   | 01 | length | key | length | value |      put       lengths are varint32
 *             | 00 | length | key |                       del
 * ```
 *
 * The sequence is that of the first record. Each further record has the next one.
 */
import { INSPECT, show } from '@memtable/arena';
import { MemTableError } from './errors.js';
import { checkBytes } from './format/bytes.js';
import { copyBytes } from './format/copy.js';
import { checkSequence, type Sequence, ValueType } from './format/internal-key.js';
import { textBytesMax, writeText } from './format/text.js';
import { readVarint32, skipVarint, varint32Bytes, VARINT32_BYTES_MAX, writeVarint32 } from './format/varint.js';

const HEADER_BYTES = 12;
const COUNT = 8;
const CAPACITY_BYTES = 256;

/** One write of a batch. The caller owns the copies. */
export type WriteOperation =
  | {
      /** A put. */
      readonly type: typeof ValueType.Value;
      /** The user key. */
      readonly key: Uint8Array;
      /** The value. */
      readonly value: Uint8Array;
    }
  | {
      /** A deletion. */
      readonly type: typeof ValueType.Deletion;
      /** The user key. */
      readonly key: Uint8Array;
    };

/**
 * A list of puts and deletions. A memtable applies all of them or none.
 *
 * Keys and values are copied in, so the caller may reuse its buffers at once. Of several writes of one key the last one
 * wins.
 *
 * @example
 * ```ts
 * const utf8 = new TextEncoder();
 * const batch = new WriteBatch().put(utf8.encode('a'), utf8.encode('1')).del(utf8.encode('b'));
 * batch.count; // 2
 * WriteBatch.from(batch.bytes).count; // 2
 * ```
 *
 * Source: LevelDB db/write_batch.cc. Deviation: `from` checks all bytes, so no part of a malformed batch is ever
 * applied (LevelDB applies the records before the error).
 */
export class WriteBatch implements Iterable<WriteOperation> {
  #bytes = new Uint8Array(CAPACITY_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = HEADER_BYTES;

  /**
   * Makes a batch of LevelDB's bytes. They are checked and copied. O(bytes).
   * @throws MemTableError `MEMTABLE_MALFORMED_BATCH`: LevelDB's text, the record and the place; TypeError: not bytes
   */
  static from(bytes: Uint8Array): WriteBatch {
    checkBytes('a write batch', bytes);
    checkRecords(bytes);
    const batch = new WriteBatch();
    batch.#assign(bytes, bytes.length);
    return batch;
  }

  /** Appends a put: sets `key` to `value`. Both are copied. @throws TypeError: key or value is not bytes */
  put(key: Uint8Array, value: Uint8Array): this {
    checkBytes('the key', key);
    checkBytes('the value', value);
    this.#reserve(1 + varint32Bytes(key.length) + key.length + varint32Bytes(value.length) + value.length);
    this.#bytes[this.#length++] = ValueType.Value;
    this.#append(key);
    this.#append(value);
    this.#count(1);
    return this;
  }

  /**
   * @internal Appends a put, or a deletion when `value` is undefined. Strings are encoded.
   * @param bytesMax - upper bound on the bytes of the batch
   * @returns whether the write fits; if not, nothing has changed
   */
  add(key: string | Uint8Array, value: string | Uint8Array | undefined, bytesMax: number): boolean {
    const length = this.#length;
    if (length + key.length + (value?.length ?? 0) > bytesMax) return false;
    this.#reserve(1 + textOrBytesMax(key) + (value === undefined ? 0 : textOrBytesMax(value)));
    this.#bytes[this.#length++] = value === undefined ? ValueType.Deletion : ValueType.Value;
    this.#appendText(key);
    if (value !== undefined) this.#appendText(value);
    this.#count(1);
    return true;
  }

  /** @internal Appends a write whose key and value are parts of arrays. A deletion has no value. */
  addParts(
    type: ValueType,
    key: Uint8Array,
    keyAt: number,
    keyLength: number,
    value: Uint8Array,
    valueAt: number,
    valueLength: number,
  ): this {
    this.#reserve(1 + 2 * VARINT32_BYTES_MAX + keyLength + valueLength);
    const bytes = this.#bytes;
    bytes[this.#length] = type;
    let at = writeVarint32(this.#view, this.#length + 1, keyLength);
    copyBytes(bytes, at, key, keyAt, keyLength);
    at += keyLength;
    if (type === ValueType.Value) {
      at = writeVarint32(this.#view, at, valueLength);
      copyBytes(bytes, at, value, valueAt, valueLength);
      at += valueLength;
    }
    this.#length = at;
    this.#count(1);
    return this;
  }

  /** Appends a deletion of `key`, which is copied. @throws TypeError: the key is not bytes */
  del(key: Uint8Array): this {
    checkBytes('the key', key);
    this.#reserve(1 + varint32Bytes(key.length) + key.length);
    this.#bytes[this.#length++] = ValueType.Deletion;
    this.#append(key);
    this.#count(1);
    return this;
  }

  /** Appends copies of the writes of another batch, whose sequence does not count. O(its bytes). */
  append(batch: WriteBatch): this {
    const count = batch.count;
    const bytes = batch.#bytes;
    const length = batch.#length - HEADER_BYTES;
    this.#reserve(length); // If both are the same batch this may replace its bytes. `bytes` still has the writes.
    this.#bytes.set(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length), this.#length);
    this.#length += length;
    this.#count(count);
    return this;
  }

  /** @internal Bytes of memory that the batch keeps, used or not. */
  get capacityBytes(): number {
    return this.#bytes.length;
  }

  /** Removes all writes and sets the sequence to 0. Keeps the memory. */
  clear(): this {
    this.#bytes.fill(0, 0, HEADER_BYTES);
    this.#length = HEADER_BYTES;
    return this;
  }

  /** Number of writes. */
  get count(): number {
    return this.#view.getUint32(COUNT, true);
  }

  /**
   * The sequence of the first write, from 0 to 2^56 - 1. 0 in a new batch.
   * @throws MemTableError `MEMTABLE_INVALID_SEQUENCE`: it is set out of range
   */
  get sequence(): Sequence {
    const sequence = this.#view.getBigUint64(0, true);
    return sequence <= Number.MAX_SAFE_INTEGER ? Number(sequence) : sequence;
  }

  /** Sets the sequence of the first write. */
  set sequence(sequence: Sequence) {
    checkSequence(sequence);
    this.#view.setBigUint64(0, BigInt(sequence), true);
  }

  /** @internal The batch as LevelDB's bytes, with this sequence: a view that is good until the next change. */
  recordAt(sequence: number): Uint8Array {
    this.#view.setUint32(0, sequence >>> 0, true);
    this.#view.setUint32(4, Math.floor(sequence / 0x100000000), true);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Length of {@link WriteBatch.bytes}: LevelDB's `ApproximateSize()`. O(1). */
  get byteLength(): number {
    return this.#length;
  }

  /** The batch as LevelDB's bytes. The caller owns this copy. O(bytes). */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** A copy of the batch, with the same writes and sequence. O(bytes). */
  copy(): WriteBatch {
    const batch = new WriteBatch();
    batch.#assign(this.#bytes, this.#length);
    return batch;
  }

  /**
   * The writes, in the order in which they were appended. The caller owns the copies. Do not change the batch
   * meanwhile.
   */
  *[Symbol.iterator](): Generator<WriteOperation> {
    const reader = this.reader();
    while (reader.next()) {
      const key = reader.bytes.slice(reader.keyAt, reader.keyAt + reader.keyLength);
      if (reader.type === ValueType.Deletion) yield { type: ValueType.Deletion, key };
      else {
        const value = reader.bytes.slice(reader.valueAt, reader.valueAt + reader.valueLength);
        yield { type: ValueType.Value, key, value };
      }
    }
  }

  /** The fields that `console.log` prints. */
  [INSPECT](): object {
    return show(this, () => {
      const { count, sequence, byteLength } = this;
      return { count, sequence, byteLength };
    });
  }

  /** @internal Reads the records one by one, without an object for each. */
  reader(): BatchReader {
    return new BatchReader(this.#bytes, this.#view, this.#length);
  }

  #append(bytes: Uint8Array): void {
    const at = writeVarint32(this.#view, this.#length, bytes.length);
    copyBytes(this.#bytes, at, bytes, 0, bytes.length);
    this.#length = at + bytes.length;
  }

  #appendText(text: string | Uint8Array): void {
    if (typeof text !== 'string') this.#append(text);
    else {
      // The length comes first, but is known only after the text. Leave room for a guess; move the text if that is
      // less.
      const guess = varint32Bytes(text.length);
      const at = this.#length + guess;
      const length = writeText(this.#bytes, at, text);
      const lengthBytes = varint32Bytes(length);
      if (lengthBytes > guess) this.#bytes.copyWithin(this.#length + lengthBytes, at, at + length);
      this.#length = writeVarint32(this.#view, this.#length, length) + length;
    }
  }

  #count(more: number): void {
    this.#view.setUint32(COUNT, this.count + more, true);
  }

  #reserve(more: number): void {
    const length = this.#length + more;
    if (length <= this.#bytes.length) return;
    const old = this.#bytes;
    this.#bytes = new Uint8Array(Math.max(length, old.length * 2));
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(old.subarray(0, this.#length));
  }

  #assign(bytes: Uint8Array, length: number): void {
    this.#reserve(length);
    this.#bytes.set(bytes.subarray(0, length));
    this.#length = length;
  }
}

/** Upper bound on the bytes of a string or of bytes, length included. */
function textOrBytesMax(text: string | Uint8Array): number {
  return VARINT32_BYTES_MAX + (typeof text === 'string' ? textBytesMax(text) : text.length);
}

/**
 * @internal A position in the records of a sound batch. `next()` moves to the next record, or returns false at the end.
 */
export class BatchReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #end: number;
  #at = HEADER_BYTES;
  type: ValueType = ValueType.Deletion;
  keyAt = 0;
  keyLength = 0;
  valueAt = 0;
  valueLength = 0;

  constructor(bytes: Uint8Array, view: DataView, end: number) {
    this.bytes = bytes;
    this.view = view;
    this.#end = end;
  }

  next(): boolean {
    if (this.#at >= this.#end) return false;
    const view = this.view;
    this.type = view.getUint8(this.#at) as ValueType;
    this.keyLength = readVarint32(view, this.#at + 1, this.#end);
    this.keyAt = skipVarint(view, this.#at + 1);
    this.#at = this.keyAt + this.keyLength;
    this.valueAt = 0;
    this.valueLength = 0;
    if (this.type === ValueType.Value) {
      this.valueLength = readVarint32(view, this.#at, this.#end);
      this.valueAt = skipVarint(view, this.#at);
      this.#at = this.valueAt + this.valueLength;
    }
    return true;
  }
}

function checkRecords(bytes: Uint8Array): void {
  if (bytes.length < HEADER_BYTES) {
    malformed(`malformed WriteBatch (too small): ${bytes.length} bytes, the header has ${HEADER_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = HEADER_BYTES;
  let found = 0;
  /** The place after a length and that many bytes. -1 when they go beyond the end. */
  const skipString = (from: number): number => {
    const length = readVarint32(view, from, bytes.length);
    if (length < 0) return -1;
    const end = skipVarint(view, from) + length;
    return end <= bytes.length ? end : -1;
  };
  for (; at < bytes.length; found++) {
    const tag = bytes[at];
    const where = `record ${found} at byte ${at}`;
    if (tag > ValueType.Value) malformed(`unknown WriteBatch tag: ${tag} in ${where}`);
    let end = skipString(at + 1);
    if (tag === ValueType.Value && end !== -1) end = skipString(end);
    if (end === -1) malformed(`bad WriteBatch ${tag === ValueType.Value ? 'Put' : 'Delete'}: ${where}`);
    at = end;
  }
  const count = view.getUint32(COUNT, true);
  if (found !== count) malformed(`WriteBatch has wrong count: ${found} records, the header says ${count}`);
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED_BATCH', message);
}
