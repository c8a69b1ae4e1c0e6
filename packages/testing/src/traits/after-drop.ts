import type { Memtable, MemtableCursor, MemtableSupports } from '../contract.js';
import { expectRefused, expectSame } from '../expect.js';
import { cursorMethods, isSupported, type Method, tableMethods } from './methods.js';

/** What is not refused after `drop()`, and what it answers then. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  'table.entryCount': 0,
  'table.state': 'dropped',
  'table.approximateMemoryUsage()': 0,
  'table.drop()': undefined,
};

/**
 * After `drop()` everything is refused, but for `drop()` itself, and figures say that nothing is there.
 * @throws TestingError `TESTING_MISMATCH`
 */
export function expectDropped<Target>(method: Method<Target>, target: Target, supports: MemtableSupports): void {
  const { name, call } = method;
  if (!isSupported(method, supports)) return;
  const what = `${name} after drop()`;
  if (name in ANSWERS) expectSame(what, call(target, supports), ANSWERS[name]);
  else expectRefused(what, supports.errorCodes.dropped, () => call(target, supports));
}

/** {@link expectDropped} for every method of a table and of its cursors. */
export function expectAllDropped(
  table: Memtable,
  cursors: readonly (MemtableCursor | undefined)[],
  supports: MemtableSupports,
): void {
  for (const method of tableMethods) expectDropped(method, table, supports);
  for (const cursor of cursors) {
    if (cursor === undefined) continue;
    for (const method of cursorMethods) expectDropped(method, cursor, supports);
  }
}
