/** Strings that UTF-8 cannot hold: half of a surrogate pair. */
import { WriteBatch } from '@memtable/memtable';
import { MemtableLevel } from '../../level/src/index.js';
import { MemStore } from '../src/index.js';

const error = (message: string) =>
  expect.objectContaining({
    code: 'MEMTABLE_ENCODING_FAILED',
    message: expect.stringContaining(message) as string,
  }) as Error;

const HIGH = 'a\ud800';
const LOW = '\udfff';

describe('a store refuses ill-formed strings', () => {
  const calls: Record<string, (store: MemStore) => unknown> = {
    'put, key': (store) => store.put(HIGH, '1'),
    'put, value': (store) => store.put('k', HIGH),
    del: (store) => store.del(HIGH),
    'batch, key': (store) => store.batch([{ type: 'put', key: HIGH, value: '1' }]),
    'batch, value': (store) => store.batch([{ type: 'put', key: 'k', value: HIGH }]),
    'batch, bytes of one operation': (store) =>
      store.batch([{ type: 'put', key: 'k', value: HIGH, valueEncoding: 'view' }]),
    putIfAbsent: (store) => store.putIfAbsent(HIGH, '1'),
    compareAndSet: (store) => store.compareAndSet('k', HIGH, undefined),
    update: (store) => store.update('k', () => HIGH),
    get: (store) => store.get(HIGH),
    'keys of a range': (store) => store.keys({ gte: HIGH }),
    prefix: (store) => store.keys({ prefix: HIGH }),
    seek: (store) => store.iterator().seek(HIGH),
    'an encoding that makes one': (store) =>
      store.put('k', 'v', { valueEncoding: { format: 'utf8', encode: () => HIGH, decode: String } }),
  };

  test.each(Object.entries(calls))('%s', (_, call) => {
    const store = new MemStore();
    store.put('k', '1');
    expect(() => call(store)).toThrow(error('half of a surrogate pair, U+D800, at position 1'));
    expect([...store]).toEqual([['k', '1']]);
    store.verify();
  });

  test('the position counts UTF-16 units, and pairs are fine', () => {
    const store = new MemStore();
    store.put('\u{1f600}', '\u{10ffff}');
    expect(() => store.put(`\u{1f600}${LOW}`, '1')).toThrow(error('U+DFFF, at position 2'));
    expect([...store]).toEqual([['\u{1f600}', '\u{10ffff}']]);
  });

  test('json escapes them, in keys too', () => {
    const store = new MemStore<string, string[]>({ keyEncoding: 'json', valueEncoding: 'json' });
    store.put(HIGH, [LOW]);
    store.put(LOW, [HIGH]);
    expect([store.get(HIGH), store.get(LOW)]).toEqual([[LOW], [HIGH]]);
  });
});

test('illFormed: replace stores U+FFFD, so that two keys become one', () => {
  const store = new MemStore({ illFormed: 'replace' });
  store.put('\ud800', '1');
  store.put(LOW, HIGH);
  expect([...store]).toEqual([['\ufffd', 'a\ufffd']]);
  expect(() => new MemStore({ illFormed: 'drop' as 'replace' })).toThrow(
    "illFormed must be 'refuse' or 'replace': 'drop'",
  );
});

test('memtable-level replaces them, unless it is told to refuse', async () => {
  const database = new MemtableLevel();
  await database.put('\ud800', '1');
  expect(await database.keys().all()).toEqual(['\ufffd']);
  const strict = new MemtableLevel({ illFormed: 'refuse' });
  await expect(strict.put('\ud800', '1')).rejects.toThrow(error('U+D800'));
});

test('bytes are no text: a write batch takes any', () => {
  const bytes = new Uint8Array([0xed, 0xa0, 0x80]);
  expect(new WriteBatch().put(bytes, bytes).count).toBe(1);
  const store = new MemStore<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' });
  store.put(bytes, bytes);
  expect([...store]).toEqual([[bytes, bytes]]);
});

test('keys are in the order of their UTF-8 bytes, which differs from that of JavaScript beyond U+FFFF', () => {
  const store = new MemStore();
  for (const key of ['\uff5e', '\u{1f600}']) store.put(key, '');
  expect([...store.keys()]).toEqual(['\uff5e', '\u{1f600}']);
  expect(['\uff5e', '\u{1f600}'].sort()).toEqual(['\u{1f600}', '\uff5e']);
});
