/** `load`: many entries at once, all or none. */
import fc from 'fast-check';
import { MemTable, ValueType } from '@memtable/memtable';
import { MemStore, type MemStoreOptions } from '../src/index.js';
import { utf8 } from '../../memtable/test/bytes.js';
import { error } from '../../testing/test/error.js';

const numbered = (count: number, value: (i: number) => string = (i) => `v${i}`): [string, string][] =>
  Array.from({ length: count }, (_, i) => [String((i * 7919) % count).padStart(8, '0'), value(i)]);
const options: Record<string, MemStoreOptions<string, string>> = {
  'as it comes': {},
  'that is nearly always compacting': { garbageBytesMin: 0, garbageRatioMax: 0.01 },
  'with a comparator': { comparator: (a, b) => Buffer.compare(b, a) },
};
const key = fc.oneof(fc.constantFrom('', 'a', 'aaaaaaaaa', 'ä', 'common/part/of/a/path/'), fc.string({ maxLength: 3 }));
const entries = fc.array(fc.tuple(key, fc.string({ maxLength: 200 })), { maxLength: 600, size: 'max' });

describe.each(Object.entries(options))('a store %s', (_, storeOptions) => {
  test('agrees with a map, whatever was there before, and whatever comes after', () => {
    fc.assert(
      fc.property(entries, entries, fc.boolean(), fc.boolean(), (first, second, isLoaded, isDeleted) => {
        const store = new MemStore(storeOptions);
        const map = new Map(first);
        if (isLoaded) expect(store.load(first)).toBe(first.length);
        else for (const [k, v] of first) store.put(k, v);
        if (isDeleted)
          for (const k of [...map.keys()].filter((_, i) => i % 2 === 0)) {
            store.del(k);
            map.delete(k);
          }
        const before = new Map(map);
        const snapshot = store.snapshot();
        expect(store.load(second)).toBe(second.length);
        for (const [k, v] of second) map.set(k, v);
        store.verify();
        expect(store.size).toBe(map.size);
        expect(new Map(store)).toEqual(map);
        expect(new Map(store.iterator({ snapshot }))).toEqual(before);
        snapshot.close();
        for (const [k] of first) store.put(k, 'again');
        for (const [k] of first) map.set(k, 'again');
        store.verify();
        expect(new Map(store)).toEqual(map);
        store.close();
      }),
      { numRuns: 60 },
    );
  });
});

test('of equal keys the last one counts, and what the others took is garbage', () => {
  const store = new MemStore({ garbageBytesMin: 2 ** 30 });
  store.load(numbered(1000));
  const { liveBytes, lastSequence } = store.stats();
  store.load([...numbered(1000, () => 'x'), ...numbered(1000)]);
  store.verify();
  expect([...store.iterator({ limit: 2 })]).toEqual(numbered(1000).sort().slice(0, 2));
  expect(store.stats()).toMatchObject({ liveBytes, entryCount: 1000, lastSequence: lastSequence + 2000 });
  expect(store.stats().garbageBytes).toBeGreaterThan(liveBytes);
});

test('an iterator that is open during a load sees the store as it was', () => {
  const store = new MemStore();
  store.load(numbered(500));
  const iterator = store.keys();
  const seen = [iterator.next().value, iterator.next().value];
  store.load(numbered(2000, () => 'later'));
  expect([...seen, ...iterator]).toEqual(
    numbered(500)
      .map(([k]) => k)
      .sort(),
  );
});

test.each([
  [
    'an iterable that throws',
    function* () {
      yield* numbered(5000);
      throw new Error('no more');
    },
    expect.objectContaining({ message: 'no more' }),
  ],
  [
    'an entry that is none',
    function* () {
      yield* numbered(5000);
      yield 5 as never;
    },
    expect.objectContaining({
      name: 'TypeError',
      message: 'an entry of a load must be an array of key and value, not the number 5',
    }),
  ],
  [
    'a value that cannot be encoded',
    function* () {
      yield* numbered(5000);
      yield ['k', '\ud800'];
    },
    error('MEMTABLE_ENCODING_FAILED'),
  ],
  [
    'more than there is room for',
    function* () {
      for (let i = 0; ; i++) yield [String(i), 'x'.repeat(100)];
    },
    error('MEMTABLE_FULL'),
  ],
] as [string, () => Iterable<[string, string]>, Error][])('%s leaves the store as it was', (_, make, expected) => {
  const store = new MemStore({ maxBytes: 4 << 20 });
  store.load(numbered(100));
  const { memoryUsage, garbageBytes, liveBytes } = store.stats();
  expect(() => store.load(make())).toThrow(expected);
  store.verify();
  expect(store.stats()).toMatchObject({ memoryUsage, garbageBytes, liveBytes, state: 'open', entryCount: 100 });
  expect(new Map(store)).toEqual(new Map(numbered(100)));
  store.put('still', 'works');
  expect(store.load(numbered(3000))).toBe(3000);
  store.verify();
});

