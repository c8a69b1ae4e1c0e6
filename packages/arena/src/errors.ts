import { printed } from './show.js';

/** The reason for an error, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type ArenaErrorCode =
  /** A size that is not a whole number of bytes from 1 to the limit of the memory. */
  | 'ARENA_INVALID_SIZE'
  /** An alignment that is not a power of two within the allocator's range. */
  | 'ARENA_INVALID_ALIGNMENT'
  /** An option outside its range. */
  | 'ARENA_INVALID_OPTION'
  /** The system refused the buffer of a new memory. */
  | 'ARENA_OUT_OF_MEMORY'
  /** An address to free that is not allocated: it was freed already, or never given out. */
  | 'ARENA_NOT_ALLOCATED'
  /** Something wrote outside its allocation in an arena with guards. */
  | 'ARENA_OVERRUN'
  /** The memory has been dropped: nothing can be read from it or allocated in it. */
  | 'ARENA_DROPPED'
  /** Bytes to attach or to verify are not an arena's memory, or are damaged. */
  | 'ARENA_MALFORMED';

/** The error class of this package. Misuse that types would have caught is a `TypeError` instead. */
export class ArenaError extends Error {
  override readonly name = 'ArenaError';
  readonly code: ArenaErrorCode;

  constructor(code: ArenaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function invalidSize(bytes: number, max: number): ArenaError {
  return new ArenaError(
    'ARENA_INVALID_SIZE',
    `the size must be a whole number of bytes from 1 to ${max}: ${printed(bytes)}`,
  );
}

export function invalidAlignment(alignment: number, max: number): ArenaError {
  return new ArenaError(
    'ARENA_INVALID_ALIGNMENT',
    `alignment must be a power of two up to ${max}: ${printed(alignment)}`,
  );
}

export function invalidOption(message: string): ArenaError {
  return new ArenaError('ARENA_INVALID_OPTION', message);
}

export function notAllocated(address: number): ArenaError {
  return new ArenaError('ARENA_NOT_ALLOCATED', `${printed(address)} was freed already, or never given out`);
}

export function dropped(): ArenaError {
  return new ArenaError('ARENA_DROPPED', 'the memory has been dropped');
}

export function malformed(message: string): never {
  throw new ArenaError('ARENA_MALFORMED', message);
}
