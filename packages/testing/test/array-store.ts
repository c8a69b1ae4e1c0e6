import type {
  Comparator,
  Range,
  RangeRead,
  Store,
  StoreEncoding,
  StoreIterator,
  StoreOperation,
  StoreOptions,
  StoreSnapshot,
  StoreSupports,
} from '../src/index.js';
import { bytewise } from '../src/model.js';

type Item = readonly [key: Uint8Array, value: Uint8Array];
type Fn = (value: Uint8Array | undefined) => Uint8Array | undefined;

interface ArraySnapshot extends StoreSnapshot {
  readonly items: readonly Item[];
}

/** The error with which an {@link ArrayStore} refuses a call or an answer of its comparator. */
class ComparatorError extends Error {
  readonly code: 'REENTERED' | 'INVALID_COMPARATOR';

  constructor(code: 'REENTERED' | 'INVALID_COMPARATOR') {
    super(code);
    this.code = code;
  }
}

/** The simplest store: a sorted array. Each write makes a new one, so a snapshot just keeps the old one. */
export class ArrayStore implements Store<ArraySnapshot> {
  items: readonly Item[] = [];
  /** Open snapshots and iterators. */
  readonly open = new Set<object>();
  readonly #options: StoreOptions;
  #isComparing = false;

  constructor(options: StoreOptions = {}) {
    this.#options = options;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const stored = [this.#encodeKey(key), this.#encodeValue(value)] as const;
    this.items = this.#with(this.items, ...stored);
  }

  del(key: Uint8Array): void {
    const stored = this.#encodeKey(key);
    this.items = this.#with(this.items, stored, undefined);
  }

  batch(operations: readonly StoreOperation[]): void {
    this.#enter();
    const writes = operations.map((operation) => {
      const key = this.#encodeKey(operation.key);
      return [key, operation.type === 'put' ? this.#encodeValue(operation.value) : undefined] as const;
    });
    this.items = writes.reduce((items, [key, value]) => this.#with(items, key, value), this.items);
  }

  putIfAbsent(key: Uint8Array, value: Uint8Array): boolean {
    return this.#change(this.#encodeKey(key), undefined, this.#encodeValue(value));
  }

  compareAndSet(key: Uint8Array, expected: Uint8Array | undefined, value: Uint8Array | undefined): boolean {
    const stored = this.#encodeKey(key);
    return this.#change(stored, expected && this.#encodeValue(expected), value && this.#encodeValue(value));
  }

  update(key: Uint8Array, fn: Fn): Uint8Array | undefined {
    const stored = this.#encodeKey(key);
    const before = this.#find(this.items, stored);
    const value = fn(before && this.#decodeValue(before));
    const storedValue = value && this.#encodeValue(value);
    this.items = this.#with(this.items, stored, storedValue);
    return value;
  }

  clear(range: Range = {}): void {
    const { items, bounds } = this.#rangeOf(range);
    const gone = new Set(this.#inside(items, bounds));
    this.items = this.items.filter((item) => !gone.has(item));
  }

  get(key: Uint8Array, options: { snapshot?: ArraySnapshot } = {}): Uint8Array | undefined {
    const stored = this.#encodeKey(key);
    const found = this.#find((options.snapshot ?? this).items, stored);
    return found && this.#decodeValue(found);
  }

  has(key: Uint8Array): boolean {
    const stored = this.#encodeKey(key);
    return this.#find(this.items, stored) !== undefined;
  }

  count(range: RangeRead<ArraySnapshot> = {}): number {
    const { items, bounds } = this.#rangeOf(range);
    return this.#inside(items, bounds).length;
  }

  iterator(range: RangeRead<ArraySnapshot> = {}): ArrayIterator<[Uint8Array, Uint8Array]> {
    return this.#iterate(range, ([key, value]) => [this.#decodeKey(key), this.#decodeValue(value)]);
  }

  keys(range: RangeRead<ArraySnapshot> = {}): ArrayIterator<Uint8Array> {
    return this.#iterate(range, ([key]) => this.#decodeKey(key));
  }

  values(range: RangeRead<ArraySnapshot> = {}): ArrayIterator<Uint8Array> {
    return this.#iterate(range, ([, value]) => this.#decodeValue(value));
  }

  snapshot(): ArraySnapshot {
    this.#enter();
    const snapshot = { items: this.items, close: () => void this.open.delete(snapshot) };
    this.open.add(snapshot);
    return snapshot;
  }

  flush(): void {
    // The content has no other place to go.
  }

  verify(): void {
    const { items } = this;
    items.forEach(([key], i) => {
      if (i > 0 && this.#compare(items[i - 1][0], key) >= 0) throw new Error('keys should ascend');
    });
  }

  #iterate<T>(range: RangeRead<ArraySnapshot>, take: (item: Item) => T): ArrayIterator<T> {
    const { items, bounds } = this.#rangeOf(range);
    const { limit = Infinity, ...unlimited } = bounds;
    const inside = this.#inside(items, unlimited);
    const find = (key: Uint8Array): number => {
      const stored = this.#encodeKey(key);
      const isWithin = this.#inside([[stored, key]], unlimited).length > 0;
      const sign = bounds.reverse ? -1 : 1;
      const at = inside.findIndex(([other]) => sign * this.#compare(other, stored) >= 0);
      return isWithin && at !== -1 ? at : inside.length;
    };
    return new ArrayIterator(this.open, inside.length, limit, (at) => take(inside[at]), find);
  }

  /** Reads each field of the options once, before any search. */
  #rangeOf(options: RangeRead<ArraySnapshot>): { items: readonly Item[]; bounds: Range } {
    this.#enter();
    const { snapshot, ...range } = options;
    const bounds = Object.fromEntries(
      Object.entries(range).map(([name, field]) => [
        name,
        field instanceof Uint8Array ? this.#encodeKey(field) : field,
      ]),
    ) as Range;
    return { items: (snapshot ?? this).items, bounds };
  }

  #inside(items: readonly Item[], { gt, gte, lt, lte, reverse, limit = Infinity }: Range): Item[] {
    const inside = items.filter(([key]) => {
      if (gt !== undefined && this.#compare(key, gt) <= 0) return false;
      if (gte !== undefined && this.#compare(key, gte) < 0) return false;
      if (lt !== undefined && this.#compare(key, lt) >= 0) return false;
      return lte === undefined || this.#compare(key, lte) <= 0;
    });
    return (reverse ? inside.toReversed() : inside).slice(0, limit);
  }

  /** The index of the first key at or after `key`, and whether it is the same key. */
  #place(items: readonly Item[], key: Uint8Array): { at: number; isThere: boolean } {
    let [at, end, isThere] = [0, items.length, false];
    while (at < end) {
      const middle = (at + end) >>> 1;
      const order = this.#compare(items[middle][0], key);
      if (order < 0) at = middle + 1;
      else [end, isThere] = [middle, order === 0];
    }
    return { at, isThere };
  }

  #find(items: readonly Item[], key: Uint8Array): Uint8Array | undefined {
    const { at, isThere } = this.#place(items, key);
    return isThere ? items[at][1] : undefined;
  }

  #change(key: Uint8Array, expected: Uint8Array | undefined, value: Uint8Array | undefined): boolean {
    const found = this.#find(this.items, key);
    if (found === undefined || expected === undefined ? found !== expected : bytewise(found, expected) !== 0)
      return false;
    this.items = this.#with(this.items, key, value);
    return true;
  }

  #with(items: readonly Item[], key: Uint8Array, value: Uint8Array | undefined): readonly Item[] {
    const { at, isThere } = this.#place(items, key);
    return items.toSpliced(at, isThere ? 1 : 0, ...(value === undefined ? [] : [[key, value] as const]));
  }

  /** Every call begins here, and is refused inside the comparator. */
  #enter(): void {
    if (this.#isComparing) throw new ComparatorError('REENTERED');
  }

  readonly #compare: Comparator = (a, b) => {
    const { comparator = bytewise } = this.#options;
    this.#isComparing = true;
    let order: number;
    try {
      order = comparator(a, b);
    } finally {
      this.#isComparing = false;
    }
    if (typeof order !== 'number' || Number.isNaN(order)) throw new ComparatorError('INVALID_COMPARATOR');
    return order;
  };

  #encodeKey(key: Uint8Array): Uint8Array {
    this.#enter();
    return encode(this.#options.keyEncoding, key);
  }

  #encodeValue(value: Uint8Array): Uint8Array {
    return encode(this.#options.valueEncoding, value);
  }

  #decodeKey(key: Uint8Array): Uint8Array {
    return decode(this.#options.keyEncoding, key);
  }

  #decodeValue(value: Uint8Array): Uint8Array {
    return decode(this.#options.valueEncoding, value);
  }
}

/** Yields items of an array by their index. It is open until it ends. */
class ArrayIterator<T> implements StoreIterator<T> {
  readonly #open: Set<object>;
  readonly #end: number;
  readonly #take: (at: number) => T;
  readonly #find: (key: Uint8Array) => number;
  #at = 0;
  #left: number;

