import { type Addr, INSPECT, NIL, show } from '@memtable/arena';
import type { BlockCursor } from '@memtable/skiplist';
import { MemTableError, ValueType } from '@memtable/memtable';
import { keyLengthOf, keyStartOf, LookupKey, valueLengthOf, valueStartOf } from '@memtable/memtable/internal';
import { type Codec, decodeStored, encode, read } from './encoding.js';
import type { Pin, PinOwner } from './pins.js';
import { Page } from './page.js';
import type { KeyRange } from './range.js';
import type { Retention } from './retention.js';
import type { StoreTable } from './table.js';

/** @internal The parts of a store that an iterator uses. */
export interface IteratorHost {
  /** What makes the store a cache. */
  retention: Retention | undefined;
  /** The table in use. @throws MemTableError `MEMTABLE_CLOSED` */
  current(): StoreTable;
  /** Whether every entry of the table is visible at this sequence, so that a walk need not check each one. */
  isPlain(table: StoreTable, sequence: number): boolean;
  /** Whether tombstones that no pin sees may leave the index. A store with a target keeps them for the target. */
  readonly removes: boolean;
  /** Whether a pin sees a version that was replaced by the write with sequence `by`. */
  isSeen(sequence: number, by: number): boolean;
  /** Takes entries out of the table's index. Nobody may need them. */
  remove(table: StoreTable, entries: readonly Addr[]): void;
  /** @throws MemTableError `MEMTABLE_REENTERED`: the comparator is running */
  checkNotComparing(): void;
  /** Ends the use of a pin. */
  release(pin: Pin, owner: PinOwner): void;
}

/** @internal What an iterator reads, and what it yields. */
export interface IteratorOptions {
  /** The table in use, or that of the snapshot. */
  readonly table: StoreTable;
  readonly range: KeyRange;
  /** The last write that the iterator sees. */
  readonly sequence: number;
  readonly keyCodec: Codec;
  readonly valueCodec: Codec;
  /** `entries` are pairs of key and value. */
  readonly yields: 'entries' | 'keys' | 'values';
}

/**
 * Walks the entries of a range as they were when the iterator was made. Later writes do not change what it yields. It
 * keeps old versions in memory until it is closed. Its end closes it, and so does an error, and leaving a `for ... of`
 * loop. Otherwise call `close()`.
 *
 * Keys and values are copies, which the caller owns. `step()`, `keyView` and `valueView` make no copy.
 *
 * @example
 * ```ts
 * const store = new MemStore();
 * for (const key of ['a', 'b', 'c', 'd']) store.put(key, key.toUpperCase());
 * const iterator = store.keys({ gte: 'b' });
 * store.del('c');
 * iterator.nextv(2); // ['b', 'c']
 * iterator.seek('d');
 * [...iterator]; // ['d']
 * ```
 */
export class StoreIterator<T> implements IterableIterator<T>, Disposable, PinOwner {
  readonly #host: IteratorHost;
  readonly #options: IteratorOptions;
  #pin: Pin | undefined;
  #table: StoreTable;
  #cursor: BlockCursor;
  /** Whether the cursor already stands on the next entry to look at, not on the last one that was looked at. */
  #isAhead = false;
  /** After a change of table: where to seek before going on. */
  #resume: LookupKey | undefined;
  #started = false;
  #closed = false;
  /** Entries that `limit` still allows. */
  #remaining: number;
  /** The entry that the iterator stands on, or NIL. */
  #entry: Addr = NIL;
  /** Forward: the newest visible version of the key at the cursor, which hides the older ones. */
  #newestVisible: Addr = NIL;
  /** Entries of deleted keys that the walk has passed and nobody needs. Versions of one key, oldest first. */
  #passed: Addr[] = [];
  /** Versions of the deleted key that the walk is passing. They may turn out to be needed. */
  #passing: Addr[] = [];

  /** @internal Reads of the store make iterators. */
  constructor(host: IteratorHost, options: IteratorOptions) {
    this.#host = host;
    this.#options = options;
    this.#table = options.table;
    this.#cursor = this.#table.index.cursor();
    this.#remaining = options.range.limit;
  }

  /** @internal Gives the iterator a pin, which it releases when it is closed. */
  hold(pin: Pin): this {
    this.#pin = pin;
    return this;
  }

