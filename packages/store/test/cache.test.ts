/** Caches: lifetimes beside a map with a settable clock, evictions, and what they owe to the rest of the store. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { type CacheOptions, CacheStore, type EvictReason } from '../src/cache.js';
import { fromBytes, toBytes } from '../src/bytes.js';
import type { StoreSnapshot } from '../src/index.js';
import { error } from '../../testing/test/error.js';

const backward = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(b, a);

describe('lifetimes', () => {
  interface Life {
    readonly value: string;
    readonly end: number;
  }

  type Mode = 'as it comes' | 'that is nearly always compacting' | 'with a comparator';
  const modes: Record<Mode, Partial<CacheOptions<string, string>>> = {
    'as it comes': { evict: 'oldest' },
    'that is nearly always compacting': { garbageBytesMin: 0, garbageRatioMax: 0.01 },
    'with a comparator': { comparator: backward, evict: false },
  };

  const number = fc.nat(30);
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), number, fc.nat(8)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('wait' as const), fc.nat(4), number) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('del' as const), number, number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('putIfAbsent' as const), number, number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('compareAndSet' as const), number, number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('update' as const), number, number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('pop' as const), number, number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('snapshot' as const), number, number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('compact' as const), number, number) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('read' as const), number, number) },
  );

  test.each(Object.keys(modes) as Mode[])('a cache %s answers as a map whose entries end', async (mode) => {
    const sign = mode === 'with a comparator' ? -1 : 1;
    const ttlMs = 6;
    const run = async (commands: [string, number, number][]): Promise<void> => {
      let now = 100;
      const options = { reserveBytes: 4096, blockBytes: 1024, ttlMs, clock: () => now, ...modes[mode] };
      const cache = new CacheStore(options);
      const map = new Map<string, Life>();
      const snapshots: { snapshot: StoreSnapshot; lives: Map<string, Life> }[] = [];
      const liveOf = (lives: Map<string, Life>): [string, string][] =>
        [...lives]
          .filter(([, { end }]) => now < end)
          .map(([key, { value }]): [string, string] => [key, value])
          .sort(([a], [b]) => (a < b ? -sign : sign));
      const valueOf = (key: string): string | undefined => liveOf(map).find(([each]) => each === key)?.[1];

      const check = (key: string, lives: Map<string, Life>, snapshot?: StoreSnapshot): void => {
        const read = snapshot === undefined ? {} : { snapshot };
        const live = liveOf(lives);
        const isBefore = (a: string, b: string): boolean => (a < b ? sign : a > b ? -sign : 0) > 0;
        const value = live.find(([each]) => each === key)?.[1];
        const view = cache.getView(key, read);
        expect(cache.get(key, read)).toBe(value);
        expect(cache.getMany([key], read)).toEqual([value]);
        expect(cache.has(key, read)).toBe(value !== undefined);
        expect(view === undefined ? undefined : Buffer.from(view).toString()).toBe(value);
        expect(cache.get(key, { ...read, valueEncoding: 'buffer' })?.toString()).toBe(value);
        expect([...cache.iterator(read)]).toEqual(live);
        expect([...cache.entries({ ...read, reverse: true })].reverse()).toEqual(live);
        expect(cache.iterator(read).nextv(100)).toEqual(live);
        expect(cache.count(read)).toBe(live.length);
        expect(cache.first(read)).toEqual(live.at(0));
        expect(cache.last(read)).toEqual(live.at(-1));
        expect(cache.floor(key, read)).toEqual(live.findLast(([each]) => !isBefore(key, each)));
        expect(cache.higher(key, read)).toEqual(live.find(([each]) => isBefore(key, each)));
        const walk = cache.iterator({ ...read, gte: key });
        const seen: string[] = [];
        while (walk.step()) seen.push(Buffer.from(walk.valueView).toString());
        expect(seen).toEqual(live.filter(([each]) => !isBefore(each, key)).map(([, each]) => each));
      };

      for (const [step, [type, n, m]] of commands.entries()) {
        const key = `k${String(n).padStart(2, '0')}`;
        const value = `${type}${step}`;
        const before = valueOf(key);
        if (type === 'put') {
          const own = m === 0 ? Infinity : m;
          if (m === 8) cache.put(key, value);
          else cache.put(key, value, { ttlMs: own });
          map.set(key, { value, end: now + (m === 8 ? ttlMs : own) });
        } else if (type === 'wait') now += n;
        else if (type === 'del') {
          expect(cache.del(key)).toBe(before !== undefined);
          map.delete(key);
        } else if (type === 'putIfAbsent') {
          expect(cache.putIfAbsent(key, value)).toBe(before === undefined);
          if (before === undefined) map.set(key, { value, end: now + ttlMs });
        } else if (type === 'compareAndSet') {
          const expected = m % 3 === 0 ? undefined : m % 3 === 1 ? before : 'no such value';
          expect(cache.compareAndSet(key, expected, value)).toBe(before === expected);
          if (before === expected) map.set(key, { value, end: now + ttlMs });
        } else if (type === 'update') {
          cache.update(key, (current) => {
            expect(current).toBe(before);
            return m % 3 === 0 ? undefined : value;
          });
          if (m % 3 === 0) map.delete(key);
          else map.set(key, { value, end: now + ttlMs });
        } else if (type === 'pop') {
          const live = liveOf(map);
          const popped = m % 2 === 0 ? cache.popFirst() : cache.popLast();
          expect(popped).toEqual(m % 2 === 0 ? live.at(0) : live.at(-1));
          if (popped !== undefined) map.delete(popped[0]);
        } else if (type === 'snapshot') {
          if (m % 2 === 0) snapshots.push({ snapshot: cache.snapshot(), lives: new Map(map) });
          else snapshots.splice(m % (snapshots.length + 1), 1)[0]?.snapshot.close();
        } else if (type === 'compact') {
          await cache.compact();
          if (snapshots.length === 0) expect(cache.size).toBe(liveOf(map).length);
        } else {
          check(key, map);
          for (const { snapshot, lives } of snapshots) check(key, lives, snapshot);
        }
      }
      check('k15', map);
      cache.verify();
      for (const { snapshot } of snapshots) snapshot.close();
      await cache.compact();
      expect(cache.size).toBe(liveOf(map).length);
      cache.verify();
      cache.close();
    };
    await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 100 }), run), { numRuns: 150 });
  });

  test('an entry ends when the clock says so, on the millisecond, and a put begins a new life', () => {
    let now = 0;
    const cache = new CacheStore({ ttlMs: 10, clock: () => now });
    cache.put('a', '1');
    now = 9;
    expect(cache.get('a')).toBe('1');
    now = 10;
    expect([cache.get('a'), cache.has('a'), cache.isDeleted('a'), cache.size]).toEqual([undefined, false, false, 1]);
    cache.put('a', '2');
    now = 19;
    expect(cache.get('a')).toBe('2');
  });

  test('the newest version hides older ones that would live longer', () => {
    let now = 0;
    const cache = new CacheStore({ clock: () => now });
    cache.put('a', 'long');
    const snapshot = cache.snapshot();
    cache.put('a', 'short', { ttlMs: 5 });
    now = 5;
    expect([cache.get('a'), cache.get('a', { snapshot }), cache.first(), cache.first({ snapshot })]).toEqual([
      undefined,
      'long',
      undefined,
      ['a', 'long'],
    ]);
    expect([[...cache], [...cache.iterator({ snapshot, reverse: true })]]).toEqual([[], [['a', 'long']]]);
  });

  test('writes remove ended entries: no more than about a third of all stay, and no timer runs', () => {
    let now = 0;
    const cache = new CacheStore({ ttlMs: 1000, clock: () => now });
    let sizeMax = 0;
    for (let i = 0; i < 20_000; i++) {
      now++;
      cache.put(`key ${(i * 7919) % 20_000}`, 'x'.repeat(50));
      sizeMax = Math.max(sizeMax, cache.size);
    }
    expect(cache.count()).toBe(1000);
    expect(sizeMax).toBeLessThan(2000);
    cache.verify();
  });

  test('a compaction removes all of them, and gives their memory back', async () => {
    let now = 0;
    const removed: string[] = [];
    const cache = new CacheStore({ ttlMs: 10, clock: () => now, onEvict: (key, reason) => removed.push(key + reason) });
    for (let i = 0; i < 1000; i++) cache.put(`${1000 + i}`, 'x'.repeat(100));
    cache.put('kept', '', { ttlMs: 1000 });
    now = 10;
    await cache.compact();
    expect([cache.size, removed.length, removed[0]]).toEqual([1, 1000, '1000expired']);
    expect(cache.memoryUsage()).toBeLessThan(33 << 10);
    cache.verify();
  });
});

describe('evictions', () => {
  const maxBytes = 1 << 20;
  const keyOf = (i: number): string => `key ${String(i).padStart(7, '0')}`;

  test('oldest: 100,000 ascending puts in 1 MiB never throw, stay below it, and the newest entries stay', () => {
    const cache = new CacheStore({ maxBytes, evict: 'oldest' });
    let bytesMax = 0;
    for (let i = 0; i < 100_000; i++) {
      cache.put(keyOf(i), 'x'.repeat(40 + (i % 20)));
      bytesMax = Math.max(bytesMax, cache.memoryUsage());
    }
    expect(bytesMax).toBeLessThanOrEqual(maxBytes);
    const { size } = cache;
    expect(size).toBeGreaterThan(4000);
    const ages = Array.from(cache.keys(), (key) => 99_999 - Number(key.slice(4)));
    // An exact policy keeps the ages below `size`. Of 16 random entries the oldest one is nearly as good.
    expect(ages.filter((age) => age < size).length).toBeGreaterThan(0.85 * size);
    expect(ages.filter((age) => age < size / 2).length).toBeGreaterThan(0.99 * (size / 2));
    expect(ages.filter((age) => age > 2 * size).length).toBeLessThan(0.001 * size);
    cache.verify();
  });

  test('lru: the entries that are read stay, whenever they were written', () => {
    const cache = new CacheStore({ maxBytes, evict: 'lru' });
    for (let i = 0; i < 500; i++) cache.put(`read ${i}`, 'x'.repeat(50));
    let missed = 0;
    for (let i = 0; i < 40_000; i++) {
      cache.put(keyOf(i), 'x'.repeat(50));
      if (cache.get(`read ${(i * 7) % 500}`) === undefined) missed++;
    }
    expect([missed, cache.count({ prefix: 'read' })]).toEqual([0, 500]);
    expect(cache.memoryUsage()).toBeLessThanOrEqual(maxBytes);
    // A policy that looks at writes alone loses them.
    const other = new CacheStore({ maxBytes, evict: 'oldest' });
    for (let i = 0; i < 500; i++) other.put(`read ${i}`, 'x'.repeat(50));
    for (let i = 0; i < 15_000; i++) {
      other.put(keyOf(i), 'x'.repeat(50));
      other.get(`read ${(i * 7) % 500}`);
    }
    expect(other.count({ prefix: 'read' })).toBeLessThan(50);
  });

  test.each([
    ['values that differ in size', { evict: 'lru' } as const],
    ['a comparator', { evict: 'oldest', comparator: backward } as const],
    ['lifetimes', { evict: 'lru', ttlMs: 5000 } as const],
  ])('6,000 random writes with %s never throw', (_, options) => {
    let now = 0;
    let told = 0;
    const cache = new CacheStore({ maxBytes: 256 << 10, clock: () => now++, onEvict: () => told++, ...options });
    for (let i = 0; i < 6000; i++) {
      const key = `${(i * 7919) % 3001}`;
      if (i % 11 === 0)
        cache.batch([
          { type: 'del', key },
          { type: 'put', key: `${i}`, value: 'y'.repeat(i % 300) },
        ]);
      else if (i % 7 === 0) cache.update(key, (old = '') => old.slice(1) + 'z'.repeat(i % 100));
      else cache.put(key, 'x'.repeat((i * 31) % 500));
      if (i % 2000 === 0) cache.verify();
    }
    expect(cache.memoryUsage()).toBeLessThanOrEqual(256 << 10);
    expect(told).toBeGreaterThan(500);
  });

  test('false: a full cache throws, until an entry ends', () => {
    let now = 0;
    const removed: EvictReason[] = [];
    const onEvict = (_: string, reason: EvictReason) => removed.push(reason);
    const cache = new CacheStore({ maxBytes: 128 << 10, evict: false, clock: () => now, onEvict });
    let count = 0;
    const fill = () => {
      for (; ; count++) cache.put(keyOf(count), 'x'.repeat(100), count === 77 ? { ttlMs: 10 } : {});
    };
    expect(fill).toThrow(error('MEMTABLE_FULL'));
    expect([cache.size, removed]).toEqual([count, []]);
    now = 10;
    cache.put('more', 'x'.repeat(100));
    expect([cache.size, removed]).toEqual([count, ['expired']]);
    expect(fill).toThrow(error('MEMTABLE_FULL'));
  });

  test('what a snapshot sees stays; when it sees all, puts throw, and go on after it', () => {
    const cache = new CacheStore({ maxBytes: 128 << 10 });
    const fill = (from: number, to: number) => {
      for (let i = from; i < to; i++) cache.put(keyOf(i), 'x'.repeat(100));
    };
    fill(0, 200);
    const snapshot = cache.snapshot();
    const before = [...cache];
    fill(200, 2000);
    expect([...cache.iterator({ snapshot })]).toEqual(before);
    expect([...cache].slice(0, 200)).toEqual(before);
    const second = cache.snapshot();
    expect(() => fill(2000, 4000)).toThrow(error('MEMTABLE_FULL'));
    cache.verify();
    snapshot.close();
    second.close();
    fill(2000, 4000);
    expect(cache.get(keyOf(3999))).toBe('x'.repeat(100));
    cache.verify();
  });

  test('a value that has no room even in an empty cache is refused, and evicts nothing', () => {
    const cache = new CacheStore({ maxBytes: 128 << 10 });
    for (let i = 0; i < 300; i++) cache.put(keyOf(i), 'x'.repeat(100));
    expect(() => cache.put('large', 'x'.repeat(64 << 10))).toThrow(error('MEMTABLE_FULL'));
    expect(cache.size).toBe(300);
  });

  test('onEvict gets the key after the write, and may write', () => {
    const told: string[] = [];
    const cache: CacheStore<number[], string> = new CacheStore<number[], string>({
      maxBytes: 128 << 10,
      keyEncoding: 'json',
      onEvict: (key, reason) => {
        told.push(`${key.length} ${reason} ${cache.has([-1])}`);
        if (told.length < 50) cache.put([-1, told.length], 'x'.repeat(100));
      },
    });
    cache.put([-1], '');
    for (let i = 0; i < 2000; i++) {
      cache.put([i, i], 'x'.repeat(100));
      cache.get([-1]);
    }
    expect(told.length).toBeGreaterThan(1000);
    expect(new Set(told)).toEqual(new Set(['2 full true']));
    cache.verify();
  });

  test('what onEvict throws is uncaught, and fails no put', () => {
    const program = `
      import { CacheStore } from '@memtable/store/cache';
      process.on('uncaughtException', (error) => console.log(error.message));
      let now = 0;
      const onEvict = (key) => { throw new Error('told of ' + key); };
      const cache = new CacheStore({ ttlMs: 1, clock: () => now, onEvict });
      cache.put('a', '1');
      now = 1;
      for (let i = 0; i < 50; i++) cache.put('b', '2', { ttlMs: 5 });`;
    const args = ['--input-type=module', '--eval', program];
    expect(execFileSync(process.execPath, args, { cwd: __dirname, encoding: 'utf8' })).toBe('told of a\n');
  });

  test('admit lets a writer in at once, because the write evicts', async () => {
    const cache = new CacheStore({ maxBytes: 128 << 10 });
    for (let i = 0; i < 1000; i++) cache.put(keyOf(i), 'x'.repeat(100));
    await cache.admit(1000);
    expect(cache.stats().waiting.writers).toBe(0);
  });
});

describe('the rest of the store', () => {
  test('every encoding of values, and toBytes, see the value without its head', () => {
    const cache = new CacheStore<string, string>({ valueEncoding: 'json' });
    cache.put('a', { n: 1 } as never);
    cache.put('b', Buffer.from('xy') as never, { valueEncoding: 'view', ttlMs: 1000 });
    expect(cache.get('a')).toEqual({ n: 1 });
    const view = cache.get('b', { valueEncoding: 'view' }) as unknown as Uint8Array;
    expect([view.constructor, Buffer.from(view).toString()]).toEqual([Uint8Array, 'xy']);
    expect(Buffer.isBuffer(cache.get('b', { valueEncoding: 'buffer' }))).toBe(true);
    expect([...fromBytes(toBytes(cache))]).toEqual([
      ['a', '{"n":1}'],
      ['b', 'xy'],
    ]);
    const large = '\u00e4'.repeat(100_000);
    expect(new CacheStore().put('c', large).get('c')).toBe(large);
  });

  test('errors of encodings are those of a store', () => {
    const valueEncoding = { name: 'bad', encode: () => failing(), decode: () => failing() };
    const cache = new CacheStore();
    const failing = (): never => {
      throw new RangeError('no');
    };
    expect(() => cache.put('a', null as never)).toThrow(new TypeError('the value must not be null'));
    expect(() => cache.put('a', undefined as never, { ttlMs: 1 })).toThrow(TypeError);
    expect(() => cache.put('a', '1', { valueEncoding })).toThrow(
      error('MEMTABLE_ENCODING_FAILED', "the encoding 'bad' of the value failed"),
    );
    expect(() => cache.put('a', '\ud800')).toThrow(error('MEMTABLE_ENCODING_FAILED', 'U+D800'));
    cache.put('a', '1');
    expect(() => cache.get('a', { valueEncoding })).toThrow(
      error('MEMTABLE_ENCODING_FAILED', "the encoding 'bad' failed to decode"),
    );
  });

  test('a clock may use the cache, throw, and close it', () => {
    let clock = (): number => 0;
    const cache = new CacheStore({ ttlMs: 1, clock: () => clock() });
    cache.put('a', '1').put('b', '2');
    clock = () => {
      clock = () => 0;
      for (let i = 0; i < 1000; i++) cache.put(`a${i}`, 'x');
      cache.del('a');
      return 0;
    };
    expect(cache.get('a')).toBeUndefined();
    const walk = cache.keys();
    walk.next();
    clock = () => {
      clock = () => 0;
      cache.clear();
      return 0;
    };
    expect([...walk]).toHaveLength(1000);
    clock = () => {
      throw new RangeError('no time');
    };
    expect(() => cache.put('a', '1')).toThrow(new RangeError('no time'));
    expect(() => cache.get('a')).toThrow(new RangeError('no time'));
    clock = () => NaN;
    expect(() => cache.put('a', '1')).toThrow(new TypeError('the clock must return a number of milliseconds, not NaN'));
    clock = () => (cache.close(), 0);
    expect(() => cache.put('a', '1')).toThrow(error('MEMTABLE_CLOSED'));
  });

  test('CacheStore.from loads entries, which live as long as the cache says', () => {
    let now = 0;
    const cache = CacheStore.from(new Map([['a', '1']]), { ttlMs: 10, clock: () => now });
    expect([cache instanceof CacheStore, cache.get('a')]).toEqual([true, '1']);
    now = 10;
    expect([...cache]).toEqual([]);
    expect(() => CacheStore.from([['a', null as never]])).toThrow(TypeError);
  });

  test.each<[string, object, string]>([
    ['ttlMs', { ttlMs: 0 }, 'ttlMs must be a number above 0: 0'],
    ['ttlMs', { ttlMs: '1' }, "ttlMs must be a number above 0: '1'"],
    ['evict', { evict: 'newest' }, "evict must be 'oldest', 'lru' or false: 'newest'"],
    ['target', { target: {} }, 'a cache has no target'],
  ])('a wrong %s is refused', (_, options, message) => {
    expect(() => new CacheStore(options as never)).toThrow(error('MEMTABLE_INVALID_OPTION', message));
  });

  test('wrong functions, and a wrong ttlMs of a put, are refused', () => {
    expect(() => new CacheStore({ clock: 1 as never })).toThrow(new TypeError('clock must be a function, not 1'));
    expect(() => new CacheStore({ onEvict: 1 as never })).toThrow(new TypeError('onEvict must be a function, not 1'));
    expect(() => new CacheStore().put('a', '1', { ttlMs: -1 })).toThrow(error('MEMTABLE_INVALID_OPTION', 'ttlMs'));
  });
});
