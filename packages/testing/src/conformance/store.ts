import fc from 'fast-check';
import { storeCommand, storeCommandKinds } from '../commands/store/index.js';
import { StoreSubject } from '../commands/store/subject.js';
import type { Store, StoreHarness } from '../contract.js';
import { StoreModel } from '../model.js';
import { assertModelTest, type ModelTest, type RunOptions, type RunReport } from '../model-test.js';
import type { TestRunner } from './test-runner.js';

/** Registers the tests of a store. */
export function storeConformance<T extends Store>(options: TestRunner & StoreHarness<T> & RunOptions): void {
  options.describe('store', () => {
    options.it('agrees with a sorted array, whatever is done to both', async () => {
      await assertStore(options, options);
    });
  });
}

/**
 * Runs commands against a store and a sorted array.
 * @throws CounterexampleError
 */
export function assertStore<T extends Store>(harness: StoreHarness<T>, options?: RunOptions): Promise<RunReport> {
  return assertModelTest(storeTest(harness), options);
}

/** @internal */
export function storeTest<T extends Store>(typed: StoreHarness<T>): ModelTest<undefined> {
  const harness = typed as unknown as StoreHarness;
  return {
    suite: 'store',
    kinds: storeCommandKinds,
    setups: fc.constant(undefined),
    command: (keys) => storeCommand(keys, harness.supports),
    begin: async () => {
      const model = new StoreModel();
      const subject = new StoreSubject(harness, await harness.factory());
      return { model, subject, end: () => subject.compare(model), close: () => subject.close() };
    },
    prelude: () => 'const store = await factory(), snapshots = [];',
  };
}
