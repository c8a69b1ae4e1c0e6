/** `first`, `last`, `floor`, `ceil`, `lower` and `higher`, beside a sorted array that is searched from end to end. */
import { SortedTarget } from '@memtable/testing';
import fc from 'fast-check';
import { MemStore, type MemStoreOptions, type StoreSnapshot } from '../src/index.js';
import { error } from '../../testing/test/error.js';

const backward = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(b, a);
type Entry = [string, string];

/** What each call finds, in entries that ascend by `isBefore`. */
const model = (entries: Entry[], key: string, isBefore: (a: string, b: string) => boolean) => ({
  first: entries.at(0),
  last: entries.at(-1),
  floor: entries.findLast(([each]) => !isBefore(key, each)),
  ceil: entries.find(([each]) => !isBefore(each, key)),
  lower: entries.findLast(([each]) => isBefore(each, key)),
  higher: entries.find(([each]) => isBefore(key, each)),
});

const found = (store: MemStore, key: string, options: { snapshot?: StoreSnapshot } = {}) => ({
  first: store.first(options),
  last: store.last(options),
  floor: store.floor(key, options),
  ceil: store.ceil(key, options),
  lower: store.lower(key, options),
  higher: store.higher(key, options),
});

const foundKeys = (store: MemStore, key: string, options: { snapshot?: StoreSnapshot } = {}) => ({
  first: store.firstKey(options),
  last: store.lastKey(options),
  floor: store.floorKey(key, options),
  ceil: store.ceilKey(key, options),
  lower: store.lowerKey(key, options),
  higher: store.higherKey(key, options),
});

const stores: Record<string, MemStoreOptions<string, string>> = {
  'as it comes': {},
  'that is nearly always compacting': { garbageBytesMin: 0, garbageRatioMax: 0.01 },
  'with a comparator': { comparator: backward },
  'with a target': { target: new SortedTarget() },
};

test.each(Object.keys(stores))('neighbours in a store %s are those of a sorted array, in snapshots too', (name) => {
  const options = stores[name];
  const sign = options.comparator === undefined ? 1 : -1;
  const isBefore = (a: string, b: string): boolean => (a < b ? sign : a > b ? -sign : 0) > 0;
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('put'), fc.nat(40)) },
    { weight: 5, arbitrary: fc.tuple(fc.constant('del'), fc.nat(40)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('clear'), fc.nat(40)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('snapshot'), fc.nat(40)) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('find'), fc.nat(41)) },
  );
  const property = fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
    const store = new MemStore({ reserveBytes: 4096, blockBytes: 1024, ...options });
    const map = new Map<string, string>();
    const snapshots: { snapshot: StoreSnapshot | undefined; entries: Entry[] }[] = [];
    const sorted = (): Entry[] => [...map].sort(([a], [b]) => (isBefore(a, b) ? -1 : 1));
    commands.forEach(([type, number], step) => {
      const key = `k${String(number).padStart(2, '0')}`;
      if (type === 'put') {
        store.put(key, `${step}`);
        map.set(key, `${step}`);
      } else if (type === 'del') {
        store.del(key);
        map.delete(key);
      } else if (type === 'clear') {
        store.clear({ gte: key });
        for (const each of [...map.keys()]) if (!isBefore(each, key)) map.delete(each);
      } else if (type === 'snapshot') {
        snapshots.push({ snapshot: store.snapshot(), entries: sorted() });
      } else {
        for (const { snapshot, entries } of [...snapshots, { snapshot: undefined, entries: sorted() }]) {
          const expected = model(entries, key, isBefore);
          const read = snapshot === undefined ? {} : { snapshot };
          expect(found(store, key, read)).toEqual(expected);
          const keys = Object.entries(expected).map(([call, entry]) => [call, entry?.[0]] as const);
          expect(foundKeys(store, key, read)).toEqual(Object.fromEntries(keys));
        }
      }
    });
    store.verify();
    store.close({ discard: true });
  });
  fc.assert(property, { numRuns: 150 });
});

test('an empty store has no neighbours, and neither has one whose keys are all deleted', () => {
  const store = new MemStore();
  const nothing = { first: undefined, last: undefined, floor: undefined, ceil: undefined };
  expect(found(store, 'k')).toEqual({ ...nothing, lower: undefined, higher: undefined });
  for (let i = 0; i < 1000; i++) store.put(`k${i}`, 'x');
  for (let i = 0; i < 1000; i++) store.del(`k${i}`);
  expect(found(store, 'k5')).toEqual({ ...nothing, lower: undefined, higher: undefined });
  store.verify();
});

test('the search for a neighbour takes deleted keys out of the index, so the next one does not pass them', () => {
  const store = new MemStore({ garbageBytesMin: 2 ** 30 });
  for (let i = 0; i < 1000; i++) store.put(`k${1000 + i}`, 'x');
  for (let i = 0; i < 900; i++) store.del(`k${1000 + i}`);
  const tombstones = () =>
    Array.from({ length: 900 }, (_, i) => store.isDeleted(`k${1000 + i}`)).filter(Boolean).length;
  expect(tombstones()).toBe(900);
  // Each search takes some hundred out, so that none takes long.
  for (let i = 0; i < 4; i++) expect(store.firstKey()).toBe('k1900');
  expect(tombstones()).toBe(0);
  store.verify();
});

test('neighbours take encodings of the call, and refuse what get refuses', () => {
  const store = new MemStore<string, string>();
  store.put('b', '2');
  expect(store.floor(new Uint8Array([0x63]) as never, { keyEncoding: 'view', valueEncoding: 'json' })).toEqual([
    new Uint8Array([0x62]),
    2,
  ]);
  const snapshot = store.snapshot();
  snapshot.close();
  expect(() => store.first({ snapshot })).toThrow(error('MEMTABLE_SNAPSHOT_CLOSED'));
  expect(() => store.ceil(undefined as never)).toThrow(new TypeError('the key must not be undefined'));
  expect(() => store.lowerKey(1 as never)).toThrow(TypeError);
  store.close();
  expect(() => store.last()).toThrow(error('MEMTABLE_CLOSED'));
});

test('a decoder that writes does not change the neighbour that is being read', () => {
  const store: MemStore = new MemStore({
    valueEncoding: {
      format: 'utf8',
      encode: (text: string) => text,
      decode: (text: string) => {
        store.clear();
        for (let i = 0; i < 100; i++) store.put(`other ${i}`, 'x'.repeat(100));
        return text;
      },
    },
  });
  store.put('a', 'old');
  store.put('b', 'old');
  expect(store.first()).toEqual(['a', 'old']);
  expect(store.lastKey()).toBe('other 99');
  store.verify();
});
