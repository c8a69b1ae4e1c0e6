/**
 * An encoding of keys whose bytes sort as the keys do. It is a module of its own, `@memtable/store/ordered`.
 *
 * A key is a tag and what belongs to it. Tags order the types: null, booleans, numbers, dates, strings, bytes, tuples.
 * That is the order of keys in IndexedDB, with null and booleans before it. To scale, a column is a byte:
 *
 * ```
 *    null, false, true    |01|  |02|  |03|
 *    1.5                  |04|bf f8 00 00 00 00 00 00|    IEEE 754, big-endian, with the sign bit flipped;
 *    -1.5                 |04|40 07 ff ff ff ff ff ff|    all bits flipped if it is negative
 *    a date               |05|8 bytes: its time as a number |
 *    'no'                 |06|6e 6f|                      UTF-8
 *    bytes 6e 00          |07|6e 00|
 *    ['no', [true], 1.5]  |08|06|6e 6f|00|08|03|00|04|bf f8 00 00 00 00 00 00|
 *                              'no'    end   [true] end   1.5
 * ```
 *
 * In a tuple, strings, bytes and tuples end with 00, and a 00 inside a string or bytes is 00 ff, as in FoundationDB's
 * tuples. A key ends where its bytes end, without a mark. So the bytes of a string are a prefix of those of every
 * string that starts with it, and the bytes of a tuple a prefix of those of every tuple that begins with its items
 * [D40].
 */
import { checkBytes, isBytes, readText, textBytesMax, writeText } from '@memtable/memtable/internal';
import { type Encoding, isWellFormed, kindOf } from './encoding.js';

/** A key of {@link orderedEncoding}. Alone it must not be null, which is no key. */
export type OrderedKey = null | boolean | number | string | Date | Uint8Array | readonly OrderedKey[];

const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const NUMBER = 4;
const DATE = 5;
const STRING = 6;
const BYTES = 7;
const TUPLE = 8;

const END = 0;
/** Follows a 00 that is part of a string or of bytes. It is above all tags. */
const ZERO = 0xff;
const NUMBER_BYTES = 8;
/** Upper bound on tuples inside of tuples. A tuple that holds itself is refused by it. */
const DEPTH_MAX = 64;
const BYTES_MIN = 256;
/** A writer with more memory than this is not kept for the next key. */
const SPARE_BYTES_MAX = 64 << 10;

/**
 * An encoding for keys that sort by their values: numbers as numbers, tuples item by item. The types sort as null,
 * false, true, numbers, dates, strings, bytes, tuples. Strings are in the order of code points. A shorter string or
 * tuple comes before a longer one that starts with it. Ranges take keys of any type as bounds. `prefix` of a string
 * gives all strings that start with it; `prefix` of a tuple gives all tuples that begin with its items.
 *
 * A key comes back equal: -0 as 0, as from a `Map`, and bytes as a `Uint8Array`, which the caller owns. What would not
 * come back equal is refused: NaN and invalid dates, bigints, undefined, ill-formed strings, other objects, and tuples
 * more than 64 deep. The store throws `MEMTABLE_ENCODING_FAILED` with a TypeError as the cause.
 *
 * A number or date takes 9 bytes, a string its UTF-8 and 1 byte, in a tuple 2.
 *
 * @example
 * ```ts
 * import { MemStore } from '@memtable/store';
 * import { orderedEncoding } from '@memtable/store/ordered';
 *
 * const scores = new MemStore<[game: string, score: number], string>({ keyEncoding: orderedEncoding() });
 * scores.put(['chess', 9], 'Al').put(['chess', 10], 'Bea').put(['go', -5], 'Al');
 * [...scores.keys({ prefix: ['chess'] })]; // [['chess', 9], ['chess', 10]]
 * scores.lower(['chess', 10]); // [['chess', 9], 'Al']
 * ```
 */
export function orderedEncoding<K extends OrderedKey = OrderedKey>(): Encoding<K> {
  let spare: Writer | undefined;
  return {
    name: 'ordered',
    format: 'view',
    encode(key) {
      // A tuple may have getters, which may encode other keys meanwhile.
      const writer = spare ?? new Writer();
      spare = undefined;
      const bytes = writer.write(key);
      if (bytes.buffer.byteLength <= SPARE_BYTES_MAX) spare = writer;
      return bytes;
    },
    decode: (bytes: Uint8Array) => new Reader(bytes).read() as K,
  };
}

/** Writes keys to memory that the next key reuses. */
class Writer {
  #u8!: Uint8Array;
  #view!: DataView;
  #length = 0;

  constructor() {
    this.#allocate(BYTES_MIN);
  }

  /** The bytes of a key, valid until the next one. @throws TypeError: the key has no bytes */
  write(key: unknown): Uint8Array {
    this.#length = 0;
    this.#value(key, 0);
    return this.#u8.subarray(0, this.#length);
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#string(value, depth);
    else if (typeof value === 'number') this.#number(NUMBER, value);
    else if (Array.isArray(value)) this.#tuple(value, depth);
    else if (value === null) this.#byte(NULL);
    else if (typeof value === 'boolean') this.#byte(value ? TRUE : FALSE);
    else if (value instanceof Date) this.#number(DATE, value.getTime());
    else if (isBytes(value)) this.#bytes(value, depth);
    else throw new TypeError(`an ordered key cannot have ${kindOf(value)} in it`);
  }

