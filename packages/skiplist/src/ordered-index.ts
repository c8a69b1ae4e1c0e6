import type { Addr, Arena } from '@memtable/arena';
import type { Order } from './order.js';

/**
 * Keeps the entries of a memtable in order. A memtable uses its index only through this interface. Entries lie in the
 * arena and never move; the index links them. One thread inserts.
 *
 * Adding an entry takes three steps: `allocate` room for it, write it, `insert` it. Memory can run out only in the
 * first step. So a batch allocates and writes all its entries before it inserts one, and is atomic. A single entry can
 * have its place found first, with `find`. Then nothing has to be undone if the entry is refused.
 */
export interface OrderedIndex {
  readonly arena: Arena;
  readonly order: Order;

  /** Entries in the index. */
  readonly entryCount: number;

  /** Levels in use, 1 when empty. */
  readonly height: number;

  /**
   * Allocates room for an entry of `bytes` bytes, and for everything that the index needs to link it.
   * @returns the node, whose entry lies at `entryOf(node)`; NIL when the memory is at its limit, and then nothing has
   * changed
   */
  allocate(bytes: number): Addr;

  /** Address of the entry of a node. */
  entryOf(node: Addr): Addr;

  /**
   * Links a node whose entry is written.
   * @returns false when the index has an equal entry; then the node is not linked
   * @throws what the order throws; then the node is not linked
   */
  insert(node: Addr): boolean;

  /**
   * Finds the place of an entry to be inserted, and keeps it for `insertFound`. Sets `foundEqual`.
   * @returns the first entry not before it, as `seek` does. NIL when the index can tell, without reading that entry,
   * that its key is another
   * @throws what the order throws
   */
  find(bytes: DataView, at: number): Addr;

  /** Whether the index has an entry equal to that of the last `find`. */
  readonly foundEqual: boolean;

  /**
   * Links a node at the place that the last `find` found. Its entry must be written and be the one that `find` was
   * given, and the index must have no equal one.
   */
  insertFound(node: Addr): void;

  /**
   * Takes out the nodes inserted since a mark, so that the arena can be rewound to it. Undoes a failed batch. It
   * compares nothing, so an order that throws cannot stop it. O(entries).
   * @param nodes - all nodes inserted since the mark
   * @param mark - filled by `arena.mark()` before the first of them was allocated
   */
  unlink(nodes: readonly Addr[], mark: Int32Array): void;

  /** The first entry not before the one at `at` of `bytes`, or NIL. O(log n). */
  seek(bytes: DataView, at: number): Addr;

  /** Makes a cursor, which is on no entry yet. */
  cursor(): IndexCursor;

  /**
   * Checks every invariant, and the arena's. The bytes may be damaged in any way: links are checked before they are
   * followed, and no byte is visited twice, so a ring or a false count ends at once. When it succeeds, all calls work.
   * O(bytes); O(log n) more for each entry when the order has no `keyStart`.
   * @param endOf - checks an entry before it is compared. Without it entries are taken for sound, and the order must
   * be able to read whatever lies at any address
   * @throws SkipListError `SKIPLIST_MALFORMED`, ArenaError `ARENA_MALFORMED`; the message names the invariant and the
   * place; what `endOf` and the order throw
   */
  verify(endOf?: EndOf): void;
}

/**
 * Says where an entry ends, for `verify()`. The bytes at `entry` may be anything: check that a whole entry lies there
 * before the end of the memory, and throw otherwise.
 * @param entry - address of a byte that the arena has handed out
 * @returns the address after the entry
 */
export type EndOf = (entry: Addr) => number;

/** @internal For entries of which nothing is known: each has a byte at least. */
export function nextByte(entry: Addr): number {
  return entry + 1;
}

/**
 * A place in an index. It stays on its entry while others are inserted, and meets those that it passes. Call `next` and
 * `prev` only while `entry` is not NIL.
 */
export interface IndexCursor {
  /** The entry that the cursor is on; NIL before the first seek and beyond either end. */
  readonly entry: Addr;
  /** To the first entry; NIL in an empty index. */
  seekToFirst(): void;
  /** To the last entry; NIL in an empty index. */
  seekToLast(): void;
  /** Moves to the first entry not before the one at `at` of `bytes`. */
  seek(bytes: DataView, at: number): void;
  /** To the next entry; NIL after the last one. */
  next(): void;
  /** To the entry before; NIL before the first one. */
  prev(): void;
}
