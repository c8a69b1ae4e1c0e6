/** What went wrong, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type MemTableErrorCode =
  /** The memtable has been frozen; it can only be read. */
  | 'MEMTABLE_FROZEN'
  /** The memtable has been dropped; its memory is gone. */
  | 'MEMTABLE_DROPPED'
  /** The memory is at its limit. Nothing of the entry or batch was added. */
  | 'MEMTABLE_FULL'
  /** The same user key with the same sequence and type is there already. Nothing of the entry or batch was added. */
  | 'MEMTABLE_DUPLICATE'
  /** A sequence number that is not a whole number in its range. */
  | 'MEMTABLE_INVALID_SEQUENCE'
  /** An option outside its range. */
  | 'MEMTABLE_INVALID_OPTION'
  /** A cursor that stands on no entry was asked for one, or to step from it. */
  | 'MEMTABLE_NOT_POSITIONED'
  /** Bytes that are not a memtable, or belong to one with another order of keys. */
  | 'MEMTABLE_MALFORMED'
  /** Bytes that are not a write batch. Nothing of it was applied. */
  | 'MEMTABLE_MALFORMED_BATCH'
  /** Writes have to wait for a flush; `admit()` tells when they can go on. */
  | 'MEMTABLE_STALLED'
  /** The list or store has been closed. */
  | 'MEMTABLE_CLOSED'
  /** Closing could not flush everything; what is left stays readable, and `close()` can be called again. */
  | 'MEMTABLE_UNFLUSHED'
  /** An encoding failed on a key or a value, which is the error's `cause`. Nothing has changed. */
  | 'MEMTABLE_ENCODING_FAILED'
  /** The snapshot has been closed. */
  | 'MEMTABLE_SNAPSHOT_CLOSED'
  /** A flush target used its run after the write had ended. */
  | 'MEMTABLE_RUN_ENDED'
  /** A comparator used the table or store that was asking it. Nothing has changed. */
  | 'MEMTABLE_REENTERED'
  /** A comparator returned something that is no number. Nothing has changed. */
  | 'MEMTABLE_INVALID_COMPARATOR'
  /** A store with a target was asked what only store and target together know. Ask the target first, then write. */
  | 'MEMTABLE_BUFFER_ONLY';

/** The one error class of this package. Misuse that types would have caught is a `TypeError` instead. */
export class MemTableError extends Error {
  override readonly name = 'MemTableError';
  readonly code: MemTableErrorCode;

  constructor(code: MemTableErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
