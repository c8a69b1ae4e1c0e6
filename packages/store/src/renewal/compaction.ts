import { type Addr, NIL } from '@memtable/arena';
import { ValueType } from '@memtable/memtable';
import type { BlockCursor } from '@memtable/skiplist';
import type { Pins } from '../pins.js';
import type { Retention } from '../retention.js';
import type { StoreTable } from '../table.js';
import { Renewal } from './renewal.js';

/** Cost of visiting an entry, in bytes of copying. */
const VISIT_BYTES = 64;

/**
 * Rewrites a table without its garbage, in slices between writes. It visits the entries in order and copies the needed
 * versions. A write is repeated in the successor if its key has been visited. Other keys are copied when the walk comes
 * to them. At the end the successor has all that the table has, except garbage.
 *
 * Invariants:
 * C1. The successor has the needed versions of all keys up to the entry visited last, and nothing of later keys.
 * C2. These versions of a key are needed: the newest one, and those that a pin sees. A tombstone among them is needed
 *     only if an older version is.
 */
export class Compaction extends Renewal {
  readonly #pins: Pins;
  readonly #retention: Retention | undefined;
  readonly #cursor: BlockCursor;
  /** The entry visited last. The cursor stays on it, so that it does not miss an entry that is added right after it. */
  #visited: Addr = NIL;
  /** The sequence of that entry. Infinity before the newest version of a key. */
  #newerSequence = Infinity;
  /** Tombstones of the key at the cursor. They are needed if an older version is. */
  readonly #deletions: Addr[] = [];
  /** Bytes of the tombstones that were copied: garbage that the compaction leaves. */
  deletionBytes = 0;

  constructor(from: StoreTable, to: StoreTable, pins: Pins, retention: Retention | undefined) {
    super(from, to);
    this.#pins = pins;
    this.#retention = retention;
    this.#cursor = from.index.cursor();
  }

  /**
   * Visits entries of about `bytes` bytes.
   * @returns whether there are more; undefined when the successor is full, so that the compaction must be abandoned
   */
  step(bytes: number): boolean | undefined {
    const { from } = this;
    const cursor = this.#cursor;
    for (let left = bytes; left > 0;) {
      if (this.#visited === NIL) cursor.seekToFirst();
      else cursor.next();
      const entry = cursor.entry;
      if (entry === NIL) return false;
      left -= VISIT_BYTES + from.bytesOf(entry);
      if (!this.#visit(entry)) return undefined;
    }
    return true;
  }

  /**
   * Repeats a write of a visited key. It overwrites the older version in place if no pin sees that one: tombstones that
   * were added during a compaction would slow down the reads after it.
   */
  written(entry: Addr): boolean {
    if (this.#visited === NIL) return true;
    const { from, to } = this;
    const { view } = from.arena.memory;
    if (entry !== this.#visited && from.order.compare(view, entry, view, this.#visited) > 0) return true;
    const older = to.findCopy(from, entry);
    if (older === NIL && from.typeOf(entry) === ValueType.Deletion) return true;
    const isUnseen = older !== NIL && to.sequenceOf(older) > this.#pins.newest;
    return this.repeat(older, entry, isUnseen) !== NIL;
  }

  #visit(entry: Addr): boolean {
    const { from, to } = this;
    if (this.#visited === NIL || !from.haveSameKey(this.#visited, entry)) {
      this.#newerSequence = Infinity;
      this.#deletions.length = 0;
    }
    this.#visited = entry;
    if (this.#newerSequence === Infinity) this.#retention?.expire(entry);
    const sequence = from.sequenceOf(entry);
    const isNeeded = this.#newerSequence === Infinity || this.#pins.sees(sequence, this.#newerSequence);
    this.#newerSequence = sequence;
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
