import { checkConformance, checkHarness } from '../check-harness.js';
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
import { TEST_MS, type TestRunner } from './test-runner.js';

/** Registers the tests of a store: over random commands it must agree with a sorted array of keys and values. */
export function storeConformance<T extends Store>(options: TestRunner & StoreHarness<T> & RunOptions): void {
  const run = checkConformance('store', options);
  options.describe('store', () => {
    options.it(
      'agrees with a sorted array over random commands',
      async () => {
        await assertStore(options, run);
      },
      TEST_MS,
    );
  });
}

/**
 * Runs random commands against a store and a sorted array of keys and values, which must agree.
 * @returns the number of runs and of executed commands
 * @throws CounterexampleError with the shortest failing run found
 */
export function assertStore<T extends Store>(harness: StoreHarness<T>, options?: RunOptions): Promise<RunReport> {
  return assertModelTest(storeTest(harness), options);
}

/** @internal */
export function storeTest<T extends Store>(typed: StoreHarness<T>): ModelTest<UserCodeSetup | undefined> {
  checkHarness('store', typed);
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
      `const user = new UserCode(${code(setup)}), store = await factory(user.options), snapshots = [], iterators = [], ` +
      'itemsOf = async (found, items = []) => { for await (const item of found) items.push(item); return items; };',
  };
}

function setups({ comparators, encodings }: StoreSupports): fc.Arbitrary<UserCodeSetup> {
  const styles = fc.constantFrom<(EncodingStyle | undefined)[]>(undefined, 'bytes', 'scratch', 'text');
  const nothing = fc.constant(undefined);
  return fc
    .record({ comparator: comparators ? comparatorNames() : nothing, encoding: encodings ? styles : nothing })
    .map(({ comparator, encoding }) => ({
      // These comparators expect the bytes of a key, not their text.
      comparator: encoding === 'text' ? undefined : comparator,
      encoding,
    }));
}
