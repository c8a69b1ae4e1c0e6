import { type Addr, NIL } from '@memtable/arena';
import { verifyEntries } from '@memtable/memtable/internal';
import type { StoreTable } from '../table.js';

/**
 * Replaces the table of a store by a successor, while the store goes on.
 *
 * ```
 *    from   |=================|.....|      is read and written until the end, then dropped
 *    to            |==========|.....|===>  gets a copy of each write; takes over at the end
 *                  begins           ends
 * ```
 *
 * Reads and writes use the old table until the end. Each write is repeated in the successor. So no search needs two
 * tables, and a renewal can be abandoned at any time. There are two policies for the rest of the successor. A
 * compaction copies everything but garbage. A flush copies nothing, because its target takes it.
 */
export abstract class Renewal {
  readonly from: StoreTable;
  readonly to: StoreTable;

  constructor(from: StoreTable, to: StoreTable) {
    this.from = from;
    this.to = to;
  }

  /**
   * A write has added this entry to the old table, or overwritten it there.
   * @returns false when the successor is full
   * @throws the comparator's errors
   */
  abstract written(entry: Addr): boolean;

  /** Checks the successor. O(its entries). @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError */
  verify(): void {
    verifyEntries(this.to);
  }

  /**
   * Repeats an entry in the successor, at the place that the last search there found.
   * @param older - the version of its key in the successor, or NIL
   * @param isUnseen - whether no reader of the successor sees `older`, so that it may be overwritten
   * @returns the entry in the successor; NIL when that is full
   */
  protected repeat(older: Addr, entry: Addr, isUnseen: boolean): Addr {
    const { from, to } = this;
    if (older !== NIL && isUnseen && to.fitsCopy(older, from, entry)) {
      to.overwriteCopy(older, from, entry);
      return older;
    }
    const copy = to.copy(from, entry);
    if (copy !== NIL) to.insertFound(copy);
    return copy;
  }
}
