import { type Addr, INSPECT, NIL, show } from '@memtable/arena';
import type { BlockCursor } from '@memtable/skiplist';
import { MemTableError, ValueType } from '@memtable/memtable';
import { keyLengthOf, keyStartOf, LookupKey, valueLengthOf, valueStartOf } from '@memtable/memtable/internal';
import { type Codec, decodeStored, encode, read } from './encoding.js';
import type { Pin, PinOwner } from './pins.js';
import { Page } from './page.js';
import type { KeyRange } from './range.js';
import type { StoreTable } from './table.js';

/** @internal What an iterator needs of its store. */
export interface IteratorHost {
  /** The table in use. @throws MemTableError `MEMTABLE_CLOSED` */
  current(): StoreTable;
  /** Whether a table holds nothing but what a read at this sequence sees. */
  isPlain(table: StoreTable, sequence: number): boolean;
  /** Whether deleted keys that nobody sees may leave the index; a target still has to be told of them. */
  readonly removes: boolean;
  /** Whether a pin sees a version that the one with sequence `by` has replaced. */
  isSeen(sequence: number, by: number): boolean;
  /** Takes entries that nobody needs out of the table's index. */
  remove(table: StoreTable, entries: readonly Addr[]): void;
  /** @throws MemTableError `MEMTABLE_REENTERED` */
  checkNotComparing(): void;
  release(pin: Pin, owner: PinOwner): void;
}

/** @internal */
export interface IteratorOptions {
  /** The table in use, or the one of its snapshot. */
  readonly table: StoreTable;
  readonly range: KeyRange;
  /** The last write that it sees. */
  readonly sequence: number;
  readonly keyCodec: Codec;
  readonly valueCodec: Codec;
  /** Entries as pairs, or only keys, or only values. */
  readonly yields: 'entries' | 'keys' | 'values';
}

/**
 * The entries of a range as they were when the iterator was made, whatever is written meanwhile. It holds the old
 * versions of them in memory, so it has to come to its end, which `for ... of` sees to, or be closed.
 *
 * Keys and values are copies. `step()` with the views makes none.
 */
export class StoreIterator<T> implements IterableIterator<T>, Disposable, PinOwner {
  readonly #host: IteratorHost;
  readonly #options: IteratorOptions;
  #pin: Pin | undefined;
  #table: StoreTable;
  #cursor: BlockCursor;
  /** Whether the cursor stands where to go on, and not on what was seen last. */
  #ready = false;
  /** Where to seek before it goes on, in a table that it has not seen yet. */
  #resume: LookupKey | undefined;
  #started = false;
  #closed = false;
  #left: number;
  /** The entry that it stands on; while it walks forward, the last version that it saw. */
  #entry: Addr = NIL;
  #last: Addr = NIL;
  /** Entries that it has passed and that nobody needs; versions of one key from the oldest to the newest. */
  #passed: Addr[] = [];
  /** Those of the deleted key that it is passing. */
  #passing: Addr[] = [];

  /** @internal */
  constructor(host: IteratorHost, options: IteratorOptions) {
    this.#host = host;
    this.#options = options;
    this.#table = options.table;
    this.#cursor = this.#table.index.cursor();
    this.#left = options.range.limit;
  }

  /** @internal The pin that goes when the iterator is closed. */
  hold(pin: Pin): this {
    this.#pin = pin;
    return this;
  }

