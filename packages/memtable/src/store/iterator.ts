import { type Addr, NIL } from '@memtable/arena';
import type { BlockCursor } from '@memtable/skiplist';
import { MemTableError } from '../errors.js';
import { keyLengthOf, keyStartOf, valueLengthOf, valueStartOf } from '../format/entry.js';
import { ValueType } from '../format/internal-key.js';
import { type Codec, decode, encode } from './encoding.js';
import { LookupKey } from './lookup-key.js';
import type { Pin, PinOwner } from './pins.js';
import { Page } from './page.js';
import type { KeyRange } from './range.js';
import type { StoreTable } from './store-table.js';

/** @internal What an iterator needs of its store. */
export interface IteratorHost {
  /** The table in use. @throws MemTableError `MEMTABLE_CLOSED` */
  current(): StoreTable;
  /** Whether a table holds nothing but what a read at this sequence sees. */
  isPlain(table: StoreTable, sequence: number): boolean;
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
  #started = false;
  #closed = false;
  #left: number;
  /** The entry that it stands on; while it walks forward, the last version that it saw. */
  #entry: Addr = NIL;
  #last: Addr = NIL;

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

  /** To the next entry; false at the end, which closes it. @throws MemTableError `MEMTABLE_CLOSED`: the store */
  step(): boolean {
    if (this.#closed || !this.#advance()) {
      this.close();
      return false;
    }
    return true;
  }

  next(): IteratorResult<T, undefined> {
    return this.step() ? { done: false, value: this.#take() } : { done: true, value: undefined };
  }

  /** Up to `size` more entries; fewer only at the end. Several times as quick as one by one. */
  nextv(size: number): T[] {
    const { yields, keyCodec, valueCodec } = this.#options;
    const page = new Page(yields === 'values' ? undefined : keyCodec, yields === 'keys' ? undefined : valueCodec);
    const found: T[] = [];
    while (found.length + page.count < size && !this.#closed && this.#advance()) {
      const { u8, view } = this.#table.table.arena.memory;
      if (page.add(u8, view, this.#entry)) continue;
      page.moveTo(found);
      page.add(u8, view, this.#entry);
    }
    page.moveTo(found);
    return found;
  }

  /**
   * To the first entry at or after `key` in the iterator's direction; outside of its range to the end. What was passed can
   * be visited again, and does count for `limit`.
   */
  seek(key: unknown): void {
    this.#host.current(); // Throws when the store has been closed.
    if (this.#closed) return;
    const { range, keyCodec } = this.#options;
    const target = new LookupKey().set(encode('key', keyCodec, key));
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

  /** Bytes of the key that it stands on, in the store's memory: only good until the next write or step. */
  get keyView(): Uint8Array {
    const entry = this.#current();
    const { buffer, view } = this.#table.table.arena.memory;
    return new Uint8Array(buffer, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** Bytes of the value, for as long as {@link StoreIterator.keyView}. */
  get valueView(): Uint8Array {
    const entry = this.#current();
    const { buffer, view } = this.#table.table.arena.memory;
    return new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  /** Lets go of the old versions. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pin !== undefined) this.#host.release(this.#pin, this);
  }

  return(): IteratorResult<T, undefined> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal The table has been rewritten: to the same place in the new one, before the old one is dropped. */
  tableReplaced(): void {
    const old = this.#table;
    this.#table = this.#host.current();
    const cursor = this.#cursor;
    this.#cursor = this.#table.index.cursor();
    if (!this.#started) return;
    const { reverse } = this.#options.range;
    // A reverse walk, or one that was sought, stands on what comes next already.
    const from = this.#ready ? cursor.entry : this.#last;
    this.#entry = NIL;
    this.#last = NIL;
    if (from === NIL) {
      this.#ready = true;
      return;
    }
    const { u8, view } = old.table.arena.memory;
    const key = new LookupKey().setBytes(u8, keyStartOf(view, from), keyLengthOf(view, from));
    if (reverse || !this.#ready) this.#seek(key.afterAll());
    else this.#seek(key.beforeAll());
    this.#ready = true;
  }

  #current(): Addr {
    this.#host.current(); // Throws when the store has been closed.
    if (this.#entry === NIL) throw new MemTableError('MEMTABLE_NOT_POSITIONED', 'the iterator stands on no entry');
    return this.#entry;
  }

  #take(): T {
    const { yields } = this.#options;
    if (yields === 'entries') return [this.#key(), this.#value()] as T;
    return (yields === 'keys' ? this.#key() : this.#value()) as T;
  }

  #key(): unknown {
    const { u8, view } = this.#table.table.arena.memory;
    const entry = this.#entry;
    return decode(this.#options.keyCodec, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  #value(): unknown {
    const { u8, view } = this.#table.table.arena.memory;
    const entry = this.#entry;
    return decode(this.#options.valueCodec, u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  #advance(): boolean {
    this.#host.current(); // Throws when the store has been closed.
    if (this.#left <= 0) return false;
    if (!this.#started) {
      this.#started = true;
      this.#ready = true;
      this.#seekStart();
    }
    const found = this.#options.range.reverse ? this.#retreat() : this.#proceed();
    if (found) this.#left--;
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
    for (let entry = cursor.entry; entry !== NIL; cursor.next(), entry = cursor.entry) {
      const { view } = table.table.arena.memory;
      if (upper !== undefined && order.compare(view, entry, upper.view, upper.at) >= 0) break;
      if (table.sequenceOf(entry) > sequence) continue; // Written since.
      if (this.#last !== NIL && table.haveSameKey(this.#last, entry)) continue; // An older version.
      this.#last = entry;
      if (table.typeOf(entry) === ValueType.Deletion) continue;
      this.#entry = entry;
      return true;
    }
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
      const { view } = table.table.arena.memory;
      if (lower !== undefined && order.compare(view, oldest, lower.view, lower.at) < 0) return false;
      let newest: Addr = NIL;
      for (let entry = oldest; entry !== NIL && table.haveSameKey(oldest, entry); entry = cursor.entry) {
        if (table.sequenceOf(entry) <= sequence) newest = entry;
        cursor.prev();
      }
      if (newest === NIL || table.typeOf(newest) === ValueType.Deletion) continue;
      this.#entry = newest;
      return true;
    }
    return false;
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
