import { checkConformance, checkHarness } from '../check-harness.js';
import fc from 'fast-check';
import { type ComparatorName, comparatorNames, comparators } from '../arbitraries/comparators.js';
import { orderedIndexCommand, orderedIndexCommandKinds } from '../commands/ordered-index/index.js';
import { OrderedIndexSubject } from '../commands/ordered-index/subject.js';
import type { OrderedIndex, OrderedIndexHarness } from '../contract.js';
import { IndexModel } from '../model.js';
import { assertModelTest, type ModelTest } from '../model-test.js';
import type { RunOptions, RunReport } from '../run-options.js';
import { TEST_MS, type TestRunner } from './test-runner.js';

/** Registers the tests of an ordered index: over random commands it must agree with a sorted array of keys. */
export function orderedIndexConformance<T extends OrderedIndex>(
  options: TestRunner & OrderedIndexHarness<T> & RunOptions,
): void {
  const run = checkConformance('ordered index', options);
  options.describe('ordered index', () => {
    options.it(
      'agrees with a sorted array over random commands',
      async () => {
        await assertOrderedIndex(options, run);
      },
      TEST_MS,
    );
  });
}

/**
 * Runs random commands against an index and a sorted array of keys, which must agree.
 * @returns the number of runs and of executed commands
 * @throws CounterexampleError with the shortest failing run found
 */
export function assertOrderedIndex<T extends OrderedIndex>(
  harness: OrderedIndexHarness<T>,
  options?: RunOptions,
): Promise<RunReport> {
  return assertModelTest(orderedIndexTest(harness), options);
}

/** @internal */
export function orderedIndexTest<T extends OrderedIndex>(
  typed: OrderedIndexHarness<T>,
): ModelTest<ComparatorName | undefined> {
  checkHarness('ordered index', typed);
  const harness = typed as unknown as OrderedIndexHarness;
  const { supports } = harness;
  return {
    suite: 'ordered index',
    kinds: orderedIndexCommandKinds,
    setups: supports.comparators ? comparatorNames() : fc.constant(undefined),
    command: (keys) => orderedIndexCommand(keys, supports),
    begin: (name) => {
      const comparator = name && comparators[name];
      const index = harness.factory(comparator === undefined ? {} : { comparator });
      const model = new IndexModel(comparator);
      const subject = new OrderedIndexSubject(harness, index);
      return { model, subject, end: () => subject.compare(model) };
    },
    prelude: (name) =>
      `const index = factory({${name === undefined ? '' : ` comparator: comparators.${name} `}}); ` +
      'const cursors = [], cursor = (n) => (cursors[n] ??= index.iterator());',
  };
}
