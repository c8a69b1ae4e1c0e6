import { type Addr, NIL } from '@memtable/arena';
import { verifyEntries } from '@memtable/memtable/internal';
import type { StoreTable } from '../table.js';

/**
 * The replacement of a store's table by a successor, while the store goes on.
 *
 * ```
 *    from   |=================|.....|      read and written until the end
 *    to            |==========|.....|===>  has, at the end, what is needed: it takes over, and `from` is dropped
 *                  begins     writes go to both
 * ```
 *
 * The old table stays the one that is read and written; each write is repeated in the successor. So nothing is searched in
 * two tables, and a renewal can be given up at any time. Two policies say what the successor needs: a compaction, which
 * leaves the garbage behind, and a flush, which leaves everything behind that its target has taken.
 */
export abstract class Renewal {
  readonly from: StoreTable;
  readonly to: StoreTable;

  constructor(from: StoreTable, to: StoreTable) {
    this.from = from;
    this.to = to;
  }

  /**
   * A write has made this entry of the old table, or overwritten it.
   * @returns false when the successor is full. @throws what the comparator throws
   */
  abstract written(entry: Addr): boolean;

  /** Checks the successor. O(its entries). @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError */
  verify(): void {
    verifyEntries(this.to);
  }

  /**
   * Repeats an entry in the successor, at the place that was found for it.
   * @param older - the version of its key that the successor has, or NIL
   * @param isUnseen - no reader of the successor sees `older`: it may be overwritten
   * @returns the entry of the successor; NIL when it is full
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
