/** Lets a wait be ended from outside. */
export interface WaitOptions {
  /** When it is aborted the call rejects with its reason; a write that was waiting is then not applied. */
  signal?: AbortSignal | undefined;
}

/**
 * A promise that is rejected when the signal is aborted; `begin` returns what undoes it then. A signal that was aborted
 * before, or by something that `begin` calls, counts too.
 */
export function abortable(
  signal: AbortSignal | undefined,
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
