import { spawnSync } from 'node:child_process';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LifecycleEvent } from '@memtable/memtable';
import type { StoreSnapshot } from '../src/index.js';
import { MemStore, type MemStoreOptions } from '../src/index.js';

const error = (code: string, message = '') =>
  expect.objectContaining({
    name: 'MemTableError',
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;

const filled = (options?: MemStoreOptions<string, string>) => {
  const store = new MemStore(options);
  for (const letter of 'abcde') store.put(letter, letter.toUpperCase());
  return store;
};

/** Options under which no compaction begins on its own. */
const NEVER = { garbageBytesMin: 2 ** 30 };

describe('keys and values of a store', () => {
  test('strings of all kinds come out as they went in, in the order of their UTF-8 bytes', () => {
    const store = new MemStore();
    const keys = ['', 'a', 'z'.repeat(25), 'ä', '\u{ffff}', '\u{10000}', '\ufeff', 'x'.repeat(300), '日本'.repeat(200)];
    for (const key of keys) store.put(key, `${key}!`);
    for (const key of keys) expect(store.get(key)).toBe(`${key}!`);
    const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...store.keys()]).toEqual(byBytes);
    expect(store.getMany(['a', 'none', ''])).toEqual(['a!', undefined, '!']);
    store.verify();
  });

  test('encodings may be names, or objects made elsewhere', () => {
    const store = new MemStore<number, { n: number }>({
      // The shape of level-transcoder's encodings.
      keyEncoding: {
        name: 'number',
        format: 'view',
        encode: (n: number) => new Uint8Array([n]),
        decode: ([n]: Uint8Array) => n,
      },
      valueEncoding: 'json',
    });
    store.put(2, { n: 2 });
    store.put(1, { n: 1 });
    expect([...store]).toEqual([
      [1, { n: 1 }],
      [2, { n: 2 }],
    ]);
    const views = new MemStore<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'buffer' });
    views.put(new Uint8Array([1]), new Uint8Array([2]));
    const [[key, value]] = [...views];
    expect([Buffer.isBuffer(key), Buffer.isBuffer(value)]).toEqual([false, true]);
    expect(views.get(key, { valueEncoding: 'view' })).toEqual(new Uint8Array([2]));
  });

  test('getView() gives a view of the memory, which the next write changes', () => {
    const store = new MemStore();
    store.put('a', 'one');
    const view = store.getView('a')!;
    expect(Buffer.from(view).toString()).toBe('one');
    store.put('a', 'two');
    expect(Buffer.from(view).toString()).toBe('two'); // Overwritten in place.
    expect(store.getView('b')).toBeUndefined();
  });

  test.each(['put', 'batch'] as const)(
    '%s takes a view of the store itself as value, even if the memory moves',
    (method) => {
      const bytes = new Uint8Array(40_000).fill(1);
      const store = new MemStore<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' });
      store.put(Uint8Array.of(0, 0), bytes);
      store.put(Uint8Array.of(1, 1), Uint8Array.of(2, 2));
      let moves = 0;
      for (let count = 1; count < 100; count++) {
        const view = store.getView(Uint8Array.of(0, 0))!;
        const key = store.getView(Uint8Array.of(1, 1))!;
        if (method === 'put') store.put(Uint8Array.of(3, count), view);
        else {
          store.batch([
            { type: 'put', key: Uint8Array.of(3, count), value: view },
            { type: 'put', key: Uint8Array.of(4, count), value: view },
            { type: 'put', key, value: Uint8Array.of(count) },
          ]);
          expect(Buffer.compare(store.get(Uint8Array.of(4, count))!, bytes)).toBe(0);
          expect(store.get(Uint8Array.of(2, 2))).toEqual(Uint8Array.of(count));
          expect(store.count()).toBe(3 + 2 * count);
        }
        expect(Buffer.compare(store.get(Uint8Array.of(3, count))!, bytes)).toBe(0);
        if (view.length === 0) moves++;
      }
      expect(moves).toBeGreaterThan(1);
      store.verify();
    },
  );
});

