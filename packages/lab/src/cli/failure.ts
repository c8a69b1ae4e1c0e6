/** An expected failure: the command ends with its message. Any other error is a bug, and ends with a stack trace. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Exit codes other than 0, which means success. */
export const Exit = {
  /** Something failed, or the verification found a difference. */
  Failed: 1,
  /** The command line is invalid. */
  Usage: 2,
  /** Interrupted by SIGINT. Shells report 128 plus the number of the signal, here 2. */
  Interrupted: 130,
} as const;

/** The message of an error, followed by those of its causes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
