import type { Addr } from '@memtable/arena';
import type { Codec } from './encoding.js';
import type { StoreTable } from './table.js';

/** What a cache adds to a store: which entries reads hide, and which ones go. A plain store has none. */
export interface Retention {
  /** Bytes in front of each stored value, which belong to the retention. */
  readonly headBytes: number;
  /** Whether a full store has entries to evict, whatever their times. */
  readonly evicts: boolean;
  /** Reads the clock, which is user code. Calls do so before they check that the store is open. */
  tick(): void;
  /** Whether reads hide an entry, which is a value. */
  isHidden(table: StoreTable, entry: Addr): boolean;
  /** Like `isHidden`, for a read of a single key, which counts as a use of the entry. */
  isHiddenFromGet(table: StoreTable, entry: Addr): boolean;
  /** Deletes the newest version of a key in place, if its time has come and no pin sees it. */
  expire(entry: Addr): void;
  /** Deletes an entry in place to make room. @returns false when there is none that may go */
  evict(): boolean;
  /** Called after each write. Never throws. */
  afterWrite(): void;
  /** The encoding of values with their heads. */
  frame(codec: Codec): Codec;
}
