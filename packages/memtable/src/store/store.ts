/**
 * A sorted key-value store in memory, over one memtable that is rewritten when too much of it is garbage, or flushed to a
 * target when it is full.
 *
 * Invariants, which `verify()` checks, besides those of its table (M), its pins (P), a compaction (C) and a flush (F):
 * T1. `liveBytes` and `entryCount` are those of the newest versions that are values.
 * T2. `heldBytes` are those of the older versions that pins see.
 */
import { type Addr, MARK_WORDS, MEMORY_BYTES_MAX, NIL } from '@memtable/arena';
import { abortable, type WaitOptions } from '../abortable.js';
import { channel, Trace, type TraceContext } from '../diagnostics.js';
import { MemTableError } from '../errors.js';
import { checkFlushOptions, checkWhole, type FlushOptions } from '../flush-target.js';
import { entryBytes, valueLengthOf, valueStartOf } from '../format/entry.js';
import { tagHigh, tagLow, ValueType } from '../format/internal-key.js';
import type { StallReason } from '../lifecycle.js';
import { textBytesMax, writeText } from '../format/text.js';
import { Admission } from './admission.js';
import { Compaction } from './compaction.js';
import { type Codec, codecOf, decode, encode, type AnyEncoding, kindOf } from './encoding.js';
import { type FlushFailure, StoreFlush } from './flush.js';
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
import { PinWatch } from './pin-watch.js';
import { Pin, type PinKind, type PinOwner, Pins } from './pins.js';
import { KeyRange } from './range.js';
import { StoreSnapshot } from './snapshot.js';
import { StoreTable } from './store-table.js';
import { setTimer, type Timer } from './timer.js';

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
  readonly #tableBytesMax: number;
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
  #driver: Timer | undefined;
  readonly #compactionWaiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  #flush: StoreFlush | undefined;
  #flushedTables = 0;
  #flushedEntries = 0;
  /** Those who wait until all writes up to a sequence have been flushed. */
  readonly #flushWaiters: { sequence: number; resolve: () => void; reject: (error: unknown) => void }[] = [];

  readonly #admission = new Admission((ms) => this.#emit({ type: 'resume', ms }));

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
    this.#tableBytesMax = Math.floor(maxBytes / 16) * 8;
    this.#garbageRatioMax = garbageRatioMax;
    this.#garbageBytesMin = garbageBytesMin;
    this.#live = this.#makeTable();
    this.#pins = new Pins(this.#live);
    this.#pinWatch = new PinWatch(
      pinWarningMs,
      () => this.#allPins(),
      (pin) => this.#heldBytesOf(pin),
    );
    this.#host = {
      current: () => {
        this.#checkOpen();
        return this.#live;
      },
      isPlain: (table, sequence) =>
        table === this.#live && sequence === this.#sequence && table.index.entryCount === this.#entryCount,
      release: (pin, owner) => this.#release(pin, owner),
    };
  }

  // Writing

  /**
   * Sets `key` to `value`.
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_STALLED`, `MEMTABLE_FROZEN`, `MEMTABLE_CLOSED`,
   * `MEMTABLE_ENCODING_FAILED`; TypeError for null and the like; what the comparator throws. Nothing has changed then
   */
  put(key: K, value: V, options?: EncodingOptions): void {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const storedValue = this.#encodeValue(value, options?.valueEncoding);
    this.#checkWritable();
    this.#afterWrite(this.#putFound(this.#find(storedKey), storedValue));
  }

  /** Deletes `key`, which need not be there. @throws as {@link MemStore.put} */
  del(key: K, options?: EncodingOptions): void {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
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
    this.#checkWritable();
    this.#batch(keys, values);
  }

  /** Sets `key` unless it is there. @returns whether it was set. @throws as {@link MemStore.put} */
  putIfAbsent(key: K, value: V): boolean {
    const storedKey = this.#encodeKey(key);
    const storedValue = this.#encodeValue(value);
    this.#checkWritable();
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
    this.#checkWritable();
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
    this.#checkWritable();
    let older = this.#find(storedKey);
    const { uses } = this.#key;
    const value = fn(this.#isValue(older) ? this.#decodeValue(this.#live, older, this.#valueCodec) : undefined);
    const storedValue = value === undefined ? undefined : this.#encodeValue(value);
    this.#checkWritable();
    if (uses !== this.#key.uses) older = this.#find(storedKey);
    if (storedValue !== undefined) this.#afterWrite(this.#putFound(older, storedValue));
    else if (this.#isValue(older)) this.#afterWrite(this.#deleteFound(older));
    return value;
  }

  /**
   * Deletes all keys of a range. Without any options, and without open snapshots and iterators, the memory is given back
   * at once. With a target these are the keys that are here; what has been flushed is the target's.
   * @param options - with a snapshot: the keys that were there then
   * @throws as {@link MemStore.put}
   */
  clear(options: RangeReadOptions<K> = {}): void {
    this.#checkWritable();
    const range = this.#rangeOf(options);
    this.#sequenceOf(options); // Refuses a snapshot that is closed, or another store's.
    const isAll = range.lower === undefined && range.upper === undefined && range.limit === Infinity;
    if (this.#pins.newest === -1 && this.#flushOptions === undefined) {
      if (isAll) this.#clearAll();
      else for (const key of this.#keysOf(range, options)) this.#delete(key);
      this.#afterWrite(0); // Only now, as a compaction that ends would take the table away.
      return;
    }
    // Deletions beside versions that somebody needs take memory, which may run out.
    const keys = [...this.#keysOf(range, options)].map((key) => key.slice());
    this.#batch(
      keys,
      keys.map(() => undefined),
    );
  }

  // Reading

  /** The value of `key`; undefined when there is none. @throws MemTableError, TypeError */
  get(key: K, options?: ReadOptions): V | undefined {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const table = this.#tableOf(options);
    const entry = this.#seek(table, storedKey, options);
    if (!this.#isValue(entry, table)) return undefined;
    const { valueEncoding } = options ?? {};
    return this.#decodeValue(
      table,
      entry,
      valueEncoding === undefined ? this.#valueCodec : codecOf('valueEncoding', valueEncoding),
    );
  }

  /**
   * The bytes of the value where they lie. Only good until the next write, after which they may be those of another value, or
   * none. Do not write to them.
   */
  getView(key: K, options?: ReadOptions): Uint8Array | undefined {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const table = this.#tableOf(options);
    const entry = this.#seek(table, storedKey, options);
    if (!this.#isValue(entry, table)) return undefined;
    const { buffer, view } = table.table.arena.memory;
    return new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  /** The values of several keys, undefined for those that have none. */
  getMany(keys: readonly K[], options?: ReadOptions): (V | undefined)[] {
    if (!Array.isArray(keys)) throw new TypeError(`the keys must be an array, not ${kindOf(keys)}`);
    return (keys as readonly K[]).map((key) => this.get(key, options));
  }

  /** Whether `key` has a value. */
  has(key: K, options?: ReadOptions): boolean {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const table = this.#tableOf(options);
    return this.#isValue(this.#seek(table, storedKey, options), table);
  }

  /**
   * Whether `key` was deleted here, and the target may not know it yet. Where there is a target, what has no value here and
   * is not deleted here is to be asked of the target.
   */
  isDeleted(key: K, options?: ReadOptions): boolean {
    const storedKey = this.#encodeKey(key, options?.keyEncoding);
    const table = this.#tableOf(options);
    const entry = this.#seek(table, storedKey, options);
    return entry !== NIL && table.typeOf(entry) === ValueType.Deletion;
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
    pin.home.use(pin, undefined);
    return new StoreSnapshot(this, pin, (released) => this.#release(released, undefined));
  }

  // Its life

  /** Bytes of all blocks, of a compaction and of flushed tables that somebody reads in too. O(those). */
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
    this.#checkNotFrozen();
    const { signal } = options;
    signal?.throwIfAborted();
    if (bytes > this.#tableBytesMax / 2) throw this.#live.full(bytes);
    if (this.#admission.count === 0 && this.#hasRoom(bytes)) return;
    const admitted = this.#admission.wait(bytes, signal);
    if (this.#admission.count === 1) this.#emit({ type: 'stall', reason: this.#stallReason(), bytes });
    if (this.#flushOptions !== undefined) this.#beginFlush();
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
    this.#checkOpen();
    if (this.#flushOptions === undefined) throw new MemTableError('MEMTABLE_INVALID_OPTION', 'the store has no target');
    const { signal } = options;
    signal?.throwIfAborted();
    const sequence = this.#sequence; // The target may write to the store as soon as it is called.
    this.#beginFlush();
    if (this.#flush === undefined) return;
    await abortable(signal, (resolve, reject) => {
      const waiter = { sequence, resolve, reject };
      this.#flushWaiters.push(waiter);
      return () => this.#flushWaiters.splice(this.#flushWaiters.indexOf(waiter), 1);
    });
  }

  /**
   * Rewrites the table without its garbage, in slices of 2 ms between which the event loop turns. Compactions begin by
   * themselves; this is for those who want the memory back now. With a target there are none, and this is a flush.
   * @throws MemTableError `MEMTABLE_CLOSED`, `MEMTABLE_FULL` when there is no memory for it
   */
  async compact(): Promise<void> {
    this.#checkOpen();
    if (this.#flushOptions !== undefined) return this.flush();
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
      },
      flush: {
        running: this.#flush !== undefined,
        failures: this.#flush?.failures ?? 0,
        lastError: this.#flush?.lastError,
        flushedTables: this.#flushedTables,
        flushedEntries: this.#flushedEntries,
      },
      waiting: { writers: this.#admission.count, bytes: this.#admission.bytes },
      pins: this.#allPins().map((pin) => ({
        kind: pin.kind,
        sequence: pin.sequence,
        ageMs: now - pin.since,
        heldBytes: this.#heldBytesOf(pin),
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
    if (this.#state === 'closed') return;
    const unflushed = this.#flushOptions === undefined ? 0 : this.#live.index.entryCount;
    if (unflushed > 0 && options.discard !== true) {
      throw new MemTableError('MEMTABLE_UNFLUSHED', `${unflushed} entries have not been flushed; the store stays open`);
    }
    this.#state = 'closed';
    this.#pinWatch.stop();
    const error = closedError();
    if (this.#compaction !== undefined) this.#abandonCompaction(error);
    if (this.#flush !== undefined) {
      this.#flush.stop(error);
      this.#release(this.#flush.pin, undefined);
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

  /**
   * Checks T1 and T2, the table, its arena and index. O(entries).
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: which invariant, and where
   */
  verify(): void {
    this.#checkOpen();
    const live = this.#live;
    live.table.verify();
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

  #encodeKey(key: K, encoding?: AnyEncoding): string | Uint8Array {
    return encode('key', encoding === undefined ? this.#keyCodec : codecOf('keyEncoding', encoding), key);
  }

  #encodeValue(value: V, encoding?: AnyEncoding): string | Uint8Array {
    return encode('value', encoding === undefined ? this.#valueCodec : codecOf('valueEncoding', encoding), value);
  }

  #decodeValue(table: StoreTable, entry: Addr, codec: Codec): V {
    const { u8, view } = table.table.arena.memory;
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

  /** The table that a read looks in. */
  #tableOf(options: ReadOptions | undefined): StoreTable {
    this.#checkOpen();
    if (options?.snapshot === undefined) return this.#live;
    this.#sequenceOf(options);
    return options.snapshot.pin.home.table;
  }

  // Searching

  /** The version of a key that a read sees, or NIL. */
  #seek(table: StoreTable, key: string | Uint8Array, options: ReadOptions | undefined): Addr {
    this.#key.set(key);
    if (options?.snapshot === undefined) this.#key.beforeAll();
    else {
      const sequence = this.#sequenceOf(options);
      this.#key.setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    }
    return table.seek(this.#key);
  }

  /** The newest version of a key, or NIL; its place is kept for a write. */
  #find(key: string | Uint8Array): Addr {
    const sequence = this.#sequence + 1;
    this.#key.set(key).setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    return this.#live.find(this.#key);
  }

  #isValue(entry: Addr, table = this.#live): boolean {
    return entry !== NIL && table.typeOf(entry) === ValueType.Value;
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
    pin.home.use(pin, iterator);
    return iterator.hold(pin);
  }

  /** An iterator that holds nothing: for uses during which nothing is written, or nothing that it needs. */
  #iterate<T>(yields: 'entries' | 'keys' | 'values', options: RangeReadOptions<K>): StoreIterator<T> {
    const { keyEncoding, valueEncoding } = options;
    return new StoreIterator<T>(this.#host, {
      table: this.#tableOf(options),
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
    this.#mirror(entry);
    return newBytes;
  }

  /** Deletes a key; most often where its value lies, without looking for the place of another entry. */
  #delete(key: string | Uint8Array): number {
    this.#key.set(key).beforeAll();
    const older = this.#live.seek(this.#key);
    const replaces = this.#isValue(older);
    if (!replaces) {
      // The target may have a value; it has to be told, once.
      return this.#flushOptions === undefined || older !== NIL ? 0 : this.#deleteFound(this.#find(key));
    }
    return this.#deleteFound(this.#live.sequenceOf(older) > this.#pins.newest ? older : this.#find(key));
  }

  /** Deletes a key at the place that was found for it; NIL when it has no value. */
  #deleteFound(older: Addr): number {
    const live = this.#live;
    const replaces = older !== NIL;
    const oldBytes = replaces ? live.bytesOf(older) : 0;
    const sequence = this.#sequence + 1;
    let entry = older;
    if (replaces && live.sequenceOf(older) > this.#pins.newest) {
      live.overwrite(older, sequence, ValueType.Deletion, EMPTY, 0);
    } else {
      this.#key.setTag(tagLow(sequence, ValueType.Deletion), tagHigh(sequence));
      entry = live.prepare(this.#key, EMPTY, 0);
      if (entry === NIL) this.#refuse(entryBytes(this.#key.keyLength, 0));
      live.insertFound(entry);
      if (replaces) this.#pins.replaced(live.sequenceOf(older), oldBytes);
    }
    this.#sequence = sequence;
    this.#liveBytes -= oldBytes;
    this.#entryCount -= +replaces;
    this.#mirror(entry);
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
    if (live.table.mayMove(keys.length, bytesMaxOf(keys) + bytesMaxOf(values))) {
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
    for (const node of nodes) this.#mirror(node);
    this.#afterWrite(live.entryBytes - bytesBefore);
  }

  /** Keys of a range while they are deleted: in place, where nobody else sees them. */
  *#keysOf(range: KeyRange, options: ReadOptions): Generator<Uint8Array> {
    const iterator = new StoreIterator(this.#host, {
      table: this.#tableOf(options),
      range,
      sequence: this.#sequenceOf(options),
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
    this.#pins.table = this.#live;
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
    if (this.#flushOptions !== undefined) this.#flushIfDue();
    else if (this.#compaction === undefined) this.#compactIfDue();
    else this.#compact(Math.min(SLICE_BYTES_MIN + bytes * this.#compactionRate, SLICE_BYTES_MAX));
    if (this.#admission.count > 0) this.#wake();
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

  #beginCompaction(): void {
    const live = this.#live;
    const memoryUsage = live.table.approximateMemoryUsage();
    const garbageBytes = this.#garbageBytes();
    this.#compaction = new Compaction(live, this.#makeTable(live.table.arena.memory.capacityBytes), this.#pins);
    // Everything has been visited when a quarter has been added, or half of what may be.
    const room = Math.max(Math.min(live.entryBytes / 4, (this.#tableBytesMax - memoryUsage) / 2), 64 << 10);
    this.#compactionRate = Math.max(8, Math.ceil((2 * live.entryBytes) / room));
    this.#compactionContext = { store: this, garbageBytes, memoryUsage, slices: 0, start: performance.now() };
    this.#emitFreeze('compaction');
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
    const { slices, start } = this.#compactionContext!;
    const beforeBytes = compaction.from.table.approximateMemoryUsage();
    const afterBytes = compaction.to.table.approximateMemoryUsage();
    this.#live = compaction.to;
    this.#pins.table = compaction.to;
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

  /** Unless one is running, or there is nothing to flush. */
  #beginFlush(): void {
    const options = this.#flushOptions!;
    if (this.#flush !== undefined || this.#live.index.entryCount === 0) return;
    const pin = this.#makePin('flush');
    pin.warned = true;
    pin.home.use(pin, undefined);
    const flush = new StoreFlush(this.#flushedTables + 1, this.#live, this.#makeTable(), pin);
    this.#flush = flush;
    this.#emitFreeze('flush');
    const start = performance.now();
    const failed = (failure: FlushFailure): void => this.#emit({ type: 'flush-error', table: flush.id, ...failure });
    void flush.deliver(this, options, failed).then((isDelivered) => {
      if (isDelivered && this.#flush === flush) this.#finishFlush(flush, performance.now() - start);
    });
  }

  #finishFlush(flush: StoreFlush, ms: number): void {
    this.#flush = undefined;
    if (flush.isBroken) {
      // The target gets all of this once more, with what has been written since.
      this.#beginFlush();
      this.#release(flush.pin, undefined);
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
    this.#emit({ type: 'flush', table, entryCount, attempts: failures + 1, ms });
    this.#release(flush.pin, undefined);
    const { sequence } = flush.pin;
    while (this.#flushWaiters.length > 0 && this.#flushWaiters[0].sequence <= sequence) {
      this.#flushWaiters.shift()!.resolve();
    }
    if (this.#flushWaiters.length > 0) this.#beginFlush();
    else this.#flushIfDue();
    this.#wake();
  }

  /** Whether the table to come is full before the one before it has been flushed. */
  #isStalled(): boolean {
    if (this.#flush === undefined) return false;
    const { index, table } = this.#flush.to;
    return table.approximateMemoryUsage() > this.#writeBufferBytes && index.entryCount > 0;
  }

  #stallReason(): StallReason | 'full' {
    if (this.#flush === undefined) return 'full';
    return this.#flush.failures > 0 ? 'flush-failing' : 'flush-running';
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
    return !this.#isStalled() && arena.ensure(Math.max(bytes, 1) + ROOM_BYTES, 1);
  }

  /** A write found no room; if some can be made, that is begun. */
  #refuse(bytes: number): never {
    const error = this.#live.full(bytes);
    if (this.#flushOptions !== undefined) this.#beginFlush();
    else if (this.#compaction !== undefined) this.#compact(SLICE_BYTES_MAX / 8);
    else if (this.#garbageBytes() - this.#garbageLeft > this.#live.entryBytes / 16) this.#beginCompaction();
    throw error;
  }

  #wake(): void {
    this.#admission.wake((bytes) => this.#hasRoom(bytes));
  }

  // Pins

  #makePin(kind: PinKind): Pin {
    const stack = this.#options.pinStacks === true ? new Error(`${kind} made here`).stack : undefined;
    this.#pinWatch.start();
    return new Pin(this.#pins, kind, this.#sequence, performance.now(), stack);
  }

  #release(pin: Pin, owner: PinOwner | undefined): void {
    const { home } = pin;
    home.release(pin, owner);
    if (this.#state === 'closed') return;
    if (home.newest === -1 && this.#retired.delete(home)) {
      const bytes = home.table.table.approximateMemoryUsage();
      home.table.table.drop();
      this.#emit({ type: 'drop', bytes });
    }
    this.#compactIfDue();
  }

  /** Oldest first. */
  #allPins(): Pin[] {
    return [...this.#retired, this.#pins].flatMap(({ all }) => all);
  }

  /** Of a flushed table all is held. */
  #heldBytesOf(pin: Pin): number {
    return this.#retired.has(pin.home) ? pin.home.table.entryBytes : pin.home.heldBytesOf(pin);
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
    if (this.#state === 'closed') throw closedError();
  }

  #checkNotFrozen(): void {
    this.#checkOpen();
    if (this.#state === 'frozen') throw frozenError();
  }

  #checkWritable(): void {
    if (this.#state !== 'open') this.#checkNotFrozen();
    if (!this.#isStalled()) return;
    const { failures, lastError } = this.#flush!;
    const state = failures > 0 ? `has failed ${failures} times (${String(lastError)})` : 'is running';
    throw new MemTableError('MEMTABLE_STALLED', `the write buffer is full, and the flush of the one before ${state}`);
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

function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the store has been closed');
}

function frozenError(): MemTableError {
  return new MemTableError('MEMTABLE_FROZEN', 'the store has been frozen');
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