describe('ranges of a store', () => {
  test.each([
    [{ gt: 'b' }, 'cde'],
    [{ gte: 'b', lt: 'd' }, 'bc'],
    [{ gt: 'a', gte: 'a' }, 'bcde'],
    [{ lte: 'd', lt: 'c', reverse: true }, 'ba'],
    [{ reverse: true, limit: 2 }, 'ed'],
    [{ limit: -1 }, 'abcde'],
    [{ limit: 0 }, ''],
    [{ prefix: 'c' }, 'c'],
    [{ prefix: '' }, 'abcde'],
    [{ gt: 'c', lt: 'b' }, ''],
  ])('keys, values, count() and clear() agree on %o', (range, expected) => {
    const store = filled();
    expect([...store.keys(range)].join('')).toBe(expected);
    expect([...store.values(range)].join('')).toBe(expected.toUpperCase());
    expect(store.count(range)).toBe(expected.length);
    store.clear(range);
    expect([...store.keys()].join('')).toBe([...'abcde'].filter((key) => !expected.includes(key)).join(''));
    store.verify();
  });

  test('a prefix of json keys is refused, by the encoding of the store or of the call', () => {
    const store = new MemStore<unknown>({ keyEncoding: 'json' });
    store.put(['a', 1], 'x');
    expect(() => store.keys({ prefix: ['a'] })).toThrow(error('MEMTABLE_INVALID_OPTION', "encoding 'json'"));
    expect(() => new MemStore().count({ prefix: 'a', keyEncoding: 'json' })).toThrow(error('MEMTABLE_INVALID_OPTION'));
  });

  test('a prefix may end in bytes 0xff', () => {
    const store = new MemStore<Uint8Array, string>({ keyEncoding: 'view' });
    for (const key of [[0xfe, 1], [0xff], [0xff, 0xff], [0xff, 0xff, 1]]) store.put(new Uint8Array(key), '');
    expect(store.count({ prefix: new Uint8Array([0xff, 0xff]) })).toBe(2);
    expect(store.count({ prefix: new Uint8Array([0xfe]) })).toBe(1);
  });

  test('seek() of an iterator goes on from a key, in either direction', () => {
    const store = filled();
    const forward = store.keys({ lt: 'e' });
    forward.seek('c');
    expect(forward.nextv(2)).toEqual(['c', 'd']);
    forward.seek('a');
    expect(forward.next().value).toBe('a');
    forward.seek('f');
    expect(forward.next().done).toBe(true);
    const backward = store.keys({ reverse: true });
    backward.seek('bb');
    expect([...backward]).toEqual(['b', 'a']);
  });
});

describe('conditional writes of a store', () => {
  test('putIfAbsent() sets a key only if it has no value', () => {
    const store = filled();
    expect([store.putIfAbsent('a', 'x'), store.putIfAbsent('f', 'F')]).toEqual([false, true]);
    store.del('a');
    expect(store.putIfAbsent('a', 'x')).toBe(true);
    expect(store.getMany(['a', 'f'])).toEqual(['x', 'F']);
  });

  test('compareAndSet() compares stored values, and undefined means no value', () => {
    const store = filled();
    expect(store.compareAndSet('a', 'B', 'x')).toBe(false);
    expect(store.compareAndSet('a', 'A', 'x')).toBe(true);
    expect(store.compareAndSet('a', undefined, 'y')).toBe(false);
    expect(store.compareAndSet('none', undefined, undefined)).toBe(true);
    expect(store.compareAndSet('new', undefined, 'y')).toBe(true);
    expect(store.compareAndSet('b', 'B', undefined)).toBe(true);
    expect(store.getMany(['a', 'b', 'new', 'none'])).toEqual(['x', undefined, 'y', undefined]);
  });

  test('update() sets the result of a function, which may use the store or throw', () => {
    const store = filled();
    expect(store.update('a', (value) => `${value}!`)).toBe('A!');
    expect(store.update('b', () => undefined)).toBeUndefined();
    expect(store.update('n', (value) => value ?? 'new')).toBe('new');
    store.update('c', (value) => {
      store.put('c', 'from inside');
      store.del('d');
      return `${value}, updated`;
    });
    const thrower = () => {
      throw new Error('no');
    };
    expect(() => store.update('a', thrower)).toThrow('no');
    expect([...store]).toEqual(Object.entries({ a: 'A!', c: 'C, updated', e: 'E', n: 'new' }));
    store.verify();
  });

  test('putIfAbsent() and compareAndSet() search once, update() searches again after its function', () => {
    let compared = 0;
    const comparator = (a: Uint8Array, b: Uint8Array) => {
      compared++;
      return Buffer.compare(a, b);
    };
    const store = new MemStore({ comparator });
    for (let i = 0; i < 1000; i++) store.put(`key ${i}`, 'value');
    const cost = (call: () => unknown) => {
      compared = 0;
      call();
      return compared;
    };
    const search = cost(() => store.get('key 500x'));
    expect(cost(() => store.putIfAbsent('key 500x', 'a'))).toBeLessThan(1.5 * search);
    expect(cost(() => store.update('key 500y', () => 'b'))).toBeLessThan(2.5 * search);
    expect(cost(() => store.compareAndSet('key 500x', 'a', 'c'))).toBeLessThan(1.5 * search);
  });
});

