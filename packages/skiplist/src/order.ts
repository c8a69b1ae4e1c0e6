/**
 * The order of the entries in an index. It compares two entries where they lie: in the arena's memory, or in scratch
 * bytes of the caller for an entry that is searched for. So each address comes with a view of its bytes.
 *
 * The innermost loop calls an order. Make it an instance of one class, so that V8 inlines `compare`. Allocate nothing
 * in it. Never change it while an index uses it.
 */
export interface Order {
  /**
   * @returns below 0 when the entry at `aAt` of `a` comes first, above 0 when the one at `bAt` of `b` does, 0 when they
   * are equal. An index refuses an entry that equals one it has.
   */
  compare(a: DataView, aAt: number, b: DataView, bAt: number): number;

  /**
   * For an order that compares keys as `memcmp` does, each key in one piece: the address of a key's first byte, and the
   * number of its bytes. Implement both or neither. Among equal keys `compare` may order as it likes.
   */
  keyStart?(bytes: DataView, at: number): number;
  /** Length of the key of the entry at `at`, in bytes. */
  keyLength?(bytes: DataView, at: number): number;

  /**
   * `compare` for two keys that share their first `from` bytes, so that it need not read those again. It sets `common`
   * to a number of bytes that the keys share: at least `from`, at most as many as they do share. An order with
   * `keyStart` may leave it out. Then long keys that differ late, such as paths, take longer to find.
   */
  compareFrom?(a: DataView, aAt: number, b: DataView, bAt: number, from: number): number;
  readonly common?: number;
}
