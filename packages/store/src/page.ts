import { type Addr } from '@memtable/arena';
import {
  BufferClass,
  keyLengthOf,
  keyStartOf,
  readText,
  valueLengthOf,
  valueStartOf,
} from '@memtable/memtable/internal';
import { type Codec, decodeStored } from './encoding.js';

/** As large as Node's pool of `Buffer`s: a single copy that is kept holds no more than this. */
const PAGE_BYTES = 8192;
/** Room for one entry in a page for few entries. A larger entry gets a page of the usual size. */
const ENTRY_BYTES = 128;
/** Words of an entry in `#places`: start and length of its key, start and length of its value. */
const PLACE_WORDS = 4;

/**
 * Copies many entries at once, faster than one by one [D27]. Their bytes go into one buffer, and the copies are parts
 * of it. If all bytes are ASCII, one string is decoded for the whole page, and the strings are cut out of it.
 */
export class Page {
  readonly #keys: Codec | undefined;
  readonly #values: Codec | undefined;
  /** Whether copies refer to the buffer. If not, the next page reuses it. */
  readonly #givesBytes: boolean;
  /** Kept beside its view, because V8 is slow to read `view.buffer` [D34]. */
  #buffer!: ArrayBuffer;
  #u8!: Uint8Array;
  #view!: DataView;
  #used = 0;
  #count = 0;
  /** The bytes of the page, or-ed. Bit 7 of a byte is set if any byte is not ASCII. */
  #all = 0;
  readonly #places: number[] = [];

  /**
   * @param keys - the encoding of keys; undefined to leave keys out
   * @param values - the encoding of values; undefined to leave values out
   * @param count - upper bound on the entries. A page for few entries is small
   */
  constructor(keys: Codec | undefined, values: Codec | undefined, count: number) {
    this.#keys = keys;
    this.#values = values;
    this.#givesBytes = [keys, values].some((codec) => codec !== undefined && codec.format !== 'utf8');
    this.#allocate(Math.min(count * ENTRY_BYTES, PAGE_BYTES));
  }

  /** Entries on the page. */
  get count(): number {
    return this.#count;
  }

  /** Copies an entry. Returns false when the page is full. An empty page grows for an entry that is larger. */
  add(u8: Uint8Array, view: DataView, entry: Addr): boolean {
    const keyLength = this.#keys === undefined ? 0 : keyLengthOf(view, entry);
    const valueLength = this.#values === undefined ? 0 : valueLengthOf(view, entry);
    const bytes = keyLength + valueLength;
    if (this.#used + bytes > this.#u8.length) {
      if (this.#count > 0) return false;
      this.#allocate(Math.max(bytes, PAGE_BYTES));
    }
    const place = this.#count++ * PLACE_WORDS;
    this.#places[place] = this.#used;
    this.#places[place + 1] = keyLength;
    if (keyLength > 0) this.#copy(u8, view, keyStartOf(view, entry), keyLength);
    this.#places[place + 2] = this.#used;
    this.#places[place + 3] = valueLength;
    if (valueLength > 0) this.#copy(u8, view, valueStartOf(view, entry), valueLength);
    return true;
  }

  /** Decodes the entries of the page, appends them to a list, and begins a new page. */
  moveTo(list: unknown[]): void {
    const keys = this.#keys;
    const values = this.#values;
    const places = this.#places;
    const isAscii = (this.#all & 0x80808080) === 0;
    const hasText = keys?.format === 'utf8' || values?.format === 'utf8';
    const text = isAscii && hasText ? readText(this.#u8, 0, this.#used) : undefined;
    for (let i = 0, end = this.#count * PLACE_WORDS; i < end; i += PLACE_WORDS) {
      const key = keys && this.#read(keys, text, places[i], places[i + 1]);
      if (values === undefined) list.push(key);
      else {
        const value = this.#read(values, text, places[i + 2], places[i + 3]);
        list.push(keys === undefined ? value : [key, value]);
      }
    }
    this.#count = 0;
    this.#used = 0;
    this.#all = 0;
    if (this.#givesBytes || this.#u8.length > PAGE_BYTES) this.#allocate(0);
  }

  #read(codec: Codec, text: string | undefined, start: number, length: number): unknown {
    const { format } = codec;
    let data: unknown;
    if (format === 'view') data = new Uint8Array(this.#buffer, start, length);
    else if (format === 'buffer') data = BufferClass!.from(this.#buffer, start, length);
    else data = text === undefined ? readText(this.#u8, start, length) : text.substring(start, start + length);
    return decodeStored(codec, data);
  }

  #copy(u8: Uint8Array, view: DataView, start: number, length: number): void {
    const to = this.#view;
    const at = this.#used;
    this.#used += length;
    if (length > LONG_BYTES) {
      this.#u8.set(u8.subarray(start, start + length), at);
      this.#all = -1; // The bytes were not looked at, so they may not be ASCII.
      return;
    }
    let all = this.#all;
    const words = length & ~3;
    for (let i = 0; i < words; i += 4) {
      const word = view.getInt32(start + i);
      to.setInt32(at + i, word);
      all |= word;
    }
    for (let i = words; i < length; i++) {
      const byte = view.getUint8(start + i);
      to.setUint8(at + i, byte);
      all |= byte;
    }
    this.#all = all;
  }

  #allocate(bytes: number): void {
    this.#buffer = new ArrayBuffer(bytes);
    this.#u8 = new Uint8Array(this.#buffer);
    this.#view = new DataView(this.#buffer);
  }
}

/** Beyond this, one call of `set` copies faster than the loop, and decoding alone is fast enough. */
const LONG_BYTES = 1024;