  constructor(
    open: Set<object>,
    end: number,
    limit: number,
    take: (at: number) => T,
    find: (key: Uint8Array) => number,
  ) {
    this.#open = open;
    this.#end = end;
    this.#left = limit;
    this.#take = take;
    this.#find = find;
    open.add(this);
  }

  next(): IteratorResult<T, undefined> {
    if (!this.#open.has(this) || this.#left === 0 || this.#at >= this.#end) return this.return();
    this.#left--;
    try {
      return { done: false, value: this.#take(this.#at++) };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  nextv(size: number): T[] {
    const found: T[] = [];
    while (found.length < size) {
      const step = this.next();
      if (step.done === true) break;
      found.push(step.value);
    }
    if (this.#left === 0) this.close();
    return found;
  }

  seek(key: Uint8Array): void {
    this.#at = this.#find(key);
  }

  close(): void {
    this.#open.delete(this);
  }

  return(): IteratorResult<T, undefined> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** Every feature of a store. */
export const supportsAll: StoreSupports<ArrayStore> = {
  batches: true,
  ranges: true,
  snapshots: true,
  copies: true,
  flush: true,
  has: true,
  count: true,
  clear: true,
  putIfAbsent: true,
  compareAndSet: true,
  update: true,
  iterators: true,
  verify: true,
  encodings: true,
  comparators: true,
  comparatorChecks: true,
  pins: (store) => store.open.size,
  errorCodes: { reentered: 'REENTERED', invalidComparator: 'INVALID_COMPARATOR' },
};

function encode(encoding: StoreEncoding | undefined, data: Uint8Array): Uint8Array {
  const stored = encoding === undefined ? data : encoding.encode(data);
  return typeof stored === 'string' ? new TextEncoder().encode(stored) : stored.slice();
}

function decode(encoding: StoreEncoding | undefined, stored: Uint8Array): Uint8Array {
  if (encoding === undefined) return stored.slice();
  return encoding.decode(encoding.format === 'utf8' ? new TextDecoder().decode(stored) : stored.slice());
}
