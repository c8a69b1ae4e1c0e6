/** What went wrong, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type SkipListErrorCode =
  /** An option outside its range. */
  | 'SKIPLIST_INVALID_OPTION'
  /** The bytes of an index break one of its invariants, or are another index's. */
  | 'SKIPLIST_MALFORMED';

/** The one error class of this package. */
export class SkipListError extends Error {
  override readonly name = 'SkipListError';
  readonly code: SkipListErrorCode;

  constructor(code: SkipListErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
