import { TestingError } from './errors.js';
import { code } from './notation.js';

/** The object under test and the model disagree, at a place that a counterexample can show. */
export class Mismatch extends TestingError {
  /** Code that makes the check that failed; undefined if the last command of the run makes it. */
  step: string | undefined;
  /** Where the check was made, as it goes on behind the message; undefined if the code says it. */
  where: string | undefined;

  constructor(message: string, step?: string) {
    super('TESTING_MISMATCH', message);
    this.step = step;
  }
}

/** Whether two values are equal: bytes by content, arrays and objects field by field, all else by `===`. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => same((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
  );
}

/**
 * Compares bytes by content, arrays and objects field by field, all else by `===`. Counterexamples end with a call.
 * @param what - names the value in the message
 * @throws TestingError `TESTING_MISMATCH` if the values differ
 */
export function expectSame(what: string, found: unknown, expected: unknown): void {
  if (!same(found, expected)) mismatch(`${what} should be ${code(expected)}, found ${code(found)}`);
}

/**
 * As {@link expectSame}, of something that can be read again: a counterexample ends with this check.
 * @param expression - returns the code that reads it; undefined if it cannot be read there
 */
export function expectRead(
  what: string,
  found: unknown,
  expected: unknown,
  expression: () => string | undefined,
): void {
  if (same(found, expected)) return;
  const read = expression();
  const step = read === undefined ? undefined : `expectSame('${what}', ${read}, ${code(expected)});`;
  mismatch(`${what} should be ${code(expected)}, found ${code(found)}`, step);
}

/** @throws TestingError `TESTING_MISMATCH` unless `call` throws an error, with this code if one is given */
export function expectRefused(what: string, errorCode: string | undefined, call: () => unknown): void {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    const found = (error as { code?: unknown }).code;
    if (errorCode === undefined || found === errorCode) return;
    throw new TestingError(
      'TESTING_MISMATCH',
      `${what} should be refused with the code ${errorCode}, but the error has ${String(found)}`,
      { cause: error },
    );
  }
  mismatch(`${what} should be refused, but returned ${code(result)}`);
}

/** Makes a call now. Returns a call with the same outcome: it returns the same value or throws the same error. */
export function outcomeOf<T>(call: () => T): () => T {
  try {
    const value = call();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** What an action rejects with, in an object since it may be undefined. No object if the action resolves. */
export async function failureOf(action: () => Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** @param step - code that makes the check. @throws TestingError `TESTING_MISMATCH`, always */
export function mismatch(message: string, step?: string): never {
  throw new Mismatch(message, step);
}
