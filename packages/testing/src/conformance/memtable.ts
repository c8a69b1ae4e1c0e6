import fc from 'fast-check';
import { type ComparatorName, comparatorNames, comparators } from '../arbitraries/comparators.js';
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
import type { TestRunner } from './test-runner.js';

/** A key and a value that the table of these tests does not have; the value does not fit into what is left of a block. */
const KEY = bytes('7a');
const VALUE = bytes('2a*3000');

/**
 * Registers the tests of a memtable: that it agrees with a model over random commands, and the rules that hold for
 * every method, method by method.
 *
 * @example
 * ```ts
 * import { MemTable } from '@memtable/memtable';
 * import { memtableConformance, supportsNothing } from '@memtable/testing';
 *
 * const tests: string[] = [];
 * memtableConformance({
 *   describe: (name, body) => body(),
 *   it: (name) => tests.push(name), // that of jest, vitest or node:test would run it
 *   factory: () => new MemTable(),
 *   supports: supportsNothing,
 * });
 * tests; // ['agrees with a sorted array, whatever is done to both', 'has no feature that is not declared']
 * ```
 */
export function memtableConformance<T extends Memtable>(options: TestRunner & MemtableHarness<T> & RunOptions): void {
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
    it('agrees with a sorted array, whatever is done to both', async () => {
      await assertMemtable(options, options);
    });

    it('has no feature that is not declared', async () => expectDeclared(factory({}), supports));

    if (allocator !== false) {
      it('is as before when any one of the requests for memory of a write fails', async () => {
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
    describe('memtable after freeze()', () => {
      forEach(tableMethods, (method) => expectFrozen(method, filled, supports));
    });
  }

  if (supports.drop) {
    describe('memtable after drop()', () => {
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
    describe('memtable and its comparator', () => {
      it('takes numbers only', async () => expectNumbersOnly(filled, supports));
      forEach(
        tableMethods.filter(({ role }) => role !== 'figure'),
        (method) => expectRefusedInside(method, filled, supports),
      );
    });
  }
}

/**
 * Runs commands against a memtable and a sorted array, which have to agree.
 * @throws CounterexampleError
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

/** A feature that is there but not declared would go untested. */
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

/** From here on nobody but the harness makes tables; so it is only ever given its own, whatever their type. */
function erase<T extends Memtable>(harness: MemtableHarness<T>): MemtableHarness {
  return harness as unknown as MemtableHarness;
}
