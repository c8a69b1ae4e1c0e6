import type { Addr, Arena } from '@memtable/arena';
import type { Order } from './order.js';

/**
 * The seam between a memtable and what keeps its entries in order. Entries lie in the arena and are never moved or
 * removed; an index links them. One thread inserts.
 *
 * An entry is added in three steps: `allocate` room for it, write it, `insert` it. Memory can only run out in the
 * first, so several entries can be made ready before any of them shows (that is how a batch is atomic). A single entry
 * can have its place found first, with `find`; then nothing has to be undone when it is refused.
 */
export interface OrderedIndex {
  readonly arena: Arena;
  readonly order: Order;

  /** Entries inserted so far. */
  readonly entryCount: number;

  /** Levels in use; 1 when empty. */
  readonly height: number;

  /**
   * Room for an entry of `bytes` bytes and for what the index needs to link it.
   * @returns the node, whose entry lies at `entryOf(node)`; NIL when the memory is at its limit: nothing has changed then
   */
  allocate(bytes: number): Addr;

  /** Where the entry of a node lies. */
  entryOf(node: Addr): Addr;

  /**
   * Links a node whose entry has been written.
   * @returns false when an equal entry is there; nothing has been linked then
   * @throws what the order throws; nothing has been linked then
   */
  insert(node: Addr): boolean;

  /**
   * Finds the place of an entry that is going to be inserted, and keeps it for `insertFound`. `foundEqual` tells whether an
   * equal one is there.
   * @returns the first entry that is not before it, as from `seek`, if that may have the same key; NIL when the index can
   * tell that it has another without looking at it
   * @throws what the order throws
   */
  find(bytes: DataView, at: number): Addr;

  /** Whether the last `find` came upon an entry that is equal. */
  readonly foundEqual: boolean;

  /** Links a node whose entry has been written and is the one that the last `find` was for; there must be no equal one. */
  insertFound(node: Addr): void;

  /**
   * Takes out nodes inserted since a mark, so that the arena can be rewound to it. O(entries), for failures only; it
   * compares nothing, so that an order that throws cannot prevent it.
   * @param nodes - all that were inserted since the mark
   * @param mark - what `arena.mark()` filled before the first of them was allocated
   */
  unlink(nodes: readonly Addr[], mark: Int32Array): void;

  /** The first entry that is not before the one at `at` of `bytes`, or NIL. */
  seek(bytes: DataView, at: number): Addr;

  /** A cursor, not on any entry yet. */
  cursor(): IndexCursor;

  /**
   * Checks every invariant. O(entries).
   * @throws SkipListError `SKIPLIST_MALFORMED` that names the invariant and the place
   */
  verify(): void;
}

/**
 * A place in an index. It sees entries that are inserted after it was made, and stays where it is meanwhile.
 * `next` and `prev` must not be called when `entry` is NIL.
 */
export interface IndexCursor {
  /** The entry it stands on; NIL before the first seek and beyond either end. */
  readonly entry: Addr;
  seekToFirst(): void;
  seekToLast(): void;
  /** To the first entry that is not before the one at `at` of `bytes`. */
  seek(bytes: DataView, at: number): void;
  next(): void;
  prev(): void;
}
