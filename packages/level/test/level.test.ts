import type { MemStoreSettings } from '@memtable/store';
import { storeConformance } from '@memtable/testing';
import { MemoryLevel } from 'memory-level';
import { error } from '../../testing/test/error.js';
import { MemtableLevel } from '../src/index.js';

// abstract-level.test.ts runs abstract-level's suite. The first tests here are those that memory-level adds to it.

test('MemtableLevel refuses an unknown storeEncoding with the code of memory-level', () => {
  const make = () => new MemtableLevel({ storeEncoding: 'foo' as 'view' });
  expect(make).toThrow(
    error('LEVEL_ENCODING_NOT_SUPPORTED', "storeEncoding must be 'buffer', 'view' or 'utf8': 'foo'"),
  );
});

test('MemtableLevel returns copies of keys and values where memory-level returns the buffers it was given', async () => {
  const buffer = Buffer.from('a');
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
  for (const [db, isSame] of [
    [new MemoryLevel<Buffer, Buffer>(options), true],
    [new MemtableLevel<Buffer, Buffer>(options), false],
  ] as const) {
    await db.put(buffer, buffer);
    const [[key, value]] = await db.iterator().all();
    expect([key === buffer, value === buffer]).toEqual([isSame, isSame]);
    expect([key, value]).toEqual([buffer, buffer]);
    expect(Buffer.isBuffer(value)).toBe(true);
  }
});

describe('MemtableLevel', () => {
  storeConformance({
    describe,
    it,
    factory: () => new MemtableLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' }),
    supports: { batches: true, ranges: true, snapshots: true, copies: true, flush: false },
    numRuns: 50,
  });
});

test('MemtableLevel accepts an empty location before its options, which means memory', async () => {
  const db = new MemtableLevel<string, number>('', { valueEncoding: 'json' });
  await db.put('a', 1);
  expect(await db.get('a')).toBe(1);
  expect(db.supports.permanence).toBe(false);
});

test('MemtableLevel keeps its content when it is closed and opened again', async () => {
  const db = new MemtableLevel();
  await db.put('a', '1');
  await db.close();
  await db.open();
  expect(await db.get('a')).toBe('1');
});

test('a batch that exceeds maxBytes of MemtableLevel rejects with MEMTABLE_FULL and writes nothing', async () => {
  const db = new MemtableLevel({ maxBytes: 128 << 10 });
  const operations = Array.from({ length: 100 }, (_, i) => ({
    type: 'put' as const,
    key: `key ${i}`,
    value: 'x'.repeat(1000),
  }));
  await expect(db.batch(operations)).rejects.toThrow(error('MEMTABLE_FULL'));
  expect(await db.keys().all()).toEqual([]);
  expect(db.store.stats()).toMatchObject({ entryCount: 0, liveBytes: 0 });
});

describe('MemtableLevel passes every option of MemStore on:', () => {
  type Option = keyof MemStoreSettings;
  const target = { write: async () => undefined };
  /** The store refuses a negative number by the option's name, so the option has reached it. */
  const isRefused = (option: Option) => async () => {
    expect(() => new MemtableLevel({ target, [option]: -1 })).toThrow(new RegExp(`^${option} must be`));
  };

  // The type demands an entry for each option: a new option of MemStore does not compile until it is tested here.
  const checks: Record<Option, () => Promise<void>> = {
    maxBytes: isRefused('maxBytes'),
    reserveBytes: isRefused('reserveBytes'),
    blockBytes: isRefused('blockBytes'),
    garbageRatioMax: isRefused('garbageRatioMax'),
    garbageBytesMin: isRefused('garbageBytesMin'),
    pinWarningMs: isRefused('pinWarningMs'),
    writeBufferBytes: isRefused('writeBufferBytes'),
    lastSequence: isRefused('lastSequence'),
    retryMs: isRefused('retryMs'),
    retryMsMax: isRefused('retryMsMax'),
    flushMsMax: isRefused('flushMsMax'),
    illFormed: isRefused('illFormed'),
    async comparator() {
      const db = new MemtableLevel({ comparator: (a, b) => Buffer.compare(b, a) });
      await db.batch(['a', 'b', 'c'].map((key) => ({ type: 'put', key, value: '' })));
      expect(await db.keys().all()).toEqual(['c', 'b', 'a']);
    },
    async pinStacks() {
      const db = new MemtableLevel({ pinStacks: true });
      await db.open();
      const snapshot = db.snapshot();
      expect(db.store.stats().pins[0].stack).toContain('snapshot made here');
      await snapshot.close();
    },
    async onEvent() {
      const events: string[] = [];
      const db = new MemtableLevel({ onEvent: ({ type }) => events.push(type) });
      db.store.freeze();
      expect(events).toEqual(['freeze']);
    },
    async target() {
      const flushed: string[] = [];
      const db = new MemtableLevel({
        target: {
          async write(run) {
            for (const { key } of run) flushed.push(Buffer.from(key).toString());
          },
        },
      });
      await db.put('a', '1');
      await db.store.flush();
      expect(flushed).toEqual(['a']);
    },
  };

  test.each(Object.entries(checks))('%s', (_option, check) => check());
});

test('an iterator of MemtableLevel holds old entries until it is closed', async () => {
  const db = new MemtableLevel();
  await db.batch([
    { type: 'put', key: 'a', value: '1' },
    { type: 'put', key: 'b', value: '2' },
  ]);
  const iterator = db.iterator();
  await db.clear();
  expect(db.store.stats()).toMatchObject({ entryCount: 0, pins: [{ kind: 'iterator' }] });
  expect(db.store.stats().heldBytes).toBeGreaterThan(0);
  expect(await iterator.nextv(10)).toEqual([
    ['a', '1'],
    ['b', '2'],
  ]);
  await iterator.close();
  expect(db.store.stats()).toMatchObject({ heldBytes: 0, pins: [] });
});

test('a sublevel of MemtableLevel reads and writes with an encoding of its own', async () => {
  const db = new MemtableLevel();
  const people = db.sublevel<string, { name: string }>('people', { valueEncoding: 'json' });
  await people.put('1', { name: 'Bea' });
  await db.put('z', 'last');
  expect(await people.iterator().all()).toEqual([['1', { name: 'Bea' }]]);
  expect(await db.keys().all()).toEqual(['!people!1', 'z']);
  await people.clear();
  expect(await db.keys().all()).toEqual(['z']);
});