  /**
   * To the next entry; false at the end, which closes it, as an error does.
   * @throws MemTableError `MEMTABLE_CLOSED`: the store; what the comparator throws
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

  /** As {@link StoreIterator.step}. @throws MemTableError `MEMTABLE_ENCODING_FAILED` too, which closes it as well */
  next(): IteratorResult<T, undefined> {
    if (!this.step()) return { done: true, value: undefined };
    try {
      return { done: false, value: this.#take() };
    } catch (error) {
      this.#end(error);
    }
  }

  /**
   * Up to `size` more entries; fewer only at the end, which closes it, as the limit and an error do. Several times as quick
   * as one by one. @throws as {@link StoreIterator.next}
   */
  nextv(size: number): T[] {
    try {
      const found = this.page(size);
      if (found.length < size || this.#left <= 0) this.close();
      return found;
    } catch (error) {
      this.#end(error);
    }
  }

  /** @internal The same, and it stays open, so that `seek` can go on from the end. */
  page(size: number): T[] {
    const { yields, keyCodec, valueCodec } = this.#options;
    const found: T[] = [];
    if (Math.min(size, this.#left) <= FEW) {
      while (found.length < size && !this.#closed && this.#advance()) found.push(this.#take());
      return found;
    }
    const keys = yields === 'values' ? undefined : keyCodec;
    const values = yields === 'keys' ? undefined : valueCodec;
    const page = new Page(keys, values, Math.min(size, this.#left));
    while (found.length + page.count < size && !this.#closed && this.#advance()) {
      const { u8, view } = this.#table.arena.memory;
      if (page.add(u8, view, this.#entry)) continue;
      // Decoding may run code that writes to the store, so that this entry is copied before.
      const first = new Page(keys, values, 1);
      first.add(u8, view, this.#entry);
      page.moveTo(found);
      first.moveTo(found);
    }
    page.moveTo(found);
    return found;
  }

  /**
   * To the first entry at or after `key` in the iterator's direction; outside of its range to the end. What was passed can
   * be visited again, and does count for `limit`.
   */
  seek(key: unknown): void {
    this.#host.checkNotComparing();
    const { range, keyCodec } = this.#options;
    const target = new LookupKey().set(encode('key', keyCodec, key));
    this.#host.current(); // Throws when the store has been closed.
    if (this.#closed) return;
    this.#resume = undefined;
    this.#entry = NIL;
    this.#last = NIL;
    this.#started = true;
    this.#ready = true;
    const order = this.#table.index.order;
    const at = range.reverse ? target.afterAll() : target.beforeAll();
    const isOutside =
      (range.lower !== undefined && order.compare(at.view, at.at, range.lower.view, range.lower.at) < 0) ||
      (range.upper !== undefined && order.compare(at.view, at.at, range.upper.view, range.upper.at) > 0);
    if (isOutside) this.#cursor = this.#table.index.cursor();
    else this.#seek(at);
  }

  /** @internal The entry that it stands on. */
  get entry(): Addr {
    return this.#current();
  }

  /** Bytes of the key that it stands on, in the store's memory: only good until the next write or step. */
  get keyView(): Uint8Array {
    const entry = this.#current();
    const { buffer, view } = this.#table.arena.memory;
    return new Uint8Array(buffer, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** Bytes of the value, for as long as {@link StoreIterator.keyView}. */
  get valueView(): Uint8Array {
    const entry = this.#current();
    const { buffer, view } = this.#table.arena.memory;
    return new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  /** Lets go of the old versions. Idempotent. */
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

  return(): IteratorResult<T, undefined> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** What `console.log` prints of it. */
  [INSPECT](): object {
    return show(this, () => {
      const { yields, sequence, range } = this.#options;
      return { yields, isOpen: !this.#closed, sequence, reverse: range.reverse, limitLeft: this.#left };
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal The table has been rewritten. It keeps its place as a key, and looks for it when it goes on. */
  tableReplaced(): void {
    const { u8, view } = this.#table.arena.memory;
    const cursor = this.#cursor;
    this.#table = this.#host.current();
    this.#cursor = this.#table.index.cursor();
    this.#passed = [];
    this.#passing = [];
    const last = this.#last;
    this.#entry = NIL;
    this.#last = NIL;
    if (!this.#started || this.#resume !== undefined) return;
    const { reverse } = this.#options.range;
    // A reverse walk, or one that was sought, stands on what comes next already.
    const from = this.#ready ? cursor.entry : last;
    if (from !== NIL) {
      const key = new LookupKey().setBytes(u8, keyStartOf(view, from), keyLengthOf(view, from));
      this.#resume = reverse || !this.#ready ? key.afterAll() : key.beforeAll();
    }
    this.#ready = true;
  }

  #current(): Addr {
    this.#host.current(); // Throws when the store has been closed.
    if (this.#entry === NIL) throw new MemTableError('MEMTABLE_NOT_POSITIONED', 'the iterator stands on no entry');
    return this.#entry;
  }

  /** What it stands on, copied as a whole before any of it is decoded. */
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
    if (this.#left <= 0) return false;
    if (!this.#started) {
      this.#started = true;
      this.#ready = true;
      this.#seekStart();
    }
    if (this.#resume !== undefined) {
      const place = this.#resume;
      this.#seek(place);
      this.#resume = undefined;
    } else if (this.#ready) this.#cursor.settle(this.#options.range.reverse);
    const found = this.#options.range.reverse ? this.#retreat() : this.#proceed();
    if (found) this.#left--;
    if (this.#passed.length >= PASSED_MIN) this.#removePassed();
    return found;
  }

  #proceed(): boolean {
    const table = this.#table;
    const cursor = this.#cursor;
    const { sequence, range } = this.#options;
    const { upper } = range;
    const { order } = table.index;
    if (!this.#ready) cursor.next();
    this.#ready = false;
    if (upper === undefined && cursor.entry !== NIL && this.#host.isPlain(table, sequence)) {
      this.#entry = cursor.entry;
      this.#last = cursor.entry;
      return true;
    }
    let isSince = false;
    for (let entry = cursor.entry; entry !== NIL; cursor.next(), entry = cursor.entry) {
      const { view } = table.arena.memory;
      if (upper !== undefined && order.compare(view, entry, upper.view, upper.at) >= 0) break;
      if (table.sequenceOf(entry) > sequence) {
        isSince = true; // Written since.
        continue;
      }
      if (this.#last !== NIL && table.haveSameKey(this.#last, entry)) {
        if (this.#passing.length > 0) this.#passOlder(table, entry);
        continue;
      }
      this.#last = entry;
      if (this.#passing.length > 0) this.#passed.push(...this.#passing.splice(0).reverse());
      if (table.typeOf(entry) === ValueType.Deletion) {
        if (!isSince && this.#host.removes && this.#passed.length < PASSED_MAX) this.#passing.push(entry);
        isSince = false;
        continue;
      }
      this.#entry = entry;
      return true;
    }
    if (this.#passing.length > 0) this.#passed.push(...this.#passing.splice(0).reverse());
    this.#ready = true; // At the end it stays there.
    return false;
  }

  /** Versions of a key come oldest first this way, so the cursor is always one key ahead. */
  #retreat(): boolean {
    const table = this.#table;
    const cursor = this.#cursor;
    const { sequence, range } = this.#options;
    const { lower } = range;
    const { order } = table.index;
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
      this.#entry = newest;
      return true;
    }
    return false;
  }

  /** An older version of the deleted key that it is passing: the key can go if nobody sees any of them. */
  #passOlder(table: StoreTable, entry: Addr): void {
    const passing = this.#passing;
    const by = table.sequenceOf(passing[passing.length - 1]);
    if (this.#host.isSeen(table.sequenceOf(entry), by)) passing.length = 0;
    else passing.push(entry);
  }

  /** Takes what it has passed out of the index: the next walk, that of a queue say, need not pass it again. */
  #removePassed(): void {
    const passed = this.#passed;
    this.#passed = [];
    try {
      this.#host.remove(this.#table, passed);
    } catch {
      // The comparator has thrown. The walk has its entry; the next one comes by here again.
    }
  }

  #seekStart(): void {
    const { lower, upper, reverse } = this.#options.range;
    const bound = reverse ? upper : lower;
    if (bound !== undefined) this.#seek(bound);
    else if (reverse) this.#cursor.seekToLast();
    else this.#cursor.seekToFirst();
  }

  /** To the first entry at or after a place, or when it goes backwards to the last one before it. */
  #seek(place: LookupKey): void {
    const cursor = this.#cursor;
    cursor.seek(place.view, place.at);
    if (!this.#options.range.reverse) return;
    if (cursor.entry === NIL) cursor.seekToLast();
    else cursor.prev();
  }
}

/** Entries that are copied one by one: a page costs more to make than it saves. */
const FEW = 4;
/** Fewer entries than this are not worth the searches that remove them. */
const PASSED_MIN = 4;
/** So many are removed in one step at most, give or take the versions of a key: about 50 microseconds. */
const PASSED_MAX = 256;