test('a load takes no more than puts may take: the rest is for compactions and deletions', () => {
  const store = new MemStore({ maxBytes: 128 << 10 });
  const large = 'x'.repeat(100_000);
  expect(() => store.put('a', large)).toThrow(error('MEMTABLE_FULL'));
  expect(() => store.load([['a', large]])).toThrow(error('MEMTABLE_FULL'));
  store.verify();
  expect(store.size).toBe(0);
});

test('entries may read the store, and all else is refused while they are read', async () => {
  const store = new MemStore();
  store.load(numbered(1000));
  const later: Promise<unknown>[] = [];
  const refused = error('MEMTABLE_REENTERED', 'the entries of a load must not');
  const calls = {
    put: () => store.put('a', 'b'),
    del: () => store.del('a'),
    batch: () => store.batch([]),
    clear: () => store.clear(),
    update: () => store.update('a', () => 'b'),
    load: () => store.load([]),
    freeze: () => store.freeze(),
    close: () => store.close(),
  };
  let read: unknown;
  store.load(
    (function* (): Generator<[string, string]> {
      yield ['a', '1'];
      for (const call of Object.values(calls)) expect(call).toThrow(refused);
      later.push(expect(store.compact()).rejects.toThrow(refused));
      read = [store.get('a'), store.size, store.stats().state, [...store.keys({ limit: 1 })]];
      yield ['b', '2'];
    })(),
  );
  await Promise.all(later);
  expect(read).toEqual([undefined, 1000, 'open', ['00000000']]);
  expect([store.get('a'), store.get('b'), store.size]).toEqual(['1', '2', 1002]);
  store.verify();
});

test('a load during a compaction reaches the successor', async () => {
  const store = new MemStore({ garbageBytesMin: 2 ** 30 });
  for (const [k, v] of numbered(60_000)) store.put(k, v);
  for (const [k] of numbered(60_000).slice(0, 30_000)) store.del(k);
  const compacted = store.compact();
  await new Promise(setImmediate);
  store.load(numbered(20_000, () => 'loaded'));
  store.verify();
  const before = new Map(store);
  await compacted;
  store.verify();
  expect(new Map(store)).toEqual(before);
});

test('misuse is a TypeError', () => {
  const store = new MemStore();
  expect(() => store.load(5 as never)).toThrow(
    new TypeError('the entries of a load must be an iterable, not the number 5'),
  );
  expect(() => store.load(undefined as never)).toThrow(TypeError);
  expect(store.load([])).toBe(0);
  store.verify();
});

describe.each([['block'], ['skiplist']] as const)('a memtable with the index %s', (index) => {
  test('keeps all versions of a load, in order, above what it had', () => {
    const table = new MemTable({ index });
    for (let i = 0; i < 300; i++) table.add(i, ValueType.Value, utf8(`k${i % 150}`), utf8('old'));
    expect(
      table.load(
        300,
        numbered(2000).map(([k, v]) => [utf8(k), utf8(v)]),
      ),
    ).toBe(2000);
    expect(
      table.load(2300, [
        [utf8('k7'), utf8('1')],
        [utf8('k7'), utf8('2')],
      ]),
    ).toBe(2);
    table.verify();
    expect(table.entryCount).toBe(2302);
    expect(Buffer.from(table.get(utf8('k7'))!.value).toString()).toBe('2');
    expect(Buffer.from(table.get(utf8('k7'), 2300)!.value).toString()).toBe('1');
    expect(Buffer.from(table.get(utf8('k7'), 299)!.value).toString()).toBe('old');
    for (const [i, [k, v]] of numbered(2000).entries()) {
      expect(Buffer.from(table.get(utf8(k), 300 + i)!.value).toString()).toBe(v);
    }
    table.add(5000, ValueType.Value, utf8('k7'), utf8('3'));
    table.verify();
  });

  test('is as it was after a load that fails, and refuses to change during one', () => {
    const table = new MemTable({ index });
    table.add(1, ValueType.Value, utf8('a'), utf8('b'));
    const usage = table.approximateMemoryUsage();
    const failing = function* (): Generator<[Uint8Array, Uint8Array]> {
      for (const [k, v] of numbered(1000)) yield [utf8(k), utf8(v)];
      throw new Error('no more');
    };
    expect(() => table.load(2, failing())).toThrow('no more');
    table.verify();
    expect([table.entryCount, table.approximateMemoryUsage(), table.state]).toEqual([1, usage, 'active']);
    if (index === 'skiplist') return;
    const meddling = function* (): Generator<[Uint8Array, Uint8Array]> {
      yield [utf8('c'), utf8('d')];
      for (const call of [
        () => table.add(9, 1, utf8('x')),
        () => table.freeze(),
        () => table.drop(),
        () => table.load(9, []),
      ]) {
        expect(call).toThrow(error('MEMTABLE_REENTERED', 'the entries of a load must not change the memtable'));
      }
      expect(table.state).toBe('active');
    };
    expect(table.load(2, meddling())).toBe(1);
    expect(table.entryCount).toBe(2);
  });
});
