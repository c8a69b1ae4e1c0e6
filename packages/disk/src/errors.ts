import type { LogFlaw } from './log/flaw.js';

/** What went wrong, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type DiskErrorCode =
  /** A log has a flaw that the recovery mode does not accept. `flaw` says where. */
  | 'DISK_LOG_CORRUPT'
  /** A log lost writes that had been synced. `lostFrom` and `lostTo` are their sequences. */
  | 'DISK_LOG_HOLE'
  /** An append to this log failed before, so its end is unknown. Begin a new log. */
  | 'DISK_LOG_POISONED'
  /** A table is damaged, or no LevelDB table at all. */
  | 'DISK_TABLE_CORRUPT'
  /** A MANIFEST or the file `CURRENT` is damaged, or contradicts itself. */
  | 'DISK_MANIFEST_CORRUPT'
  /** A file that the database needs is not in its directory. */
  | 'DISK_MISSING_FILE'
  /** The database has another order of keys than `leveldb.BytewiseComparator`. */
  | 'DISK_FOREIGN_COMPARATOR'
  /** The file is sound, but uses what this package does not: another compression, sequences beyond 2^53 - 1. */
  | 'DISK_UNSUPPORTED'
  /** Another process, or this one, has the database open. */
  | 'DISK_LOCKED'
  /** The directory or its lock was removed or replaced, so that others may open it. Nothing new is written there. */
  | 'DISK_LOCK_LOST'
  /** This machine has no lock that LevelDB honours. */
  | 'DISK_LOCK_UNAVAILABLE'
  /** The system refused an operation on a file. `cause` is its error. */
  | 'DISK_IO'
  /** A key is no internal key, or not above the key before it. Nothing was added. */
  | 'DISK_INVALID_KEY'
  /** A cursor that stands on no entry was asked for one, or to step from it. */
  | 'DISK_NOT_POSITIONED'
  /** An option outside its range. */
  | 'DISK_INVALID_OPTION';

/** What an error knows besides its message. */
export interface DiskErrorDetails extends ErrorOptions {
  readonly file?: string;
  readonly flaw?: LogFlaw;
  readonly lostFrom?: number;
  readonly lostTo?: number;
}

/** The one error class of this package. Misuse that types would have caught is a `TypeError` instead. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: DiskErrorCode;
  /** The name of the file in question. */
  readonly file: string | undefined;
  /** With `DISK_LOG_CORRUPT`: the flaw. */
  readonly flaw: LogFlaw | undefined;
  /** With `DISK_LOG_HOLE`: the first sequence that is lost for certain. */
  readonly lostFrom: number | undefined;
  /** With `DISK_LOG_HOLE`: the last sequence that is lost for certain. */
  readonly lostTo: number | undefined;

  constructor(code: DiskErrorCode, message: string, details: DiskErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.file = details.file;
    this.flaw = details.flaw;
    this.lostFrom = details.lostFrom;
    this.lostTo = details.lostTo;
  }
}
