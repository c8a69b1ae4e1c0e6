/** Versions of keys in order, which are merged with others. */
export interface EntryRun {
  /** Whether it stands on an entry. */
  readonly valid: boolean;
  /** The internal key at hand; a view that is good until the run moves. */
  readonly key: Uint8Array;
  /** The value at hand; a view that is good until the run is closed. */
  readonly value: Uint8Array;
  /** Goes to the next entry. When there is none at hand it is not `valid`; `advance` may bring more. */
  next(): void;
  /** Gets what comes next, when it is not `valid`, at first too. It is not `valid` after it when nothing does. */
  advance(): Promise<void>;
  close(): Promise<void>;
}