describe('memory of a store', () => {
  test('a value that is no longer than the old one overwrites it in place and takes no memory', () => {
    const store = filled(NEVER);
    const before = store.memoryUsage();
    const { liveBytes } = store.stats();
    for (let i = 0; i < 100_000; i++) store.put('abcde'[i % 5], String(i % 10));
    expect(store.memoryUsage()).toBe(before);
    expect(store.stats()).toMatchObject({ liveBytes, garbageBytes: 0, heldBytes: 0, entryCount: 5 });
  });

  test('every byte of an entry is counted as live, held or garbage', () => {
    const store = filled(NEVER);
    const bytes = store.stats().liveBytes / 5;
    const [first, second] = [store.snapshot(), (store.put('a', '1'), store.snapshot())];
    store.put('a', '2');
    store.put('a', '3'); // In place, because nobody sees '2'.
    expect(store.stats()).toMatchObject({ liveBytes: 5 * bytes, heldBytes: 2 * bytes, garbageBytes: 0 });
    expect(store.stats().pins.map(({ heldBytes }) => heldBytes)).toEqual([bytes, bytes]);
    store.verify();
    first.close();
    expect(store.stats()).toMatchObject({ heldBytes: bytes, garbageBytes: bytes });
    second.close();
    expect(store.stats()).toMatchObject({ liveBytes: 5 * bytes, heldBytes: 0, garbageBytes: 2 * bytes });
    store.del('b');
    expect(store.stats()).toMatchObject({ liveBytes: 4 * bytes, garbageBytes: 3 * bytes });
    store.verify();
  });

  test('a store at its limit refuses a write and is as before', () => {
    const store = new MemStore({ maxBytes: 256 << 10, ...NEVER });
    const value = 'x'.repeat(1000);
    let count = 0;
    const fill = () => {
      for (;;) {
        store.put(`key ${count}`, value);
        count++;
      }
    };
    expect(fill).toThrow(error('MEMTABLE_FULL', 'bytes are in use'));
    expect(count).toBeGreaterThan(80);
    expect(store.memoryUsage()).toBeLessThanOrEqual(256 << 10);
    const before = [...store];
    const batch = Array.from({ length: 10 }, (_, i) => ({ type: 'put' as const, key: `new ${i}`, value }));
    expect(() => store.batch([{ type: 'del', key: 'key 1' }, ...batch])).toThrow(error('MEMTABLE_FULL'));
    expect([...store]).toEqual(before);
    store.verify();
    for (let i = 0; i < 40; i++) store.del(`key ${i}`); // In place, which takes no memory.
    expect(store.size).toBe(count - 40);
  });

  test('admit() lets waiting writers go on in order as soon as there is room', async () => {
    const events: LifecycleEvent[] = [];
    const store = new MemStore({ maxBytes: 256 << 10, onEvent: (event) => events.push(event) });
    const value = 'x'.repeat(1000);
    expect(() => {
      for (let i = 0; ; i++) store.put(`key ${i}`, value);
    }).toThrow(error('MEMTABLE_FULL'));
    const order: number[] = [];
    const signal = AbortSignal.abort(new Error('tired'));
    await expect(store.admit(1000, { signal })).rejects.toThrow('tired');
    await expect(store.admit(1 << 30)).rejects.toThrow(error('MEMTABLE_FULL'));
    const waits = [1, 2].map((n) => store.admit(2000).then(() => order.push(n)));
    expect(store.stats().waiting).toMatchObject({ writers: 2, bytes: 4000, reason: 'full' });
    for (let i = 0; i < 60; i++) store.del(`key ${i}`);
    await Promise.all(waits);
    expect(order).toEqual([1, 2]);
    store.put('new', value);
    expect(store.memoryUsage()).toBeLessThanOrEqual(256 << 10);
    // Deleted bytes count as room at once. A put that needs them runs a compaction.
    const types = events.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(['stall', 'resume']);
    expect(types.filter((type) => type === 'resume')).toHaveLength(1);
    for (let i = 0; i < 40; i++) store.put(`newer ${i}`, value);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['freeze', 'compact', 'drop']));
    store.close();
  });

  test('a full store with garbage compacts within a synchronous write', () => {
    const store = new MemStore({ maxBytes: 512 << 10 });
    for (let i = 0; i < 20_000; i++) {
      store.put(`key ${i}`, 'x'.repeat(100 + (i % 100)));
      if (i >= 500) store.del(`key ${i - 500}`);
    }
    expect(store.size).toBe(500);
    expect(store.stats().compaction.finished).toBeGreaterThan(5);
    store.verify();
  });

  // Found by the model in compaction.test.ts.
  test('a compaction that becomes due during clear() of a range begins after it', () => {
    const store = new MemStore({ garbageBytesMin: 0, garbageRatioMax: 0.01 });
    for (let i = 0; i < 100; i++) store.put(`key ${i}`, 'value');
    store.clear({ gt: 'key 1' });
    expect([...store.keys()]).toEqual(['key 0', 'key 1']);
    store.verify();
  });

  test('clear() of all keys gives the memory back at once', () => {
    const store = new MemStore();
    for (let i = 0; i < 10_000; i++) store.put(`key ${i}`, 'value');
    const before = store.memoryUsage();
    store.clear();
    expect(store.memoryUsage()).toBeLessThan(before / 10);
    expect([...store]).toEqual([]);
    store.put('a', 'b');
    expect([...store]).toEqual([['a', 'b']]);
  });
});

