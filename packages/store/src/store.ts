/**
 * The face of a sorted store: its writes and its life. `reads.ts` has its reads, `commit.ts` writes, `readers.ts` keeps
 * snapshots and iterators, `renewal/` replaces the table when it has too much garbage or must be flushed.
 *
 * Many calls run user code: encodings and `toJSON`, the function of `update`, getters of options and operations, event
 * handlers, flush targets. User code may use the store, and even close it. So each call keeps these rules:
 * U1. It reads its options and encodes its data, then checks that the store is open, then searches and writes.
 * U2. Between a search and the write at the place that it found, no user code runs except a comparator.
 * U3. It copies data before it decodes it. When the decoder has run, it only returns, or begins anew with U1.
 * U4. A comparator must not use the store: a search is half done. Each of its calls throws `MEMTABLE_REENTERED`.
 * U5. Work in the background (renewals, events) never fails a call that has done its own work.
 */
import { INSPECT, show } from '@memtable/arena';
import { type FlushOptions, type LifecycleEvent, MemTableError, type WaitOptions } from '@memtable/memtable';
import { checkFlushOptions, LifecycleEvents, orderOf } from '@memtable/memtable/internal';
import { BatchEncoder } from './batch.js';
import { Codecs, owned } from './codecs.js';
import { COMMIT, Commit, type CommitOption } from './commit.js';
import { encode, isPromise } from './encoding.js';
import { loadEntries } from './load.js';
import {
  type BatchOperation,
  type EncodingOptions,
  type MemStoreArguments,
  type MemStoreOptions,
  type MemStoreSettings,
  type MemStoreStats,
  type RangeReadOptions,
  settingsOf,
} from './options.js';
import { Pins } from './pins.js';
import { Readers } from './readers.js';
import { StoreReads } from './reads.js';
import { Compactor } from './renewal/compactor.js';
import { Flusher } from './renewal/flusher.js';
import { closedError, frozenError, StoreState } from './state.js';
import { storeStats } from './stats.js';
import { TableFactory } from './table.js';
import { verifyStore } from './verify.js';

/** Without it a clone would arrive as an object that has no methods. */
const UNCLONEABLE = Symbol(
  'a MemStore: post toBytes(store), and call fromBytes() there, both of @memtable/store/bytes',
);

