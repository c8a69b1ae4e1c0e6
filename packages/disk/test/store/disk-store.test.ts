import { MemoryFiles, type Store, storeConformance } from '@memtable/testing';
import { memStoreHarness } from '../../../store/test/harness.js';
import { type DiskStoreEvent, openStore, readLog } from '../../src/index.js';

describe('DiskStore as a MemStore', () => {
  const { supports } = memStoreHarness();
  storeConformance({
    describe,
    it,
    numRuns: 20,
    supports: { ...supports, comparators: false, comparatorChecks: false },
    async factory(userCode) {
      const files = new MemoryFiles();
      const options = { keyEncoding: 'view', valueEncoding: 'view', ...userCode } as const;
      const store = await openStore<Uint8Array, Uint8Array>(files, options);
      /** A flush is where entries may move: to tables, and to another table in memory. */
      const flush = async (): Promise<void> => {
        await store.checkpoint();
        await store.compact();
        store.verify();
      };
      const closeStore = store.close.bind(store);
      /** What is in the files at the end is what was in the store. */
      const close = async (): Promise<void> => {
        const plain = { keyEncoding: 'view', valueEncoding: 'view' } as const;
        const content = [...store.iterator(plain)];
        const { lastSequence } = store.stats();
        await closeStore();
        const again = await openStore<Uint8Array, Uint8Array>(files, plain);
        expect([...again]).toEqual(content);
        expect(again.stats().lastSequence).toBe(lastSequence);
        await again.close();
      };
      return Object.assign(store, { flush, close }) as unknown as Store;
    },
  });
});

test('what is written is there when the store is opened again', async () => {
  const files = new MemoryFiles();
  const store = await openStore(files);
  store.put('a', '1');
  store.batch([
    { type: 'put', key: 'b', value: '2' },
    { type: 'put', key: 'c', value: '3' },
  ]);
  store.del('b');
  files.kill();
  const second = await openStore(files);
  expect([...second]).toEqual([
    ['a', '1'],
    ['c', '3'],
  ]);
  expect(second.stats().lastSequence).toBe(4);
  second.put('a', '1.1');
  await second.checkpoint();
  second.clear();
  second.put('d', '4');
  await second.close();
  const third = await openStore(files);
  expect([...third]).toEqual([['d', '4']]);
  third.verify();
  await third.close();
});

