import { MemTableError } from '../errors.js';
import { type Codec, encode, kindOf } from './encoding.js';
import { LookupKey } from './lookup-key.js';

/** Which keys, in abstract-level's words. Of several lower or upper bounds the tightest counts. */
export interface RangeOptions<K> {
  gt?: K | undefined;
  gte?: K | undefined;
  lt?: K | undefined;
  lte?: K | undefined;
  /** Keys that start with this: characters for strings, bytes for bytes. Not with a comparator. */
  prefix?: K | undefined;
  /** From the greatest key to the smallest. @defaultValue false */
  reverse?: boolean | undefined;
  /** At most so many entries; from 0, and -1 or Infinity for all. @defaultValue Infinity */
  limit?: number | undefined;
}

/** Compares two lookup keys. */
export type CompareKeys = (a: LookupKey, b: LookupKey) => number;

/** @internal A range as two places between entries: entries of the range are not before `lower` and before `upper`. */
export class KeyRange {
  lower: LookupKey | undefined;
  upper: LookupKey | undefined;
  readonly reverse: boolean;
  readonly limit: number;

  constructor(options: RangeOptions<unknown>, codec: Codec, compare: CompareKeys | undefined) {
    const { gt, gte, lt, lte, prefix, reverse = false, limit = Infinity } = options;
    this.reverse = reverse;
    this.limit = limit === -1 ? Infinity : limit;
    if (!(this.limit === Infinity || (Number.isInteger(limit) && limit >= 0))) {
      throw new MemTableError(
        'MEMTABLE_INVALID_OPTION',
        `limit must be a whole number from 0, or -1: ${kindOf(limit)}`,
      );
    }
    const bound = (key: unknown): LookupKey => new LookupKey().set(encode('key', codec, key));
    if (gte !== undefined) this.#raise(bound(gte).beforeAll(), compare);
    if (gt !== undefined) this.#raise(bound(gt).afterAll(), compare);
    if (lte !== undefined) this.#cut(bound(lte).afterAll(), compare);
    if (lt !== undefined) this.#cut(bound(lt).beforeAll(), compare);
    if (prefix === undefined) return;
    const first = bound(prefix).beforeAll();
    this.#raise(first, compare);
    const end = successorOf(first);
    if (end !== undefined) this.#cut(end, compare);
  }

  #raise(bound: LookupKey, compare: CompareKeys | undefined): void {
    if (this.lower === undefined || compare!(bound, this.lower) > 0) this.lower = bound;
  }

  #cut(bound: LookupKey, compare: CompareKeys | undefined): void {
    if (this.upper === undefined || compare!(bound, this.upper) < 0) this.upper = bound;
  }
}

/** What comes after all keys that start with this one; undefined when nothing does. */
function successorOf({ u8, keyAt, keyLength }: LookupKey): LookupKey | undefined {
  let length = keyLength;
  while (length > 0 && u8[keyAt + length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const bytes = u8.slice(keyAt, keyAt + length);
  bytes[length - 1]++;
  return new LookupKey().set(bytes).beforeAll();
}
