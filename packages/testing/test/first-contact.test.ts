/** What a first use of the suites shows: messages of misuse, and counterexamples that fail when they are pasted. */
import { MemTable } from '@memtable/memtable';
import { MapMemtable } from '../examples/map-memtable.js';
import * as testing from '../src/index.js';
import {
  assertMemtable,
  assertOrderedIndex,
  assertStore,
  CounterexampleError,
  indexSupportsNothing,
  memtableConformance,
  type MemtableCursor,
  type MemtableSupports,
  replay,
  type Store,
  storeConformance,
  storeSupportsNothing,
  supportsNothing,
} from '../src/index.js';
import { ArrayStore } from './array-store.js';

async function counterexampleOf(action: Promise<unknown>): Promise<CounterexampleError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CounterexampleError);
  return error as CounterexampleError;
}

const AsyncFunction = (async () => {}).constructor as new (
  ...code: string[]
) => (all: object, factory: unknown) => Promise<void>;

/** Runs the code of a message, as pasted below an import of the package. */
async function paste({ message }: CounterexampleError, factory: unknown): Promise<void> {
  const lines = message.split('\n').filter((line) => line.startsWith('  '));
  const body = [`const { ${Object.keys(testing).join(', ')} } = all;`, ...lines].join('\n');
  await new AsyncFunction('all', 'factory', body)(testing, factory);
}

/** Its cursors walk back to the first entry and then once more. */
class BackAndAgain extends MemTable {
  override iterator() {
    const cursor = super.iterator();
    const prev = cursor.prev.bind(cursor);
    let isAgain = false;
    cursor.prev = () => {
      prev();
      if (cursor.valid || isAgain) return;
      isAgain = true;
      cursor.seekToFirst();
    };
    return cursor;
  }
}

/** Takes each value of more than 300 bytes for one of 300. */
class ShortMemtable extends MapMemtable {
  override add(sequence: number, type: testing.ValueType, key: Uint8Array, value = new Uint8Array()): void {
    super.add(sequence, type, key, value.slice(0, 300));
  }
}

/** Loses keys that are longer than 1000 bytes. */
class LossyMemtable extends MapMemtable {
  override add(sequence: number, type: testing.ValueType, key: Uint8Array, value?: Uint8Array): void {
    if (key.length <= 1000) super.add(sequence, type, key, value);
  }
}

/** Of the iterator of a MapMemtable, a walk forward that stops before the last entry. */
class HastyMemtable extends MapMemtable {
  override iterator(): MemtableCursor {
    const cursor = super.iterator();
    const next = cursor.next.bind(cursor);
    return Object.assign(cursor, {
      next: () => {
        next();
        const before = { ...cursor };
        if (!cursor.valid) return;
        next();
        if (!cursor.valid) return;
        cursor.seek(before.key, before.sequence);
      },
    });
  }
}

