/**
 * What a command does, as a generator that yields all that may be a promise. So one piece of code runs against stores
 * that return promises and those that do not, and also inside a callback, where nobody can wait.
 */
import { mismatch } from '../../expect.js';

export type Steps<T = void> = Generator<unknown, T, unknown>;

/** What a call returned, or its promise resolved with. */
export function* wait<T>(value: T | PromiseLike<T>): Steps<T> {
  return (yield value) as T;
}

/** Everything that something iterable yields. */
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

/** Runs it to its end, and waits where it has to. */
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

/** Runs it to its end at once. */
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
