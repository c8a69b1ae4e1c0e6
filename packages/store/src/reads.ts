import { type Addr, NIL } from '@memtable/arena';
import { MemTableError, ValueType } from '@memtable/memtable';
import {
  keyLengthOf,
  keyStartOf,
  LookupKey,
  tagHigh,
  tagLow,
  valueLengthOf,
  valueStartOf,
} from '@memtable/memtable/internal';
import type { Codecs } from './codecs.js';
import type { Commit } from './commit.js';
import { type Codec, decodeStored, kindOf, read } from './encoding.js';
import { type IteratorHost, StoreIterator } from './iterator.js';
import { Neighbours } from './neighbours.js';
import type { RangeReadOptions, ReadOptions } from './options.js';
import { type KeyRange, rangeOf } from './range.js';
import type { Readers } from './readers.js';
import type { Retention } from './retention.js';
import { StoreSnapshot } from './snapshot.js';
import type { StoreState } from './state.js';
import type { StoreTable } from './table.js';

/** @internal The parts of a store that its reads use. */
export interface ReadParts {
  readonly state: StoreState;
  readonly codecs: Codecs;
  readonly commit: Commit;
  readonly readers: Readers;
  /** Whether the store has all entries. With a target it may lack some, and walks must leave its tombstones alone. */
  readonly isComplete: boolean;
}

/** The checked options of a range. */
interface RangeRead {
  readonly range: KeyRange;
  readonly snapshot: StoreSnapshot | undefined;
  readonly keyCodec: Codec;
}

/**
 * The reads of a {@link MemStore}: of single keys, of their neighbours, of ranges.
 *
 * Where an entry has neighbours, `floor` and `ceil` mean at or beside a key, `lower` and `higher` beside it only:
 *
 * ```
 *   keys                  b           d           f
 *   lower(d)  higher(d)   b                       f
 *   floor(d)  ceil(d)                 d
 *   floor(c)  ceil(c)     b           d
 * ```
 */
export abstract class StoreReads<K, V> implements Iterable<[K, V]> {
  readonly #state: StoreState;
  readonly #codecs: Codecs;
  readonly #commit: Commit;
  readonly #readers: Readers;
  readonly #isComplete: boolean;
  readonly #host: IteratorHost;
  readonly #neighbours: Neighbours;
  /** The lookup key, whose memory each search reuses. */
  readonly #key = new LookupKey();

