/**
 * A sorted key-value store in memory, over one memtable that is rewritten when too much of it is garbage.
 *
 * Invariants, which `verify()` checks, besides those of its table (M), its pins (P) and a compaction (C):
 * T1. `liveBytes` and `entryCount` are those of the newest versions that are values.
 * T2. `heldBytes` are those of the older versions that pins see.
 */
import { type Addr, MARK_WORDS, MEMORY_BYTES_MAX, NIL } from '@memtable/arena';
import { channel, Trace, type TraceContext } from '../diagnostics.js';
import { MemTableError } from '../errors.js';
import { entryBytes, valueLengthOf, valueStartOf } from '../format/entry.js';
import { tagHigh, tagLow, ValueType } from '../format/internal-key.js';
import { textBytesMax, writeText } from '../format/text.js';
import { Compaction } from './compaction.js';
import { type Codec, codecOf, decode, encode, type AnyEncoding, kindOf } from './encoding.js';
import { type IteratorHost, StoreIterator } from './iterator.js';
import { LookupKey } from './lookup-key.js';
import {
  type BatchOperation,
  checkOption,
  type MemStoreOptions,
  type MemStoreStats,
  type RangeReadOptions,
  type ReadOptions,
  type StoreEvent,
  type EncodingOptions,
} from './options.js';
import { Pin, type PinKind, type PinOwner, Pins } from './pins.js';
import { KeyRange } from './range.js';
import { StoreSnapshot } from './snapshot.js';
import { StoreTable } from './store-table.js';

const MIB = 1 << 20;
const TABLE_BYTES_MIN = 64 << 10;

/** Of entries that a write visits for a compaction, besides a multiple of its own bytes. */
const SLICE_BYTES_MIN = 512;
/** So much takes about 2 ms. */
const SLICE_BYTES_MAX = 1 << 20;
/** How long a compaction goes on when nobody else has anything to do. */
const SLICE_MS = 2;

const events = channel('memtable:store');
const compactions = new Trace('memtable:compaction');

interface Waiter {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sorted keys and values in memory, as bytes in an arena. Strings in and out by default; whatever goes in or comes out is
 * copied. Everything is synchronous; one thread uses it.
 *
 * @example
 * ```ts
 * const store = new MemStore();
 * store.put('b', '2');
 * store.put('a', '1');
 * const snapshot = store.snapshot();
 * store.batch([{ type: 'put', key: 'c', value: '3' }, { type: 'del', key: 'a' }]);
 * [...store]; // [['b', '2'], ['c', '3']]
 * [...store.keys({ gte: 'b', reverse: true })]; // ['c', 'b']
 * store.get('a'); // undefined
 * store.get('a', { snapshot }); // '1'
 * snapshot.close();
 * store.update('b', (value = '') => `${value}!`); // '2!'
 * store.close();
 * ```
 */
export class MemStore<K = string, V = string> implements Iterable<[K, V]>, Disposable {
  readonly #options: MemStoreOptions<K, V>;
  readonly #keyCodec: Codec;
  readonly #valueCodec: Codec;
  readonly #tableBytesMax: number;
  readonly #garbageRatioMax: number;
  readonly #garbageBytesMin: number;
  readonly #pinWarningMs: number;
  readonly #host: IteratorHost;

  #open = true;
  #live: StoreTable;
  #sequence = 0;
  #entryCount = 0;
  #liveBytes = 0;
  readonly #pins = new Pins();
  #pinTimer: Timer | undefined;

  #compaction: Compaction | undefined;
  /** Bytes that it has to visit for each byte written, so that it ends before memory does. */
  #compactionRate = 0;
  #compactionContext: CompactionContext | undefined;
  /** Garbage that the last compaction has left, or could not get rid of. */
  #garbageLeft = 0;
  #finished = 0;
  #abandoned = 0;
  #driver: Timer | undefined;
  readonly #compactionWaiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  readonly #waiters: Waiter[] = [];
  #waitingSince = 0;

  // Reused by every call.
  readonly #key = new LookupKey();
  #text = new Uint8Array(1024);
  readonly #batchMark = new Int32Array(MARK_WORDS);

