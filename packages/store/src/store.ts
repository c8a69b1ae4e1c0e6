/**
 * A sorted store: the face of it, with its encodings and checks. `commit.ts` makes its writes, `renewal/` replaces its table when
 * that is full of garbage or has to be flushed, `readers.ts` keeps its snapshots and iterators.
 *
 * Code of the user's runs in many calls: encodings and `toJSON`, the function of `update`, getters of options and operations,
 * event handlers, flush targets. All of it may use the store, close it even, so each call goes like this:
 * U1. It reads its options and encodes its data, then asks whether the store is open, then searches and writes.
 * U2. Between a search and the write that needs its place no code of the user's runs but a comparator's.
 * U3. Data is copied before it is decoded; after that the call has nothing left to do but to return.
 * U4. A comparator must not use the store, because a search is half done. Each call it makes throws `MEMTABLE_REENTERED`.
 * U5. Work in the background (renewals, events) never makes a call fail that has done what it was asked.
 */
import { INSPECT, MEMORY_BYTES_MAX, show } from '@memtable/arena';
import { type FlushOptions, type LifecycleEvent, MemTableError, ValueType, type WaitOptions } from '@memtable/memtable';
import { checkFlushOptions, checkWhole, LifecycleEvents, orderOf } from '@memtable/memtable/internal';
import { BatchEncoder } from './batch.js';
import { Codecs, owned } from './codecs.js';
import { Commit } from './commit.js';
import { encode, isPromise, kindOf } from './encoding.js';
import type { StoreIterator } from './iterator.js';
import {
  type BatchOperation,
  checkOption,
  type EncodingOptions,
  type MemStoreOptions,
  type MemStoreStats,
  type RangeReadOptions,
  type ReadOptions,
} from './options.js';
import { Pins } from './pins.js';
import { Readers } from './readers.js';
import { Reads } from './reads.js';
import { Compactor } from './renewal/compactor.js';
import { Flusher } from './renewal/flusher.js';
import type { StoreSnapshot } from './snapshot.js';
import { closedError, frozenError, StoreState } from './state.js';
import { storeStats } from './stats.js';
import { TableFactory } from './table.js';
import { verifyStore } from './verify.js';

const MIB = 1 << 20;
const TABLE_BYTES_MIN = 64 << 10;