  #byte(byte: number): void {
    this.#ensure(1);
    this.#u8[this.#length++] = byte;
  }

  #number(tag: number, number: number): void {
    if (Number.isNaN(number))
      throw new TypeError(`${tag === DATE ? 'an invalid date' : 'NaN'} has no place in an order`);
    this.#ensure(1 + NUMBER_BYTES);
    const view = this.#view;
    const at = this.#length;
    view.setUint8(at, tag);
    view.setFloat64(at + 1, number === 0 ? 0 : number);
    const high = view.getInt32(at + 1);
    view.setInt32(at + 1, high < 0 ? ~high : high ^ 0x80000000);
    if (high < 0) view.setInt32(at + 5, ~view.getInt32(at + 5));
    this.#length = at + 1 + NUMBER_BYTES;
  }

  #string(text: string, depth: number): void {
    if (!isWellFormed(text)) throw new TypeError('a string has half of a surrogate pair, which UTF-8 cannot hold');
    this.#ensure(2 + textBytesMax(text));
    this.#u8[this.#length++] = STRING;
    const start = this.#length;
    this.#length += writeText(this.#u8, start, text);
    if (depth > 0) this.#endText(start);
  }

  #bytes(bytes: Uint8Array, depth: number): void {
    checkBytes('the bytes of an ordered key', bytes);
    this.#ensure(2 + bytes.length);
    this.#u8[this.#length++] = BYTES;
    const start = this.#length;
    this.#u8.set(bytes, start);
    this.#length += bytes.length;
    if (depth > 0) this.#endText(start);
  }

  #tuple(items: readonly unknown[], depth: number): void {
    if (depth === DEPTH_MAX) throw new TypeError(`an ordered key has at most ${DEPTH_MAX} tuples in each other`);
    this.#byte(TUPLE);
    for (let i = 0; i < items.length; i++) this.#value(items[i], depth + 1);
    if (depth > 0) this.#byte(END);
  }

  /** Marks the zeros from `start` on, and the end. Bytes move up from the last one on, until no zero is left. */
  #endText(start: number): void {
    let zeros = 0;
    for (let i = start; i < this.#length; i++) if (this.#u8[i] === 0) zeros++;
    this.#ensure(zeros + 1);
    const u8 = this.#u8;
    let from = this.#length;
    let to = from + zeros;
    this.#length = to;
    while (to > from) {
      const byte = u8[--from];
      if (byte === 0) u8[--to] = ZERO;
      u8[--to] = byte;
    }
    u8[this.#length++] = END;
  }

  #ensure(bytes: number): void {
    if (this.#length + bytes <= this.#u8.length) return;
    const old = this.#u8;
    this.#allocate(2 * (this.#length + bytes));
    this.#u8.set(old);
  }

  #allocate(bytes: number): void {
    this.#u8 = new Uint8Array(bytes);
    this.#view = new DataView(this.#u8.buffer);
  }
}

/** Reads a key back. @throws RangeError: the bytes are none of an ordered key */
class Reader {
  readonly #u8: Uint8Array;
  #at = 0;

  constructor(u8: Uint8Array) {
    this.#u8 = u8;
  }

  read(): OrderedKey {
    const key = this.#value(0);
    if (this.#at !== this.#u8.length) this.#refuse();
    return key;
  }

  #value(depth: number): OrderedKey {
    switch (this.#u8[this.#at++]) {
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NUMBER:
        return this.#number();
      case DATE:
        return new Date(this.#number());
      case STRING: {
        const bytes = this.#bytes(depth);
        return readText(bytes, 0, bytes.length);
      }
      case BYTES:
        return this.#bytes(depth).slice();
      case TUPLE:
        return this.#tuple(depth);
      default:
        return this.#refuse();
    }
  }

  #number(): number {
    const at = this.#at;
    this.#at += NUMBER_BYTES;
    if (this.#at > this.#u8.length) this.#refuse();
    const copy = new DataView(this.#u8.slice(at, this.#at).buffer);
    const high = copy.getInt32(0);
    copy.setInt32(0, high < 0 ? high ^ 0x80000000 : ~high);
    if (high >= 0) copy.setInt32(4, ~copy.getInt32(4));
    return copy.getFloat64(0);
  }

  /** The bytes up to the end of the key, or in a tuple up to the mark. They may be a part of the key. */
  #bytes(depth: number): Uint8Array {
    const u8 = this.#u8;
    const start = this.#at;
    this.#at = u8.length;
    if (depth === 0) return u8.subarray(start);
    let zeros = 0;
    for (let i = start; i < u8.length; i++) {
      if (u8[i] !== 0) continue;
      if (u8[i + 1] === ZERO) {
        zeros++;
        i++;
        continue;
      }
      this.#at = i + 1;
      return zeros === 0 ? u8.subarray(start, i) : withoutMarks(u8.subarray(start, i));
    }
    return this.#refuse();
  }

  #tuple(depth: number): OrderedKey[] {
    if (depth === DEPTH_MAX) this.#refuse();
    const items: OrderedKey[] = [];
    while (this.#at < this.#u8.length) {
      if (this.#u8[this.#at] === END && depth > 0) {
        this.#at++;
        return items;
      }
      items.push(this.#value(depth + 1));
    }
    if (depth > 0) this.#refuse();
    return items;
  }

  #refuse(): never {
    throw new RangeError(`the ${this.#u8.length} bytes are no ordered key`);
  }
}

/** Takes out each mark behind a zero. */
function withoutMarks(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, i) => !(byte === ZERO && i > 0 && bytes[i - 1] === 0));
}