  /** @throws MemTableError `MEMTABLE_INVALID_OPTION`, TypeError */
  constructor(options: MemStoreOptions<K, V> = {}) {
    const {
      maxBytes = 2 * MEMORY_BYTES_MAX,
      garbageRatioMax = 0.5,
      garbageBytesMin = MIB,
      pinWarningMs = 60_000,
    } = options;
    checkOption('maxBytes', maxBytes, 2 * TABLE_BYTES_MIN, 2 * MEMORY_BYTES_MAX);
    checkOption('garbageRatioMax', garbageRatioMax, 0.01, 0.99);
    checkOption('garbageBytesMin', garbageBytesMin, 0, MEMORY_BYTES_MAX);
    checkOption('pinWarningMs', pinWarningMs, 0, 0x7fffffff);
    this.#keyCodec = codecOf('keyEncoding', options.keyEncoding);
    this.#valueCodec = codecOf('valueEncoding', options.valueEncoding);
    this.#options = options;
    this.#tableBytesMax = Math.floor(maxBytes / 16) * 8;
    this.#garbageRatioMax = garbageRatioMax;
    this.#garbageBytesMin = garbageBytesMin;
    this.#pinWarningMs = pinWarningMs;
    this.#live = this.#makeTable();
    this.#host = {
      current: () => {
        this.#checkOpen();
        return this.#live;
      },
      isPlain: (sequence) => sequence === this.#sequence && this.#live.index.entryCount === this.#entryCount,
      release: (pin, owner) => this.#release(pin, owner),
    };
  }

  // Writing

  /**
   * Sets `key` to `value`.
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_CLOSED`, `MEMTABLE_ENCODING_FAILED`; TypeError for null and the like; what
   * the comparator throws. Nothing has changed then
   */
  put(key: K, value: V, options?: EncodingOptions): void {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const storedValue = this.#encodeValue(value, options?.valueEncoding);
    this.#checkOpen();
    this.#afterWrite(this.#putFound(this.#find(storedKey), storedValue));
  }

  /** Deletes `key`, which need not be there. @throws as {@link MemStore.put} */
  del(key: K, options?: EncodingOptions): void {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    this.#checkOpen();
    this.#afterWrite(this.#delete(storedKey));
  }

