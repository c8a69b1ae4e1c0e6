/**
 * Compares a store with a model during compactions: many keys, slices of a few entries, snapshots and iterators that
 * stay open across compactions. Short histories of few keys do not reach these states.
 */
import fc from 'fast-check';
import { MemStore } from '../src/index.js';

type Model = ReadonlyMap<string, string>;

const KEYS = 120;
const key = fc.nat(KEYS - 1).map((i) => `key ${String(i).padStart(3, '0')}`);
const value = fc.tuple(fc.nat(40), fc.nat(9)).map(([length, digit]) => String(digit).repeat(length));

/** Steps for store and model. `open` has the open snapshots and iterators, with what each must see. */
interface Run {
  readonly store: MemStore;
  model: Map<string, string>;
  readonly open: (() => void)[];
}

const put = fc.tuple(key, value).map(([key, value]) => ({
  name: `put(${key}, ${value})`,
  run: ({ store, model }: Run) => {
    store.put(key, value);
    model.set(key, value);
  },
}));
const del = key.map((key) => ({
  name: `del(${key})`,
  run: ({ store, model }: Run) => {
    store.del(key);
    model.delete(key);
  },
}));
const batch = fc.array(fc.tuple(key, fc.option(value, { nil: undefined })), { maxLength: 30 }).map((writes) => ({
  name: `batch(${JSON.stringify(writes)})`,
  run: ({ store, model }: Run) => {
    store.batch(
      writes.map(([key, value]) => (value === undefined ? { type: 'del', key } : { type: 'put', key, value })),
    );
    for (const [key, value] of writes) {
      if (value === undefined) model.delete(key);
      else model.set(key, value);
    }
  },
}));
const clear = fc.tuple(key, key).map(([gte, lt]) => ({
  name: `clear(${gte}, ${lt})`,
  run: ({ store, model }: Run) => {
    store.clear({ gte, lt, limit: 20 });
    const inside = [...model.keys()].filter((key) => key >= gte && key < lt).sort();
    for (const key of inside.slice(0, 20)) model.delete(key);
  },
}));
const snapshot = fc.constant({
  name: 'snapshot()',
  run: ({ store, model, open }: Run) => {
    const snapshot = store.snapshot();
    const then = entriesOf(model);
    open.push(() => {
      expect([...store.iterator({ snapshot })]).toEqual(then);
      for (const [key, value] of then) expect(store.get(key, { snapshot })).toBe(value);
      snapshot.close();
    });
  },
});
const iterator = fc.tuple(fc.boolean(), fc.nat(60), key).map(([reverse, steps, bound]) => ({
  name: `iterator(${reverse}, ${steps}, ${bound})`,
  run: ({ store, model, open }: Run) => {
    const iterator = store.iterator(reverse ? { reverse, lte: bound } : { gte: bound });
    const inside = entriesOf(model).filter(([key]) => (reverse ? key <= bound : key >= bound));
    if (reverse) inside.reverse();
    expect(iterator.nextv(steps)).toEqual(inside.slice(0, steps));
    open.push(() => expect([...iterator]).toEqual(inside.slice(steps)));
  },
}));
const closeOne = fc.nat(5).map((i) => ({
  name: `close(${i})`,
  run: ({ open }: Run) => open.splice(i % Math.max(open.length, 1), 1)[0]?.(),
}));
const compact = fc.constant({
  name: 'compact()',
  // Begins a compaction, which the next writes go on with.
  run: ({ store }: Run) => void store.compact().catch(() => undefined),
});

const operation = fc.oneof(
  { weight: 40, arbitrary: put },
  { weight: 15, arbitrary: del },
  { weight: 4, arbitrary: batch },
  { weight: 1, arbitrary: clear },
  { weight: 3, arbitrary: snapshot },
  { weight: 4, arbitrary: iterator },
  { weight: 4, arbitrary: closeOne },
  { weight: 2, arbitrary: compact },
);

function entriesOf(model: Model): [string, string][] {
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1));
}

test('during compactions a store, its snapshots and its iterators agree with a map', () => {
  let [compactions, whileRunning, across] = [0, 0, 0];
  const property = fc.property(
    fc.array(operation, { minLength: 200, maxLength: 600, size: 'max' }),
    fc.constantFrom({ maxBytes: 256 << 10 }, { garbageBytesMin: 200, garbageRatioMax: 0.2 }),
    (operations, options) => {
      const store = new MemStore({ reserveBytes: 4096, blockBytes: 1024, garbageBytesMin: 2000, ...options });
      const run: Run = { store, model: new Map(), open: [] };
      for (const [i, { run: step }] of operations.entries()) {
        const before = store.stats().compaction;
        step(run);
        const { compaction, pins } = store.stats();
        if (compaction.running) whileRunning++;
        if (compaction.finished > before.finished && pins.length > 0) across++;
        if (i % 50 === 0) store.verify();
      }
      store.verify();
      expect([...store]).toEqual(entriesOf(run.model));
      expect(store.size).toBe(run.model.size);
      for (const close of run.open) close();
      store.verify();
      expect(store.stats()).toMatchObject({ heldBytes: 0, pins: [] });
      compactions += store.stats().compaction.finished;
      store.close();
    },
  );
  fc.assert(property, { numRuns: 40 });
  expect(compactions).toBeGreaterThan(50);
  expect(whileRunning).toBeGreaterThan(500); // Steps were made between two slices.
  expect(across).toBeGreaterThan(50); // Compactions ended while a snapshot or iterator was open.
}, 60_000);
