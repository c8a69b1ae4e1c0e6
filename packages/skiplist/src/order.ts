/**
 * The order of the entries in an index. It compares two entries where they lie: in the arena's memory, or, for one
 * that is looked up, in scratch bytes of the caller's. That is why a view of the bytes comes with each address.
 *
 * An order is asked in the innermost loop. Let it be an instance of one class (V8 then inlines `compare`), let it
 * allocate nothing, and never change it while an index uses it.
 */
export interface Order {
  /**
   * @returns below 0 when the entry at `aAt` of `a` comes first, above 0 when the one at `bAt` of `b` does, 0 when they are
   * equal; an index refuses an entry that equals one it has
   */
  compare(a: DataView, aAt: number, b: DataView, bAt: number): number;

  /**
   * Only for an order by the bytes of a key, as `memcmp` has it, that lie in one piece: the place of the first one, and how
   * many there are. What `compare` says of entries with the same key is its own affair. Both or neither.
   */
  keyStart?(bytes: DataView, at: number): number;
  keyLength?(bytes: DataView, at: number): number;

  /**
   * `compare` for an order by the bytes of a key, of keys that are known to share their first `from` bytes: these need not be
   * read again. Leaves in `common` how many bytes they have in common, or fewer, but not fewer than `from`. An order with
   * heads may leave it out; then long keys that differ late, as paths do, take longer to find.
   */
  compareFrom?(a: DataView, aAt: number, b: DataView, bAt: number, from: number): number;
  readonly common?: number;
}
