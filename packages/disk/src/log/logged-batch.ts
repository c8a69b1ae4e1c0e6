/**
 * A write batch where it lies, in a record of a log. `WriteBatch` of `@memtable/memtable` has the drawing; a replay
 * makes no such object, since that takes longer than all else.
 */
import { ValueType } from '@memtable/memtable';
import { ByteReader } from '../coding/byte-reader.js';

const HEADER_BYTES = 12;
/** From here on `2 ** 32 * high` is no safe integer. */
const SEQUENCE_HIGH_END = 0x200000;

/**
 * The writes of a batch, one at a time: `next()` goes to the next one and says whether there is one. A batch with
 * `count` 0 is a sync mark.
 *
 * What the fields say is good until the replay goes on.
 */
export class LoggedBatch {
  /** The whole batch; a view. */
  bytes: Uint8Array = new Uint8Array();
  /** The sequence of the first write; each further one has the next. */
  sequence = 0;
  /** Writes in it. */
  count = 0;
  /** Of the write at hand: its kind, and where its key and value lie in `bytes`. */
  type: ValueType = ValueType.Deletion;
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  valueLength = 0;
  #at = HEADER_BYTES;

  /** The sequence of the last write; one below `sequence` for a mark. */
  get lastSequence(): number {
    return this.sequence + this.count - 1;
  }

  /** @internal Goes over to another record. @returns whether it is a whole batch with sequences that are numbers */
  load(bytes: Uint8Array): boolean {
    if (!this.loadHeader(bytes)) return false;
    let found = 0;
    while (this.next()) found++;
    const isWhole = this.#at === bytes.length && found === this.count;
    this.#at = HEADER_BYTES;
    return isWhole;
  }

  /** @internal Takes `sequence` and `count` of a record, and nothing else. @returns whether it has them */
  loadHeader(bytes: Uint8Array): boolean {
    if (bytes.length < HEADER_BYTES) return false;
    const high = word(bytes, 4);
    this.bytes = bytes;
    this.sequence = high * 0x100000000 + word(bytes, 0);
    this.count = word(bytes, 8);
    this.#at = HEADER_BYTES;
    return high < SEQUENCE_HIGH_END && Number.isSafeInteger(this.sequence + this.count);
  }

  /** Goes to the next write, whose fields it sets. @returns whether there is one */
  next(): boolean {
    const bytes = this.bytes;
    if (this.#at >= bytes.length) return false;
    const type = bytes[this.#at];
    if (type > ValueType.Value) return false;
    this.type = type as ValueType;
    this.#string(this.#at + 1);
    this.keyStart = this.#start;
    this.keyLength = this.#length;
    if (type === ValueType.Value && this.#start >= 0) this.#string(this.#start + this.#length);
    else this.#length = 0;
    this.valueStart = this.#start;
    this.valueLength = this.#length;
    if (this.#start < 0) return false;
    this.#at = type === ValueType.Value ? this.#start + this.#length : this.keyStart + this.keyLength;
    return true;
  }

  /** Where the last string begins, or -1, and its length. */
  #start = 0;
  #length = 0;

  #string(at: number): void {
    const bytes = this.bytes;
    let length = bytes[at];
    let start = at + 1;
    // Not below 128: longer, or nothing at all.
    if (!(length < 0x80)) {
      const reader = new ByteReader(bytes, at);
      length = reader.varint32();
      start = reader.ok ? reader.at : bytes.length + 1;
    }
    this.#length = length;
    this.#start = start + length <= bytes.length ? start : -1;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
