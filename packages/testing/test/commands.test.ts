import { SkipList } from '@memtable/skiplist';
import fc from 'fast-check';
import { memTableHarness } from '../../memtable/test/harness.js';
import { indexHarness } from '../../skiplist/test/harness.js';
import { memtableTest } from '../src/conformance/memtable.js';
import { orderedIndexTest } from '../src/conformance/ordered-index.js';
import { storeTest } from '../src/conformance/store.js';
import * as testing from '../src/index.js';
import { assertModelTest, type ModelTest } from '../src/model-test.js';
import { fromJson, type Json, toJson } from '../src/notation.js';
import { ArrayStore, supportsAll } from './array-store.js';

const memtable = memTableHarness();
const index = indexHarness((arena, order) => new SkipList(arena, order));
const store = {
  factory: (options: testing.StoreOptions) => new ArrayStore(options),
  supports: supportsAll,
};

interface Suite {
  readonly test: ModelTest<unknown>;
  readonly harness: object;
  /** Code that passes the content to `done`. */
  readonly content: string;
}

const suites = [
  { test: memtableTest(memtable), harness: memtable, content: 'done(contentOf(table));' },
  {
    test: orderedIndexTest(index),
    harness: index,
    content: `const found = [], all = index.iterator();
      for (all.seekToFirst(); all.valid; all.next()) found.push({ key: all.key });
      done(found);`,
  },
  {
    test: storeTest(store),
    harness: store,
    content: `const found = [];
      for await (const [key, value] of store.iterator({})) found.push({ key, value });
      done(found);`,
  },
] as unknown as Suite[];

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

describe.each(suites)("commands of the suite '$test.suite'", ({ test: modelTest, harness, content }) => {
  const { suite, kinds, setups, command, begin, prelude } = modelTest;

  test('are at least 80 a run on average', async () => {
    const { runs, commands } = await assertModelTest(modelTest, { numRuns: 40 });
    process.stdout.write(`${suite}: ${runs} runs, ${(commands / runs).toFixed(1)} commands a run\n`);
    expect(commands / runs).toBeGreaterThanOrEqual(80);
  });

  test('have kinds that all come up, and survive a round trip through JSON', () => {
    const seen = new Set<string>();
    const commands = testing.keyPool().chain((keys) => command(keys));
    for (const original of fc.sample(commands, 2000)) {
      const [kind, ...args] = JSON.parse(JSON.stringify(original)) as [string, ...Json[]];
      const again = new kinds[kind](...(args.map(fromJson) as never[]));
      expect(again.constructor).toBe(original.constructor);
      expect(JSON.stringify(again)).toBe(JSON.stringify(original));
      expect(String(again)).toBe(String(original));
      seen.add(kind);
    }
    expect([...seen].sort()).toEqual(Object.keys(kinds).sort());
  });

  test('have the same effect when their code is pasted', async () => {
    const programs = testing.keyPool().chain((keys) => fc.commands([command(keys)], { maxCommands: 60, size: 'max' }));
    await fc.assert(
      fc.asyncProperty(setups, programs, async (setup, commands) => {
        const { model, subject, close } = await begin(setup);
        await fc.asyncModelRun(() => Promise.resolve({ model, real: subject }), commands);
        await close?.();

        let pasted: unknown;
        const scope = { ...testing, ...harness, done: (found: unknown) => (pasted = found) };
        // A refused command throws. The next line runs all the same.
        const lines = subject.executed.map((line) => `try { ${String(line)} } catch {}`);
        const body = [prelude(setup), ...lines, content].join('\n');
        await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
        expect(toJson(pasted)).toEqual(toJson((model as { items: unknown }).items));
      }),
      { numRuns: 30 },
    );
  });
});
