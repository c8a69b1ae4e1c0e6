/** What is wrong at a place of a log. */
export type LogFlawKind =
  /** The file ends inside a header, a payload, or a record of several fragments. */
  | 'truncated'
  /** A header of zeros: room that the file system gave before the bytes came. */
  | 'zeros'
  /** A length that leads beyond the end of its block. */
  | 'bad-length'
  /** The checksum is not that of the fragment. */
  | 'bad-checksum'
  /** A sound fragment of a type that LevelDB does not know. */
  | 'bad-type'
  /** A middle or last fragment without a first one. */
  | 'orphan'
  /** A record without its last fragment, and another record behind it. */
  | 'unfinished'
  /** A sound record that is no write batch. */
  | 'bad-batch'
  /** A batch with sequences that were there already: an older record, or a misplaced one. */
  | 'stale-batch'
  /** A sound batch that does not go on where the one before ends: writes are missing before it. */
  | 'gap';

/** A flaw of a log: where it is, and which bytes are lost by it. */
export interface LogFlaw {
  readonly kind: LogFlawKind;
  /** The place of the fragment that is wrong. */
  readonly offset: number;
  /** The first byte that is lost: where the damaged record begins. */
  readonly lostStart: number;
  /** The place after the last byte that is lost: where reading went on, or the end of the log. */
  readonly lostEnd: number;
}
