import { getSystemErrorMap } from 'node:util';

/** What the system says of a failed call, without the call and the path, which the caller names better. */
export function systemReason(error: unknown): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known === undefined ? message : `${known[1]} (${code})`;
}
