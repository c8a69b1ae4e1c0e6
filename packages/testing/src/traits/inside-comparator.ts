import { del, encodeBatch } from '../batch.js';
import type { Comparator, Memtable, MemtableRefusal, MemtableSupports } from '../contract.js';
import { TestingError } from '../errors.js';
import { expectRefused, expectSame, mismatch, outcomeOf } from '../expect.js';
import { bytewise } from '../model.js';
import { bytes, code } from '../notation.js';
import { wrongAnswers } from '../user-code.js';
import { contentOf, type Method } from './methods.js';

/** A key that no table has. */
const KEY = bytes('6161');
const SEQUENCE = 50;

type Call = readonly [name: string, call: (table: Memtable, supports: MemtableSupports) => unknown];

/** Calls that compare keys, in a table with some entries. */
const SEARCHES: readonly Call[] = [
  ['add()', (table) => table.add(SEQUENCE, 1, KEY, KEY)],
  ['get()', (table) => table.get(KEY)],
  ['cursor.seek()', (table) => table.iterator().seek(KEY)],
  [
    'a batch',
    (table, { batches }) => batches !== false && batches(table, encodeBatch([del(KEY), del(bytes('62'))]), SEQUENCE),
  ],
];

/** Makes a table with three keys of one byte. */
type MakeTable = (comparator: Comparator) => Memtable;

/**
 * Checks a method that the comparator calls. The table must refuse it. The call that compares must then fail with the
 * same error, and change nothing.
 * @throws TestingError `TESTING_MISMATCH`
 */
export function expectRefusedInside(method: Method<Memtable>, make: MakeTable, supports: MemtableSupports): void {
  expectFails(make, supports, 'reentered', `inside the comparator ${method.name}`, (table) => {
    method.call(table, supports);
    mismatch(`${method.name} should be refused inside the comparator`);
  });
}

/**
 * Checks answers of the comparator that are no numbers. The call that compares must fail, and change nothing.
 * @throws TestingError `TESTING_MISMATCH`
 */
export function expectNumbersOnly(make: MakeTable, supports: MemtableSupports): void {
  for (const [name, answer] of Object.entries(wrongAnswers)) {
    expectFails(make, supports, 'invalidComparator', `when the comparator answers ${name},`, () => answer);
  }
}

/** Checks that each call of {@link SEARCHES} fails if its first comparison misbehaves, and changes nothing. */
function expectFails(
  make: MakeTable,
  supports: MemtableSupports,
  refusal: MemtableRefusal,
  when: string,
  misbehave: (table: Memtable) => unknown,
): void {
  for (const [name, call] of SEARCHES) {
    if (name === 'a batch' && supports.batches === false) continue;
    let isDue = false;
    let found: TestingError | undefined;
    const table = make((a, b) => {
      if (!isDue) return bytewise(a, b);
      isDue = false;
      try {
        return misbehave(table) as number;
      } catch (error) {
        if (error instanceof TestingError) found = error;
        throw error;
      }
    });
    const before = contentOf(table);
    isDue = true;
    const outcome = outcomeOf(() => call(table, supports));
    if (found !== undefined) throw found;
    expectRefused(`${when} ${name}`, supports.errorCodes[refusal], outcome);
    if (isDue) mismatch(`${name} should compare keys`);
    expectSame(`the content ${when} ${name} is refused`, code(contentOf(table)), code(before));
    if (supports.verify) table.verify!();
  }
}