  /**
   * Makes all of the writes or none. Of several of one key the last one counts.
   * @throws as {@link MemStore.put}
   */
  batch(operations: readonly BatchOperation<K, V>[], options?: EncodingOptions): void {
    this.#checkOpen();
    if (!Array.isArray(operations)) throw new TypeError(`a batch must be an array, not ${kindOf(operations)}`);
    const { keyEncoding, valueEncoding } = options ?? {};
    const keys: (string | Uint8Array)[] = [];
    const values: (string | Uint8Array | undefined)[] = [];
    for (const operation of operations as readonly BatchOperation<K, V>[]) {
      if (typeof operation !== 'object' || operation === null) {
        throw new TypeError(`an operation of a batch must be an object, not ${kindOf(operation)}`);
      }
      const { type } = operation;
      if (type !== 'put' && type !== 'del') {
        throw new TypeError(`the type of an operation must be 'put' or 'del': ${String(type)}`);
      }
      keys.push(this.#encodeKey(operation.key, operation.keyEncoding ?? keyEncoding));
      values.push(
        type === 'put' ? this.#encodeValue(operation.value, operation.valueEncoding ?? valueEncoding) : undefined,
      );
    }
    this.#checkOpen();
    this.#batch(keys, values);
  }

  /** Sets `key` unless it is there. @returns whether it was set. @throws as {@link MemStore.put} */
  putIfAbsent(key: K, value: V): boolean {
    const storedKey = this.#encodeKey(key);
    const storedValue = this.#encodeValue(value);
    this.#checkOpen();
    const older = this.#find(storedKey);
    if (this.#isValue(older)) return false;
    this.#afterWrite(this.#putFound(older, storedValue));
    return true;
  }

  /**
   * Sets `key` to `value` if its value is `expected`; undefined stands for no value, on both sides.
   * @returns whether it was. Values are compared as they are stored. @throws as {@link MemStore.put}
   */
  compareAndSet(key: K, expected: V | undefined, value: V | undefined): boolean {
    const storedKey = this.#encodeKey(key);
    const storedExpected = expected === undefined ? undefined : this.#encodeValue(expected);
    const storedValue = value === undefined ? undefined : this.#encodeValue(value);
    this.#checkOpen();
    const older = this.#find(storedKey);
    if (!this.#isEqual(older, storedExpected)) return false;
    if (storedValue !== undefined) this.#afterWrite(this.#putFound(older, storedValue));
    else if (this.#isValue(older)) this.#afterWrite(this.#deleteFound(older));
    return true;
  }

  /**
   * Sets `key` to what `fn` makes of its value; undefined stands for no value, on both sides.
   * @param fn - may use the store, at the price of a second search
   * @returns the new value. @throws what `fn` throws, and as {@link MemStore.put}
   */
  update(key: K, fn: (value: V | undefined) => V | undefined): V | undefined {
    const storedKey = this.#encodeKey(key);
    this.#checkOpen();
    let older = this.#find(storedKey);
    const { uses } = this.#key;
    const value = fn(this.#isValue(older) ? this.#decodeValue(older, this.#valueCodec) : undefined);
    const storedValue = value === undefined ? undefined : this.#encodeValue(value);
    this.#checkOpen();
    if (uses !== this.#key.uses) older = this.#find(storedKey);
    if (storedValue !== undefined) this.#afterWrite(this.#putFound(older, storedValue));
    else if (this.#isValue(older)) this.#afterWrite(this.#deleteFound(older));
    return value;
  }

  /**
   * Deletes all keys of a range. Without any options, and without open snapshots and iterators, the memory is given back
   * at once.
   * @param options - with a snapshot: the keys that were there then
   * @throws as {@link MemStore.put}
   */
  clear(options: RangeReadOptions<K> = {}): void {
    this.#checkOpen();
    const range = this.#rangeOf(options);
    const sequence = this.#sequenceOf(options);
    const isAll = range.lower === undefined && range.upper === undefined && range.limit === Infinity;
    if (this.#pins.newest === -1) {
      if (isAll) this.#clearAll();
      else for (const key of this.#keysOf(range, sequence)) this.#delete(key);
      this.#afterWrite(0); // Only now, as a compaction that ends would take the table away.
      return;
    }
    // Deletions beside versions that somebody needs take memory, which may run out.
    const keys = [...this.#keysOf(range, sequence)].map((key) => key.slice());
    this.#batch(
      keys,
      keys.map(() => undefined),
    );
  }

  // Reading

  /** The value of `key`; undefined when there is none. @throws MemTableError, TypeError */
  get(key: K, options?: ReadOptions): V | undefined {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const entry = this.#seek(storedKey, options);
    if (!this.#isValue(entry)) return undefined;
    const { valueEncoding } = options ?? {};
    return this.#decodeValue(
      entry,
      valueEncoding === undefined ? this.#valueCodec : codecOf('valueEncoding', valueEncoding),
    );
  }

  /**
   * The bytes of the value where they lie. Only good until the next write, after which they may be those of another value, or
   * none. Do not write to them.
   */
  getView(key: K, options?: ReadOptions): Uint8Array | undefined {
    const entry = this.#seek(this.#encodeKey(key, options?.keyEncoding), options);
    if (!this.#isValue(entry)) return undefined;
    const { u8, view } = this.#live.table.arena.memory;
    const start = valueStartOf(view, entry);
    return u8.subarray(start, start + valueLengthOf(view, entry));
  }

  /** The values of several keys, undefined for those that have none. */
  getMany(keys: readonly K[], options?: ReadOptions): (V | undefined)[] {
    if (!Array.isArray(keys)) throw new TypeError(`the keys must be an array, not ${kindOf(keys)}`);
    return (keys as readonly K[]).map((key) => this.get(key, options));
  }

  /** Whether `key` has a value. */
  has(key: K, options?: ReadOptions): boolean {
    return this.#isValue(this.#seek(this.#encodeKey(key, options?.keyEncoding), options));
  }

  /** How many keys there are. O(1). */
  get size(): number {
    return this.#entryCount;
  }

  /** How many keys there are in a range. O(those). */
  count(options: RangeReadOptions<K> = {}): number {
    const iterator = this.#iterate<K>('keys', options);
    let count = 0;
    while (iterator.step()) count++;
    return count;
  }

  /** Keys and values of a range, in order. */
  iterator(options: RangeReadOptions<K> = {}): StoreIterator<[K, V]> {
    return this.#iterator('entries', options);
  }

  /** As {@link MemStore.iterator}. */
  entries(options: RangeReadOptions<K> = {}): StoreIterator<[K, V]> {
    return this.#iterator('entries', options);
  }

  /** Keys of a range, in order. */
  keys(options: RangeReadOptions<K> = {}): StoreIterator<K> {
    return this.#iterator('keys', options);
  }

  /** Values of a range, in the order of their keys. */
  values(options: RangeReadOptions<K> = {}): StoreIterator<V> {
    return this.#iterator('values', options);
  }

  [Symbol.iterator](): StoreIterator<[K, V]> {
    return this.iterator();
  }

  /** The store as it is now, for the option `snapshot` of its reads. Close it: it holds memory. O(1). */
  snapshot(): StoreSnapshot {
    this.#checkOpen();
    const pin = this.#makePin('snapshot');
    this.#pins.use(pin, undefined);
    return new StoreSnapshot(this, pin, (released) => this.#release(released, undefined));
  }

  // Its life

  /** Bytes of all blocks, of a running compaction too. O(1). */
  memoryUsage(): number {
    return this.#live.table.approximateMemoryUsage() + (this.#compaction?.to.table.approximateMemoryUsage() ?? 0);
  }

  /**
   * Resolves when there is room for a write of `bytes` bytes, key and value together: at once, after a compaction, or
   * when somebody has deleted something or closed a snapshot. Those who wait go on in order.
   * @throws MemTableError `MEMTABLE_FULL` when there can never be so much room, `MEMTABLE_CLOSED`; the reason of `signal`
   */
  async admit(bytes = 0, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#checkOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    if (bytes > this.#tableBytesMax / 2) throw this.#live.full(bytes);
    if (this.#waiters.length === 0 && this.#hasRoom(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        resolve: () => (signal?.removeEventListener('abort', abort), resolve()),
        reject: (error) => (signal?.removeEventListener('abort', abort), reject(error)),
      };
      const abort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        this.#endWait();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
      if (this.#waiters.length === 1) {
        this.#waitingSince = performance.now();
        this.#emit({ type: 'stall', reason: 'full', bytes });
      }
      this.#compactIfDue();
      if (this.#compaction !== undefined) this.#drive();
    });
  }

  /**
   * Rewrites the table without its garbage, in slices of 2 ms between which the event loop turns. Compactions begin by
   * themselves; this is for those who want the memory back now.
   * @throws MemTableError `MEMTABLE_CLOSED`, `MEMTABLE_FULL` when there is no memory for it
   */
  async compact(): Promise<void> {
    this.#checkOpen();
    if (this.#compaction === undefined) this.#beginCompaction();
    await new Promise<void>((resolve, reject) => {
      this.#compactionWaiters.push({ resolve, reject });
      this.#drive();
    });
  }

  /** All of its figures. O(open snapshots and iterators). */
  stats(): MemStoreStats {
    const now = performance.now();
    return {
      state: this.#open ? 'open' : 'closed',
      entryCount: this.#entryCount,
      lastSequence: this.#sequence,
      memoryUsage: this.memoryUsage(),
      liveBytes: this.#liveBytes,
      heldBytes: this.#pins.heldBytes,
      garbageBytes: this.#garbageBytes(),
      compaction: {
        running: this.#compaction !== undefined,
        finished: this.#finished,
        abandoned: this.#abandoned,
      },
      waiting: { writers: this.#waiters.length, bytes: this.#waiters.reduce((sum, { bytes }) => sum + bytes, 0) },
      pins: this.#pins.all.map((pin) => ({
        kind: pin.kind,
        sequence: pin.sequence,
        ageMs: now - pin.since,
        heldBytes: this.#pins.heldBytesOf(pin),
        stack: pin.stack,
      })),
      arena: this.#live.table.stats().arena,
    };
  }

  /** Gives all memory back. Open snapshots and iterators end, and whoever waits is refused. Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#pinTimer);
    const error = closedError();
    if (this.#compaction !== undefined) this.#abandonCompaction(error);
    const { table } = this.#live;
    const bytes = table.approximateMemoryUsage();
    table.drop();
    this.#entryCount = 0;
    this.#liveBytes = 0;
    this.#live.entryBytes = this.#pins.heldBytes;
    this.#emit({ type: 'drop', bytes });
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#endWait();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Checks T1 and T2, the table, its arena and index. O(entries).
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: which invariant, and where
   */
  verify(): void {
    this.#checkOpen();
    const live = this.#live;
    live.table.verify();
    this.#compaction?.to.table.verify();
    let liveBytes = 0;
    let entryCount = 0;
    let heldBytes = 0;
    let last: Addr = NIL;
    const cursor = live.index.cursor();
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const entry = cursor.entry;
      const isNewest = last === NIL || !live.haveSameKey(last, entry);
      const newer = isNewest ? Infinity : live.sequenceOf(last);
      last = entry;
      if (!this.#isValue(entry)) continue;
      if (isNewest) {
        liveBytes += live.bytesOf(entry);
        entryCount++;
      } else if (this.#pins.sees(live.sequenceOf(entry), newer)) heldBytes += live.bytesOf(entry);
    }
    if (liveBytes !== this.#liveBytes || entryCount !== this.#entryCount) {
      malformed(`T1: ${liveBytes} bytes in ${entryCount} entries, counted ${this.#liveBytes} in ${this.#entryCount}`);
    }
    if (heldBytes !== this.#pins.heldBytes)
      malformed(`T2: ${heldBytes} bytes are held, counted ${this.#pins.heldBytes}`);
    if (this.#garbageBytes() < 0) malformed(`T2: ${this.#garbageBytes()} bytes of garbage`);
  }

  // Encoding

  #encodeKey(key: K, encoding?: AnyEncoding): string | Uint8Array {
    return encode('key', encoding === undefined ? this.#keyCodec : codecOf('keyEncoding', encoding), key);
  }

  #encodeValue(value: V, encoding?: AnyEncoding): string | Uint8Array {
    return encode('value', encoding === undefined ? this.#valueCodec : codecOf('valueEncoding', encoding), value);
  }

  #decodeValue(entry: Addr, codec: Codec): V {
    const { u8, view } = this.#live.table.arena.memory;
    return decode(codec, u8, view, valueStartOf(view, entry), valueLengthOf(view, entry)) as V;
  }

  /** Writes a string to `#text`; returns its length. */
  #encodeText(text: string): number {
    const bytes = textBytesMax(text);
    if (bytes > this.#text.length) this.#text = new Uint8Array(bytes);
    return writeText(this.#text, text);
  }

  #rangeOf(options: RangeReadOptions<K>): KeyRange {
    const { keyEncoding } = options;
    const codec = keyEncoding === undefined ? this.#keyCodec : codecOf('keyEncoding', keyEncoding);
    if (options.prefix !== undefined && this.#options.comparator !== undefined) {
      throw new MemTableError('MEMTABLE_INVALID_OPTION', 'a comparator knows no prefixes');
    }
    const { order } = this.#live.index;
    return new KeyRange(options, codec, (a, b) => order.compare(a.view, a.at, b.view, b.at));
  }

  /** The sequence that a read sees. */
  #sequenceOf(options: ReadOptions | undefined): number {
    const snapshot = options?.snapshot;
    if (snapshot === undefined) return this.#sequence;
    if (!(snapshot instanceof StoreSnapshot)) throw new TypeError(`not a snapshot of a store, but ${kindOf(snapshot)}`);
    if (snapshot.store !== this) throw new TypeError('the snapshot is of another store');
    if (!snapshot.isOpen) throw new MemTableError('MEMTABLE_SNAPSHOT_CLOSED', 'the snapshot has been closed');
    return snapshot.sequence;
  }

  // Searching

  /** The version of a key that a read sees, or NIL. */
  #seek(key: string | Uint8Array, options: ReadOptions | undefined): Addr {
    this.#checkOpen();
    this.#key.set(key);
    if (options?.snapshot === undefined) this.#key.beforeAll();
    else {
      const sequence = this.#sequenceOf(options);
      this.#key.setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    }
    return this.#live.seek(this.#key);
  }

  /** The newest version of a key, or NIL; its place is kept for a write. */
  #find(key: string | Uint8Array): Addr {
    const sequence = this.#sequence + 1;
    this.#key.set(key).setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    return this.#live.find(this.#key);
  }

  #isValue(entry: Addr): boolean {
    return entry !== NIL && this.#live.typeOf(entry) === ValueType.Value;
  }

  #isEqual(entry: Addr, value: string | Uint8Array | undefined): boolean {
    if (!this.#isValue(entry)) return value === undefined;
    if (value === undefined) return false;
    const isText = typeof value === 'string';
    const length = isText ? this.#encodeText(value) : value.length;
    const bytes = isText ? this.#text : value;
    const { u8, view } = this.#live.table.arena.memory;
    if (valueLengthOf(view, entry) !== length) return false;
    const start = valueStartOf(view, entry);
    for (let i = 0; i < length; i++) if (u8[start + i] !== bytes[i]) return false;
    return true;
  }

  #iterator<T>(yields: 'entries' | 'keys' | 'values', options: RangeReadOptions<K>): StoreIterator<T> {
    this.#checkOpen();
    const iterator = this.#iterate<T>(yields, options);
    // What a snapshot holds is held by its iterators too, should it be closed before them.
    const pin = options.snapshot === undefined ? this.#makePin('iterator') : options.snapshot.pin;
    this.#pins.use(pin, iterator);
    return iterator.hold(pin);
  }

  /** An iterator that holds nothing: for uses during which nothing is written, or nothing that it needs. */
  #iterate<T>(yields: 'entries' | 'keys' | 'values', options: RangeReadOptions<K>): StoreIterator<T> {
    const { keyEncoding, valueEncoding } = options;
    return new StoreIterator<T>(this.#host, {
      range: this.#rangeOf(options),
      sequence: this.#sequenceOf(options),
      keyCodec: keyEncoding === undefined ? this.#keyCodec : codecOf('keyEncoding', keyEncoding),
      valueCodec: valueEncoding === undefined ? this.#valueCodec : codecOf('valueEncoding', valueEncoding),
      yields,
    });
  }

  // Writing an entry

  /** Writes a value at the place that was found for it. @returns how many bytes */
  #putFound(older: Addr, value: string | Uint8Array): number {
    const isText = typeof value === 'string';
    const length = isText ? this.#encodeText(value) : value.length;
    const bytes = isText ? this.#text : value;
    const live = this.#live;
    const key = this.#key;
    const newBytes = entryBytes(key.keyLength, length);
    const replaces = this.#isValue(older);
    const oldBytes = replaces ? live.bytesOf(older) : 0;
    const sequence = this.#sequence + 1;
    let entry = older;
    if (replaces && length <= live.valueLengthOf(older) && live.sequenceOf(older) > this.#pins.newest) {
      live.overwrite(older, sequence, ValueType.Value, bytes, length);
    } else {
      entry = live.prepare(key, bytes, length);
      if (entry === NIL) this.#refuse(newBytes);
      live.insertFound(entry);
      if (replaces) this.#pins.replaced(live.sequenceOf(older), oldBytes);
    }
    this.#sequence = sequence;
    this.#liveBytes += newBytes - oldBytes;
    if (!replaces) this.#entryCount++;
    if (this.#compaction !== undefined) this.#mirror(entry);
    return newBytes;
  }

  /** Deletes a key; most often where its value lies, without looking for the place of another entry. */
  #delete(key: string | Uint8Array): number {
    this.#key.set(key).beforeAll();
    const older = this.#live.seek(this.#key);
    if (!this.#isValue(older)) return 0;
    return this.#deleteFound(this.#live.sequenceOf(older) > this.#pins.newest ? older : this.#find(key));
  }

  /** Deletes a value, which is there, at the place that was found for it. */
  #deleteFound(older: Addr): number {
    const live = this.#live;
    const oldBytes = live.bytesOf(older);
    const sequence = this.#sequence + 1;
    let entry = older;
    if (live.sequenceOf(older) > this.#pins.newest) {
      live.overwrite(older, sequence, ValueType.Deletion, EMPTY, 0);
    } else {
      this.#key.setTag(tagLow(sequence, ValueType.Deletion), tagHigh(sequence));
      entry = live.prepare(this.#key, EMPTY, 0);
      if (entry === NIL) this.#refuse(entryBytes(this.#key.keyLength, 0));
      live.insertFound(entry);
      this.#pins.replaced(live.sequenceOf(older), oldBytes);
    }
    this.#sequence = sequence;
    this.#liveBytes -= oldBytes;
    this.#entryCount--;
    if (this.#compaction !== undefined) this.#mirror(entry);
    return 0;
  }

  /** Makes writes, undefined values for deletions, as one: first all that takes memory, then all that shows. */
  #batch(keys: readonly (string | Uint8Array)[], values: readonly (string | Uint8Array | undefined)[]): void {
    const live = this.#live;
    const key = this.#key;
    const { entryBytes: bytesBefore } = live;
    const nodes: Addr[] = [];
    const olders: Addr[] = [];
    // Views of this very store end when its memory moves.
    if (live.mayMove(keys.length, bytesMaxOf(keys) + bytesMaxOf(values))) {
      keys = keys.map(copyOf);
      values = values.map(copyOf);
    }
    live.table.arena.mark(this.#batchMark);
    try {
      for (let i = 0; i < keys.length; i++) {
        const value = values[i] ?? EMPTY;
        const isText = typeof value === 'string';
        const length = isText ? this.#encodeText(value) : value.length;
        const sequence = this.#sequence + 1 + i;
        const type = values[i] === undefined ? ValueType.Deletion : ValueType.Value;
        key.set(keys[i]).setTag(tagLow(sequence, type), tagHigh(sequence));
        const node = live.prepare(key, isText ? this.#text : value, length);
        if (node === NIL) this.#refuse(entryBytes(key.keyLength, length));
        nodes.push(node);
      }
      for (const node of nodes) olders.push(live.insert(node));
    } catch (error) {
      live.unlink(nodes.slice(0, olders.length), this.#batchMark, bytesBefore);
      throw error;
    }
    this.#sequence += nodes.length;
    for (let i = 0; i < nodes.length; i++) {
      const older = olders[i];
      if (this.#isValue(older)) {
        const oldBytes = live.bytesOf(older);
        this.#liveBytes -= oldBytes;
        this.#entryCount--;
        this.#pins.replaced(live.sequenceOf(older), oldBytes);
      }
      if (!this.#isValue(nodes[i])) continue;
      this.#liveBytes += live.bytesOf(nodes[i]);
      this.#entryCount++;
    }
    for (const node of nodes) if (this.#compaction !== undefined) this.#mirror(node);
    this.#afterWrite(live.entryBytes - bytesBefore);
  }

  /** Keys of a range while they are deleted: in place, where nobody else sees them. */
  *#keysOf(range: KeyRange, sequence: number): Generator<Uint8Array> {
    const iterator = new StoreIterator(this.#host, {
      range,
      sequence,
      keyCodec: this.#keyCodec,
      valueCodec: this.#valueCodec,
      yields: 'keys',
    });
    while (iterator.step()) yield iterator.keyView;
  }

  #clearAll(): void {
    if (this.#compaction !== undefined) this.#abandonCompaction(undefined);
    const old = this.#live;
    const bytes = old.table.approximateMemoryUsage();
    this.#live = this.#makeTable();
    this.#sequence++;
    this.#entryCount = 0;
    this.#liveBytes = 0;
    this.#garbageLeft = 0;
    old.table.drop();
    this.#emit({ type: 'drop', bytes });
    this.#wake();
  }

  // Compaction

  #garbageBytes(): number {
    return this.#live.entryBytes - this.#liveBytes - this.#pins.heldBytes;
  }

  /** After each write: a compaction goes on, or begins when it is time. */
  #afterWrite(bytes: number): void {
    if (this.#compaction === undefined) this.#compactIfDue();
    else this.#compact(Math.min(SLICE_BYTES_MIN + bytes * this.#compactionRate, SLICE_BYTES_MAX));
    if (this.#waiters.length > 0) this.#wake();
  }

  #compactIfDue(): void {
    if (this.#compaction !== undefined) return;
    const garbage = this.#garbageBytes() - this.#garbageLeft;
    if (garbage <= 0) return;
    const { entryBytes } = this.#live;
    const isMuch = garbage > this.#garbageBytesMin && garbage > entryBytes * this.#garbageRatioMax;
    const isScarce =
      garbage > entryBytes / 16 &&
      (this.#waiters.length > 0 || this.#live.table.approximateMemoryUsage() > 0.75 * this.#tableBytesMax);
    if (isMuch || isScarce) this.#beginCompaction();
  }

  #beginCompaction(): void {
    const live = this.#live;
    const memoryUsage = live.table.approximateMemoryUsage();
    const garbageBytes = this.#garbageBytes();
    this.#compaction = new Compaction(live, this.#makeTable(live.table.arena.memory.capacityBytes), this.#pins);
    // Everything has been visited when a quarter has been added, or half of what may be.
    const room = Math.max(Math.min(live.entryBytes / 4, (this.#tableBytesMax - memoryUsage) / 2), 64 << 10);
    this.#compactionRate = Math.max(8, Math.ceil((2 * live.entryBytes) / room));
    this.#compactionContext = { store: this, garbageBytes, memoryUsage, slices: 0, start: performance.now() };
    this.#emit({ type: 'freeze', garbageBytes, memoryUsage });
    compactions.begin(this.#compactionContext);
    this.#drive();
  }

  /** Goes on with the compaction; what an order throws meanwhile ends it, not the write that pays for it. */
  #compact(bytes: number): void {
    const compaction = this.#compaction!;
    this.#compactionContext!.slices++;
    let more: boolean | undefined;
    try {
      more = compaction.step(bytes);
    } catch (error) {
      this.#abandonCompaction(error);
      return;
    }
    if (more === undefined) this.#abandonCompaction(compaction.to.full(0));
    else if (!more) this.#finishCompaction(compaction);
  }

  /** Lets the table to come have what was written. */
  #mirror(entry: Addr): void {
    try {
      if (!this.#compaction!.written(entry)) this.#abandonCompaction(this.#compaction!.to.full(0));
    } catch (error) {
      this.#abandonCompaction(error);
    }
  }

  #finishCompaction(compaction: Compaction): void {
    const { slices, start } = this.#compactionContext!;
    const beforeBytes = compaction.from.table.approximateMemoryUsage();
    const afterBytes = compaction.to.table.approximateMemoryUsage();
    this.#live = compaction.to;
    this.#compaction = undefined;
    for (const pin of this.#pins.all) for (const owner of pin.owners) owner.tableReplaced();
    this.#garbageLeft = compaction.deletionBytes;
    this.#finished++;
    const figures = { beforeBytes, afterBytes, entryCount: this.#entryCount, slices, ms: performance.now() - start };
    this.#emit({ type: 'compact', ...figures });
    compactions.succeed(this.#compactionContext!, figures);
    compaction.from.table.drop();
    this.#emit({ type: 'drop', bytes: beforeBytes });
    for (const waiter of this.#compactionWaiters.splice(0)) waiter.resolve();
    this.#wake();
    this.#compactIfDue(); // What became garbage meanwhile has been copied.
  }

  /** The next one begins when there is half as much garbage again. */
  #abandonCompaction(error: unknown): void {
    const { to } = this.#compaction!;
    this.#compaction = undefined;
    to.table.drop();
    this.#abandoned++;
    this.#garbageLeft = this.#garbageBytes() / 2;
    compactions.fail(this.#compactionContext!, error);
    for (const waiter of this.#compactionWaiters.splice(0)) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
  }

  /** Goes on with the compaction whenever the event loop turns; this keeps a process alive only if somebody waits. */
  #drive(): void {
    clearTimeout(this.#driver);
    const isAwaited = this.#compactionWaiters.length > 0 || this.#waiters.length > 0;
    this.#driver = setTimer(isAwaited, 0, () => {
      const end = performance.now() + SLICE_MS;
      while (this.#compaction !== undefined && performance.now() < end) this.#compact(SLICE_BYTES_MAX / 8);
      if (this.#compaction !== undefined) this.#drive();
    });
  }

  // Memory

  /** @param size - bytes to begin with; by default those of an empty store */
  #makeTable(size = SIZE_BYTES): StoreTable {
    const { comparator, blockBytes, reserveBytes } = this.#options;
    const maxBytes = this.#tableBytesMax;
    const options = {
      maxBytes,
      ...(comparator && { comparator }),
      ...(blockBytes && { blockBytes }),
      ...(reserveBytes && { reserveBytes: Math.min(reserveBytes, maxBytes) }),
    };
    return new StoreTable(options, Math.min(size, maxBytes, reserveBytes ?? size));
  }

  #hasRoom(bytes: number): boolean {
    const { arena } = this.#live.table;
    return arena.ensure(Math.max(bytes, 1) + ROOM_BYTES, 1);
  }

  /** A write found no room; if some can be made, that is begun. */
  #refuse(bytes: number): never {
    const error = this.#live.full(bytes);
    if (this.#compaction !== undefined) this.#compact(SLICE_BYTES_MAX / 8);
    else if (this.#garbageBytes() - this.#garbageLeft > this.#live.entryBytes / 16) this.#beginCompaction();
    throw error;
  }

  /** Lets those who wait go on, in order, as far as there is room. */
  #wake(): void {
    let room = 0;
    while (this.#waiters.length > 0 && this.#hasRoom(room + this.#waiters[0].bytes)) {
      const waiter = this.#waiters.shift()!;
      room += waiter.bytes;
      waiter.resolve();
    }
    this.#endWait();
  }

  #endWait(): void {
    if (this.#waiters.length > 0 || this.#waitingSince === 0) return;
    const ms = performance.now() - this.#waitingSince;
    this.#waitingSince = 0;
    this.#emit({ type: 'resume', ms });
  }

  // Pins

  #makePin(kind: PinKind): Pin {
    const stack = this.#options.pinStacks === true ? new Error(`${kind} made here`).stack : undefined;
    const pin = new Pin(kind, this.#sequence, performance.now(), stack);
    if (this.#pinWarningMs > 0) this.#pinTimer ??= setTimer(false, this.#pinWarningMs, () => this.#warnOfPins());
    return pin;
  }

  #release(pin: Pin, owner: PinOwner | undefined): void {
    this.#pins.release(pin, owner);
    if (this.#open) this.#compactIfDue();
  }

  /** Looks for pins that are forgotten, once for each; goes on for as long as there are any. */
  #warnOfPins(): void {
    this.#pinTimer = undefined;
    const now = performance.now();
    for (const pin of this.#pins.all) {
      const ageMs = now - pin.since;
      if (pin.warned || ageMs < this.#pinWarningMs) continue;
      pin.warned = true;
      warn(
        `${pin.kind === 'iterator' ? 'An' : 'A'} ${pin.kind} of a MemStore has been open for ${Math.round(ageMs / 1000)} s and holds ` +
          `${this.#pins.heldBytesOf(pin)} bytes of old entries. Was it forgotten?`,
        pin.stack,
      );
    }
    if (this.#pins.all.some(({ warned }) => !warned)) {
      this.#pinTimer = setTimer(false, this.#pinWarningMs, () => this.#warnOfPins());
    }
  }

  #emit(event: StoreEvent): void {
    if (events.hasSubscribers) events.publish({ store: this, ...event });
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #checkOpen(): void {
    if (!this.#open) throw closedError();
  }
}

interface CompactionContext extends TraceContext {
  readonly garbageBytes: number;
  readonly memoryUsage: number;
  readonly start: number;
  slices: number;
}

const EMPTY = new Uint8Array(0);
/** Beyond an entry: a block for it, and what the index may need. */
const ROOM_BYTES = 32 << 10;
/** An empty store takes so much. */
const SIZE_BYTES = 64 << 10;

/** The most bytes that keys or values take. */
function bytesMaxOf(items: readonly (string | Uint8Array | undefined)[]): number {
  let bytes = 0;
  for (const item of items) bytes += typeof item === 'string' ? textBytesMax(item) : (item?.length ?? 0);
  return bytes;
}

function copyOf<T extends string | Uint8Array | undefined>(item: T): T {
  return (item instanceof Uint8Array ? item.slice() : item) as T;
}

type Timer = ReturnType<typeof setTimeout>;

/** A timer that keeps the process alive or does not. */
function setTimer(alive: boolean, ms: number, call: () => void): Timer {
  const timer = setTimeout(call, ms);
  if (!alive) (timer as { unref?: () => void }).unref?.();
  return timer;
}

interface Process {
  emitWarning?: (message: string, options: { code: string; detail?: string | undefined }) => void;
}

function warn(message: string, detail: string | undefined): void {
  const { process } = globalThis as { process?: Process };
  if (process?.emitWarning !== undefined) process.emitWarning(message, { code: 'MEMTABLE_PINNED', detail });
  else console.warn(message, detail);
}

function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the store has been closed');
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
