/** Keys of `@memtable/store/ordered`: numbers, strings, tuples and so on, in the order of their values. */
import { MemStore } from '../src/index.js';
import { orderedEncoding, type OrderedKey } from '../src/ordered.js';
import { error } from '../../testing/test/error.js';
import { checkPairs, compareValues } from './ordered.js';

const encoding = orderedEncoding();
const bytesOf = (key: OrderedKey): number[] => [...(encoding.encode(key) as Uint8Array)];
const storeOf = (keys: Iterable<OrderedKey>) => {
  const store = new MemStore<OrderedKey, string>({ keyEncoding: orderedEncoding() });
  for (const key of keys) store.put(key, JSON.stringify(key));
  return store;
};

test('ordered keys sort by their values and come back equal: 50,000 pairs', () => {
  checkPairs(encoding, 50_000, Number(process.env.MEMTABLE_SEED));
});

test('the bytes are those of the drawing', () => {
  const high = (...bytes: number[]) => [...bytes, 0, 0, 0, 0, 0, 0];
  expect([null, false, true].map(bytesOf)).toEqual([[1], [2], [3]]);
  expect(bytesOf(1.5)).toEqual([4, ...high(0xbf, 0xf8)]);
  expect(bytesOf(-1.5)).toEqual([4, 0x40, 7, 255, 255, 255, 255, 255, 255]);
  expect(bytesOf(new Date(1.5))).toEqual([5, ...high(0xbf, 0xf0)]);
  expect(bytesOf('no')).toEqual([6, 0x6e, 0x6f]);
  expect(bytesOf(new Uint8Array([0x6e, 0]))).toEqual([7, 0x6e, 0]);
  expect(bytesOf(['no', [true], 1.5])).toEqual([8, 6, 0x6e, 0x6f, 0, 8, 3, 0, 4, ...high(0xbf, 0xf8)]);
  expect(bytesOf(['a\0', new Uint8Array([0, 255])])).toEqual([8, 6, 0x61, 0, 255, 0, 7, 0, 255, 255, 0]);
});

test('numbers sort as numbers, which they do not under json', () => {
  const numbers = [-5, 1, 9, 10, 100];
  const json = new MemStore<number, string>({ keyEncoding: 'json' });
  for (const number of numbers) json.put(number, '');
  expect([...json.keys()]).toEqual([-5, 1, 10, 100, 9]);
  expect([...storeOf(numbers).keys()]).toEqual(numbers);
  expect([...storeOf(numbers).keys({ gt: -5, lte: 10 })]).toEqual([1, 9, 10]);
});

test('ranges and prefixes of tuples', () => {
  const keys: OrderedKey[] = ['a', 'ab', ['a'], ['a', 1], ['a', 2, 'x'], ['a', 10], ['a', 'b'], ['ab'], [['a'], 1], []];
  const store = storeOf(keys);
  expect([...store.keys()]).toEqual(keys.toSorted(compareValues));
  expect([...store.keys({ prefix: ['a'] })]).toEqual([['a'], ['a', 1], ['a', 2, 'x'], ['a', 10], ['a', 'b']]);
  expect([...store.keys({ prefix: 'a' })]).toEqual(['a', 'ab']);
  expect([...store.keys({ prefix: [['a']] })]).toEqual([[['a'], 1]]);
  expect(store.count({ prefix: [] })).toBe(8);
  expect([...store.keys({ gte: ['a', 2], lt: ['a', 10] })]).toEqual([['a', 2, 'x']]);
  expect([...store.keys({ gt: ['a', 1], lt: ['a', ''], reverse: true })]).toEqual([
    ['a', 10],
    ['a', 2, 'x'],
  ]);
  expect(store.ceilKey(['a', 3])).toEqual(['a', 10]);
  const typed = new MemStore<[name: string, size: number], string>({ keyEncoding: orderedEncoding() });
  typed.put(['a', 1], 'x').put(['b', 2], 'y');
  expect([...typed.values({ prefix: ['b'] })]).toEqual(['y']);
  // @ts-expect-error - names are strings
  expect([...typed.values({ prefix: [1] })]).toEqual([]);
});

