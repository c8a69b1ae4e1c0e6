import fc from 'fast-check';
import { type ComparatorName, comparatorNames, comparators } from '../arbitraries/comparators.js';
import { checkConformance, checkHarness } from '../check-harness.js';
import { memtableCommand, memtableCommandKinds } from '../commands/memtable/index.js';
import { MemtableSubject } from '../commands/memtable/subject.js';
import type { Comparator, Memtable, MemtableHarness } from '../contract.js';
import { expectRefused, expectSame } from '../expect.js';
import { failEveryAllocation } from '../faults.js';
import { MemtableModel } from '../model.js';
import { bytes } from '../notation.js';
import { assertModelTest, type ModelTest } from '../model-test.js';
import type { RunOptions, RunReport } from '../run-options.js';
import { expectDropped } from '../traits/after-drop.js';
import { expectFrozen } from '../traits/after-freeze.js';
import { expectNumbersOnly, expectRefusedInside } from '../traits/inside-comparator.js';
import { contentOf, cursorMethods, isSupported, type Method, tableMethods } from '../traits/methods.js';
import { TEST_MS, type TestRunner } from './test-runner.js';

/** An entry that the tables of these tests do not have. Its value does not fit into the rest of a block. */
const KEY = bytes('7a');
const VALUE = bytes('2a*3000');

/**
 * Registers the tests of a memtable. Over random commands it must agree with a sorted array of versions. Further tests
 * check each method after `freeze()`, after `drop()` and inside the comparator, as far as these features are declared.
 *
 * @example
 * ```ts
 * import { MemTable } from '@memtable/memtable';
 * import { memtableConformance, supportsNothing } from '@memtable/testing';
 *
 * const tests: string[] = [];
 * memtableConformance({
 *   describe: (name, body) => body(),
 *   it: (name) => tests.push(name), // the `it` of jest, vitest or node:test would run it
 *   factory: () => new MemTable(),
 *   supports: supportsNothing,
 * });
 * tests; // ['agrees with a sorted array over random commands', 'declares exactly the features that it has']
 * ```
 */
export function memtableConformance<T extends Memtable>(options: TestRunner & MemtableHarness<T> & RunOptions): void {
  const run = checkConformance('memtable', options);
  const { describe, it } = options;
  const { factory, supports } = erase(options);
  const { allocator, errorCodes } = supports;
  const filled = (comparator?: Comparator): Memtable => {
    const table = factory(comparator === undefined ? {} : { comparator });
    for (const sequence of [1, 2, 3]) table.add(sequence, 1, Uint8Array.of(0x60 + sequence), Uint8Array.of(sequence));
    return table;
  };
  const forEach = <Target>(methods: readonly Method<Target>[], rule: (method: Method<Target>) => void): void => {
    for (const method of methods) {
      if (isSupported(method, supports)) it(method.name, async () => rule(method));
    }
  };

  describe('memtable', () => {
    it(
      'agrees with a sorted array over random commands',
      async () => {
        await assertMemtable(options, run);
      },
      TEST_MS,
    );

    it('declares exactly the features that it has', async () => expectDeclared(factory({}), supports));

    if (supports.comparators && supports.comparatorChecks) {
      it('fails a call whose comparator returns no number', async () => expectNumbersOnly(filled, supports));
    }

    if (allocator !== false) {
      it('is unchanged after add() if any one of its allocations fails', async () => {
        failEveryAllocation(
          filled,
          allocator,
          (table) => table.add(4, 1, KEY, VALUE),
          (table, thrown) => {
            expectRefused('add()', errorCodes.full, () => {
              if (thrown !== undefined) throw thrown as Error;
            });
            expectSame('the content', contentOf(table), contentOf(filled()));
          },
        );
      });
    }
  });

  if (supports.freeze) {
    describe('memtable after freeze() refuses writes and answers reads:', () => {
      forEach(tableMethods, (method) => expectFrozen(method, filled, supports));
    });
  }

  if (supports.drop) {
    describe('memtable after drop() refuses everything but its figures:', () => {
      forEach(tableMethods, (method) => {
        const table = filled();
        table.drop!();
        expectDropped(method, table, supports);
      });
      forEach(cursorMethods, (method) => {
        const table = filled();
        const cursor = table.iterator();
        cursor.seekToFirst();
        table.drop!();
        expectDropped(method, cursor, supports);
      });
    });
  }

  if (supports.comparators && supports.comparatorChecks) {
    describe('memtable inside its comparator refuses:', () => {
      forEach(
        tableMethods.filter(({ role }) => role !== 'figure'),
        (method) => expectRefusedInside(method, filled, supports),
      );
    });
  }
}

/**
 * Runs random commands against a memtable and a sorted array of versions, which must agree.
 * @returns the number of runs and of executed commands
 * @throws CounterexampleError with the shortest failing run found
 * @example
 * ```ts
 * import { MemTable } from '@memtable/memtable';
 * import { assertMemtable, supportsNothing } from '@memtable/testing';
 *
 * const report = await assertMemtable({ factory: () => new MemTable(), supports: supportsNothing }, { numRuns: 5 });
 * report.runs; // 5
 * ```
 */
export function assertMemtable<T extends Memtable>(
  harness: MemtableHarness<T>,
  options?: RunOptions,
): Promise<RunReport> {
  return assertModelTest(memtableTest(harness), options);
}

/** @internal */
export function memtableTest<T extends Memtable>(typed: MemtableHarness<T>): ModelTest<ComparatorName | undefined> {
  checkHarness('memtable', typed);
  const harness = erase(typed);
  const { supports } = harness;
  return {
    suite: 'memtable',
    kinds: memtableCommandKinds,
    setups: supports.comparators ? comparatorNames() : fc.constant(undefined),
    command: (keys) => memtableCommand(keys, supports),
    begin: (name) => {
      const comparator = name && comparators[name];
      const model = new MemtableModel(comparator, supports.duplicates);
      const subject = new MemtableSubject(harness, comparator);
      return { model, subject, end: () => subject.compare(model) };
    },
    prelude: (name) =>
      `const options = {${name === undefined ? '' : ` comparator: comparators.${name} `}}; ` +
      'let table = factory(options), dropped, cursors = [], snapshots = []; ' +
      'const cursor = (n) => (cursors[n] ??= table.iterator());',
  };
}

/** Fails for a feature that the table has but does not declare, as it would go untested, and the other way round. */
function expectDeclared(table: Memtable, supports: MemtableHarness['supports']): void {
  const cursor = table.iterator();
  const present = {
    backward: cursor.prev !== undefined && cursor.seekToLast !== undefined,
    entryCount: table.entryCount !== undefined,
    state: table.state !== undefined,
    memoryUsage: table.approximateMemoryUsage !== undefined,
    verify: table.verify !== undefined,
    freeze: table.freeze !== undefined,
    drop: table.drop !== undefined,
  };
  for (const [feature, isPresent] of Object.entries(present)) {
    expectSame(`supports.${feature}`, supports[feature as keyof typeof present], isPresent);
  }
}

/** Drops the type of the tables. That is safe, as the harness gets no other tables than those it has made. */
function erase<T extends Memtable>(harness: MemtableHarness<T>): MemtableHarness {
  return harness as unknown as MemtableHarness;
}
