import { copyBytes } from './copy.js';
import { checkKind, checkThere } from './bytes.js';
import { checkSequence, type Sequence, SEQUENCE_MAX, TAG_BYTES, tagHigh, tagLow, ValueType } from './internal-key.js';
import { textBytesMax, writeText } from './text.js';
import { varint32Bytes, VARINT32_BYTES_MAX, writeVarint32 } from './varint.js';

/** Where the key starts. Its length is known only when it has been encoded, and is then written right before it. */
const KEY_AT = VARINT32_BYTES_MAX;
const BYTES = 256;
/** The memory of a longer key is dropped at the next short one. */
const KEPT_BYTES_MAX = 64 << 10;

/**
 * A lookup key (see `format/entry.ts`) of a string or of bytes. Each `set` reuses the memory:
 *
 * ```
 *    0        at     5          5 + keyLength
 *    |  free  | n + 8 | key ...  | tag    |
 * ```
 */
export class LookupKey {
  u8!: Uint8Array;
  view!: DataView;
  /** The part of `u8` from the key on. Strings are encoded to it. */
  #room!: Uint8Array;
  /** Where the lookup key starts in `u8`. */
  at = 0;
  /** Bytes of the user key. */
  keyLength = 0;

  constructor() {
    this.#allocate(BYTES);
  }

  /** Where the user key starts in `u8`. */
  get keyAt(): number {
    return KEY_AT;
  }

  /** Bytes of the lookup key. */
  get byteLength(): number {
    return KEY_AT - this.at + this.keyLength + TAG_BYTES;
  }

  /** Copies a key in, or encodes it. The tag is not set yet. @throws TypeError: the bytes are gone */
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
   * Sets key and tag for a read at a sequence. Both are checked.
   * @throws TypeError: the key is not bytes; MemTableError `MEMTABLE_INVALID_SEQUENCE`
   */
  setFor(key: Uint8Array, sequence: Sequence): this {
    checkKind('the key', key);
    if (sequence === SEQUENCE_MAX) return this.#setBytes(key).beforeAll();
    checkSequence(sequence);
    return this.#setBytes(key).setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
  }

  /** Like {@link LookupKey.set}, for `length` bytes from `start` on. */
  setBytes(bytes: Uint8Array, start: number, length: number): this {
    this.#ensure(length);
    copyBytes(this.u8, KEY_AT, bytes, start, length);
    this.keyLength = length;
    this.#finish();
    return this;
  }

  /** Sets the tag, by its two words. */
  setTag(low: number, high: number): this {
    this.view.setUint32(KEY_AT + this.keyLength, low, true);
    this.view.setUint32(KEY_AT + this.keyLength + 4, high, true);
    return this;
  }

  /** Sets a tag that sorts before all versions of the key. */
  beforeAll(): this {
    return this.setTag(0xffffff01, 0xffffffff);
  }

  /** Sets a tag that sorts after all versions of the key in a store, where no entry has the sequence 0. */
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
