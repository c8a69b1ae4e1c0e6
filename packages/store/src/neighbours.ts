import { type Addr, NIL } from '@memtable/arena';
import type { BlockCursor } from '@memtable/skiplist';
import type { LookupKey } from '@memtable/memtable/internal';
import type { Codecs } from './codecs.js';
import { type IteratorHost, StoreIterator } from './iterator.js';
import { KeyRange } from './range.js';
import type { Retention } from './retention.js';
import type { StoreTable } from './table.js';

/** After this many deleted keys an iterator goes on: it takes them out of the index [D28]. */
const PASSED_MAX = 4;

/** Finds the entry next to a place. One cursor serves all searches of a table, so a search makes no object. */
export class Neighbours {
  readonly #host: IteratorHost;
  readonly #codecs: Codecs;
  #table: StoreTable | undefined;
  #cursor!: BlockCursor;

  constructor(host: IteratorHost, codecs: Codecs) {
    this.#host = host;
    this.#codecs = codecs;
  }

  /**
   * Finds the first entry at or after a place, backwards the last one before it. O(log n), and O(1) for each version
   * that it passes.
   * @param sequence - the last write that the search sees
   * @param place - between the versions of two keys; undefined to begin at the end
   * @returns the newest visible version of its key, a value; NIL when there is none
   */
  find(table: StoreTable, sequence: number, place: LookupKey | undefined, isBack: boolean): Addr {
    if (table !== this.#table) {
      this.#table = table;
      this.#cursor = table.index.cursor();
    }
    const cursor = this.#cursor;
    if (place === undefined) {
      if (isBack) cursor.seekToLast();
      else cursor.seekToFirst();
    } else {
      cursor.seek(place.view, place.at);
      if (isBack && cursor.entry === NIL) cursor.seekToLast();
      else if (isBack) cursor.prev();
    }
    if (cursor.entry === NIL || this.#host.isPlain(table, sequence)) return cursor.entry;
    const { retention } = this.#host;
    const entry = (isBack ? lastBefore : firstFrom)(table, cursor, sequence, retention);
    return entry === undefined ? this.#walk(table, sequence, place, isBack) : entry;
  }

  #walk(table: StoreTable, sequence: number, place: LookupKey | undefined, isBack: boolean): Addr {
    const range = new KeyRange(isBack, 1);
    if (isBack) range.upper = place;
    else range.lower = place;
    const { key: keyCodec, value: valueCodec } = this.#codecs;
    const options = { table, range, sequence, keyCodec, valueCodec, yields: 'keys' } as const;
    const iterator = new StoreIterator(this.#host, options);
    return iterator.step() ? iterator.entry : NIL;
  }
}

/** The first visible value from the cursor on. Undefined after too many deleted keys. */
function firstFrom(
  table: StoreTable,
  cursor: BlockCursor,
  sequence: number,
  retention: Retention | undefined,
): Addr | undefined {
  let passed = 0;
  let deleted: Addr = NIL;
  for (let entry = cursor.entry; entry !== NIL; cursor.next(), entry = cursor.entry) {
    if (table.sequenceOf(entry) > sequence) continue;
    if (deleted !== NIL && table.haveSameKey(deleted, entry)) continue;
    if (table.isValue(entry) && retention?.isHidden(table, entry) !== true) return entry;
    if (++passed > PASSED_MAX) return undefined;
    deleted = entry;
  }
  return NIL;
}

/** The last visible value up to the cursor, which stands on the oldest version of a key. */
function lastBefore(
  table: StoreTable,
  cursor: BlockCursor,
  sequence: number,
  retention: Retention | undefined,
): Addr | undefined {
  let passed = 0;
  while (cursor.entry !== NIL) {
    const oldest = cursor.entry;
    let newest: Addr = NIL;
    let entry = oldest;
    do {
      if (table.sequenceOf(entry) <= sequence) newest = entry;
      cursor.prev();
      entry = cursor.entry;
    } while (entry !== NIL && table.haveSameKey(oldest, entry));
    if (table.isValue(newest) && retention?.isHidden(table, newest) !== true) return newest;
    if (++passed > PASSED_MAX) return undefined;
  }
  return NIL;
}
