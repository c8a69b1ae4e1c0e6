/** The part of an `AbortSignal` that a wait uses. */
export interface AbortSignalLike {
  /** Whether the signal has been aborted. */
  readonly aborted: boolean;
  /** What the signal was aborted with. */
  readonly reason: unknown;
  /** Calls `listener` when the signal is aborted. */
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  /** Undoes `addEventListener`. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The global `AbortSignal`, if the libraries of the project declare it: `dom` or `@types/node`. Else an
 * {@link AbortSignalLike}, so that the types of this package need neither of them.
 */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Global } } ? Global : AbortSignalLike;
