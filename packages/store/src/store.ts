/**
 * A sorted key-value store in memory, over one memtable that is rewritten when too much of it is garbage, or flushed to a
 * target when it is full.
 *
 * Invariants, which `verify()` checks, besides those of its table (M), its pins (P), a compaction (C) and a flush (F):
 * T1. `liveBytes` and `entryCount` are those of the newest versions that are values.
 * T2. `heldBytes` are those of the older versions that pins see.
 * T3. With a target, whoever waits waits for something that is running: a flush, the pause after one that failed, or the
 *     timer that ends the turn of those who were admitted before.
 *
 * Code of the user's runs in many calls: encodings and `toJSON`, the function of `update`, getters of options and operations,
 * event handlers, flush targets. All of it may use the store, close it even, so each call goes like this:
 * U1. It reads its options and encodes its data, then asks whether the store is open, then searches and writes.
 * U2. Between a search and the write that needs its place no code of the user's runs but a comparator's.
 * U3. What is decoded has been copied before; nothing of the call is left to be done after but to return.
 * U4. A comparator must not use the store: a search is half done. Whatever it calls throws `MEMTABLE_REENTERED`.
 * U5. Work in the background (compactions, flushes, events) never makes a call fail that has done what it was asked.
 */
import { type Addr, INSPECT, MARK_WORDS, MEMORY_BYTES_MAX, NIL, show } from '@memtable/arena';
import {
  type FlushOptions,
  MemTableError,
  type StallReason,
  ValueType,
  type WaitOptions,
  WriteBatch,
} from '@memtable/memtable';
import {
  abortable,
  channel,
  checkFlushOptions,
  checkNotComparing,
  checkWhole,
  entryBytes,
  type EntryOrder,
  keyLengthOf,
  keyStartOf,
  LookupKey,
  orderOf,
  retryPauseMs,
  setTimer,
  tagHigh,
  tagLow,
  textBytes,
  textBytesMax,
  type Timer,
  Trace,
  type TraceContext,
  valueLengthOf,
  valueStartOf,
  writeText,
} from '@memtable/memtable/internal';
import { Admission } from './admission.js';
import { Compaction } from './compaction.js';
import { type Codec, codecOf, decode, encode, isPromise, kindOf } from './encoding.js';
import { type FlushFailure, StoreFlush } from './flush.js';
import { type IteratorHost, StoreIterator } from './iterator.js';
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
import { PinWatch } from './pin-watch.js';
import { Pin, type PinKind, Pins } from './pins.js';
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
export class MemStore<K = string, V = string> implements Iterable<[K, V]>, Disposable, AsyncDisposable {
  readonly #options: MemStoreOptions<K, V>;
  readonly #keyCodec: Codec;
  readonly #valueCodec: Codec;
  readonly #order: EntryOrder;
  /** What puts may fill of a table; the rest of `maxBytes` is for compactions, and for deletions. */
  readonly #tableBytesMax: number;
  /** Nor may what is left of it after a compaction be more than this, so that one is worth its while. */
  readonly #keptBytesMax: number;
  /** A table that takes no more has room for any put that is allowed. */
  readonly #roomyBytesMax: number;
  /** A write that is larger may not have room in an empty table. */
  readonly #roomBytesMax: number;
  readonly #garbageRatioMax: number;
  readonly #garbageBytesMin: number;
  readonly #flushOptions: FlushOptions | undefined;
  readonly #writeBufferBytes: number;
  readonly #host: IteratorHost;

  #state: 'open' | 'frozen' | 'closed' = 'open';
  #live: StoreTable;
  #sequence = 0;
  #entryCount = 0;
  #liveBytes = 0;
  #pins: Pins;
  /** Of tables that have been flushed: those that snapshots and iterators still read in. */
  readonly #retired = new Set<Pins>();
  readonly #pinWatch: PinWatch;

  #compaction: Compaction | undefined;
  /** Bytes that it has to visit for each byte written, so that it ends before memory does. */
  #compactionRate = 0;
  #compactionContext: CompactionContext | undefined;
  /** Garbage that the last compaction has left, or could not get rid of. */
  #garbageLeft = 0;
  #finished = 0;
  #abandoned = 0;
  #compactionError: unknown;
  #driver: Timer | undefined;
  readonly #compactionWaiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  #flush: StoreFlush | undefined;
  /** The pause after a flush that could not begin, and how often in a row that has happened. */
  #flushPause: Timer | undefined;
  #flushFailures = 0;
  #lastFlushError: unknown;
  #flushedTables = 0;
  #flushedEntries = 0;
  /** Those who wait until all writes up to a sequence have been flushed. */
  readonly #flushWaiters: { sequence: number; resolve: () => void; reject: (error: unknown) => void }[] = [];