/**
 * Sorted keys and values in memory, as bytes in an arena. By default both are strings. Data is copied in and out. Calls
 * are synchronous unless they return a promise. One thread uses a store.
 *
 * Besides the errors named below, calls throw `MEMTABLE_CLOSED` after `close()` if they need the data,
 * `MEMTABLE_REENTERED` from a comparator, the comparator's errors, and a TypeError for arguments of a wrong type, null
 * and undefined included.
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
export class MemStore<K = string, V = string> extends StoreReads<K, V> implements Disposable, AsyncDisposable {
  /** @internal `structuredClone` and `postMessage` refuse an object with a symbol in it, and print its text. */
  readonly uncloneable: symbol = UNCLONEABLE;

  readonly #events: LifecycleEvents;
  readonly #codecs: Codecs;
  readonly #batches: BatchEncoder<K, V>;
  readonly #tables: TableFactory;
  readonly #state: StoreState;
  readonly #commit: Commit;
  readonly #readers: Readers;
  /** With a target a flusher, else a compactor. */
  readonly #driver: Compactor | Flusher;

  /** Makes an empty store. @throws MemTableError `MEMTABLE_INVALID_OPTION`; ArenaError: no memory; TypeError */
  constructor(options: MemStoreOptions<K, V>);
  /** Options are needed only for keys or values that are no strings. */
  constructor(...options: MemStoreArguments<K, V>);
  constructor(options: MemStoreSettings & EncodingOptions = {}) {
    const settings = settingsOf(options);
    const { maxBytes, garbageRatioMax, garbageBytesMin, pinWarningMs, writeBufferBytes, lastSequence } = settings;
    const { target, pinStacks } = options;
    const flushOptions: FlushOptions | undefined = target === undefined ? undefined : { ...options, target };
    if (flushOptions !== undefined) checkFlushOptions(flushOptions);
    const order = orderOf(options.comparator);
    const state = new StoreState(order);
    const codecs = new Codecs(options, settings.replaces, state);
    const tables = new TableFactory(options, maxBytes, order);
    const table = tables.make();
    const commit = new Commit(table, new Pins(table), tables.bytesMax, lastSequence);
    (options as CommitOption)[COMMIT]?.(commit);
    const readers = new Readers(commit, pinWarningMs, pinStacks === true, (drop) => this.#onRelease(drop));
    super({ state, codecs, commit, readers, isComplete: target === undefined });
    this.#state = state;
    this.#codecs = codecs;
    this.#tables = tables;
    this.#commit = commit;
    this.#readers = readers;
    this.#batches = new BatchEncoder(codecs, tables.bytesMax);
    this.#events = new LifecycleEvents('store', this, options);
    const parts = { state, commit, readers, tables, events: this.#events };
    this.#driver =
      flushOptions === undefined
        ? new Compactor(parts, { garbageRatioMax, garbageBytesMin })
        : new Flusher(parts, flushOptions, writeBufferBytes);
  }

  /**
   * Makes a store of entries: of a `Map`, an array, another store. {@link MemStore.load} says the rest.
   * @throws as the constructor, and {@link MemStore.load}; then there is no store
   *
   * @example
   * ```ts
   * const store = MemStore.from(new Map([['b', '2'], ['a', '1']]));
   * store.put('c', '3').put('d', '4').del('a'); // true
   * store.floor('c'); // ['c', '3']
   * store.popFirst(); // ['b', '2']
   * store.close();
   * ```
   */
  static from<K = string, V = string>(
    entries: Iterable<readonly [K, V]>,
    ...options: MemStoreArguments<K, V>
  ): MemStore<K, V> {
    const store = new MemStore<K, V>(...options);
    try {
      store.load(entries);
    } catch (error) {
      store.close({ discard: true });
      throw error;
    }
    return store;
  }

  // Writing

  /**
   * Sets `key` to `value`. O(log n) comparisons. An error leaves the store as it was.
   * @returns the store, so that calls can be chained, as those of a `Map`. The databases of the level family return a
   * promise of nothing; to know what was there, use `update` or `compareAndSet`
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_STALLED`, `MEMTABLE_FROZEN`, `MEMTABLE_ENCODING_FAILED`
   */
  put(key: K, value: V, options?: EncodingOptions): this {
    const keyCodec = this.#codecs.keyOf(options);
    const valueCodec = this.#codecs.valueOf(options);
    const storedKey = this.#codecs.encodeKey(key, keyCodec, valueCodec);
    const storedValue = encode('value', valueCodec, value);
    this.#checkWritable();
    const commit = this.#commit;
    this.#driver.afterWrite(commit.put(commit.find(storedKey), storedValue));
    return this;
  }

  /**
   * Deletes `key`, which need not exist. O(log n) comparisons.
   * @returns whether it had a value. With a target: whether it had one here, because the target may have it too
   * @throws as {@link MemStore.put}
   */
  del(key: K, options?: EncodingOptions): boolean {
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    this.#checkWritable();
    const hadValue = this.#commit.delete(storedKey, this.#driver instanceof Flusher);
    this.#driver.afterWrite(0);
    return hadValue;
  }

  /** Makes all writes or none. Of several writes of one key the last one counts. @throws as {@link MemStore.put} */
  batch(operations: readonly BatchOperation<K, V>[], options?: EncodingOptions): void {
    this.#checkWritable();
    const batch = this.#batches.encode(operations, options, (bytes) => this.#commit.table.full(bytes));
    this.#checkWritable();
    this.#driver.afterWrite(this.#commit.batch(batch));
    this.#batches.giveBack(batch);
  }

  /**
   * Sets the values of many keys, all or none, faster than puts: it sorts the entries and writes the index at once. Of
   * several entries of one key the last one counts. O(entries), and O(keys) more for a store with not much more keys.
   * @param entries - in any order. While they are read, the store refuses everything but reads
   * @returns the number of entries
   * @throws as {@link MemStore.put}; the errors of `entries`; MemTableError `MEMTABLE_REENTERED`: `entries` changed the
   * store
   *
   * @example
   * ```ts
   * const store = new MemStore();
   * store.load(new Map([['b', '2'], ['a', '1']])); // 2
   * [...store.keys()]; // ['a', 'b']
   * ```
   */
  load(entries: Iterable<readonly [K, V]>, options?: EncodingOptions): number {
    this.#checkWritable();
    const { count, bytes } = loadEntries(this.#state, this.#codecs, this.#commit, entries, options);
    this.#driver.afterWrite(bytes);
    return count;
  }

  /**
   * Sets `key` to `value` if it has no value. O(log n) comparisons.
   * @returns whether it was set
   * @throws as {@link MemStore.put}; MemTableError `MEMTABLE_BUFFER_ONLY`: there is a target, which may have the key
   */
  putIfAbsent(key: K, value: V): boolean {
    this.checkComplete('putIfAbsent');
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.key, this.#codecs.value);
    const storedValue = encode('value', this.#codecs.value, value);
    this.#checkWritable();
    const commit = this.#commit;
    const older = commit.find(storedKey);
    if (commit.hasValue(older)) return false;
    this.#driver.afterWrite(commit.put(older, storedValue));
    return true;
  }

  /**
   * Sets `key` to `value` if its value is `expected`, compared as stored bytes. Undefined means no value, for both.
   * @returns whether it was set
   * @throws as {@link MemStore.putIfAbsent}
   */
  compareAndSet(key: K, expected: V | undefined, value: V | undefined): boolean {
    this.checkComplete('compareAndSet');
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
   * Sets `key` to the result of `fn`, which gets the current value. Undefined means no value, for both.
   * @param fn - called once. It may use the store: its own writes come before the write of its result
   * @returns the result of `fn`
   * @throws the errors of `fn`; TypeError: it returned a promise; as {@link MemStore.putIfAbsent}
   */
  update(key: K, fn: (value: V | undefined) => V | undefined): V | undefined {
    this.checkComplete('update');
    const codec = this.#codecs.value;
    const storedKey = owned(this.#codecs.encodeKey(key, this.#codecs.key));
    this.#checkWritable();
    const value = fn(this.current(storedKey));
    if (isPromise(value)) throw new TypeError('the function of an update must return a value, not a promise of one');
    const storedValue = value === undefined ? undefined : encode('value', codec, value);
    this.#checkWritable();
    this.#driver.afterWrite(this.#commit.set(this.#commit.find(storedKey), storedValue));
    return value;
  }

  /**
   * Takes the entry with the smallest key out: the next one of a queue. O(log n) comparisons.
   * @returns the entry, or undefined in an empty store. A decoder that writes does so before the deletion
   * @throws as {@link MemStore.putIfAbsent}. The entry stays if it cannot be decoded
   */
  popFirst(): [K, V] | undefined {
    return this.#pop('popFirst', false);
  }

  /** Takes the entry with the greatest key out. @throws as {@link MemStore.popFirst} */
  popLast(): [K, V] | undefined {
    return this.#pop('popLast', true);
  }

  /**
   * Deletes all keys of a range, or none. O(keys). Without a range, a target, and open snapshots and iterators it gives
   * the memory back at once. With a target it deletes only keys that are here, not those that have been flushed.
   * @param options - with a snapshot: deletes the keys that existed then
   * @throws as {@link MemStore.put}
   */
  clear(options: RangeReadOptions<K> = {}): void {
    const read = this.rangeOf(options);
    this.#checkWritable();
    const commit = this.#commit;
    const { lower, upper, limit } = read.range;
    const isAll = lower === undefined && upper === undefined && limit === Infinity;
    const isUnseen = commit.pins.newest === -1 && this.#driver instanceof Compactor;
    if (isUnseen && isAll) {
      const bytes = commit.clear(this.#tables.make(), () => this.entriesOf(read));
      this.#events.emit({ type: 'drop', table: commit.tableNumber, bytes });
      this.#driver.cleared();
    } else {
      const entries = this.entriesOf(read);
      this.#driver.afterWrite(isUnseen ? commit.deleteUnseen(entries) : commit.deleteSeen(entries, read.snapshot?.pin));
    }
  }

  // Its life

  /**
   * Bytes of all blocks: the table, its successor, flushed tables with readers. 0 once closed. O(those tables). Scratch
   * memory, 320 KiB at most and a long key, is not included: see `scratchBytes` of {@link MemStore.stats}.
   */
  memoryUsage(): number {
    return this.#commit.table.memoryUsage() + this.#driver.memoryUsage() + this.#readers.memoryUsage();
  }

  /**
   * Resolves when there is room for a write of `bytes` bytes, key and value together: at once, or after a flush, a
   * compaction, a deletion, or the close of a snapshot or iterator. Writers are admitted in order.
   * @throws MemTableError `MEMTABLE_FULL`: a store of this size never has so much room; `MEMTABLE_FROZEN`,
   * `MEMTABLE_CLOSED`; the reason of `signal`
   */
  async admit(bytes = 0, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#state.checkNotFrozen();
    await this.#driver.admit(bytes, options);
  }

  /** Makes the store read-only, for good. It can still be flushed, compacted and closed. Idempotent. */
  freeze(): void {
    this.#state.checkOpen();
    this.#state.checkNotLoading();
    if (this.#state.current === 'frozen') return;
    this.#state.current = 'frozen';
    this.#driver.emitFreeze('call');
    this.#driver.admission.refuse(frozenError());
  }

  /**
   * Resolves when the target has all writes so far and their memory has been given back, except that of open snapshots
   * and iterators. A failed flush is retried. `signal` ends the wait, not the flush. Meanwhile the store takes writes
   * until they fill another write buffer.
   * @throws MemTableError `MEMTABLE_INVALID_OPTION`: there is no target; `MEMTABLE_CLOSED`; the reason of `signal`
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#state.checkOpen();
    this.#state.checkNotLoading();
    if (this.#driver instanceof Flusher) return this.#driver.flush(options);
    const message = 'flush() needs a target, and this store has none: see the option target';
    throw new MemTableError('MEMTABLE_INVALID_OPTION', message);
  }

  /**
   * Rewrites the table without its garbage, in slices of 2 ms between turns of the event loop. Compactions begin on
   * their own; call this to get memory back now. With a target this is a flush. O(entries).
   * @throws MemTableError `MEMTABLE_FULL`, ArenaError: no memory for the copy
   */
  async compact(): Promise<void> {
    this.#commit.retention?.tick();
    this.#state.checkOpen();
    this.#state.checkNotLoading();
    return this.#driver instanceof Flusher ? this.#driver.flush({}) : this.#driver.compact();
  }

  /** All figures of the store. O(open snapshots and iterators, and the versions that they hold). */
  stats(): MemStoreStats {
    const scratchBytes = this.#commit.scratchBytes + this.searchBytes + this.#batches.scratchBytes;
    const memory = { memoryUsage: this.memoryUsage(), scratchBytes };
    return storeStats(this.#state, this.#commit, this.#readers, this.#driver, memory);
  }

  /**
   * Gives all memory back. Ends open snapshots and iterators, and refuses waiting calls. Idempotent.
   * @param options - `discard`: with a target, lose the writes that have not been flushed
   * @throws MemTableError `MEMTABLE_UNFLUSHED`: there is a target that lacks writes. Call `flush()` first
   */
  close(options: { discard?: boolean } = {}): void {
    const { discard = false } = options;
    if (this.#state.current === 'closed') return;
    this.#state.checkNotComparing();
    this.#state.checkNotLoading();
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

  /** Calls {@link MemStore.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Flushes if there is a target, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.current !== 'closed' && this.#driver instanceof Flusher) await this.flush();
    this.close();
  }

  /** The fields that `console.log` prints. */
  [INSPECT](): object {
    return show(this, () => {
      const { state, entryCount, memoryUsage, liveBytes, heldBytes, garbageBytes } = this.stats();
      if (state === 'closed') return { state };
      return { state, size: entryCount, memoryUsage, liveBytes, heldBytes, garbageBytes };
    });
  }

  /**
   * Checks every invariant of the store and of its parts. O(entries).
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: the message says which one, and where
   */
  verify(): void {
    this.#state.checkOpen();
    verifyStore(this.#commit, this.#driver instanceof Flusher);
    this.#driver.verify();
  }

  /** A snapshot or iterator has been closed. @param drop - the event, if it was the last reader of a flushed table */
  #onRelease(drop: LifecycleEvent | undefined): void {
    if (this.#state.current === 'closed') return;
    if (drop !== undefined) this.#events.emit(drop);
    this.#driver.released();
  }

  #pop(method: string, isBack: boolean): [K, V] | undefined {
    this.checkComplete(method);
    this.#checkWritable();
    const found = this.outermost(isBack);
    if (found === undefined) return undefined;
    this.#checkWritable();
    this.#commit.delete(found.storedKey, false);
    this.#driver.afterWrite(0);
    return found.entry;
  }

  #checkWritable(): void {
    this.#commit.retention?.tick();
    this.#state.checkNotFrozen();
    this.#driver.checkNotStalled();
  }
}