describe('snapshots and iterators of a store', () => {
  test('stats() lists open ones with their age and held bytes, and using closes them', () => {
    const store = filled({ pinStacks: true });
    {
      using snapshot = store.snapshot();
      const iterator = store.keys({ snapshot });
      store.put('a', 'longer than it was');
      const { pins } = store.stats();
      expect(pins).toMatchObject([{ kind: 'snapshot', sequence: 5 }]); // The iterator uses the pin of its snapshot.
      expect(pins[0].heldBytes).toBeGreaterThan(0);
      expect(pins[0].ageMs).toBeGreaterThanOrEqual(0);
      expect(pins[0].stack).toContain('store.test.ts');
      snapshot.close();
      expect(store.stats().pins).toHaveLength(1);
      iterator.close();
    }
    expect(store.stats().pins).toEqual([]);
    for (const key of store.keys()) if (key === 'b') break;
    expect(store.stats().pins).toEqual([]);
  });

  test('a process warning names a forgotten one, once', () => {
    const script = `
      const { MemStore } = await import(${JSON.stringify(pathToFileURL(join(__dirname, '../dist/index.js')))});
      const store = new MemStore({ pinWarningMs: 20 });
      store.put('a', 'b');
      store.snapshot();
      store.put('a', 'longer than it was');
      await new Promise((resolve) => setTimeout(resolve, 100));
    `;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const warnings = stderr.split('\n').filter((line) => line.includes('MEMTABLE_PINNED'));
    expect(warnings).toEqual([
      expect.stringMatching(/A snapshot of a MemStore has been open for 0 s and holds 12 bytes of old entries\./),
    ]);
  });
});

