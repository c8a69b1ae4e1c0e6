import { printed } from '@memtable/arena';
import { MemTableError } from '@memtable/memtable';
import { ComparatorOrder, type EntryOrder, LookupKey } from '@memtable/memtable/internal';
import { type Codec, encode } from './encoding.js';

/** A key, or the first items of one that is a tuple, which an ordered encoding puts before all keys that have them. */
export type KeyPart<K> = K extends readonly [...infer Part, unknown] ? K | KeyPart<Part> : K;

/** A range of keys, in abstract-level's words. Of several lower or upper bounds the tightest one counts. */
export interface RangeOptions<K> {
  /** Lower bound, excluded: keys are greater than this. @defaultValue no bound */
  gt?: KeyPart<K> | undefined;
  /** Lower bound, included: keys are greater than or equal to this. @defaultValue no bound */
  gte?: KeyPart<K> | undefined;
  /** Upper bound, excluded: keys are less than this. @defaultValue no bound */
  lt?: KeyPart<K> | undefined;
  /** Upper bound, included: keys are less than or equal to this. @defaultValue no bound */
  lte?: KeyPart<K> | undefined;
  /**
   * Keys whose encoded bytes start with those of this key. Refused with a comparator, and with `json`: there no key
   * starts with another one. @defaultValue no bound
   */
  prefix?: KeyPart<K> | undefined;
  /** Walks from the greatest key to the smallest. @defaultValue false */
  reverse?: boolean | undefined;
  /** Upper bound on the entries, a whole number from 0. -1 and Infinity mean all. @defaultValue Infinity */
  limit?: number | undefined;
}

/** @internal A range as two places between entries: its entries are at or after `lower`, and before `upper`. */
export class KeyRange {
  lower: LookupKey | undefined = undefined;
  upper: LookupKey | undefined = undefined;
  readonly reverse: boolean;
  readonly limit: number;

  constructor(reverse: boolean, limit: number) {
    this.reverse = reverse;
    this.limit = limit;
  }

  /** Raises the lower bound to this place, unless it is higher. */
  raise(bound: LookupKey, order: EntryOrder): void {
    if (this.lower === undefined || compareKeys(order, bound, this.lower) > 0) this.lower = bound;
  }

  /** Lowers the upper bound to this place, unless it is lower. */
  cut(bound: LookupKey, order: EntryOrder): void {
    if (this.upper === undefined || compareKeys(order, bound, this.upper) < 0) this.upper = bound;
  }
}

/** @internal Reads the options of a range. @throws MemTableError `MEMTABLE_INVALID_OPTION`; errors of user code */
export function rangeOf(options: RangeOptions<unknown>, codec: Codec, order: EntryOrder): KeyRange {
  const { gt, gte, lt, lte, prefix, reverse = false, limit = Infinity } = options;
  const count = limit === -1 ? Infinity : limit;
  if (!(count === Infinity || (Number.isInteger(count) && count >= 0))) {
    invalid(`limit must be a whole number from 0, or -1 or Infinity: ${printed(limit)}`);
  }
  if (prefix !== undefined && order instanceof ComparatorOrder) invalid('a store with a comparator has no prefixes');
  if (prefix !== undefined && codec.name === 'json') {
    invalid("keys of the encoding 'json' have no prefixes: the text of a key ends with a quote or bracket");
  }
  const range = new KeyRange(reverse, count);
  const bound = (key: unknown): LookupKey => new LookupKey().set(encode('key', codec, key));
  if (gte !== undefined) range.raise(bound(gte).beforeAll(), order);
  if (gt !== undefined) range.raise(bound(gt).afterAll(), order);
  if (lte !== undefined) range.cut(bound(lte).afterAll(), order);
  if (lt !== undefined) range.cut(bound(lt).beforeAll(), order);
  if (prefix === undefined) return range;
  const first = bound(prefix).beforeAll();
  range.raise(first, order);
  const end = successorOf(first);
  if (end !== undefined) range.cut(end, order);
  return range;
}

function compareKeys(order: EntryOrder, a: LookupKey, b: LookupKey): number {
  return order.compare(a.view, a.at, b.view, b.at);
}

/** The successor of all keys that start with this one. Undefined when all bytes are 0xff: nothing comes after those. */
function successorOf({ u8, keyAt, keyLength }: LookupKey): LookupKey | undefined {
  let length = keyLength;
  while (length > 0 && u8[keyAt + length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const bytes = u8.slice(keyAt, keyAt + length);
  bytes[length - 1]++;
  return new LookupKey().set(bytes).beforeAll();
}

function invalid(message: string): never {
  throw new MemTableError('MEMTABLE_INVALID_OPTION', message);
}
