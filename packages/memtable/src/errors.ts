/**
 * The cause of an error, for programs. A code keeps its meaning within a major version. Messages may change.
 *
 * - `MEMTABLE_FROZEN`: the table or store is frozen, so it can only be read
 * - `MEMTABLE_DROPPED`: the memtable has been dropped, its memory is gone
 * - `MEMTABLE_FULL`: the memory is at its limit, or the system refused the buffer to grow into, which is then the
 *   `cause`; nothing was added
 * - `MEMTABLE_DUPLICATE`: the table has an entry with this key, sequence and type; nothing was added
 * - `MEMTABLE_INVALID_SEQUENCE`: a sequence is not a whole number, or out of its range
 * - `MEMTABLE_INVALID_OPTION`: an option is out of its range
 * - `MEMTABLE_NOT_POSITIONED`: a cursor or iterator stands on no entry
 * - `MEMTABLE_MALFORMED`: bytes are no memtable, or an invariant does not hold
 * - `MEMTABLE_MALFORMED_BATCH`: bytes are no write batch; nothing was applied
 * - `MEMTABLE_STALLED`: writes have to wait for a flush; `admit()` resolves when they can go on
 * - `MEMTABLE_CLOSED`: the list or store has been closed
 * - `MEMTABLE_UNFLUSHED`: closing found entries that are not flushed; they stay readable, `close()` may be repeated
 * - `MEMTABLE_ENCODING_FAILED`: an encoding failed on a key or value; the error has the `cause`
 * - `MEMTABLE_SNAPSHOT_CLOSED`: the snapshot has been closed
 * - `MEMTABLE_RUN_ENDED`: a flush target used its run after the attempt had ended
 * - `MEMTABLE_REENTERED`: a comparator used the table or store that called it
 * - `MEMTABLE_INVALID_COMPARATOR`: a comparator returned something other than a number
 * - `MEMTABLE_BUFFER_ONLY`: a store with a target cannot answer alone; ask the target first, then write
 */
export type MemTableErrorCode =
  | 'MEMTABLE_FROZEN'
  | 'MEMTABLE_DROPPED'
  | 'MEMTABLE_FULL'
  | 'MEMTABLE_DUPLICATE'
  | 'MEMTABLE_INVALID_SEQUENCE'
  | 'MEMTABLE_INVALID_OPTION'
  | 'MEMTABLE_NOT_POSITIONED'
  | 'MEMTABLE_MALFORMED'
  | 'MEMTABLE_MALFORMED_BATCH'
  | 'MEMTABLE_STALLED'
  | 'MEMTABLE_CLOSED'
  | 'MEMTABLE_UNFLUSHED'
  | 'MEMTABLE_ENCODING_FAILED'
  | 'MEMTABLE_SNAPSHOT_CLOSED'
  | 'MEMTABLE_RUN_ENDED'
  | 'MEMTABLE_REENTERED'
  | 'MEMTABLE_INVALID_COMPARATOR'
  | 'MEMTABLE_BUFFER_ONLY';

/** The error class of memtables, lists and stores. Misuse that types would have caught is a `TypeError` instead. */
export class MemTableError extends Error {
  /** Always `MemTableError`. */
  override readonly name = 'MemTableError';
  /** What went wrong, for programs. */
  readonly code: MemTableErrorCode;

  /** Makes an error. @param options - `cause`: the error that led to this one */
  constructor(code: MemTableErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
