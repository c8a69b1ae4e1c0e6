import { type Addr, NIL } from '@memtable/arena';
import type { BlockCursor } from '@memtable/skiplist';
import { ValueType } from '@memtable/memtable';
import type { Pins } from './pins.js';
import type { StoreTable } from './store-table.js';

/** What visiting an entry costs, in bytes of copying. */
const VISIT_BYTES = 64;

/**
 * The rewriting of a store's table into a fresh one, without what nobody sees, in slices between writes.
 *
 * The old table stays the one that is read and written. The new one gets, key by key in order, the versions that are
 * needed, and with each write from then on the ones of keys it has already. When all keys have been visited the two
 * tables hold the same, the new one takes over and the old one's memory is dropped. Until then it can be given up at any
 * time.
 *
 * Invariants:
 * C1. The new table has what is needed of all keys up to the one visited last, and nothing of any other.
 * C2. Of a key needed are the newest version, if it is a value, the versions that a pin sees, and the deletions above these.
 */
export class Compaction {
  readonly from: StoreTable;
  readonly to: StoreTable;
  readonly #pins: Pins;
  readonly #cursor: BlockCursor;
  /** The entry visited last. The cursor waits on it, so that what comes right behind it is not missed. */
  #last: Addr = NIL;
  /** The sequence of the next newer version of the same key. */
  #newer = Infinity;
  /** Deletions of the key that are needed if an older version is. */
  readonly #deletions: Addr[] = [];
  /** Bytes of the deletions that had to be kept: garbage that a compaction leaves. */
  deletionBytes = 0;

  constructor(from: StoreTable, to: StoreTable, pins: Pins) {
    this.from = from;
    this.to = to;
    this.#pins = pins;
    this.#cursor = from.index.cursor();
  }

  /**
   * Visits entries of about `bytes` bytes.
   * @returns whether there are more; undefined when the new table is full, and the compaction has to be given up
   */
  step(bytes: number): boolean | undefined {
    const { from } = this;
    const cursor = this.#cursor;
    for (let left = bytes; left > 0;) {
      if (this.#last === NIL) cursor.seekToFirst();
      else cursor.next();
      const entry = cursor.entry;
      if (entry === NIL) return false;
      left -= VISIT_BYTES + from.bytesOf(entry);
      if (!this.#visit(entry)) return undefined;
    }
    return true;
  }

  /**
   * A write has made this entry of the old table, or overwritten it. In the new table it goes where its older version lies, if
   * that is seen by nobody: deletions during a compaction would be in the way of reads after it.
   * @returns false when the new table is full
   */
  written(entry: Addr): boolean {
    if (this.#last === NIL) return true;
    const { view } = this.from.table.arena.memory;
    if (entry !== this.#last && this.from.index.order.compare(view, entry, view, this.#last) > 0) return true;
    const { from, to } = this;
    const older = to.findCopy(from, entry);
    const type = from.typeOf(entry);
    if (older === NIL) {
      if (type === ValueType.Deletion) return true;
    } else if (to.sequenceOf(older) > this.#pins.newest && to.fitsCopy(older, from, entry)) {
      to.overwriteCopy(older, from, entry);
      return true;
    }
    const copy = to.copy(from, entry);
    if (copy === NIL) return false;
    to.insertFound(copy);
    return true;
  }

  #visit(entry: Addr): boolean {
    const { from, to } = this;
    if (this.#last === NIL || !from.haveSameKey(this.#last, entry)) {
      this.#newer = Infinity;
      this.#deletions.length = 0;
    }
    const sequence = from.sequenceOf(entry);
    const isNeeded = this.#newer === Infinity || this.#pins.sees(sequence, this.#newer);
    this.#last = entry;
    this.#newer = sequence;
    if (!isNeeded) return true;
    if (from.typeOf(entry) === ValueType.Deletion) {
      this.#deletions.push(entry);
      return true;
    }
    for (const deletion of this.#deletions) {
      if (!to.insertCopy(from, deletion)) return false;
      this.deletionBytes += from.bytesOf(deletion);
    }
    this.#deletions.length = 0;
    return to.insertCopy(from, entry);
  }
}
