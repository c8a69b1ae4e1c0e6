import type { Memory } from '@memtable/arena';
import { MemTableError } from '../errors.js';
import { type Sequence, TAG_BYTES, tagSequence, ValueType } from '../format/internal-key.js';
import { readVarint32, skipVarint, VARINT32_BYTES_MAX } from '../format/varint.js';

/** Takes apart entries whose bytes may be damaged (M1). It is used again for the next entry. */
export class EntryReader {
  readonly #view: DataView;
  /** Nothing of an entry lies here or beyond. */
  readonly #end: number;
  keyStart = 0;
  keyLength = 0;
  type: ValueType = ValueType.Deletion;
  valueStart = 0;
  valueLength = 0;

  constructor({ view, usedBytes }: Memory) {
    this.#view = view;
    this.#end = usedBytes;
  }

  /**
   * @returns the address after the entry at `entry`. @throws MemTableError `MEMTABLE_MALFORMED` unless a whole one is
   * there
   */
  read(entry: number): number {
    const view = this.#view;
    const end = this.#end;
    const lookupBytes = lengthAt(view, entry, end);
    if (lookupBytes < TAG_BYTES) malformed(`M1: a key and tag of ${lookupBytes} bytes in the entry at ${entry}`);
    const keyStart = lookupBytes < 0x80 && view.getUint8(entry) < 0x80 ? entry + 1 : skipVarint(view, entry);
    const tagEnd = keyStart + lookupBytes;
    if (tagEnd > end) malformed(`M1: a key and tag of ${lookupBytes} bytes in the entry at ${entry}`);
    const type = view.getUint8(tagEnd - TAG_BYTES);
    if (type > ValueType.Value) malformed(`M1: type ${type} in the entry at ${entry}`);
    const valueLength = lengthAt(view, tagEnd, end);
    const valueStart = valueLength < 0 ? tagEnd : skipVarint(view, tagEnd);
    if (valueLength < 0 || valueStart + valueLength > end) {
      malformed(`M1: a value of ${valueLength} bytes in the entry at ${entry}`);
    }
    this.keyStart = keyStart;
    this.keyLength = lookupBytes - TAG_BYTES;
    this.type = type as ValueType;
    this.valueStart = valueStart;
    this.valueLength = valueLength;
    return valueStart + valueLength;
  }

  /** Sequence of the entry that was read last. */
  get sequence(): Sequence {
    const tag = this.keyStart + this.keyLength;
    return tagSequence(this.#view.getUint32(tag, true), this.#view.getUint32(tag + 4, true));
  }
}

/** A varint that may be cut off; -1 then. */
function lengthAt(view: DataView, at: number, end: number): number {
  return readVarint32(view, at, Math.min(at + VARINT32_BYTES_MAX, end));
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