/**
 * Sorted keys and values in memory, as bytes in an arena. Strings go in and come out by default; everything is copied, both
 * ways. All calls are synchronous, but for those that wait. One thread uses a store.
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
  readonly #events: LifecycleEvents;
  readonly #codecs: Codecs;
  readonly #batches: BatchEncoder<K, V>;
  readonly #tables: TableFactory;
  readonly #state: StoreState;
  readonly #commit: Commit;
  readonly #readers: Readers;
  /** With a target a flusher, else a compactor; each does nothing of the other's work. */
  readonly #driver: Compactor | Flusher;
  readonly #reads: Reads<K, V>;

  /** @throws MemTableError `MEMTABLE_INVALID_OPTION`, TypeError */
  constructor(options: MemStoreOptions<K, V> = {}) {
    const { maxBytes = 2 * MEMORY_BYTES_MAX, garbageRatioMax = 0.5, garbageBytesMin = MIB } = options;
    const { pinWarningMs = 60_000, pinStacks, writeBufferBytes = 4 * MIB, lastSequence = 0, target } = options;
    checkOption('maxBytes', maxBytes, 2 * TABLE_BYTES_MIN, 2 * MEMORY_BYTES_MAX);
    checkOption('garbageRatioMax', garbageRatioMax, 0.01, 0.99);
    checkOption('garbageBytesMin', garbageBytesMin, 0, MEMORY_BYTES_MAX);
    checkOption('pinWarningMs', pinWarningMs, 0, 0x7fffffff);
    checkWhole('writeBufferBytes', writeBufferBytes, 1, 1 << 30);
    checkWhole('lastSequence', lastSequence, 0, 2 ** 52);
    const flushOptions: FlushOptions | undefined = target === undefined ? undefined : { ...options, target };
    if (flushOptions !== undefined) checkFlushOptions(flushOptions);
    const order = orderOf(options.comparator);
    this.#events = new LifecycleEvents('store', this, options);
    this.#state = new StoreState(order);
    this.#codecs = new Codecs(options, this.#state);
    this.#tables = new TableFactory(options, maxBytes, order);
    this.#batches = new BatchEncoder(this.#codecs, this.#tables.bytesMax);
    const table = this.#tables.make();
    this.#commit = new Commit(table, new Pins(table), this.#tables.bytesMax, lastSequence);
    this.#readers = new Readers(this.#commit, pinWarningMs, pinStacks === true, (drop) => this.#onRelease(drop));
    const parts = {
      state: this.#state,
      commit: this.#commit,
      readers: this.#readers,
      tables: this.#tables,
      events: this.#events,
    };
    this.#driver =
      flushOptions === undefined
        ? new Compactor(parts, { garbageRatioMax, garbageBytesMin })
        : new Flusher(parts, flushOptions, writeBufferBytes);
    this.#reads = new Reads(this, this.#state, this.#codecs, this.#commit, this.#readers, target === undefined);
  }

  // Writing

  /**
   * Sets `key` to `value`.
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_STALLED`, `MEMTABLE_FROZEN`, `MEMTABLE_CLOSED`,
   * `MEMTABLE_ENCODING_FAILED`; TypeError for null and the like; what the comparator throws. Nothing has changed then
   */
  put(key: K, value: V, options?: EncodingOptions): void {
    const keyCodec = this.#codecs.keyOf(options);
    const valueCodec = this.#codecs.valueOf(options);
    const storedKey = this.#codecs.encodeKey(key, keyCodec, valueCodec);
    const storedValue = encode('value', valueCodec, value);
    this.#checkWritable();
    const commit = this.#commit;
    this.#driver.afterWrite(commit.put(commit.find(storedKey), storedValue));
  }

  /** Deletes `key`, which need not be there. @throws as {@link MemStore.put} */
  del(key: K, options?: EncodingOptions): void {
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    this.#checkWritable();
    this.#commit.delete(storedKey, this.#driver instanceof Flusher);
    this.#driver.afterWrite(0);
  }

  /**
   * Makes all of the writes or none. Of several writes of one key the last one counts.
   * @throws as {@link MemStore.put}
   */
  batch(operations: readonly BatchOperation<K, V>[], options?: EncodingOptions): void {
    this.#checkWritable();
    const batch = this.#batches.encode(operations, options, (bytes) => this.#commit.table.full(bytes));
    this.#checkWritable();
    this.#driver.afterWrite(this.#commit.batch(batch));
    this.#batches.giveBack(batch);
  }

  /**
   * Sets `key` unless it is there.
   * @returns whether it was set
   * @throws as {@link MemStore.put}; MemTableError `MEMTABLE_BUFFER_ONLY` with a target: what has been flushed is not here
   */
  putIfAbsent(key: K, value: V): boolean {
    this.#checkComplete('putIfAbsent');
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.key, this.#codecs.value);
    const storedValue = encode('value', this.#codecs.value, value);
    this.#checkWritable();
    const commit = this.#commit;
    const older = commit.find(storedKey);
    if (commit.table.isValue(older)) return false;
    this.#driver.afterWrite(commit.put(older, storedValue));
    return true;
  }

  /**
   * Sets `key` to `value` if its value is `expected`; undefined stands for no value, on both sides.
   * @returns whether it was set. Values are compared as they are stored
   * @throws as {@link MemStore.putIfAbsent}
   */
  compareAndSet(key: K, expected: V | undefined, value: V | undefined): boolean {
    this.#checkComplete('compareAndSet');
    const codec = this.#codecs.value;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.key, codec);
    let storedExpected = expected === undefined ? undefined : encode('value', codec, expected);
    if (codec.encode !== undefined && storedExpected !== undefined) storedExpected = owned(storedExpected);
    const storedValue = value === undefined ? undefined : encode('value', codec, value);
    this.#checkWritable();
    const commit = this.#commit;
    const older = commit.find(storedKey);
    if (!commit.isEqual(older, storedExpected)) return false;
    this.#driver.afterWrite(commit.set(older, storedValue));
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
    const codec = this.#codecs.value;
    const storedKey = owned(this.#codecs.encodeKey(key, this.#codecs.key));
    this.#checkWritable();
    const value = fn(this.#reads.current(storedKey));
    if (isPromise(value)) throw new TypeError('the function of an update must return a value, not a promise of one');
    const storedValue = value === undefined ? undefined : encode('value', codec, value);
    this.#checkWritable();
    this.#driver.afterWrite(this.#commit.set(this.#commit.find(storedKey), storedValue));
    return value;
  }

  /**
   * Deletes all keys of a range, or none. Without any options, and without open snapshots and iterators, the memory is given
   * back at once. With a target these are the keys that are here; what has been flushed is the target's.
   * @param options - with a snapshot: the keys that were there then
   * @throws as {@link MemStore.put}
   */
  clear(options: RangeReadOptions<K> = {}): void {
    const read = this.#reads.rangeOf(options);
    this.#checkWritable();
    const commit = this.#commit;
    const { lower, upper, limit } = read.range;
    const isAll = lower === undefined && upper === undefined && limit === Infinity;
    const isUnseen = commit.pins.newest === -1 && this.#driver instanceof Compactor;
    if (isUnseen && isAll) {
      const bytes = commit.clear(this.#tables.make());
      this.#events.emit({ type: 'drop', table: commit.tableNumber, bytes });
      this.#driver.cleared();
    } else {
      const entries = this.#reads.entriesOf(read);
      this.#driver.afterWrite(isUnseen ? commit.deleteUnseen(entries) : commit.deleteSeen(entries, read.snapshot?.pin));
    }
  }

  // Reading

  /**
   * The value of `key`; undefined when there is none. With a target this is the value that is here: where `isDeleted` says no
   * too, ask the target.
   * @throws MemTableError, TypeError
   */
  get(key: K, options?: ReadOptions): V | undefined {
    return this.#reads.get(key, options);
  }

  /**
   * The bytes of the value where they lie. They are only good until the next write, after which they may be those of another
   * value, or none. Do not write to them.
   */
  getView(key: K, options?: ReadOptions): Uint8Array | undefined {
    return this.#reads.getView(key, options);
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
    return this.#reads.typeOf(key, options) === ValueType.Value;
  }

  /**
   * Whether `key` was deleted here, and the target may not know it yet. With a target, ask the target for a key that has no
   * value here and is not deleted here.
   */
  isDeleted(key: K, options?: ReadOptions): boolean {
    return this.#reads.typeOf(key, options) === ValueType.Deletion;
  }

  /** Number of keys. O(1). */
  get size(): number {
    return this.#commit.entryCount;
  }

  /** Number of keys in a range. O(those). */
  count(options: RangeReadOptions<K> = {}): number {
    return this.#reads.count(options);
  }

  /** Keys and values of a range, in order. */
  iterator(options: RangeReadOptions<K> = {}): StoreIterator<[K, V]> {
    return this.#reads.iterator('entries', options);
  }

  /** As {@link MemStore.iterator}. */
  entries(options: RangeReadOptions<K> = {}): StoreIterator<[K, V]> {
    return this.#reads.iterator('entries', options);
  }

  /** Keys of a range, in order. */
  keys(options: RangeReadOptions<K> = {}): StoreIterator<K> {
    return this.#reads.iterator('keys', options);
  }

  /** Values of a range, in the order of their keys. */
  values(options: RangeReadOptions<K> = {}): StoreIterator<V> {
    return this.#reads.iterator('values', options);
  }

  [Symbol.iterator](): StoreIterator<[K, V]> {
    return this.iterator();
  }

  /** The store as it is now, for the option `snapshot` of its reads. Close it: it holds memory. O(1). */
  snapshot(): StoreSnapshot {
    return this.#reads.snapshot();
  }

  // Its life

  /**
   * Bytes of all blocks, those of a renewal and of flushed tables with readers included. O(those). Memory that calls use
   * again, 320 KiB at most and a long key, is `scratchBytes` of `stats()`.
   */
  memoryUsage(): number {
    return this.#commit.table.memoryUsage() + this.#driver.memoryUsage() + this.#readers.memoryUsage();
  }

  /**
   * Resolves when there is room for a write of `bytes` bytes, key and value together: at once, after a compaction or a
   * flush, or when somebody has deleted something or closed a snapshot. Writers that wait go on in order.
   * @throws MemTableError `MEMTABLE_FULL` when there can never be so much room, `MEMTABLE_FROZEN`, `MEMTABLE_CLOSED`; the
   * reason of `signal`
   */
  async admit(bytes = 0, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#state.checkNotFrozen();
    await this.#driver.admit(bytes, options);
  }

  /** Makes the store read-only, for good. It can still be flushed, compacted and closed. Idempotent. */
  freeze(): void {
    this.#state.checkOpen();
    if (this.#state.current === 'frozen') return;
    this.#state.current = 'frozen';
    this.#driver.emitFreeze('call');
    this.#driver.admission.refuse(frozenError());
  }

  /**
   * Resolves when all writes so far are in the target and their memory has been given back, except the memory that open
   * snapshots and iterators read. A flush that fails is tried again; `signal` ends the wait, not the flush. The store takes
   * writes meanwhile, until they fill another write buffer.
   * @throws MemTableError `MEMTABLE_INVALID_OPTION` when there is no target, `MEMTABLE_CLOSED`; the reason of `signal`
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#state.checkOpen();
    if (this.#driver instanceof Flusher) return this.#driver.flush(options);
    throw new MemTableError('MEMTABLE_INVALID_OPTION', 'the store has no target');
  }

  /**
   * Rewrites the table without its garbage, in slices of 2 ms between which the event loop turns. Compactions begin by
   * themselves; call this to have the memory back now. With a target there are none, and this is a flush.
   * @throws MemTableError `MEMTABLE_CLOSED`, `MEMTABLE_FULL` when there is no memory for it; what the comparator throws
   */
  async compact(): Promise<void> {
    this.#state.checkOpen();
    return this.#driver instanceof Flusher ? this.#driver.flush({}) : this.#driver.compact();
  }

  /** All of its figures. O(open snapshots and iterators, and what they hold). */
  stats(): MemStoreStats {
    const scratchBytes = this.#commit.scratchBytes + this.#reads.scratchBytes + this.#batches.scratchBytes;
    const memory = { memoryUsage: this.memoryUsage(), scratchBytes };
    return storeStats(this.#state, this.#commit, this.#readers, this.#driver, memory);
  }

  /**
   * Gives all memory back. Open snapshots and iterators end, and calls that wait are refused. Idempotent.
   * @param options - `discard`: with a target, writes that have not been flushed are lost
   * @throws MemTableError `MEMTABLE_UNFLUSHED` when there is a target that does not have everything; call `flush()` before
   */
  close(options: { discard?: boolean } = {}): void {
    const { discard = false } = options;
    if (this.#state.current === 'closed') return;
    this.#state.checkNotComparing();
    const commit = this.#commit;
    const unflushed = this.#driver instanceof Flusher ? commit.table.index.entryCount : 0;
    if (unflushed > 0 && !discard) {
      throw new MemTableError('MEMTABLE_UNFLUSHED', `${unflushed} entries have not been flushed; the store stays open`);
    }
    this.#state.current = 'closed';
    const error = closedError();
    this.#driver.stop(error);
    const bytes = this.memoryUsage();
    this.#readers.end();
    commit.close();
    this.#events.emit({ type: 'drop', table: commit.tableNumber, bytes });
    this.#driver.admission.refuse(error);
  }

  /** As {@link MemStore.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Flushes, where there is a target, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.current !== 'closed' && this.#driver instanceof Flusher) await this.flush();
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
   * Checks every invariant of the store and of all parts that it consists of. O(entries).
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: which invariant, and where
   */
  verify(): void {
    this.#state.checkOpen();
    verifyStore(this.#commit, this.#driver instanceof Flusher);
    this.#driver.verify();
  }

  /** A snapshot or iterator has been closed. @param drop - it was the last one in a table that has been flushed */
  #onRelease(drop: LifecycleEvent | undefined): void {
    if (this.#state.current === 'closed') return;
    if (drop !== undefined) this.#events.emit(drop);
    this.#driver.released();
  }

  #checkWritable(): void {
    this.#state.checkNotFrozen();
    this.#driver.checkNotStalled();
  }

  /** A store with a target has what has not been flushed, and cannot tell "not there" from "not here". */
  #checkComplete(method: string): void {
    if (this.#driver instanceof Compactor) return;
    throw new MemTableError(
      'MEMTABLE_BUFFER_ONLY',
      `${method}() needs to know whether the target has the key, and a write buffer does not: get() here, where ` +
        `isDeleted() says no ask the target, then put()`,
    );
  }
}