  /** @internal Stores make their reads. */
  constructor({ state, codecs, commit, readers, isComplete }: ReadParts) {
    this.#state = state;
    this.#codecs = codecs;
    this.#commit = commit;
    this.#readers = readers;
    this.#isComplete = isComplete;
    this.#host = {
      retention: undefined,
      current: () => {
        commit.retention?.tick();
        state.checkOpen();
        return commit.table;
      },
      isPlain: (table, sequence) =>
        commit.retention === undefined &&
        table === commit.table &&
        sequence === commit.sequence &&
        table.index.entryCount === commit.entryCount,
      checkNotComparing: () => state.checkNotComparing(),
      release: (pin, owner) => readers.release(pin, owner),
      removes: isComplete,
      isSeen: (sequence, by) => commit.pins.sees(sequence, by),
      remove: (table, entries) => {
        if (table === commit.table) for (const entry of entries) if (table.index.remove(entry)) table.uncount(entry);
      },
    };
    this.#neighbours = new Neighbours(this.#host, codecs);
  }

  // Single keys

  /**
   * The value of `key`, undefined without one. O(log n) comparisons. With a target, ask the target if there is no value
   * here and {@link StoreReads.isDeleted} is false.
   * @returns the decoded copy, which the caller owns
   * @throws MemTableError `MEMTABLE_SNAPSHOT_CLOSED`, `MEMTABLE_ENCODING_FAILED`
   */
  get(key: K, options?: ReadOptions): V | undefined {
    const valueCodec = this.#codecs.valueOf(options);
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    const table = this.#tableOf(snapshot);
    return this.#valueAt(table, this.#seek(table, storedKey, snapshot), valueCodec);
  }

  /** A view of the stored value, valid until the next write. Do not write to it. @throws as {@link StoreReads.get} */
  getView(key: K, options?: ReadOptions): Uint8Array | undefined {
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    if (!table.isValue(entry)) return undefined;
    const { buffer, view } = table.arena.memory;
    const headBytes = this.#commit.retention?.headBytes ?? 0;
    return new Uint8Array(buffer, valueStartOf(view, entry) + headBytes, valueLengthOf(view, entry) - headBytes);
  }

  /** The values of several keys, as of {@link StoreReads.get}. @throws as that */
  getMany(keys: readonly K[], options?: ReadOptions): (V | undefined)[] {
    if (!Array.isArray(keys)) throw new TypeError(`the keys must be an array, not ${kindOf(keys)}`);
    return (keys as readonly K[]).map((key) => this.get(key, options));
  }

  /**
   * Whether `key` has a value. O(log n) comparisons.
   * @throws as {@link StoreReads.get}; MemTableError `MEMTABLE_BUFFER_ONLY`: there is a target, which may have the key
   */
  has(key: K, options?: ReadOptions): boolean {
    this.checkComplete('has');
    return this.#typeOf(key, options) === ValueType.Value;
  }

  /**
   * Whether the store has a tombstone of `key`. With a target this means: the key is deleted, and the target may not
   * know it yet. Without a target, tombstones go when nobody needs them. @throws as {@link StoreReads.get}
   */
  isDeleted(key: K, options?: ReadOptions): boolean {
    return this.#typeOf(key, options) === ValueType.Deletion;
  }

  // Neighbours

  /**
   * The entry with the smallest key. Undefined in an empty store, as for all these calls. O(log n). With a target they
   * see the entries that are here, not those that have been flushed.
   * @returns key and value, decoded copies, which the caller owns
   * @throws as {@link StoreReads.get}
   */
  first(options?: ReadOptions): [K, V] | undefined {
    return this.#end(options, true, false) as [K, V] | undefined;
  }

  /** The entry with the greatest key. @throws as {@link StoreReads.first} */
  last(options?: ReadOptions): [K, V] | undefined {
    return this.#end(options, true, true) as [K, V] | undefined;
  }

  /** The entry with the greatest key at or before `key`. @throws as {@link StoreReads.first} */
  floor(key: K, options?: ReadOptions): [K, V] | undefined {
    return this.#neighbour(key, options, true, true, true) as [K, V] | undefined;
  }

  /** The entry with the smallest key at or after `key`. @throws as {@link StoreReads.first} */
  ceil(key: K, options?: ReadOptions): [K, V] | undefined {
    return this.#neighbour(key, options, true, false, true) as [K, V] | undefined;
  }

  /** The entry with the greatest key before `key`. @throws as {@link StoreReads.first} */
  lower(key: K, options?: ReadOptions): [K, V] | undefined {
    return this.#neighbour(key, options, true, true, false) as [K, V] | undefined;
  }

  /** The entry with the smallest key after `key`. @throws as {@link StoreReads.first} */
  higher(key: K, options?: ReadOptions): [K, V] | undefined {
    return this.#neighbour(key, options, true, false, false) as [K, V] | undefined;
  }

  /** The key of {@link StoreReads.first}. @throws as that */
  firstKey(options?: ReadOptions): K | undefined {
    return this.#end(options, false, false) as K | undefined;
  }

  /** The key of {@link StoreReads.last}. @throws as that */
  lastKey(options?: ReadOptions): K | undefined {
    return this.#end(options, false, true) as K | undefined;
  }

  /** The key of {@link StoreReads.floor}. @throws as that */
  floorKey(key: K, options?: ReadOptions): K | undefined {
    return this.#neighbour(key, options, false, true, true) as K | undefined;
  }

  /** The key of {@link StoreReads.ceil}. @throws as that */
  ceilKey(key: K, options?: ReadOptions): K | undefined {
    return this.#neighbour(key, options, false, false, true) as K | undefined;
  }

  /** The key of {@link StoreReads.lower}. @throws as that */
  lowerKey(key: K, options?: ReadOptions): K | undefined {
    return this.#neighbour(key, options, false, true, false) as K | undefined;
  }

  /** The key of {@link StoreReads.higher}. @throws as that */
  higherKey(key: K, options?: ReadOptions): K | undefined {
    return this.#neighbour(key, options, false, false, false) as K | undefined;
  }

  // Ranges

  /** Number of keys that have a value. 0 once closed. O(1). */
  get size(): number {
    return this.#commit.entryCount;
  }

  /**
   * Number of keys in a range. `count({ lt: key })` is the rank of a key. O(keys of the range) [D39].
   * @throws as {@link StoreReads.iterator}
   */
  count(options: RangeReadOptions<K> = {}): number {
    const iterator = this.#walk(this.rangeOf(options));
    let count = 0;
    while (iterator.step()) count++;
    return count;
  }

  /**
   * Walks keys and values of a range, in order. The walk sees the store as it is now. O(log n) comparisons to begin.
   * @throws MemTableError `MEMTABLE_INVALID_OPTION`: a bound or limit; as {@link StoreReads.get}
   */
  iterator(options: RangeReadOptions<K> = {}): StoreIterator<[K, V]> {
    return this.#iterator('entries', options);
  }

  /** The same as {@link StoreReads.iterator}. */
  entries(options: RangeReadOptions<K> = {}): StoreIterator<[K, V]> {
    return this.#iterator('entries', options);
  }

  /** Walks the keys of a range, in order. @throws as {@link StoreReads.iterator} */
  keys(options: RangeReadOptions<K> = {}): StoreIterator<K> {
    return this.#iterator('keys', options);
  }

  /** Walks the values of a range, in the order of their keys. @throws as {@link StoreReads.iterator} */
  values(options: RangeReadOptions<K> = {}): StoreIterator<V> {
    return this.#iterator('values', options);
  }

  /** Walks all keys and values, in order. */
  [Symbol.iterator](): StoreIterator<[K, V]> {
    return this.#iterator('entries', {});
  }

  /**
   * Calls `callback` with each value and key of a range, in order, as `Map` does. The walk sees the store as it is now,
   * also when `callback` writes. @throws its errors; as {@link StoreReads.iterator}
   */
  forEach(callback: (value: V, key: K, store: this) => void, options: RangeReadOptions<K> = {}): void {
    if (typeof callback !== 'function') throw new TypeError(`the callback must be a function, not ${kindOf(callback)}`);
    for (const [key, value] of this.iterator(options)) callback(value, key, this);
  }

  /** The store as it is now, for the option `snapshot` of reads. Close it: it keeps old versions in memory. O(1). */
  snapshot(): StoreSnapshot {
    this.#state.checkOpen();
    const pin = this.#readers.pin('snapshot');
    return new StoreSnapshot(this, pin, this.#state, this.#readers);
  }

  // For the writes of the store

  /** @internal Makes the store a cache, before its first use. */
  protected adopt(make: (commit: Commit, codecs: Codecs) => Retention): void {
    const retention = make(this.#commit, this.#codecs);
    this.#commit.retention = retention;
    this.#host.retention = retention;
    this.#codecs.adopt(retention);
  }

  /** @internal Bytes of the memory that each search reuses. */
  protected get searchBytes(): number {
    return this.#key.u8.length;
  }

  /** @internal The current value of an encoded key. */
  protected current(storedKey: string | Uint8Array): V | undefined {
    const { table } = this.#commit;
    return this.#valueAt(table, this.#seek(table, storedKey, undefined), this.#codecs.value);
  }

  /** @internal The first or last entry, and a copy of its stored key. A decoder may write meanwhile. */
  protected outermost(isBack: boolean): { readonly storedKey: Uint8Array; readonly entry: [K, V] } | undefined {
    const { table, sequence } = this.#commit;
    const { key, value } = this.#codecs;
    const address = this.#neighbours.find(table, sequence, undefined, isBack);
    if (address === NIL) return undefined;
    const { u8, view } = table.arena.memory;
    const start = keyStartOf(view, address);
    const storedKey = u8.slice(start, start + keyLengthOf(view, address));
    return { storedKey, entry: take(table, address, key, value) as [K, V] };
  }

  /** @internal Checks the options of a range. It searches nothing, but may compare bounds. */
  protected rangeOf(options: RangeReadOptions<K>): RangeRead {
    const { snapshot } = options;
    const keyCodec = this.#codecs.keyOf(options);
    this.#state.checkOpen(); // With several bounds, reading the range calls the comparator.
    return { range: rangeOf(options, keyCodec, this.#commit.table.order), snapshot, keyCodec };
  }

  /** @internal The entries of the keys in a range, in order. */
  protected entriesOf(read: RangeRead): Addr[] {
    const entries: Addr[] = [];
    const iterator = this.#walk(read);
    while (iterator.step()) entries.push(iterator.entry);
    return entries;
  }

  /** @internal Refuses a call of a store with a target, which has only unflushed entries and cannot know them all. */
  checkComplete(method: string): void {
    if (this.#isComplete) return;
    throw new MemTableError(
      'MEMTABLE_BUFFER_ONLY',
      `${method}() needs to know whether the target has the key, and a write buffer does not: call get() here, ` +
        `ask the target if isDeleted() is false, then put()`,
    );
  }

  /** The first or last entry, or its key. */
  #end(options: ReadOptions | undefined, withValue: boolean, isBack: boolean): unknown {
    const keyCodec = this.#codecs.keyOf(options);
    const valueCodec = withValue ? this.#codecs.valueOf(options) : undefined;
    const snapshot = options?.snapshot;
    const table = this.#tableOf(snapshot);
    const entry = this.#neighbours.find(table, this.#sequenceOf(snapshot), undefined, isBack);
    return entry === NIL ? undefined : take(table, entry, keyCodec, valueCodec);
  }

  /** The nearest entry at or beside a key, or that entry's key. */
  #neighbour(
    key: K,
    options: ReadOptions | undefined,
    withValue: boolean,
    isBack: boolean,
    includesKey: boolean,
  ): unknown {
    const keyCodec = this.#codecs.keyOf(options);
    const valueCodec = withValue ? this.#codecs.valueOf(options) : undefined;
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, keyCodec);
    const table = this.#tableOf(snapshot);
    const place = this.#key.set(storedKey);
    if (isBack === includesKey) place.afterAll();
    else place.beforeAll();
    const entry = this.#neighbours.find(table, this.#sequenceOf(snapshot), place, isBack);
    return entry === NIL ? undefined : take(table, entry, keyCodec, valueCodec);
  }

  /** The type of the newest version of a key that the read sees. Undefined when there is none. */
  #typeOf(key: K, options: ReadOptions | undefined): ValueType | undefined {
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    return entry === NIL ? undefined : table.typeOf(entry);
  }

  #iterator<T>(yields: 'entries' | 'keys' | 'values', options: RangeReadOptions<K>): StoreIterator<T> {
    const valueCodec = this.#codecs.valueOf(options);
    const { range, snapshot, keyCodec } = this.rangeOf(options);
    const table = this.#tableOf(snapshot);
    const sequence = this.#sequenceOf(snapshot);
    const iterator = new StoreIterator<T>(this.#host, { table, range, sequence, keyCodec, valueCodec, yields });
    return iterator.hold(this.#readers.use(snapshot?.pin, iterator));
  }

  /** An iterator without a pin. Nothing may be written while it is used. */
  #walk({ range, snapshot }: RangeRead): StoreIterator<unknown> {
    const { key: keyCodec, value: valueCodec } = this.#codecs;
    const table = this.#tableOf(snapshot);
    const sequence = this.#sequenceOf(snapshot);
    return new StoreIterator(this.#host, { table, range, sequence, keyCodec, valueCodec, yields: 'keys' });
  }

  /** The table that a read searches. */
  #tableOf(snapshot: StoreSnapshot | undefined): StoreTable {
    this.#commit.retention?.tick();
    this.#state.checkOpen();
    if (snapshot === undefined) return this.#commit.table;
    if (!(snapshot instanceof StoreSnapshot))
      throw new TypeError(`the snapshot must be a snapshot of a store, not ${kindOf(snapshot)}`);
    if (snapshot.store !== this) throw new TypeError('the snapshot is of another store');
    if (!snapshot.isOpen) throw new MemTableError('MEMTABLE_SNAPSHOT_CLOSED', 'the snapshot has been closed');
    return snapshot.pin.home.table;
  }

  /** The last write that a read sees. */
  #sequenceOf(snapshot: StoreSnapshot | undefined): number {
    return snapshot === undefined ? this.#commit.sequence : snapshot.sequence;
  }

  /** The newest version of a key that a read sees, or NIL. A hidden one hides the older ones. */
  #seek(table: StoreTable, key: string | Uint8Array, snapshot: StoreSnapshot | undefined): Addr {
    this.#key.set(key);
    if (snapshot === undefined) this.#key.beforeAll();
    else this.#key.setTag(tagLow(snapshot.sequence, ValueType.Value), tagHigh(snapshot.sequence));
    const entry = table.seek(this.#key);
    const { retention } = this.#commit;
    if (retention === undefined || !table.isValue(entry)) return entry;
    return retention.isHiddenFromGet(table, entry) ? NIL : entry;
  }

  #valueAt(table: StoreTable, entry: Addr, codec: Codec): V | undefined {
    return table.isValue(entry) ? (this.#codecs.decodeValue(table, entry, codec) as V) : undefined;
  }
}

/** Copies and decodes an entry, or only its key. Copies all before it decodes any, because decoders may write. */
function take(table: StoreTable, entry: Addr, keyCodec: Codec, valueCodec: Codec | undefined): unknown {
  const { u8, view } = table.arena.memory;
  const key = read(keyCodec, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry));
  if (valueCodec === undefined) return decodeStored(keyCodec, key);
  const value = read(valueCodec, u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
  return [decodeStored(keyCodec, key), decodeStored(valueCodec, value)];
}
