import { shuffled, random } from './random.js';
import type { DataSet } from './data-set.js';
import { realPaths } from './paths.js';

/** Size of the pool of random bytes. All values are slices of the pool. */
const POOL_BYTES = 1 << 20;
/** The first of the 64 ASCII characters that text is made of. */
const PRINTABLE = 0x20;
const LARGE_BYTES_MIN = 4097;
const LARGE_BYTES_MAX = 16384;

/**
 * The keys and values of a data set, the same in every process. An entry is a number from 0. The number determines its
 * key; the number and its count of earlier writes determine its value. One buffer holds all keys, so that the inputs
 * cost the garbage collector nothing.
 */
export class Input {
  readonly dataSet: DataSet;
  /** The entries in insertion order. */
  readonly order: Uint32Array;
  readonly #keys: Buffer;
  readonly #ends: Uint32Array;
  readonly #misses: Buffer;
  readonly #missEnds: Uint32Array;
  readonly #pool: Buffer;

  constructor(dataSet: DataSet) {
    this.dataSet = dataSet;
    const { entries, order } = dataSet;
    this.order = order === 'ascending' ? Uint32Array.from({ length: entries }, (_, i) => i) : shuffled(entries, 11);
    const [keys, misses] = keyMakers(dataSet);
    [this.#keys, this.#ends] = concatenate(entries, keys);
    [this.#misses, this.#missEnds] = concatenate(entries, misses);
    const next = random(13);
    this.#pool = Buffer.from(Uint32Array.from({ length: POOL_BYTES / 4 }, next).buffer);
    if (dataSet.values === 'text') {
      for (let i = 0; i < POOL_BYTES; i++) this.#pool[i] = PRINTABLE + (this.#pool[i] & 0x3f);
    }
  }

  /** The key of an entry, as a view of the inputs. */
  key(entry: number): Buffer {
    return this.#keys.subarray(this.#ends[entry], this.#ends[entry + 1]);
  }

  /** The key as a string with one character per byte, so that strings order like bytes. */
  keyString(entry: number): string {
    return this.#keys.toString('latin1', this.#ends[entry], this.#ends[entry + 1]);
  }

  /** A key that is not in the data set, next to one that is. */
  miss(entry: number): Buffer {
    return this.#misses.subarray(this.#missEnds[entry], this.#missEnds[entry + 1]);
  }

  missString(entry: number): string {
    return this.#misses.toString('latin1', this.#missEnds[entry], this.#missEnds[entry + 1]);
  }

  /** @param version - the number of earlier writes of this entry */
  value(entry: number, version: number): Buffer {
    const mixed = Math.imul(entry ^ Math.imul(version + 1, 0x85ebca6b), 0x9e3779b1) >>> 0;
    const { valueBytes, large } = this.dataSet;
    const length =
      large && mixed % 100 === 0
        ? LARGE_BYTES_MIN + ((mixed >>> 8) % (LARGE_BYTES_MAX - LARGE_BYTES_MIN + 1))
        : valueBytes;
    const start = (mixed >>> 4) % (POOL_BYTES - length);
    return this.#pool.subarray(start, start + length);
  }

  valueText(entry: number, version: number): string {
    return this.value(entry, version).toString('latin1');
  }

  /** Total bytes of all keys and first values. */
  contentBytes(): number {
    let bytes = this.#keys.length;
    for (let entry = 0; entry < this.dataSet.entries; entry++) bytes += this.value(entry, 0).length;
    return bytes;
  }

  /** The entries in key order. */
  sorted(): Uint32Array {
    const { entries, keys } = this.dataSet;
    const numbers = Uint32Array.from({ length: entries }, (_, i) => i);
    if (keys === 'decimal') return numbers;
    const names = Array.from(numbers, (entry) => this.keyString(entry));
    return numbers.sort((a, b) => (names[a] < names[b] ? -1 : 1));
  }
}

type KeyMaker = (entry: number) => string;

/** Two makers of keys: one for keys of the data set, one for keys outside it. */
function keyMakers({ keys, keyBytes }: DataSet): [KeyMaker, KeyMaker] {
  if (keys === 'decimal') {
    return [
      (entry) => String(2 * entry).padStart(keyBytes, '0'),
      (entry) => String(2 * entry + 1).padStart(keyBytes, '0'),
    ];
  }
  if (keys === 'random') return [randomKeys(keyBytes, 17), randomKeys(keyBytes, 19)];
  const paths = realPaths();
  const path: KeyMaker = (entry) => {
    const cycle = Math.floor(entry / paths.length);
    return cycle === 0 ? paths[entry] : `${paths[entry % paths.length]}#${cycle}`;
  };
  return [path, (entry) => `${path(entry)}~`];
}

function randomKeys(keyBytes: number, seed: number): KeyMaker {
  const next = random(seed);
  const bytes = Buffer.alloc(keyBytes);
  return () => {
    for (let i = 0; i < keyBytes; i += 4) bytes.writeUInt32BE(next(), i);
    return bytes.toString('latin1');
  };
}

function concatenate(count: number, key: KeyMaker): [Buffer, Uint32Array] {
  const ends = new Uint32Array(count + 1);
  let bytes = Buffer.alloc(count * 32 + 1024);
  for (let entry = 0; entry < count; entry++) {
    const text = key(entry);
    if (ends[entry] + text.length > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
    ends[entry + 1] = ends[entry] + bytes.write(text, ends[entry], 'latin1');
  }
  return [bytes.subarray(0, ends[count]), ends];
}
