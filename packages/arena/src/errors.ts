/** What went wrong, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type ArenaErrorCode =
  /** A size that is not a whole number of bytes from 1 to the limit of the memory. */
  | 'ARENA_INVALID_SIZE'
  /** An alignment that is not a power of two from 1 to 4096. */
  | 'ARENA_INVALID_ALIGNMENT'
  /** An option outside its range. */
  | 'ARENA_INVALID_OPTION'
  /** The system has no buffer of the size that a new memory was to begin with. */
  | 'ARENA_OUT_OF_MEMORY'
  /** An address to be freed that is not allocated now: it was never given out, or has been freed already. */
  | 'ARENA_NOT_ALLOCATED'
  /** Somebody wrote beyond his allocation in an arena with guards. */
  | 'ARENA_OVERRUN'
  /** The memory has been dropped; nothing can be read from it or allocated in it. */
  | 'ARENA_DROPPED'
  /** Bytes that were to be attached are not an arena's memory, or are damaged. */
  | 'ARENA_MALFORMED';

/** The one error class of this package. Misuse that types would have caught is a `TypeError` instead. */
export class ArenaError extends Error {
  override readonly name = 'ArenaError';
  readonly code: ArenaErrorCode;

  constructor(code: ArenaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @internal */
export function invalidSize(bytes: number, max: number): ArenaError {
  return new ArenaError('ARENA_INVALID_SIZE', `the size must be a whole number of bytes from 1 to ${max}: ${bytes}`);
}

/** @internal */
export function invalidAlignment(alignment: number, max: number): ArenaError {
  return new ArenaError(
    'ARENA_INVALID_ALIGNMENT',
    `the alignment must be a power of two from 1 to ${max}: ${alignment}`,
  );
}

/** @internal */
export function notAllocated(address: number): ArenaError {
  return new ArenaError(
    'ARENA_NOT_ALLOCATED',
    `nothing is allocated at ${address}: it is free already, or never was given out`,
  );
}

/** @internal */
export function malformed(message: string): never {
  throw new ArenaError('ARENA_MALFORMED', message);
}