describe('levels of durability', () => {
  /** What another process finds after a kill, and after a power cut that keeps nothing more than it must. */
  async function left(files: MemoryFiles): Promise<[killed: string, cut: string]> {
    const keys = async (each: MemoryFiles): Promise<string> => [...(await openStore(each)).keys()].join('');
    const cuts = await Promise.all(Array.from({ length: 40 }, (_, seed) => keys(files.crash(seed))));
    return [await keys(files.copy()), cuts.sort((a, b) => a.length - b.length)[0]];
  }

  test('a write at level memory comes with the next one, a write at os survives a kill, durable() a power cut', async () => {
    const files = new MemoryFiles();
    const store = await openStore(files);
    store.put('a', '');
    expect(await left(files)).toEqual(['a', '']);
    store.put('b', '', { durability: 'memory' });
    store.del('x', { durability: 'memory' });
    expect([store.get('b'), ...(await left(files))]).toEqual(['', 'a', '']);
    store.put('c', '');
    expect(await left(files)).toEqual(['abc', '']);
    await store.durable(1);
    expect((await left(files))[1]).toBe('abc');
    store.batch([{ type: 'put', key: 'd', value: '' }], { durability: 'memory' });
    await store.durable();
    expect(await left(files)).toEqual(['abcd', 'abcd']);
    store.put('e', '', { durability: 'memory' });
    await store.close();
    expect(await left(files)).toEqual(['abcde', 'abcde']);
  });

  test('a write at level disk begins a sync, and writes of one turn share it', async () => {
    const syncs: string[] = [];
    const files = new MemoryFiles({ onOperation: ({ kind, name }) => kind === 'sync' && syncs.push(name) });
    const store = await openStore(files, { durability: 'disk' });
    syncs.length = 0;
    const waiting = Array.from({ length: 64 }, async (_, i) => {
      store.put(String(i), '');
      await store.durable();
      store.put(`${i} again`, '');
      await store.durable();
    });
    await Promise.all(waiting);
    expect(syncs).toHaveLength(2);
    store.put('not waited for', '');
    await new Promise((goOn) => setTimeout(goOn, 0));
    expect(syncs).toHaveLength(3);
    expect(store.stats().log).toMatchObject({ writtenSequence: 129, syncedSequence: 129, syncs: { count: 3 } });
    expect(store.stats().log.syncs.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(3);
    await store.close();
  });

  test('the level of a call is not that of calls inside it', async () => {
    const files = new MemoryFiles();
    const store = await openStore(files, {
      durability: 'memory',
      valueEncoding: {
        encode(value: string): string {
          if (value === 'outer') store.put('inner', 'x');
          return value;
        },
        decode: String,
      },
    });
    const appends = (): number => files.content('000002.log').length;
    const before = appends();
    store.put('a', 'x');
    expect(appends()).toBe(before);
    store.put('b', 'outer', { durability: 'os' });
    expect(appends()).toBeGreaterThan(before);
    const after = appends();
    store.put('c', 'x');
    expect(appends()).toBe(after);
    await store.close();
  });
});

test('clear() without a range is one record of deletions, also under a snapshot and of what is not there', async () => {
  const files = new MemoryFiles();
  const store = await openStore(files);
  store.batch(['a', 'b', 'c'].map((key) => ({ type: 'put', key, value: key })));
  store.del('b');
  store.clear();
  expect([store.size, store.stats().lastSequence]).toEqual([0, 6]);
  store.clear();
  store.put('d', '');
  const snapshot = store.snapshot();
  store.clear();
  snapshot.close();
  const log = (await files.list()).find((name) => name.endsWith('.log'))!;
  const counts = [];
  for (const piece of readLog(files.content(log))) if (piece.kind === 'record') counts.push(piece.bytes[8]);
  expect(counts).toEqual([0, 3, 1, 2, 1, 1]);
  expect([...(await openStore(files.copy()))]).toEqual([]);
});

test('a write that finds no room is not in the log', async () => {
  const files = new MemoryFiles();
  const store = await openStore(files, { maxBytes: 128 << 10 });
  let count = 0;
  expect(() => {
    for (;;) store.put(`key ${count++}`, 'v'.repeat(1000));
  }).toThrow('no room for');
  expect(() =>
    store.batch(Array.from({ length: 100 }, (_, i) => ({ type: 'put', key: `${i}`, value: 'v'.repeat(1000) }))),
  ).toThrow('no room for');
  const again = await openStore(files.copy(), { maxBytes: 128 << 10 });
  expect([...again]).toEqual([...store]);
  await store.close();
  const larger = await openStore(files);
  for (let i = 0; i < 400; i++) larger.put(`more ${i}`, 'v'.repeat(1000));
  await larger.close();
  await expect(openStore(files, { maxBytes: 128 << 10 })).rejects.toThrow('no room for');
  expect((await openStore(files)).size).toBe(again.size + 400);
});

describe('checkpoints', () => {
  test('they begin on their own when the logs are long, those of earlier sessions too, and writes go on', async () => {
    const files = new MemoryFiles();
    const events: DiskStoreEvent[] = [];
    for (let session = 0; session < 3; session++) {
      const store = await openStore(files, { logBytesMax: 5000, onEvent: (event) => events.push(event) });
      for (let i = 0; i < 20; i++) store.put(`key ${session} ${i}`, 'v'.repeat(100));
      await new Promise((goOn) => setTimeout(goOn, 20));
      store.put('key', String(session));
      await store.close();
      files.kill();
    }
    const checkpoints = events.filter(({ type }) => type === 'checkpoint');
    expect(checkpoints).toEqual([
      { type: 'checkpoint', sequence: 41, entryCount: 41, ms: expect.any(Number) as number },
    ]);
    const store = await openStore(files, { onEvent: (event) => events.push(event) });
    expect([store.size, store.get('key')]).toEqual([61, '2']);
    expect(events.filter(({ type }) => type === 'recover').at(-1)).toMatchObject({ stage: 'entries', entryCount: 61 });
    await store.close();
  });

  test('one that runs while the store is used has what the store had when it began', async () => {
    const files = new MemoryFiles();
    const store = await openStore(files, { garbageBytesMin: 0, garbageRatioMax: 0.01 });
    for (let i = 0; i < 10_000; i++) store.put(`key ${i}`, `value ${i}`.padEnd(200));
    let isOver = false;
    const checkpoint = store.checkpoint().then(() => (isOver = true));
    let turns = 0;
    for (let i = 0; !isOver; i++, turns++) {
      store.put(`key ${i % 10_000}`, `again ${i}`);
      store.del(`key ${(i * 7) % 10_000}`);
      if (i === 3) await store.compact();
      await new Promise((goOn) => setImmediate(goOn));
    }
    await checkpoint;
    expect(turns).toBeGreaterThan(3);
    store.verify();
    const again = await openStore(files.copy());
    expect([...again]).toEqual([...store]);
    expect(store.stats().pins).toEqual([]);
    await store.close();
  });

  test('close() ends one that runs', async () => {
    const files = new MemoryFiles();
    const store = await openStore(files);
    for (let i = 0; i < 5000; i++) store.put(`key ${i}`, `value ${i}`.padEnd(200));
    const checkpoint = store.checkpoint();
    const next = store.checkpoint();
    await new Promise((goOn) => setTimeout(goOn, 5));
    const closed = Promise.all([
      expect(checkpoint).rejects.toThrow('the store has been closed'),
      expect(next).rejects.toThrow('the store has been closed'),
    ]);
    await store.close();
    await closed;
    await store.close();
    expect((await openStore(files)).size).toBe(5000);
  });
});