describe('a counterexample', () => {
  const backward = { ...supportsNothing, backward: true };

  test('ends with the step of the closing walk that fails, its direction and place, and fails when pasted', async () => {
    const factory = () => new BackAndAgain();
    const found = await counterexampleOf(assertMemtable({ factory, supports: backward }, { seed: 3 }));
    expect(found.message).toMatch(/in the walk at the end, after seekToLast\(\) and \d+ x prev\(\) over \d+ entries\n/);
    expect(found.check).toMatch(/^const walk = table.iterator\(\); walk.seekToLast\(\); .*walk.prev\(\); expectSame\(/);
    await expect(paste(found, factory)).rejects.toThrow((found.cause as Error).message);
    await paste(found, () => new MemTable());
  });

  test('of a walk forward fails when pasted', async () => {
    const factory = () => new HastyMemtable();
    const found = await counterexampleOf(assertMemtable({ factory, supports: supportsNothing }, { seed: 3 }));
    await expect(paste(found, factory)).rejects.toThrow((found.cause as Error).message);
    await paste(found, () => new MapMemtable());
  });

  test('has the smallest value that fails', async () => {
    for (const seed of [1, 2, 3]) {
      const harness = { factory: () => new ShortMemtable(), supports: supportsNothing };
      const found = await counterexampleOf(assertMemtable(harness, { seed }));
      expect(found.lines).toEqual([expect.stringMatching(/^table\.add\(\d+, 1, bytes\(''\), bytes\('00\*301'\)\);$/)]);
    }
  });

  test('has the smallest key that fails', async () => {
    const harness = { factory: () => new LossyMemtable(), supports: supportsNothing };
    const found = await counterexampleOf(assertMemtable(harness, { seed: 4, numRuns: 2000 }));
    expect(found.lines).toEqual([expect.stringMatching(/^table\.add\(\d+, [01], bytes\('00\*1001'\)(, .*)?\);$/)]);
  });

  test('says with which seed the suite finds it again, and how to run its lines alone', async () => {
    const harness = { factory: () => new ShortMemtable(), supports: supportsNothing };
    const found = await counterexampleOf(assertMemtable(harness));
    const [, seed] = /^seed: (-?\d+), run \d+; the suite finds it again with the option \{ seed: \1 \}$/m.exec(
      found.message,
    )!;
    expect((await counterexampleOf(assertMemtable(harness, { seed: Number(seed) }))).message).toBe(found.message);
    const [, json] = /^to run only these lines again: await replay\(json, harness\).*\nreplay: (.*)$/m.exec(
      found.message,
    )!;
    await expect(replay(json, harness)).rejects.toThrow(CounterexampleError);
  });

  test('of a store ends with the read that fails', async () => {
    class Forgetful extends ArrayStore {
      override get(key: Uint8Array): Uint8Array | undefined {
        return key.length > 2 ? undefined : super.get(key);
      }
    }
    const factory = () => new Forgetful();
    const found = await counterexampleOf(assertStore({ factory, supports: storeSupportsNothing }, { seed: 5 }));
    expect(found.lines.length).toBe(1);
    await expect(paste(found, factory)).rejects.toThrow("get() should be bytes(''), found undefined");
    await paste(found, () => new ArrayStore());
  });
});

describe('misuse is a TypeError that says', () => {
  const factory = () => new MapMemtable();
  const call = (options: object) => () => memtableConformance({ describe, it, ...options } as never);

  test.each([
    [{ factory }, 'memtable: supports is missing, which says what to test. Begin with `supports: supportsNothing`.'],
    [{ supports: supportsNothing }, 'memtable: factory should be a function that makes the object under test'],
    [
      { factory, supports: { ...supportsNothing, freeze: undefined } },
      'memtable: supports.freeze should be true or false, it is left out',
    ],
    [
      { factory, supports: { ...supportsNothing, backwards: true } },
      'memtable: supports.backwards is no feature. The features are: backward, liveCursors,',
    ],
    [
      { factory, supports: { ...supportsNothing, batches: true } },
      'memtable: supports.batches should be false or a function, found true',
    ],
    [{ factory, supports: supportsNothing, runs: 5 }, 'memtable: runs is no option. The options are: describe, it,'],
    [{ factory, supports: supportsNothing, numRuns: 0 }, 'memtable: numRuns should be a whole number from 1, found 0'],
    [
      { factory, supports: supportsNothing, it: undefined },
      'memtable: describe and it should be those of your test runner: jest, vitest or node:test',
    ],
  ])('%#', (options, message) => {
    expect(call(options)).toThrow(TypeError);
    expect(call(options)).toThrow(message);
  });

  test('so without a runner, in a replay and in the other suites', async () => {
    await expect(
      Promise.resolve().then(() => assertMemtable({ factory, supports: supportsNothing }, { run: 1 } as never)),
    ).rejects.toThrow('memtable: run is no option. The options are: numRuns, seed, shrink');
    const json = '{"suite":"memtable","setup":null,"operations":[]}';
    await expect(replay(json, { factory } as never)).rejects.toThrow('supports is missing');
    const store = { describe, it, factory: () => new ArrayStore() };
    expect(() => storeConformance(store as never)).toThrow(
      'store: supports is missing, which says what to test. Begin',
    );
    expect(() => storeConformance({ ...store, supports: { ...storeSupportsNothing, batch: true } } as never)).toThrow(
      'store: supports.batch is no feature',
    );
  });
});

test('storeSupportsNothing and indexSupportsNothing are all that the least store and index need', async () => {
  const texts = new Map<string, Uint8Array>();
  const nameOf = (key: Uint8Array) => Buffer.from(key).toString('hex');
  const store: Store = {
    put: (key, value) => void texts.set(nameOf(key), value.slice()),
    del: (key) => void texts.delete(nameOf(key)),
    get: (key) => texts.get(nameOf(key)),
  };
  const fresh = () => (texts.clear(), store);
  expect(await assertStore({ factory: fresh, supports: storeSupportsNothing }, { numRuns: 10 })).toMatchObject({
    runs: 10,
  });

  const factory = () => {
    const keys: Uint8Array[] = [];
    return {
      insert: (key: Uint8Array) => {
        if (keys.some((other) => Buffer.compare(other, key) === 0)) return false;
        keys.push(key.slice());
        keys.sort((a, b) => Buffer.compare(a, b));
        return true;
      },
      iterator: () => {
        let at = -1;
        return {
          get valid() {
            return at in keys;
          },
          get key() {
            return keys[at];
          },
          seekToFirst: () => void (at = 0),
          next: () => void at++,
          seek: (key: Uint8Array) => void (at = keys.findIndex((other) => Buffer.compare(other, key) >= 0)),
        };
      },
    };
  };
  expect(await assertOrderedIndex({ factory, supports: indexSupportsNothing }, { numRuns: 10 })).toMatchObject({
    runs: 10,
  });
});

test('supportsNothing has every feature that must be declared', () => {
  const all: MemtableSupports<never> = supportsNothing;
  expect(Object.values(all).filter(Boolean)).toEqual([{}]);
});