test('-0 is 0, as in a Map', () => {
  const store = storeOf([-0]);
  expect([...store.keys()].map((key) => Object.is(key, 0))).toEqual([true]);
  expect(bytesOf([-0])).toEqual(bytesOf([0]));
});

const circle: unknown[] = [];
circle.push(circle);

test.each<[string, unknown, string]>([
  ['NaN', NaN, 'NaN has no place in an order'],
  ['an invalid date', [new Date('never')], 'an invalid date has no place in an order'],
  ['a bigint', 1n, 'the bigint 1n'],
  ['undefined in a tuple', [undefined], 'undefined'],
  ['a hole in a tuple', [, 1], 'undefined'], // eslint-disable-line no-sparse-arrays
  ['a symbol', [Symbol.iterator], 'the symbol Symbol(Symbol.iterator)'],
  ['an object', { a: 1 }, 'an object (Object)'],
  ['an array of other numbers', new Uint16Array(2), 'an object (Uint16Array)'],
  ['half of a surrogate pair', 'a\ud800', 'half of a surrogate pair'],
  ['a tuple that holds itself', circle, 'at most 64 tuples'],
  ['a function', [() => 1], 'a function'],
])('%s is refused', (_, key, message) => {
  expect(() => encoding.encode(key as OrderedKey)).toThrow(TypeError);
  const store = storeOf([1]);
  const refusal = error('MEMTABLE_ENCODING_FAILED', message);
  expect(() => store.put(key as OrderedKey, '')).toThrow(refusal);
  expect(() => store.get(key as OrderedKey)).toThrow(
    expect.objectContaining({ cause: expect.any(TypeError) as unknown }) as Error,
  );
  expect([...store.keys()]).toEqual([1]);
});

test('null alone, and bytes whose buffer was transferred, are refused', () => {
  const store = storeOf([]);
  expect(() => store.put(null, '')).toThrow(new TypeError('the key must not be null'));
  const gone = new Uint8Array(4);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  expect(() => store.put([gone], '')).toThrow(error('MEMTABLE_ENCODING_FAILED', 'no bytes any more'));
});

test('bytes that are no ordered key are refused with MEMTABLE_ENCODING_FAILED', () => {
  const bad = [[], [0], [9], [1, 1], [4, 1], [5], [8, 6, 97], [8, 8, 3], [8, 7, 0, 255], Array<number>(100).fill(8)];
  for (const bytes of bad) {
    const store = new MemStore<Uint8Array, string>({ keyEncoding: 'view' });
    store.put(new Uint8Array(bytes), '');
    const keys = store.keys({ keyEncoding: orderedEncoding() });
    expect(() => keys.next()).toThrow(
      error('MEMTABLE_ENCODING_FAILED', `the ${bytes.length} bytes are no ordered key`),
    );
  }
});

test('a tuple with a getter that encodes another key with the same encoding', () => {
  const store = storeOf(['x']);
  const key = ['a', '', 'c'];
  Object.defineProperty(key, 1, { enumerable: true, get: () => (store.put('other key', ''), 'b') });
  store.put(key, 'value');
  expect([...store.keys()]).toEqual(['other key', 'x', ['a', 'b', 'c']]);
});

test('long keys come back, and values may have the same encoding', () => {
  const same = orderedEncoding();
  const store = new MemStore<OrderedKey, OrderedKey>({ keyEncoding: same, valueEncoding: same });
  const long = 'ä\0'.repeat(50_000);
  store.put([long, 1], ['value', long]).put(long, new Uint8Array(100_000));
  expect(store.get([long, 1])).toEqual(['value', long]);
  expect(store.lastKey()).toEqual([long, 1]);
  expect(store.get(long)).toEqual(new Uint8Array(100_000));
  store.verify();
});
