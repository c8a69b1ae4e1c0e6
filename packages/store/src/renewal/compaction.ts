import { type Addr, NIL } from '@memtable/arena';
import { ValueType } from '@memtable/memtable';
import type { BlockCursor } from '@memtable/skiplist';
import type { Pins } from '../pins.js';
import type { StoreTable } from '../table.js';
import { Renewal } from './renewal.js';

/** Cost of a visit to an entry, in bytes of copying. */
const VISIT_BYTES = 64;

/**
 * The renewal that rewrites a table without its garbage, in slices between writes. It visits the keys in order and copies the
 * versions that are needed. A write repeats itself in the successor only if its key has been visited; the others are still to
 * come. When all keys have been visited, both tables hold the same.
 *
 * Invariants:
 * C1. The successor has what is needed of all keys up to the one visited last, and nothing of any other key.
 * C2. Of a key are needed the newest version, if it is a value, the versions that a pin sees, and the deletions above these.
 */
export class Compaction extends Renewal {
  readonly #pins: Pins;
  readonly #cursor: BlockCursor;
  /** The entry visited last. The cursor waits on it, so that it does not miss an entry that is added right behind it. */
  #last: Addr = NIL;
  /** The sequence of the next newer version of the same key. */
  #newer = Infinity;
  /** Deletions of the key that are needed if an older version is. */
  readonly #deletions: Addr[] = [];
  /** Bytes of the deletions that had to be kept: garbage that a compaction leaves. */
  deletionBytes = 0;

  constructor(from: StoreTable, to: StoreTable, pins: Pins) {
    super(from, to);
    this.#pins = pins;
    this.#cursor = from.index.cursor();
  }

  /**
   * Visits entries of about `bytes` bytes.
   * @returns whether there are more; undefined when the successor is full, and the compaction has to be given up
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
   * In the successor a write goes where its older version lies, if no pin sees that one: deletions during a compaction would be
   * in the way of the reads after it.
   */
  written(entry: Addr): boolean {
    if (this.#last === NIL) return true;
    const { from, to } = this;
    const { view } = from.arena.memory;
    if (entry !== this.#last && from.order.compare(view, entry, view, this.#last) > 0) return true;
    const older = to.findCopy(from, entry);
    if (older === NIL && from.typeOf(entry) === ValueType.Deletion) return true;
    const isUnseen = older !== NIL && to.sequenceOf(older) > this.#pins.newest;
    return this.repeat(older, entry, isUnseen) !== NIL;
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
