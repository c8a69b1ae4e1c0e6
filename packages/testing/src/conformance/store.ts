import fc from 'fast-check';
import { storeCommand, storeCommandKinds } from '../commands/store/index.js';
import { StoreSubject } from '../commands/store/subject.js';
import { comparatorNames } from '../arbitraries/comparators.js';
import type { Store, StoreHarness, StoreSupports } from '../contract.js';
import { StoreModel } from '../model.js';
import { assertModelTest, type ModelTest } from '../model-test.js';
import type { RunOptions, RunReport } from '../run-options.js';
import { code } from '../notation.js';
import { type EncodingStyle, orderOf, type UserCodeSetup } from '../user-code.js';
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
export function storeTest<T extends Store>(typed: StoreHarness<T>): ModelTest<UserCodeSetup | undefined> {
  const harness = typed as unknown as StoreHarness;
  return {
    suite: 'store',
    kinds: storeCommandKinds,
    setups: setups(harness.supports),
    command: (keys) => storeCommand(keys, harness.supports),
    begin: async (setup = {}) => {
      const model = new StoreModel(orderOf(setup));
      const subject = await StoreSubject.make(harness, setup);
      return { model, subject, end: () => subject.end(model), close: () => subject.close() };
    },
    prelude: (setup = {}) =>
      `const user = new UserCode(${code(setup)}), store = await factory(user.options), snapshots = [], iterators = [];`,
  };
}

function setups({ comparators, encodings }: StoreSupports): fc.Arbitrary<UserCodeSetup> {
  const styles = fc.constantFrom<(EncodingStyle | undefined)[]>(undefined, 'bytes', 'scratch', 'text');
  const nothing = fc.constant(undefined);
  return fc
    .record({ comparator: comparators ? comparatorNames() : nothing, encoding: encodings ? styles : nothing })
    .map(({ comparator, encoding }) => ({
      // The text of a key is nothing that these comparators know.
      comparator: encoding === 'text' ? undefined : comparator,
      encoding,
    }));
}