  /**
   * Moves to the next entry. O(1) for each version of a key that it passes.
   * @returns false at the end. The end closes the iterator, and so does an error
   * @throws MemTableError `MEMTABLE_CLOSED`: the store has been closed; `MEMTABLE_REENTERED`; the comparator's errors
   */
  step(): boolean {
    try {
      if (!this.#closed && this.#advance()) return true;
    } catch (error) {
      this.#end(error);
    }
    this.close();
    return false;
  }

  /**
   * Moves to the next entry and decodes a copy of it. The caller owns the copy.
   * @throws as {@link StoreIterator.step}; MemTableError `MEMTABLE_ENCODING_FAILED`. An error closes the iterator
   */
  next(): IteratorResult<T, undefined> {
    if (!this.step()) return { done: true, value: undefined };
    try {
      return { done: false, value: this.#take() };
    } catch (error) {
      this.#end(error);
    }
  }

  /**
   * Copies up to `size` more entries in one call. There are fewer only at the end. The end,
   * the limit and an error close the iterator. The copies of one call share buffers of 8 KiB, so each keeps others in
   * memory.
   * @throws as {@link StoreIterator.next}
   */
  nextv(size: number): T[] {
    try {
      const found = this.page(size);
      if (found.length < size || this.#remaining <= 0) this.close();
      return found;
    } catch (error) {
      this.#end(error);
    }
  }

  /** @internal Like {@link StoreIterator.nextv}, but it stays open at the end, so that `seek` can go on. */
  page(size: number): T[] {
    const { yields, keyCodec, valueCodec } = this.#options;
    const found: T[] = [];
    if (Math.min(size, this.#remaining) <= FEW) {
      while (found.length < size && !this.#closed && this.#advance()) found.push(this.#take());
      return found;
    }
    const keys = yields === 'values' ? undefined : keyCodec;
    const values = yields === 'keys' ? undefined : valueCodec;
    const page = new Page(keys, values, Math.min(size, this.#remaining));
    while (found.length + page.count < size && !this.#closed && this.#advance()) {
      const { u8, view } = this.#table.arena.memory;
      if (page.add(u8, view, this.#entry)) continue;
      // Decoding runs user code, which may write to the store. So copy this entry before.
      const first = new Page(keys, values, 1);
      first.add(u8, view, this.#entry);
      page.moveTo(found);
      first.moveTo(found);
    }
    page.moveTo(found);
    return found;
  }

  /**
   * Moves before the first entry at or after `key`, in the iterator's direction. `next()` yields it. A key outside of
   * the range moves to the end. An entry that is visited twice counts twice for `limit`. Does nothing once closed.
   * O(log n) comparisons.
   * @param key - in the store's encoding of keys, or that of the call that made the iterator
   * @throws as {@link StoreIterator.next}, but does not close the iterator; TypeError: key is null or undefined
   */
  seek(key: unknown): void {
    this.#host.checkNotComparing();
    const { range, keyCodec } = this.#options;
    const target = new LookupKey().set(encode('key', keyCodec, key));
    this.#host.current(); // Throws when the store has been closed.
    if (this.#closed) return;
    this.#resume = undefined;
    this.#entry = NIL;
    this.#newestVisible = NIL;
    this.#started = true;
    this.#isAhead = true;
    const order = this.#table.index.order;
    const at = range.reverse ? target.afterAll() : target.beforeAll();
    const isOutside =
      (range.lower !== undefined && order.compare(at.view, at.at, range.lower.view, range.lower.at) < 0) ||
      (range.upper !== undefined && order.compare(at.view, at.at, range.upper.view, range.upper.at) > 0);
    if (isOutside) this.#cursor = this.#table.index.cursor();
    else this.#seek(at);
  }

  /** @internal The address of the entry that the iterator stands on. @throws as {@link StoreIterator.keyView} */
  get entry(): Addr {
    return this.#current();
  }

  /**
   * A view of the stored bytes of the current key. It is valid until the next write or step. Do not write to it.
   * @throws MemTableError `MEMTABLE_NOT_POSITIONED`: no step has found an entry; `MEMTABLE_CLOSED`
   */
  get keyView(): Uint8Array {
    const entry = this.#current();
    const { buffer, view } = this.#table.arena.memory;
    return new Uint8Array(buffer, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /**
   * A view of the stored bytes of the current value, valid as long as {@link StoreIterator.keyView}.
   * @throws as that
   */
  get valueView(): Uint8Array {
    const entry = this.#current();
    const { buffer, view } = this.#table.arena.memory;
    const headBytes = this.#host.retention?.headBytes ?? 0;
    return new Uint8Array(buffer, valueStartOf(view, entry) + headBytes, valueLengthOf(view, entry) - headBytes);
  }

  /** Ends the iterator and lets go of old versions. Idempotent. @throws MemTableError `MEMTABLE_REENTERED` */
  close(): void {
    if (this.#closed) return;
    this.#host.checkNotComparing();
    this.#closed = true;
    if (this.#pin !== undefined) this.#host.release(this.#pin, this);
  }

  #end(error: unknown): never {
    this.close();
    throw error;
  }

  /** Closes the iterator. A `for ... of` loop calls it when it is left early. */
  return(): IteratorResult<T, undefined> {
    this.close();
    return { done: true, value: undefined };
  }

  /** The iterator itself, for `for ... of`. */
  [Symbol.iterator](): this {
    return this;
  }

  /** The fields that `console.log` prints. */
  [INSPECT](): object {
    return show(this, () => {
      const { yields, sequence, range } = this.#options;
      return { yields, isOpen: !this.#closed, sequence, reverse: range.reverse, limitLeft: this.#remaining };
    });
  }

  /** Calls {@link StoreIterator.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal The entries are in another table now. Keeps the position as a key; the next step seeks it there. */
  tableReplaced(): void {
    const { u8, view } = this.#table.arena.memory;
    const cursor = this.#cursor;
    this.#table = this.#host.current();
    this.#cursor = this.#table.index.cursor();
    this.#passed = [];
    this.#passing = [];
    const last = this.#newestVisible;
    this.#entry = NIL;
    this.#newestVisible = NIL;
    if (!this.#started || this.#resume !== undefined) return;
    const { reverse } = this.#options.range;
    // A reverse walk, or a walk after `seek`, already stands on the next entry to look at.
    const from = this.#isAhead ? cursor.entry : last;
    if (from !== NIL) {
      const key = new LookupKey().setBytes(u8, keyStartOf(view, from), keyLengthOf(view, from));
      this.#resume = reverse || !this.#isAhead ? key.afterAll() : key.beforeAll();
    }
    this.#isAhead = true;
  }

  #current(): Addr {
    this.#host.current(); // Throws when the store has been closed.
    if (this.#entry === NIL) throw new MemTableError('MEMTABLE_NOT_POSITIONED', 'the iterator stands on no entry');
    return this.#entry;
  }

  /**
   * Decodes the current entry. Copies key and value before it decodes either, because a decoder may write to the store.
   */
  #take(): T {
    const { yields, keyCodec, valueCodec } = this.#options;
    const { u8, view } = this.#table.arena.memory;
    const entry = this.#entry;
    const key =
      yields === 'values' ? undefined : read(keyCodec, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry));
    if (yields === 'keys') return decodeStored(keyCodec, key) as T;
    const value = read(valueCodec, u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
    if (yields === 'values') return decodeStored(valueCodec, value) as T;
    return [decodeStored(keyCodec, key), decodeStored(valueCodec, value)] as T;
  }

  #advance(): boolean {
    this.#host.current(); // Throws when the store has been closed.
    if (this.#remaining <= 0) return false;
    if (!this.#started) {
      this.#started = true;
      this.#isAhead = true;
      this.#seekStart();
    }
    if (this.#resume !== undefined) {
      const place = this.#resume;
      this.#seek(place);
      this.#resume = undefined;
    } else if (this.#isAhead) this.#cursor.settle(this.#options.range.reverse);
    const found = this.#options.range.reverse ? this.#retreat() : this.#proceed();
    if (found) this.#remaining--;
    if (this.#passed.length >= PASSED_MIN) this.#removePassed();
    return found;
  }

  #proceed(): boolean {
    const table = this.#table;
    const cursor = this.#cursor;
    const { sequence, range } = this.#options;
    const { upper } = range;
    const { order } = table.index;
    const { retention } = this.#host;
    if (!this.#isAhead) cursor.next();
    this.#isAhead = false;
    if (upper === undefined && cursor.entry !== NIL && this.#host.isPlain(table, sequence)) {
      this.#entry = cursor.entry;
      this.#newestVisible = cursor.entry;
      return true;
    }
    let isSince = false;
    for (let entry = cursor.entry; entry !== NIL; cursor.next(), entry = cursor.entry) {
      const { view } = table.arena.memory;
      if (upper !== undefined && order.compare(view, entry, upper.view, upper.at) >= 0) break;
      if (table.sequenceOf(entry) > sequence) {
        isSince = true; // Written after the iterator was made.
        continue;
      }
      if (this.#newestVisible !== NIL && table.haveSameKey(this.#newestVisible, entry)) {
        if (this.#passing.length > 0) this.#passOlder(table, entry);
        continue;
      }
      this.#newestVisible = entry;
      if (this.#passing.length > 0) this.#passed.push(...this.#passing.splice(0).reverse());
      if (table.typeOf(entry) === ValueType.Deletion) {
        if (!isSince && this.#host.removes && this.#passed.length < PASSED_MAX) this.#passing.push(entry);
        isSince = false;
        continue;
      }
      if (retention !== undefined && retention.isHidden(table, entry)) continue;
      this.#entry = entry;
      return true;
    }
    if (this.#passing.length > 0) this.#passed.push(...this.#passing.splice(0).reverse());
    this.#isAhead = true; // The cursor stays at the end.
    return false;
  }

  /**
   * Backwards, versions of a key come oldest first. So the cursor goes past all of them, and is always one key ahead.
   */
  #retreat(): boolean {
    const table = this.#table;
    const cursor = this.#cursor;
    const { sequence, range } = this.#options;
    const { lower } = range;
    const { order } = table.index;
    const { retention } = this.#host;
    while (cursor.entry !== NIL) {
      const oldest = cursor.entry;
      const { view } = table.arena.memory;
      if (lower !== undefined && order.compare(view, oldest, lower.view, lower.at) < 0) return false;
      let newest: Addr = NIL;
      let top: Addr = NIL;
      const versions = this.#passing;
      versions.length = 0;
      let isSeen = false;
      let entry = oldest;
      do {
        if (table.sequenceOf(entry) <= sequence) newest = entry;
        isSeen ||= top !== NIL && this.#host.isSeen(table.sequenceOf(top), table.sequenceOf(entry));
        top = entry;
        versions.push(entry);
        cursor.prev();
        entry = cursor.entry;
      } while (entry !== NIL && table.haveSameKey(oldest, entry));
      if (newest === NIL || table.typeOf(newest) === ValueType.Deletion) {
        const isGone = this.#host.removes && table.typeOf(top) === ValueType.Deletion && !isSeen;
        if (isGone && this.#passed.length < PASSED_MAX) this.#passed.push(...versions);
        versions.length = 0;
        continue;
      }
      versions.length = 0;
      if (retention !== undefined && retention.isHidden(table, newest)) continue;
      this.#entry = newest;
      return true;
    }
    return false;
  }

  /** Passes an older version of a deleted key. The key can leave the index only if no pin sees any of its versions. */
  #passOlder(table: StoreTable, entry: Addr): void {
    const passing = this.#passing;
    const by = table.sequenceOf(passing[passing.length - 1]);
    if (this.#host.isSeen(table.sequenceOf(entry), by)) passing.length = 0;
    else passing.push(entry);
  }

  /**
   * Takes the passed entries out of the index. Walks of a queue would pass more and more deleted keys otherwise [D28].
   */
  #removePassed(): void {
    const passed = this.#passed;
    this.#passed = [];
    try {
      this.#host.remove(this.#table, passed);
    } catch {
      // The comparator has thrown. This walk has its entry, and the next walk removes these.
    }
  }

  #seekStart(): void {
    const { lower, upper, reverse } = this.#options.range;
    const bound = reverse ? upper : lower;
    if (bound !== undefined) this.#seek(bound);
    else if (reverse) this.#cursor.seekToLast();
    else this.#cursor.seekToFirst();
  }

  /** Moves the cursor to the first entry at or after a place. Backwards, to the last entry before it. */
  #seek(place: LookupKey): void {
    const cursor = this.#cursor;
    cursor.seek(place.view, place.at);
    if (!this.#options.range.reverse) return;
    if (cursor.entry === NIL) cursor.seekToLast();
    else cursor.prev();
  }
}

/** Up to this many entries are copied one by one: a page costs more to make than it saves. */
const FEW = 4;
/** Fewer entries than this are not worth the searches that remove them. */
const PASSED_MIN = 4;
/** Upper bound on the entries that one step removes, give or take the versions of a key: a step must not take long. */
const PASSED_MAX = 256;
