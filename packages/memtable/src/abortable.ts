import type { Signal } from './abort-signal.js';

/** Lets a wait be ended from outside. */
export interface WaitOptions {
  /** Aborting it rejects the call with its reason. A write that was waiting is not applied then. */
  signal?: Signal | undefined;
}

/**
 * A promise that is rejected when `signal` is aborted. The signal may have been aborted before, or by something that
 * `begin` calls.
 * @param begin - starts the wait. It may return a function, which undoes that when the signal ends the wait
 */
export function abortable(
  signal: Signal | undefined,
  begin: (resolve: () => void, reject: (error: unknown) => void) => (() => void) | void,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let isDone = false;
    const abort = (): void => {
      if (isDone) return;
      reject(signal?.reason as Error);
      undo?.();
    };
    const done = (): void => {
      isDone = true;
      signal?.removeEventListener('abort', abort);
    };
    const undo = begin(
      () => (done(), resolve()),
      (error) => (done(), reject(error)),
    );
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
