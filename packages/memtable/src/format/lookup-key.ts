import { copyBytes } from './copy.js';
import { checkKind, checkThere } from './bytes.js';
import { checkSequence, type Sequence, SEQUENCE_MAX, TAG_BYTES, tagHigh, tagLow, ValueType } from './internal-key.js';
import { textBytesMax, writeText } from './text.js';
import { varint32Bytes, VARINT32_BYTES_MAX, writeVarint32 } from './varint.js';

/** Where the key starts; its length, of which nothing is known before it is encoded, is written right before it. */
const KEY_AT = VARINT32_BYTES_MAX;
const BYTES = 256;
/** Memory for a longer key is given back at the next one. */
const KEPT_BYTES_MAX = 64 << 10;

/**
 * The lookup key (see `format/entry.ts`) of a string or of bytes, in memory that is used again for the next one:
 *
 * ```
 *    0        at     5          5 + keyLength
 *    |  free  | n + 8 | key ...  | tag    |
 * ```
 */
export class LookupKey {
  u8!: Uint8Array;
  view!: DataView;
  /** The part of `u8` for the key, which a string can be written to as it is. */
  #room!: Uint8Array;
  /** Address of the lookup key. */
  at = 0;
  keyLength = 0;

  constructor() {
    this.#allocate(BYTES);
  }

  /** First byte of the key. */
  get keyAt(): number {
    return KEY_AT;
  }

  /** Bytes of the lookup key. */
  get byteLength(): number {
    return KEY_AT - this.at + this.keyLength + TAG_BYTES;
  }

  set(key: string | Uint8Array): this {
    if (typeof key === 'string') {
      this.#ensure(textBytesMax(key));
      this.keyLength = writeText(this.#room, 0, key);
      this.#finish();
      return this;
    }
    return this.#setBytes(key);
  }

  #setBytes(key: Uint8Array): this {
    const { length } = key;
    if (length === 0) checkThere('the key', key);
    this.#ensure(length);
    copyBytes(this.u8, KEY_AT, key, 0, length);
    this.keyLength = length;
    this.#finish();
    return this;
  }

  /**
   * The lookup key of a read: (key, sequence), both from the caller.
   * @throws TypeError: the key is not bytes; MemTableError `MEMTABLE_INVALID_SEQUENCE`
   */
  setFor(key: Uint8Array, sequence: Sequence): this {
    checkKind('the key', key);
    if (sequence === SEQUENCE_MAX) return this.#setBytes(key).beforeAll();
    checkSequence(sequence);
    return this.#setBytes(key).setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
  }

  /** The same for bytes that lie somewhere. */
  setBytes(bytes: Uint8Array, start: number, length: number): this {
    this.#ensure(length);
    copyBytes(this.u8, KEY_AT, bytes, start, length);
    this.keyLength = length;
    this.#finish();
    return this;
  }

  setTag(low: number, high: number): this {
    this.view.setUint32(KEY_AT + this.keyLength, low, true);
    this.view.setUint32(KEY_AT + this.keyLength + 4, high, true);
    return this;
  }

  /** Comes before all versions of the key. */
  beforeAll(): this {
    return this.setTag(0xffffff01, 0xffffffff);
  }

  /** Comes after all versions of the key: no entry of a store has the sequence 0. */
  afterAll(): this {
    return this.setTag(0, 0);
  }

  #finish(): void {
    this.at = KEY_AT - varint32Bytes(this.keyLength + TAG_BYTES);
    writeVarint32(this.view, this.at, this.keyLength + TAG_BYTES);
  }

  #ensure(keyBytes: number): void {
    const room = this.#room.length;
    const isSpare = room > KEPT_BYTES_MAX && keyBytes < KEPT_BYTES_MAX / 2;
    if (isSpare || keyBytes > room - TAG_BYTES) this.#allocate(Math.max(BYTES, KEY_AT + keyBytes + TAG_BYTES));
  }

  #allocate(bytes: number): void {
    this.u8 = new Uint8Array(bytes);
    this.view = new DataView(this.u8.buffer);
    this.#room = this.u8.subarray(KEY_AT);
  }
}
