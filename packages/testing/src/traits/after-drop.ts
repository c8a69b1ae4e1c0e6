import type { Memtable, MemtableCursor, MemtableSupports } from '../contract.js';
import { expectRefused, expectSame } from '../expect.js';
import { cursorMethods, isSupported, type Method, tableMethods } from './methods.js';

/** What a dropped table does not refuse, and the answers. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  'table.entryCount': 0,
  'table.state': 'dropped',
  'table.approximateMemoryUsage()': 0,
  'table.drop()': undefined,
};

/**
 * Checks a method after `drop()`. The table must refuse it, unless it is `drop()` itself or a figure. Figures must say
 * that the table is empty.
 * @throws TestingError `TESTING_MISMATCH`
 */
export function expectDropped<Target>(method: Method<Target>, target: Target, supports: MemtableSupports): void {
  const { name, call } = method;
  if (!isSupported(method, supports)) return;
  const what = `${name} after drop()`;
  if (name in ANSWERS) expectSame(what, call(target, supports), ANSWERS[name]);
  else expectRefused(what, supports.errorCodes.dropped, () => call(target, supports));
}

/** Checks every method of a dropped table and of its cursors. @throws TestingError `TESTING_MISMATCH` */
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