test('MemStore passes its events to onEvent, publishes them, and traces compactions', async () => {
  const events: LifecycleEvent[] = [];
  const store = filled({ onEvent: (event) => events.push(event), ...NEVER });
  const seen: string[] = [];
  const messages: unknown[] = [];
  const listen = (message: unknown) => {
    if ((message as { store: unknown }).store === store) messages.push(message);
  };
  channel('memtable:store').subscribe(listen);
  const note = (name: string) => (context: object) => {
    const { store: of, result } = context as { store: unknown; result?: object };
    if (of === store) seen.push(result === undefined ? name : `${name} with a result`);
  };
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  };
  tracingChannel('memtable:compaction').subscribe(subscribers);
  store.del('a');
  await store.compact();
  expect(events.map(({ type }) => type)).toEqual(['freeze', 'compact', 'drop']);
  expect(events[1]).toMatchObject({ type: 'compact', entryCount: 4, slices: 1 });
  expect(messages).toEqual(events.map((event) => ({ store, ...event })));
  expect(seen).toEqual(['start', 'end', 'asyncStart with a result', 'asyncEnd with a result']);
  channel('memtable:store').unsubscribe(listen);
  tracingChannel('memtable:compaction').unsubscribe(subscribers);
});

describe('misuse of a store', () => {
  test('an error names the kind of the wrong value, and nothing has changed', () => {
    const store = filled();
    const before = [...store];
    const any = store as MemStore<unknown, unknown>;
    expect(() => any.put(null, 'x')).toThrow(new TypeError('the key must not be null'));
    expect(() => any.put('x', undefined)).toThrow(new TypeError('the value must not be undefined'));
    expect(() => any.get(1)).toThrow(new TypeError('the key must be a string or bytes, not the number 1'));
    expect(() => any.put('x', {})).toThrow(
      new TypeError('the value must be a string or bytes, not an object (Object)'),
    );
    expect(() => any.keys({ gte: null })).toThrow(new TypeError('the key must not be null'));
    expect(() => any.keys({ limit: 1.5 })).toThrow(error('MEMTABLE_INVALID_OPTION', 'limit'));
    expect(() => any.getMany('ab' as never)).toThrow("the keys must be an array, not the string 'ab'");
    expect(() => any.batch({} as never)).toThrow('a batch must be an array, not an object (Object)');
    expect(() => any.batch([{ type: 'put', key: 'x', value: 'y' }, null as never])).toThrow('not null');
    expect(() => any.batch([{ type: 'put', key: 'x', value: 'y' }, { type: 'set' } as never])).toThrow(
      "the type of an operation must be 'put' or 'del': 'set'",
    );
    expect(() => any.batch([{ type: 'put', key: 'x', value: 'y' }, { type: 'put', key: 'z' } as never])).toThrow(
      new TypeError('the value must not be undefined'),
    );
    expect([...store]).toEqual(before);
    store.verify();
  });

  test.each([
    [{ maxBytes: 1 }, 'maxBytes must be a number from'],
    [
      { keyEncoding: 'latin1' as 'utf8' },
      "keyEncoding must be 'utf8', 'buffer', 'view', 'json' or an encoding: 'latin1'",
    ],
    [{ garbageRatioMax: 1 }, 'garbageRatioMax'],
    [{ reserveBytes: 1 }, 'reserveBytes'],
  ])('the option %o is refused', (options, message) => {
    expect(() => new MemStore(options)).toThrow(message);
  });

  test('a read refuses a snapshot that is closed, of another store, or no snapshot', () => {
    const store = filled();
    const snapshot = store.snapshot();
    snapshot.close();
    expect(() => store.get('a', { snapshot })).toThrow(error('MEMTABLE_SNAPSHOT_CLOSED'));
    expect(() => store.keys({ snapshot })).toThrow(error('MEMTABLE_SNAPSHOT_CLOSED'));
    const other = new MemStore().snapshot();
    expect(() => store.get('a', { snapshot: other })).toThrow(new TypeError('the snapshot is of another store'));
    expect(() => store.get('a', { snapshot: {} as StoreSnapshot })).toThrow(
      new TypeError('the snapshot must be a snapshot of a store, not an object (Object)'),
    );
    expect(snapshot.isOpen).toBe(false);
  });

  test('a closed store refuses every call and has given its memory back', async () => {
    const store = filled();
    const iterators = Array.from({ length: 4 }, () => store.keys());
    for (const iterator of iterators) iterator.next();
    const snapshot = store.snapshot();
    store.close();
    store.close();
    const closed = error('MEMTABLE_CLOSED');
    const calls: (() => unknown)[] = [
      () => store.put('a', 'b'),
      () => store.del('a'),
      () => store.get('a'),
      () => store.getView('a'),
      () => store.has('a'),
      () => store.batch([]),
      () => store.putIfAbsent('a', 'b'),
      () => store.compareAndSet('a', 'b', 'c'),
      () => store.update('a', () => 'b'),
      () => store.clear(),
      () => store.count(),
      () => store.keys(),
      () => store.snapshot(),
      () => store.verify(),
      () => iterators[0].next(),
      () => iterators[1].nextv(1),
      () => iterators[2].seek('a'),
      () => iterators[3].keyView,
    ];
    for (const call of calls) expect(call).toThrow(closed);
    await expect(store.compact()).rejects.toThrow(closed);
    await expect(store.admit()).rejects.toThrow(closed);
    snapshot.close();
    for (const iterator of iterators) iterator.close();
    expect(iterators[0].next().done).toBe(true);
    expect(store.stats()).toMatchObject({ state: 'closed', memoryUsage: 0, entryCount: 0, pins: [] });
  });

  test("an encoding's error is the cause of a coded error, and nothing of a batch is written", () => {
    const cause = new Error('odd');
    const evenOnly = {
      name: 'even',
      format: 'utf8' as const,
      encode: (n: number) => {
        if (n % 2 === 1) throw cause;
        return String(n);
      },
      decode: (text: string) => {
        if (text === '4') throw cause;
        return Number(text);
      },
    };
    const store = new MemStore<string, number>({ valueEncoding: evenOnly });
    store.put('a', 4);
    const failed = error(
      'MEMTABLE_ENCODING_FAILED',
      "the encoding 'even' of the value failed on the number 3: Error: odd",
    );
    expect(() => store.put('a', 3)).toThrow(failed);
    const batch = [2, 3].map((value) => ({ type: 'put' as const, key: `${value}`, value }));
    expect(() => store.batch(batch)).toThrow(expect.objectContaining({ cause }) as Error);
    expect(() => store.get('a')).toThrow(error('MEMTABLE_ENCODING_FAILED', 'failed to decode the string'));
    expect([...store.keys()]).toEqual(['a']);
    store.verify();
  });

  test('a comparator that throws at any call leaves the store as before', () => {
    let throwAt = Infinity;
    const comparator = (a: Uint8Array, b: Uint8Array) => {
      if (--throwAt <= 0) throw new Error('comparator');
      return Buffer.compare(a, b);
    };
    const store = new MemStore({ comparator, blockBytes: 1024, garbageBytesMin: 0, garbageRatioMax: 0.01 });
    for (let i = 0; i < 300; i++) store.put(`key ${i}`, `${i}`);
    const snapshot = store.snapshot();
    const writes: (() => void)[] = [
      () => store.put('key 100', 'longer than before'),
      () => store.put('new', 'x'),
      () => store.del('key 101'),
      () => store.batch([100, 400, 401, 150].map((i) => ({ type: 'put', key: `key ${i}`, value: 'batch' }))),
      () => store.update('key 102', (value) => `${value}!`),
    ];
    let failures = 0;
    for (const write of writes) {
      const before = [...store];
      for (let k = 1; ; k++) {
        throwAt = k;
        let failed = false;
        try {
          write();
        } catch {
          failed = true;
        }
        throwAt = Infinity;
        if (!failed) break;
        failures++;
        expect([...store]).toEqual(before);
        store.verify();
      }
    }
    expect(failures).toBeGreaterThan(20);
    expect([...store.keys({ snapshot })]).toHaveLength(300);
    snapshot.close();
  });
});
