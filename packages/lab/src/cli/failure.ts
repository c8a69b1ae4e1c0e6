/** Ends a command with a message for whoever typed it; anything else that is thrown is a bug and shows its stack. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Exit codes besides 0, which is success. */
export const Exit = {
  /** Something failed, or differs. */
  Failed: 1,
  /** The command line makes no sense. */
  Usage: 2,
  /** Interrupted by SIGINT: 128 + 2, as shells count. */
  Interrupted: 130,
} as const;

/** The message of an error and of what caused it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