  readonly #admission = new Admission({
    hasRoom: (bytes) => this.#hasRoom(bytes),
    makeRoom: (bytes) => this.#beginFlushFor(bytes),
    onResume: (ms) => this.#emit({ type: 'resume', ms }),
  });

  // Reused by every call, from its first search on.
  readonly #key = new LookupKey();
  #text = new Uint8Array(1024);
  #textLength = 0;
  #spareBatch: WriteBatch | undefined;
  readonly #batchMark = new Int32Array(MARK_WORDS);

  /** @throws MemTableError `MEMTABLE_INVALID_OPTION`, TypeError */
  constructor(options: MemStoreOptions<K, V> = {}) {
    const {
      maxBytes = 2 * MEMORY_BYTES_MAX,
      garbageRatioMax = 0.5,
      garbageBytesMin = MIB,
      pinWarningMs = 60_000,
      writeBufferBytes = 4 * MIB,
      target,
    } = options;
    checkOption('maxBytes', maxBytes, 2 * TABLE_BYTES_MIN, 2 * MEMORY_BYTES_MAX);
    checkOption('garbageRatioMax', garbageRatioMax, 0.01, 0.99);
    checkOption('garbageBytesMin', garbageBytesMin, 0, MEMORY_BYTES_MAX);
    checkOption('pinWarningMs', pinWarningMs, 0, 0x7fffffff);
    checkWhole('writeBufferBytes', writeBufferBytes, 1, 1 << 30);
    this.#flushOptions = target === undefined ? undefined : { ...options, target };
    if (this.#flushOptions !== undefined) checkFlushOptions(this.#flushOptions);
    this.#writeBufferBytes = writeBufferBytes;
    this.#keyCodec = codecOf('keyEncoding', options.keyEncoding);
    this.#valueCodec = codecOf('valueEncoding', options.valueEncoding);
    this.#options = options;
    this.#order = orderOf(options.comparator);
    this.#tableBytesMax = Math.floor(maxBytes / 16) * 8;
    this.#keptBytesMax = this.#flushOptions === undefined ? (this.#tableBytesMax / 16) * 15 : Infinity;
    this.#roomyBytesMax = this.#flushOptions === undefined ? (this.#tableBytesMax / 4) * 3 : Infinity;
    this.#garbageRatioMax = garbageRatioMax;
    this.#garbageBytesMin = garbageBytesMin;
    this.#live = this.#makeTable();
    const emptyBytes = this.#live.table.arena.memory.usedBytes;
    this.#roomBytesMax = Math.min(this.#tableBytesMax / 2, this.#tableBytesMax - emptyBytes - ROOM_BYTES - 64);
    this.#pins = new Pins(this.#live);
    this.#pinWatch = new PinWatch(pinWarningMs, () => this.#pinFigures());
    this.#host = {
      current: () => {
        this.#checkOpen();
        return this.#live;
      },
      isPlain: (table, sequence) =>
        table === this.#live && sequence === this.#sequence && table.index.entryCount === this.#entryCount,
      checkNotComparing: () => this.#checkNotComparing(),
      release: (pin, owner) => {
        pin.home.owners.delete(owner);
        this.#release(pin);
      },
      removes: this.#flushOptions === undefined,
      isSeen: (sequence, by) => this.#pins.sees(sequence, by),
      remove: (table, entries) => {
        if (table === this.#live) for (const entry of entries) table.remove(entry);
      },
    };
  }

  // Writing

  /**
   * Sets `key` to `value`.
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_STALLED`, `MEMTABLE_FROZEN`, `MEMTABLE_CLOSED`,
   * `MEMTABLE_ENCODING_FAILED`; TypeError for null and the like; what the comparator throws. Nothing has changed then
   */
  put(key: K, value: V, options?: EncodingOptions): void {
    const keyCodec = this.#keyCodecOf(options);
    const valueCodec = this.#valueCodecOf(options);
    const storedKey = this.#encodeKey(key, keyCodec, valueCodec);
    const storedValue = encode('value', valueCodec, value);
    this.#checkWritable();
    this.#afterWrite(this.#putFound(this.#find(storedKey), storedValue));
  }

  /** Deletes `key`, which need not be there. @throws as {@link MemStore.put} */
  del(key: K, options?: EncodingOptions): void {
    const storedKey = this.#encodeKey(key, this.#keyCodecOf(options));
    this.#checkWritable();
    this.#afterWrite(this.#delete(storedKey));
  }

  /**
   * Makes all of the writes or none. Of several of one key the last one counts.
   * @throws as {@link MemStore.put}
   */
  batch(operations: readonly BatchOperation<K, V>[], options?: EncodingOptions): void {
    this.#checkWritable();
    if (!Array.isArray(operations)) throw new TypeError(`a batch must be an array, not ${kindOf(operations)}`);
    const batchKeyCodec = this.#keyCodecOf(options);
    const batchValueCodec = this.#valueCodecOf(options);
    // One that is being filled belongs to its call: the code that it runs may make another.
    const batch = this.#spareBatch ?? new WriteBatch();
    this.#spareBatch = undefined;
    for (const operation of operations as readonly BatchOperation<K, V>[]) {
      if (typeof operation !== 'object' || operation === null) {
        throw new TypeError(`an operation of a batch must be an object, not ${kindOf(operation)}`);
      }
      const { type, keyEncoding, valueEncoding } = operation;
      if (type !== 'put' && type !== 'del') {
        throw new TypeError(`the type of an operation must be 'put' or 'del': ${String(type)}`);
      }
      const keyCodec = keyEncoding === undefined ? batchKeyCodec : codecOf('keyEncoding', keyEncoding);
      const valueCodec = valueEncoding === undefined ? batchValueCodec : codecOf('valueEncoding', valueEncoding);
      const key = this.#encodeKey(operation.key, keyCodec, valueCodec);
      const value = type === 'put' ? encode('value', valueCodec, operation.value) : undefined;
      if (!batch.add(key, value, this.#tableBytesMax)) throw this.#live.full(batch.byteLength + key.length);
    }
    this.#checkWritable();
    this.#batch(batch);
    if (batch.capacityBytes <= SPARE_BATCH_BYTES_MAX) this.#spareBatch = batch.clear();
  }

  /**
   * Sets `key` unless it is there.
   * @returns whether it was set
   * @throws as {@link MemStore.put}; MemTableError `MEMTABLE_BUFFER_ONLY` with a target: what has been flushed is not here
   */
  putIfAbsent(key: K, value: V): boolean {
    this.#checkComplete('putIfAbsent');
    const storedKey = this.#encodeKey(key, this.#keyCodec, this.#valueCodec);
    const storedValue = encode('value', this.#valueCodec, value);
    this.#checkWritable();
    const older = this.#find(storedKey);
    if (this.#isValue(older)) return false;
    this.#afterWrite(this.#putFound(older, storedValue));
    return true;
  }

  /**
   * Sets `key` to `value` if its value is `expected`; undefined stands for no value, on both sides.
   * @returns whether it was. Values are compared as they are stored
   * @throws as {@link MemStore.putIfAbsent}
   */
  compareAndSet(key: K, expected: V | undefined, value: V | undefined): boolean {
    this.#checkComplete('compareAndSet');
    const codec = this.#valueCodec;
    const storedKey = this.#encodeKey(key, this.#keyCodec, codec);
    let storedExpected = expected === undefined ? undefined : encode('value', codec, expected);
    if (codec.encode !== undefined && storedExpected !== undefined) storedExpected = owned(storedExpected);
    const storedValue = value === undefined ? undefined : encode('value', codec, value);
    this.#checkWritable();
    const older = this.#find(storedKey);
    if (!this.#isEqual(older, storedExpected)) return false;
    this.#setFound(older, storedValue);
    return true;
  }

  /**
   * Sets `key` to what `fn` makes of its value; undefined stands for no value, on both sides.
   * @param fn - may use the store. What it writes comes before what it returns
   * @returns the new value
   * @throws what `fn` throws; TypeError when it returns a promise; as {@link MemStore.putIfAbsent}
   */
  update(key: K, fn: (value: V | undefined) => V | undefined): V | undefined {
    this.#checkComplete('update');
    const storedKey = owned(this.#encodeKey(key, this.#keyCodec));
    this.#checkWritable();
    const entry = this.#seek(this.#live, storedKey, undefined);
    const value = fn(this.#isValue(entry) ? this.#decodeValue(this.#live, entry, this.#valueCodec) : undefined);
    if (isPromise(value)) throw new TypeError('the function of an update must return a value, not a promise of one');
    const storedValue = value === undefined ? undefined : encode('value', this.#valueCodec, value);
    this.#checkWritable();
    this.#setFound(this.#find(storedKey), storedValue);
    return value;
  }

  /**
   * Deletes all keys of a range. Without any options, and without open snapshots and iterators, the memory is given back
   * at once. With a target these are the keys that are here; what has been flushed is the target's.
   * @param options - with a snapshot: the keys that were there then
   * @throws as {@link MemStore.put}
   */
  clear(options: RangeReadOptions<K> = {}): void {
    const { range, snapshot } = this.#readOf(options);
    this.#checkWritable();
    const table = this.#tableOf(snapshot);
    const isAll = range.lower === undefined && range.upper === undefined && range.limit === Infinity;
    const isUnseen = this.#pins.newest === -1 && this.#flushOptions === undefined;
    if (isUnseen && isAll) {
      this.#clearAll();
      return;
    }
    const entries: Addr[] = [];
    const iterator = this.#iterate<K>('keys', table, range, snapshot);
    while (iterator.step()) entries.push(iterator.entry);
    if (isUnseen) {
      // In place, and at addresses: nothing can fail any more.
      for (const entry of entries) this.#overwriteFound(entry, ValueType.Deletion, EMPTY, 0);
      this.#afterWrite(0);
      return;
    }
    // Deletions beside versions that somebody needs take memory, which may run out.
    const batch = new WriteBatch();
    const { u8, view } = table.table.arena.memory;
    for (const entry of entries) {
      const start = keyStartOf(view, entry);
      batch.del(u8.subarray(start, start + keyLengthOf(view, entry)));
    }
    this.#batch(batch);
  }

  // Reading

  /**
   * The value of `key`; undefined when there is none. With a target this is what is here: where `isDeleted` says no too,
   * the target is the one to ask.
   * @throws MemTableError, TypeError
   */
  get(key: K, options?: ReadOptions): V | undefined {
    const valueCodec = this.#valueCodecOf(options);
    const snapshot = options?.snapshot;
    const storedKey = this.#encodeKey(key, this.#keyCodecOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    return this.#isValue(entry, table) ? this.#decodeValue(table, entry, valueCodec) : undefined;
  }

  /**
   * The bytes of the value where they lie. Only good until the next write, after which they may be those of another value, or
   * none. Do not write to them.
   */
  getView(key: K, options?: ReadOptions): Uint8Array | undefined {
    const snapshot = options?.snapshot;
    const storedKey = this.#encodeKey(key, this.#keyCodecOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    if (!this.#isValue(entry, table)) return undefined;
    const { buffer, view } = table.table.arena.memory;
    return new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  /** The values of several keys, undefined for those that have none. */
  getMany(keys: readonly K[], options?: ReadOptions): (V | undefined)[] {
    if (!Array.isArray(keys)) throw new TypeError(`the keys must be an array, not ${kindOf(keys)}`);
    return (keys as readonly K[]).map((key) => this.get(key, options));
  }

  /**
   * Whether `key` has a value.
   * @throws MemTableError `MEMTABLE_BUFFER_ONLY` with a target: what has been flushed is not here
   */
  has(key: K, options?: ReadOptions): boolean {
    this.#checkComplete('has');
    const snapshot = options?.snapshot;
    const storedKey = this.#encodeKey(key, this.#keyCodecOf(options));
    const table = this.#tableOf(snapshot);
    return this.#isValue(this.#seek(table, storedKey, snapshot), table);
  }

  /**
   * Whether `key` was deleted here, and the target may not know it yet. Where there is a target, what has no value here and
   * is not deleted here is to be asked of the target.
   */
  isDeleted(key: K, options?: ReadOptions): boolean {
    const snapshot = options?.snapshot;
    const storedKey = this.#encodeKey(key, this.#keyCodecOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    return entry !== NIL && table.typeOf(entry) === ValueType.Deletion;
  }

  /** How many keys there are. O(1). */
  get size(): number {
    return this.#entryCount;
  }

  /** How many keys there are in a range. O(those). */
  count(options: RangeReadOptions<K> = {}): number {
    const { range, snapshot } = this.#readOf(options);
    const iterator = this.#iterate<K>('keys', this.#tableOf(snapshot), range, snapshot);
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
    pin.home.use(pin);
    return new StoreSnapshot(
      this,
      pin,
      () => this.#checkNotComparing(),
      (released) => this.#release(released),
    );
  }

  // Its life

  /**
   * Bytes of all blocks, of a compaction and of flushed tables that somebody reads in too. O(those). Memory that calls use
   * again, 320 KiB at most and a long key, is `scratchBytes` of `stats()`.
   */
  memoryUsage(): number {
    let bytes = this.#live.table.approximateMemoryUsage();
    for (const { to } of [this.#compaction, this.#flush].filter((next) => next !== undefined)) {
      bytes += to.table.approximateMemoryUsage();
    }
    for (const { table } of this.#retired) bytes += table.table.approximateMemoryUsage();
    return bytes;
  }

  /**
   * Resolves when there is room for a write of `bytes` bytes, key and value together: at once, after a compaction or a
   * flush, or when somebody has deleted something or closed a snapshot. Those who wait go on in order.
   * @throws MemTableError `MEMTABLE_FULL` when there can never be so much room, `MEMTABLE_FROZEN`, `MEMTABLE_CLOSED`; the
   * reason of `signal`
   */
  async admit(bytes = 0, options: WaitOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    this.#checkNotFrozen();
    if (bytes > this.#roomBytesMax) throw this.#live.full(bytes);
    if (this.#admission.count === 0 && this.#hasRoom(bytes)) return;
    const admitted = this.#admission.wait(bytes, signal);
    if (this.#admission.count === 1) this.#emit({ type: 'stall', reason: this.#stallReason(), bytes });
    if (this.#flushOptions !== undefined) this.#admission.wake();
    else {
      this.#compactIfDue();
      if (this.#compaction !== undefined) this.#drive();
    }
    await admitted;
  }

  /** Makes the store read-only, for good. It can still be flushed, compacted and closed. Idempotent. */
  freeze(): void {
    this.#checkOpen();
    if (this.#state === 'frozen') return;
    this.#state = 'frozen';
    this.#emitFreeze('call');
    this.#admission.refuse(frozenError());
  }

  /**
   * Resolves when all that has been written so far is in the target, and its memory has been given back; but for what open
   * snapshots and iterators read. A flush that fails is tried again; `signal` ends the wait, not the flush. The store takes
   * writes meanwhile, until they fill another write buffer.
   * @throws MemTableError `MEMTABLE_INVALID_OPTION` when there is no target, `MEMTABLE_CLOSED`; the reason of `signal`
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    this.#checkOpen();
    if (this.#flushOptions === undefined) throw new MemTableError('MEMTABLE_INVALID_OPTION', 'the store has no target');
    const sequence = this.#sequence; // The target may write to the store as soon as it is called.
    this.#beginFlush();
    if (!this.#isFlushing) return;
    await abortable(signal, (resolve, reject) => {
      const waiter = { sequence, resolve, reject };
      this.#flushWaiters.push(waiter);
      return () => this.#flushWaiters.splice(this.#flushWaiters.indexOf(waiter), 1);
    });
  }

  /**
   * Rewrites the table without its garbage, in slices of 2 ms between which the event loop turns. Compactions begin by
   * themselves; this is for those who want the memory back now. With a target there are none, and this is a flush.
   * @throws MemTableError `MEMTABLE_CLOSED`, `MEMTABLE_FULL` when there is no memory for it; what the comparator throws
   */
  async compact(): Promise<void> {
    this.#checkOpen();
    if (this.#flushOptions !== undefined) return this.flush();
    if (this.#compaction === undefined && !this.#beginCompaction()) throw this.#compactionError;
    await new Promise<void>((resolve, reject) => {
      this.#compactionWaiters.push({ resolve, reject });
      this.#drive();
    });
  }

  /** All of its figures. O(open snapshots and iterators, and what they hold). */
  stats(): MemStoreStats {
    const now = performance.now();
    return {
      state: this.#state,
      entryCount: this.#entryCount,
      lastSequence: this.#sequence,
      memoryUsage: this.memoryUsage(),
      liveBytes: this.#liveBytes,
      heldBytes: [...this.#retired].reduce((sum, { table }) => sum + table.entryBytes, this.#pins.heldBytes),
      garbageBytes: this.#garbageBytes(),
      compaction: {
        running: this.#compaction !== undefined,
        finished: this.#finished,
        abandoned: this.#abandoned,
        lastError: this.#compactionError,
      },
      flush: {
        running: this.#flush !== undefined,
        failures: this.#flush?.failures ?? this.#flushFailures,
        lastError: this.#flush === undefined ? this.#lastFlushError : this.#flush.lastError,
        flushedTables: this.#flushedTables,
        flushedEntries: this.#flushedEntries,
      },
      waiting: { writers: this.#admission.count, bytes: this.#admission.bytes },
      scratchBytes: this.#text.length + this.#key.u8.length + (this.#spareBatch?.capacityBytes ?? 0),
      pins: this.#pinFigures().map(({ pin, heldBytes }) => ({
        kind: pin.kind,
        sequence: pin.sequence,
        ageMs: now - pin.since,
        heldBytes,
        stack: pin.stack,
      })),
      arena: this.#live.table.stats().arena,
    };
  }

  /**
   * Gives all memory back. Open snapshots and iterators end, and whoever waits is refused. Idempotent.
   * @param options - `discard`: with a target, what has not been flushed is lost
   * @throws MemTableError `MEMTABLE_UNFLUSHED` when there is a target that does not have everything; call `flush()` before
   */
  close(options: { discard?: boolean } = {}): void {
    const { discard = false } = options;
    if (this.#state === 'closed') return;
    this.#checkNotComparing();
    const unflushed = this.#flushOptions === undefined ? 0 : this.#live.index.entryCount;
    if (unflushed > 0 && !discard) {
      throw new MemTableError('MEMTABLE_UNFLUSHED', `${unflushed} entries have not been flushed; the store stays open`);
    }
    this.#state = 'closed';
    this.#pinWatch.stop();
    clearTimeout(this.#flushPause);
    this.#flushPause = undefined;
    const error = closedError();
    if (this.#compaction !== undefined) this.#abandonCompaction(error);
    if (this.#flush !== undefined) {
      this.#flush.stop(error);
      this.#release(this.#flush.pin);
      this.#flush = undefined;
    }
    const bytes = this.memoryUsage();
    for (const { table } of this.#retired) table.table.drop();
    this.#retired.clear();
    this.#live.table.drop();
    this.#entryCount = 0;
    this.#liveBytes = 0;
    this.#live.entryBytes = this.#pins.heldBytes;
    this.#emit({ type: 'drop', bytes });
    for (const waiter of this.#flushWaiters.splice(0)) waiter.reject(error);
    this.#admission.refuse(error);
  }

  /** As {@link MemStore.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Flushes, where there is a target, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'closed' && this.#flushOptions !== undefined) await this.flush();
    this.close();
  }

  /** What `console.log` prints of it. */
  [INSPECT](): object {
    return show(this, () => {
      const { state, entryCount, memoryUsage, liveBytes, heldBytes, garbageBytes } = this.stats();
      if (state === 'closed') return { state };
      return { state, size: entryCount, memoryUsage, liveBytes, heldBytes, garbageBytes };
    });
  }

  /**
   * Checks T1 and T2, the pins, the table, its arena and index. O(entries).
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: which invariant, and where
   */
  verify(): void {
    this.#checkOpen();
    const live = this.#live;
    live.table.verify();
    this.#pins.verify();
    this.#compaction?.to.table.verify();
    this.#flush?.verify();
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

  #keyCodecOf(options: EncodingOptions | undefined): Codec {
    const encoding = options?.keyEncoding;
    return encoding === undefined ? this.#keyCodec : codecOf('keyEncoding', encoding);
  }

  #valueCodecOf(options: EncodingOptions | undefined): Codec {
    const encoding = options?.valueEncoding;
    return encoding === undefined ? this.#valueCodec : codecOf('valueEncoding', encoding);
  }

  /** @param valueCodec - that of the value which is encoded next: its code may use the same memory for what it returns */
  #encodeKey(key: K, codec: Codec, valueCodec?: Codec): string | Uint8Array {
    this.#checkNotComparing(); // Before an encoder runs that may use the memory of the key which is searched.
    const stored = encode('key', codec, key);
    return valueCodec?.encode === undefined ? stored : owned(stored);
  }

  #decodeValue(table: StoreTable, entry: Addr, codec: Codec): V {
    const { u8, view } = table.table.arena.memory;
    return decode(codec, u8, view, valueStartOf(view, entry), valueLengthOf(view, entry)) as V;
  }

  /** Writes a string to `#text`, or to bytes of its own when it is long; returns those. `#textLength` says how many count. */
  #encodeText(text: string): Uint8Array {
    if (text.length > TEXT_LENGTH_MAX) {
      const bytes = textBytes(text);
      this.#textLength = bytes.length;
      return bytes;
    }
    const bytes = textBytesMax(text);
    if (bytes > this.#text.length) this.#text = new Uint8Array(bytes);
    this.#textLength = writeText(this.#text, 0, text);
    return this.#text;
  }

  /** What the options of a range say; they are read once, and nothing has been searched yet. */
  #readOf(options: RangeReadOptions<K>): {
    readonly range: KeyRange;
    readonly snapshot: StoreSnapshot | undefined;
    readonly keyCodec: Codec;
  } {
    const { snapshot } = options;
    const keyCodec = this.#keyCodecOf(options);
    this.#checkOpen(); // A range with several bounds compares them.
    return { range: new KeyRange(options, keyCodec, this.#order), snapshot, keyCodec };
  }

  /** The sequence that a read sees. */
  #sequenceOf(snapshot: StoreSnapshot | undefined): number {
    return snapshot === undefined ? this.#sequence : snapshot.sequence;
  }

  /** The table that a read looks in. */
  #tableOf(snapshot: StoreSnapshot | undefined): StoreTable {
    this.#checkOpen();
    if (snapshot === undefined) return this.#live;
    if (!(snapshot instanceof StoreSnapshot)) throw new TypeError(`not a snapshot of a store, but ${kindOf(snapshot)}`);
    if (snapshot.store !== this) throw new TypeError('the snapshot is of another store');
    if (!snapshot.isOpen) throw new MemTableError('MEMTABLE_SNAPSHOT_CLOSED', 'the snapshot has been closed');
    return snapshot.pin.home.table;
  }

  // Searching

  /** The version of a key that a read sees, or NIL. */
  #seek(table: StoreTable, key: string | Uint8Array, snapshot: StoreSnapshot | undefined): Addr {
    this.#key.set(key);
    if (snapshot === undefined) this.#key.beforeAll();
    else this.#key.setTag(tagLow(snapshot.sequence, ValueType.Value), tagHigh(snapshot.sequence));
    return table.seek(this.#key);
  }

  /** The newest version of a key, or NIL; its place is kept for a write. */
  #find(key: string | Uint8Array): Addr {
    if (key.length > this.#tableBytesMax) throw this.#live.full(key.length);
    this.#key.set(key);
    return this.#findSet();
  }

  /** The same of the lookup key that is set. */
  #findSet(): Addr {
    const sequence = this.#sequence + 1;
    this.#key.setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    return this.#live.find(this.#key);
  }

  #isValue(entry: Addr, table = this.#live): boolean {
    return entry !== NIL && table.typeOf(entry) === ValueType.Value;
  }

  #isEqual(entry: Addr, value: string | Uint8Array | undefined): boolean {
    if (!this.#isValue(entry)) return value === undefined;
    if (value === undefined) return false;
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const { u8, view } = this.#live.table.arena.memory;
    if (valueLengthOf(view, entry) !== length) return false;
    const start = valueStartOf(view, entry);
    for (let i = 0; i < length; i++) if (u8[start + i] !== bytes[i]) return false;
    return true;
  }

  #iterator<T>(yields: 'entries' | 'keys' | 'values', options: RangeReadOptions<K>): StoreIterator<T> {
    const valueCodec = this.#valueCodecOf(options);
    const { range, snapshot, keyCodec } = this.#readOf(options);
    const iterator = this.#iterate<T>(yields, this.#tableOf(snapshot), range, snapshot, keyCodec, valueCodec);
    // What a snapshot holds is held by its iterators too, should it be closed before them.
    const pin = snapshot === undefined ? this.#makePin('iterator') : snapshot.pin;
    pin.home.use(pin);
    pin.home.owners.add(iterator);
    return iterator.hold(pin);
  }

  /** An iterator that holds nothing: for uses during which nothing is written, or nothing that it needs. */
  #iterate<T>(
    yields: 'entries' | 'keys' | 'values',
    table: StoreTable,
    range: KeyRange,
    snapshot: StoreSnapshot | undefined,
    keyCodec = this.#keyCodec,
    valueCodec = this.#valueCodec,
  ): StoreIterator<T> {
    const sequence = this.#sequenceOf(snapshot);
    return new StoreIterator<T>(this.#host, { table, range, sequence, keyCodec, valueCodec, yields });
  }

  // Writing an entry

  /** Writes a value at the place that was found for it. @returns how many bytes */
  #putFound(older: Addr, value: string | Uint8Array): number {
    const key = this.#key;
    const bytesMin = key.keyLength + value.length;
    if (bytesMin > this.#tableBytesMax) throw this.#live.full(bytesMin);
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const newBytes = entryBytes(key.keyLength, length);
    if (this.#isInPlace(older, length)) {
      this.#overwriteFound(older, ValueType.Value, bytes, length);
      return newBytes;
    }
    if (this.#live.table.approximateMemoryUsage() + newBytes > this.#roomyBytesMax && this.#makeRoom(newBytes)) {
      older = this.#live.find(key);
    }
    const live = this.#live;
    const entry = live.prepare(key, bytes, length);
    if (entry === NIL) this.#refuse(newBytes);
    live.insertFound(entry);
    this.#countAdded(older, newBytes, 1);
    this.#mirror(entry);
    return newBytes;
  }

  /** Sets a value, or undefined for none, at the place that was found for it. */
  #setFound(older: Addr, value: string | Uint8Array | undefined): void {
    if (value !== undefined) this.#afterWrite(this.#putFound(older, value));
    else if (this.#isValue(older)) this.#afterWrite(this.#deleteFound(older));
  }

  /** Deletes a key; most often where its value lies, without looking for the place of another entry. */
  #delete(key: string | Uint8Array): number {
    if (key.length > this.#tableBytesMax) return 0; // It was never there, nor in the target.
    this.#key.set(key).beforeAll();
    const older = this.#live.seek(this.#key);
    if (!this.#isValue(older)) {
      // The target may have a value; it has to be told, once.
      return this.#flushOptions === undefined || older !== NIL ? 0 : this.#deleteFound(this.#findSet());
    }
    return this.#deleteFound(this.#isInPlace(older, 0) ? older : this.#findSet());
  }

  /** Deletes a key at the place that was found for it; NIL when it has no value. */
  #deleteFound(older: Addr): number {
    if (this.#isInPlace(older, 0)) {
      this.#overwriteFound(older, ValueType.Deletion, EMPTY, 0);
      return 0;
    }
    const live = this.#live;
    const sequence = this.#sequence + 1;
    this.#key.setTag(tagLow(sequence, ValueType.Deletion), tagHigh(sequence));
    const entry = live.prepare(this.#key, EMPTY, 0);
    if (entry === NIL) this.#refuse(entryBytes(this.#key.keyLength, 0));
    live.insertFound(entry);
    this.#countAdded(older, 0, 0);
    this.#mirror(entry);
    return 0;
  }

  /** Whether a write of the lookup key, with a value of this length, goes where its older version lies. */
  #isInPlace(older: Addr, valueLength: number): boolean {
    // A compaction may wait with a deletion for the versions below it: that stays what it is.
    if (!this.#isValue(older)) return false;
    const live = this.#live;
    return live.sequenceOf(older) > this.#pins.newest && live.fits(older, this.#key, valueLength);
  }

  /** Overwrites the newest version of a key, which no pin sees. */
  #overwriteFound(entry: Addr, type: ValueType, value: Uint8Array, valueLength: number): void {
    const live = this.#live;
    const wasValue = this.#isValue(entry);
    const oldBytes = wasValue ? live.bytesOf(entry) : 0;
    this.#sequence++;
    live.overwrite(entry, this.#sequence, type, value, valueLength);
    const isValue = type === ValueType.Value;
    this.#liveBytes += (isValue ? live.bytesOf(entry) : 0) - oldBytes;
    this.#entryCount += +isValue - +wasValue;
    this.#mirror(entry);
  }

  /** Counts an entry that is the newest version of its key now: its live bytes, and 1 for a value. */
  #countAdded(older: Addr, liveBytes: number, values: 0 | 1): void {
    this.#sequence++;
    this.#liveBytes += liveBytes;
    this.#entryCount += values;
    if (!this.#isValue(older)) return;
    const oldBytes = this.#live.bytesOf(older);
    this.#liveBytes -= oldBytes;
    this.#entryCount--;
    this.#pins.replaced(this.#live.sequenceOf(older), oldBytes);
  }

  /** Makes writes as one: first all that takes memory, then all that shows. */
  #batch(batch: WriteBatch): void {
    const bytes = batch.byteLength + batch.count * INDEX_BYTES;
    if (this.#live.table.approximateMemoryUsage() + bytes > this.#roomyBytesMax && this.#hasPut(batch)) {
      this.#makeRoom(bytes);
    }
    const live = this.#live;
    const { entryBytes: bytesBefore } = live;
    const nodes: Addr[] = [];
    const olders: Addr[] = [];
    live.table.arena.mark(this.#batchMark);
    try {
      const record = batch.reader();
      while (record.next()) {
        const node = live.prepareRecord(record, this.#sequence + 1 + nodes.length);
        if (node === NIL) throw live.full(entryBytes(record.keyLength, record.valueLength));
        nodes.push(node);
      }
      for (const node of nodes) olders.push(live.insert(node));
    } catch (error) {
      live.unlink(nodes.slice(0, olders.length), this.#batchMark, bytesBefore);
      this.#beginToMakeRoom(error);
      throw error;
    }
    nodes.forEach((node, i) => {
      const isValue = this.#isValue(node);
      this.#countAdded(olders[i], isValue ? live.bytesOf(node) : 0, isValue ? 1 : 0);
    });
    const added = live.entryBytes - bytesBefore;
    for (const node of nodes) this.#mirror(node);
    this.#afterWrite(added);
  }

  /** Deletions alone may take what puts have to leave. */
  #hasPut(batch: WriteBatch): boolean {
    const record = batch.reader();
    while (record.next()) if (record.type === ValueType.Value) return true;
    return false;
  }

  #clearAll(): void {
    const fresh = this.#makeTable();
    if (this.#compaction !== undefined) this.#abandonCompaction(undefined);
    const old = this.#live;
    const bytes = old.table.approximateMemoryUsage();
    this.#live = fresh;
    this.#pins.table = this.#live;
    this.#sequence++;
    this.#entryCount = 0;
    this.#liveBytes = 0;
    this.#garbageLeft = 0;
    old.table.drop();
    this.#emit({ type: 'drop', bytes });
    this.#admission.wake();
  }

  // Compaction

  #garbageBytes(): number {
    return this.#live.entryBytes - this.#liveBytes - this.#pins.heldBytes;
  }

  /** After each write: a compaction goes on, or begins when it is time. */
  #afterWrite(bytes: number): void {
    if (this.#flushOptions !== undefined) this.#flushIfDue();
    else if (this.#compaction === undefined) this.#compactIfDue();
    else this.#compact(Math.min(SLICE_BYTES_MIN + bytes * this.#compactionRate, SLICE_BYTES_MAX));
    if (this.#admission.count > 0) this.#admission.wake();
  }

  #compactIfDue(): void {
    if (this.#compaction !== undefined || this.#flushOptions !== undefined) return;
    const garbage = this.#garbageBytes() - this.#garbageLeft;
    if (garbage <= 0) return;
    const { entryBytes } = this.#live;
    const isMuch = garbage > this.#garbageBytesMin && garbage > entryBytes * this.#garbageRatioMax;
    const isScarce =
      garbage > entryBytes / 16 &&
      (this.#admission.count > 0 || this.#live.table.approximateMemoryUsage() > 0.75 * this.#tableBytesMax);
    if (isMuch || isScarce) this.#beginCompaction();
  }

  /** @returns false when there is no memory for the new table; it is tried again when there is half as much garbage again */
  #beginCompaction(): boolean {
    const live = this.#live;
    const memoryUsage = live.table.approximateMemoryUsage();
    const garbageBytes = this.#garbageBytes();
    let to: StoreTable;
    try {
      // Room for what is needed, and for what is written meanwhile.
      const size = SIZE_BYTES + 2 * (memoryUsage - garbageBytes) + (memoryUsage >> 2);
      to = this.#makeTable(Math.min(Math.floor(size / 8) * 8, live.table.arena.memory.capacityBytes));
    } catch (error) {
      this.#compactionFailed(error);
      return false;
    }
    this.#compaction = new Compaction(live, to, this.#pins);
    // Finish before the table grows by a quarter, or by half of the room that is left, whichever is less.
    const room = Math.max(Math.min(live.entryBytes / 4, (this.#tableBytesMax - memoryUsage) / 2), 64 << 10);
    this.#compactionRate = Math.max(8, Math.ceil((2 * live.entryBytes) / room));
    this.#compactionContext = { store: this, garbageBytes, memoryUsage, slices: 0, start: performance.now() };
    compactions.begin(this.#compactionContext);
    this.#drive();
    this.#emitFreeze('compaction');
    return true;
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
    if (this.#compaction !== compaction) return;
    if (more === undefined) this.#abandonCompaction(compaction.to.full(0));
    else if (!more) this.#finishCompaction(compaction);
  }

  /** Lets the table to come, if there is one, have what was written. */
  #mirror(entry: Addr): void {
    if (this.#compaction === undefined && this.#flush === undefined) return;
    try {
      if (this.#flush !== undefined) this.#flush.written(entry);
      else if (!this.#compaction!.written(entry)) this.#abandonCompaction(this.#compaction!.to.full(0));
    } catch (error) {
      if (this.#flush !== undefined) this.#flush.break();
      else this.#abandonCompaction(error);
    }
  }

  #finishCompaction(compaction: Compaction): void {
    const context = this.#compactionContext!;
    const { slices, start } = context;
    const beforeBytes = compaction.from.table.approximateMemoryUsage();
    const afterBytes = compaction.to.table.approximateMemoryUsage();
    this.#live = compaction.to;
    this.#pins.table = compaction.to;
    this.#compaction = undefined;
    for (const owner of this.#pins.owners) owner.tableReplaced();
    // What an order that contradicts itself has miscounted must not begin one compaction after the other.
    const isLess = compaction.to.entryBytes < compaction.from.entryBytes;
    this.#garbageLeft = isLess ? compaction.deletionBytes : this.#garbageBytes();
    this.#compactionError = undefined;
    this.#finished++;
    const figures = { beforeBytes, afterBytes, entryCount: this.#entryCount, slices, ms: performance.now() - start };
    compaction.from.table.drop();
    for (const waiter of this.#compactionWaiters.splice(0)) waiter.resolve();
    this.#admission.wake();
    compactions.succeed(context, figures);
    this.#emit({ type: 'compact', ...figures });
    this.#emit({ type: 'drop', bytes: beforeBytes });
    if (this.#state !== 'closed') this.#compactIfDue(); // What became garbage meanwhile has been copied.
  }

  /** The next one begins when there is half as much garbage again. */
  #abandonCompaction(error: unknown): void {
    const { to } = this.#compaction!;
    this.#compaction = undefined;
    to.table.drop();
    compactions.fail(this.#compactionContext!, error);
    this.#compactionFailed(error);
  }

  #compactionFailed(error: unknown): void {
    this.#abandoned++;
    this.#garbageLeft = this.#garbageBytes() / 2;
    for (const waiter of this.#compactionWaiters.splice(0)) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
    if (error === undefined || this.#state === 'closed') return;
    this.#compactionError = error;
    this.#emit({ type: 'compact-error', error });
  }

  /** Goes on with the compaction whenever the event loop turns; this keeps a process alive only if somebody waits. */
  #drive(): void {
    clearTimeout(this.#driver);
    const isAwaited = this.#compactionWaiters.length > 0 || this.#admission.count > 0;
    this.#driver = setTimer(isAwaited, 0, () => {
      const end = performance.now() + SLICE_MS;
      while (this.#compaction !== undefined && performance.now() < end) this.#compact(SLICE_BYTES_MAX / 8);
      if (this.#compaction !== undefined) this.#drive();
    });
  }

  // Flushing

  #flushIfDue(): void {
    if (this.#live.table.approximateMemoryUsage() > this.#writeBufferBytes) this.#beginFlush();
  }

  get #isFlushing(): boolean {
    return this.#flush !== undefined || this.#flushPause !== undefined;
  }

  /** Unless one is running, or there is nothing to flush. It never throws: writes begin flushes when they are done. */
  #beginFlush(): void {
    const options = this.#flushOptions!;
    if (this.#isFlushing || this.#live.index.entryCount === 0) return;
    const pin = this.#makePin('flush');
    pin.warned = true;
    pin.home.use(pin);
    let flush: StoreFlush;
    try {
      flush = new StoreFlush(this.#flushedTables + 1, this.#live, this.#makeTable(), pin);
    } catch (error) {
      this.#release(pin);
      this.#pauseFlush(error);
      return;
    }
    this.#flushFailures = 0;
    this.#lastFlushError = undefined;
    this.#flush = flush;
    this.#emitFreeze('flush');
    const start = performance.now();
    const failed = (failure: FlushFailure): void => this.#emit({ type: 'flush-error', table: flush.id, ...failure });
    void flush.deliver(this, options, failed).then((isDelivered) => {
      if (isDelivered && this.#flush === flush) this.#finishFlush(flush, performance.now() - start);
    });
  }

  /** No flush can begin: the system has no memory for the fresh table, or the comparator throws. It is tried again. */
  #pauseFlush(error: unknown): void {
    const attempts = ++this.#flushFailures;
    this.#lastFlushError = error;
    const retryMs = retryPauseMs(this.#flushOptions!, attempts);
    this.#flushPause = setTimer(true, retryMs, () => {
      this.#flushPause = undefined;
      this.#beginFlush();
    });
    this.#emit({ type: 'flush-error', table: this.#flushedTables + 1, attempts, error, retryMs });
  }

  /**
   * Somebody waits for room. Without a target that is for compactions, deletions, and snapshots that are closed.
   * @returns the refusal when there will not be more room: the table is empty
   */
  #beginFlushFor(bytes: number): Error | undefined {
    if (this.#flushOptions === undefined) return undefined;
    this.#beginFlush();
    return this.#isFlushing ? undefined : this.#live.full(bytes);
  }

  #finishFlush(flush: StoreFlush, ms: number): void {
    this.#flush = undefined;
    if (flush.isBroken) {
      // The target gets all of this once more, with what has been written since.
      this.#beginFlush();
      this.#release(flush.pin);
      return;
    }
    this.#retired.add(this.#pins);
    this.#live = flush.to;
    this.#pins = new Pins(flush.to);
    this.#entryCount = flush.entryCount;
    this.#liveBytes = flush.liveBytes;
    this.#flushedTables++;
    this.#flushedEntries += flush.flushedEntries;
    const { id: table, flushedEntries: entryCount, failures } = flush;
    const { sequence } = flush.pin;
    while (this.#flushWaiters.length > 0 && this.#flushWaiters[0].sequence <= sequence) {
      this.#flushWaiters.shift()!.resolve();
    }
    this.#emit({ type: 'flush', table, entryCount, attempts: failures + 1, ms });
    this.#release(flush.pin);
    if (this.#state === 'closed') return;
    if (this.#flushWaiters.length > 0) this.#beginFlush();
    else this.#flushIfDue();
    this.#admission.wake();
  }

  /** Whether the table to come is full before the one before it has been flushed. */
  #isStalled(): boolean {
    if (this.#flush === undefined) return false;
    const { index, table } = this.#flush.to;
    return table.approximateMemoryUsage() > this.#writeBufferBytes && index.entryCount > 0;
  }

  #stallReason(): StallReason | 'full' {
    if (!this.#isFlushing) return 'full';
    return (this.#flush?.failures ?? this.#flushFailures) > 0 ? 'flush-failing' : 'flush-running';
  }

  // Memory

  /** @param size - bytes to begin with; by default those of an empty store */
  #makeTable(size = SIZE_BYTES): StoreTable {
    const { comparator, blockBytes, reserveBytes } = this.#options;
    // Deletions may take the half of a compaction too: each is smaller than what it deletes, which then needs none.
    const maxBytes = this.#flushOptions === undefined ? this.#tableBytesMax * 2 : this.#tableBytesMax;
    const options = {
      maxBytes: Math.min(maxBytes, MEMORY_BYTES_MAX),
      blockBytes: blockBytes ?? Math.min(BLOCK_BYTES, Math.max(512, (this.#tableBytesMax >> 8) * 8)),
      ...(comparator && { comparator }),
      ...(reserveBytes && { reserveBytes: Math.min(reserveBytes, this.#tableBytesMax) }),
    };
    return new StoreTable(options, this.#order, Math.min(size, this.#tableBytesMax, reserveBytes ?? size));
  }

  /** Upper bound on what a table without garbage takes; with a target, where none is collected, what this one does. */
  #keptBytes(): number {
    if (this.#flushOptions !== undefined) return this.#live.table.approximateMemoryUsage();
    return this.#liveBytes + 1.25 * this.#pins.heldBytes + this.#entryCount * INDEX_BYTES + BLOCK_BYTES / 8;
  }

  #hasRoom(bytes: number): boolean {
    if (this.#isStalled()) return false;
    if (this.#keptBytes() + bytes + 1024 > this.#keptBytesMax) return false;
    return this.#flushOptions === undefined || this.#live.table.arena.ensure(Math.max(bytes, 1) + ROOM_BYTES, 1);
  }

  /**
   * Little is left. Refuses a put that would leave too much after a compaction; makes one, to its end, when the put needs it
   * now. So a put finds the room that deletions have made, and a compaction frees a sixteenth of the table at least.
   * @returns whether the table is another one
   */
  #makeRoom(bytes: number): boolean {
    const from = this.#live;
    const used = from.table.approximateMemoryUsage();
    if (this.#keptBytes() + bytes > this.#keptBytesMax) this.#refuse(bytes);
    if (used + bytes <= this.#tableBytesMax) return false;
    if (this.#compaction === undefined) this.#beginCompaction();
    while (this.#compaction !== undefined) this.#compact(SLICE_BYTES_MAX);
    if (this.#live.table.approximateMemoryUsage() + bytes > this.#tableBytesMax) this.#refuse(bytes);
    return this.#live !== from;
  }

  /** A write found no room; if some can be made, that is begun. */
  #refuse(bytes: number): never {
    const error = this.#live.full(bytes);
    this.#beginToMakeRoom(error);
    throw error;
  }

  #beginToMakeRoom(error: unknown): void {
    if (!(error instanceof MemTableError) || error.code !== 'MEMTABLE_FULL') return;
    if (this.#flushOptions !== undefined) this.#beginFlush();
    else if (this.#compaction !== undefined) this.#compact(SLICE_BYTES_MAX / 8);
    else if (this.#garbageBytes() - this.#garbageLeft > this.#live.entryBytes / 16) this.#beginCompaction();
  }

  // Pins

  #makePin(kind: PinKind): Pin {
    const stack = this.#options.pinStacks === true ? new Error(`${kind} made here`).stack : undefined;
    this.#pinWatch.start();
    return new Pin(this.#pins, kind, this.#sequence, performance.now(), stack);
  }

  #release(pin: Pin): void {
    const { home } = pin;
    home.release(pin);
    if (this.#state === 'closed') return;
    if (home.newest === -1 && this.#retired.delete(home)) {
      const bytes = home.table.table.approximateMemoryUsage();
      home.table.table.drop();
      this.#emit({ type: 'drop', bytes });
    }
    this.#compactIfDue();
    if (this.#admission.count > 0) this.#admission.wake();
  }

  /** Oldest first, with the bytes that each holds; of a flushed table that is all. */
  #pinFigures(): { pin: Pin; heldBytes: number }[] {
    return [...this.#retired, this.#pins].flatMap((home) => {
      const held = home === this.#pins ? home.heldBytesOfEach() : undefined;
      return home.all.map((pin, i) => ({ pin, heldBytes: held?.[i] ?? home.table.entryBytes }));
    });
  }

  #emitFreeze(reason: 'compaction' | 'flush' | 'call'): void {
    const memoryUsage = this.#live.table.approximateMemoryUsage();
    this.#emit({ type: 'freeze', reason, garbageBytes: this.#garbageBytes(), memoryUsage });
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
    this.#checkNotComparing();
    if (this.#state === 'closed') throw closedError();
  }

  #checkNotComparing(): void {
    checkNotComparing(this.#order);
  }

  #checkNotFrozen(): void {
    this.#checkOpen();
    if (this.#state === 'frozen') throw frozenError();
  }

  #checkWritable(): void {
    this.#checkNotComparing();
    if (this.#state !== 'open') this.#checkNotFrozen();
    if (this.#isStalled()) throw this.#stalled();
  }

  #stalled(): MemTableError {
    const { failures, lastError } = this.#flush!;
    const state = failures > 0 ? `has failed ${failures} times (${String(lastError)})` : 'is running';
    return new MemTableError('MEMTABLE_STALLED', `the write buffer is full, and the flush of the one before ${state}`);
  }

  /** A store with a target has what has not been flushed, and cannot tell "not there" from "not here". */
  #checkComplete(method: string): void {
    if (this.#flushOptions === undefined) return;
    throw new MemTableError(
      'MEMTABLE_BUFFER_ONLY',
      `${method}() needs to know whether the target has the key, and a write buffer does not: get() here, where ` +
        `isDeleted() says no ask the target, then put()`,
    );
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

/** Longer strings are encoded in memory of their own, so that what is kept stays small. */
const TEXT_LENGTH_MAX = 64 << 10;
/** The memory of a larger batch is not kept. */
const SPARE_BATCH_BYTES_MAX = 64 << 10;
/** The arena's blocks lose under 1 % at their ends; a store that may take little has smaller ones. */
const BLOCK_BYTES = 16384;
/** Upper bound on what the index and the header of a block of its own take for an entry. */
const INDEX_BYTES = 12;

/** A copy of bytes that their owner may change; `slice` of a `Buffer` makes none. */
function owned(stored: string | Uint8Array): string | Uint8Array {
  return typeof stored === 'string' ? stored : new Uint8Array(stored);
}

function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the store has been closed');
}

function frozenError(): MemTableError {
  return new MemTableError('MEMTABLE_FROZEN', 'the store has been frozen');
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
