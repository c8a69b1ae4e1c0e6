/** What went wrong, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type SkipListErrorCode =
  /** An option is out of range. */
  | 'SKIPLIST_INVALID_OPTION'
  /** The bytes of an index break one of its invariants, or another index wrote them. */
  | 'SKIPLIST_MALFORMED';

/** The error class of this package. */
export class SkipListError extends Error {
  override readonly name = 'SkipListError';
  readonly code: SkipListErrorCode;

  constructor(code: SkipListErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @throws SkipListError `SKIPLIST_MALFORMED`, always. The message names the invariant and the place. */
export function malformed(message: string): never {
  throw new SkipListError('SKIPLIST_MALFORMED', message);
}
