import { getSystemErrorMap } from 'node:util';

/** The system's text for a failed call, without the call and the path: the caller names those. */
export function systemReason(error: unknown): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known === undefined ? message : `${known[1]} (${code})`;
}
