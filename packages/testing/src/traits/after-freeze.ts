import type { Memtable, MemtableSupports } from '../contract.js';
import { expectRefused, expectSame } from '../expect.js';
import { contentOf, type Method } from './methods.js';

/**
 * Checks a method after `freeze()`. The table must refuse a write and change nothing, and must answer anything else as
 * before.
 * @param make - makes an active table, always with the same content
 * @throws TestingError `TESTING_MISMATCH`
 */
export function expectFrozen(method: Method<Memtable>, make: () => Memtable, supports: MemtableSupports): void {
  const { name, role, call } = method;
  const what = `${name} after freeze()`;
  const active = make();
  const frozen = make();
  frozen.freeze!();
  if (role === 'write') {
    expectRefused(what, supports.errorCodes.frozen, () => call(frozen, supports));
    expectSame(`the content after ${what}`, contentOf(frozen), contentOf(active));
  } else if (name === 'table.state') {
    expectSame(what, call(frozen, supports), 'frozen');
  } else {
    expectSame(what, call(frozen, supports), call(active, supports));
  }
}
