/**
 * The steps of a command, as a generator that yields each value that may be a promise. The same steps then run against
 * stores that return promises and stores that return values, and inside a callback, which cannot wait.
 */
import { mismatch } from '../../expect.js';

/** The steps of a command. */
export type Steps<T = void> = Generator<unknown, T, unknown>;

/** The value that a call returned, or that its promise resolved with. */
export function* wait<T>(value: T | PromiseLike<T>): Steps<T> {
  return (yield value) as T;
}

/** The items of an iterable: all of them, or the first `size`. */
export function* readAll<T>(iterable: Iterable<T> | AsyncIterable<T>, size = Infinity): Steps<T[]> {
  const found: T[] = [];
  if (Symbol.iterator in iterable) {
    if (size === 0) return found;
    for (const item of iterable) if (found.push(item) >= size) break;
    return found;
  }
  const iterator = iterable[Symbol.asyncIterator]();
  while (found.length < size) {
    const step: IteratorResult<T, unknown> = yield* wait(iterator.next());
    if (step.done === true) return found;
    found.push(step.value);
  }
  yield* wait(iterator.return?.());
  return found;
}

/** Runs steps to their end, and waits for promises. */
export async function runWaiting<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    let settled: { value: unknown } | { error: unknown };
    try {
      settled = { value: await step.value };
    } catch (error) {
      settled = { error };
    }
    step = 'value' in settled ? steps.next(settled.value) : steps.throw(settled.error);
  }
  return step.value;
}

/** Runs steps to their end at once. @throws TestingError `TESTING_MISMATCH` if one yields a promise */
export function runAtOnce<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) {
    if (typeof (step.value as PromiseLike<unknown> | undefined)?.then === 'function') {
      mismatch('a store whose callbacks use it must not return promises');
    }
    step = steps.next(step.value);
  }
  return step.value;
}
