/** Each "yes" in the first column of the README's table of features, as a run of the store. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { type FlushRun, type FlushTarget } from '@memtable/memtable';
import { MemStore } from '@memtable/store';
import { fromBytes, toBytes } from '@memtable/store/bytes';
import { CacheStore } from '@memtable/store/cache';
import { orderedEncoding } from '@memtable/store/ordered';
import { buildSync } from 'esbuild';

const root = join(__dirname, '..');

/** The rows of the table: the feature, and what our column says. */
function rows(): [string, string][] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, section] = readme.split('\n## Features\n');
  const [table] = section.split('\n## ');
  return table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, feature, ours]) => [feature, ours]);
}

/** A store with the keys a to e. */
function filled(): MemStore {
  const store = new MemStore();
  for (const key of ['c', 'a', 'e', 'b', 'd']) store.put(key, key.toUpperCase());
  return store;
}

/** Runs a program over the built packages, and reads the JSON that it prints. */
function run(program: string): Record<string, number> {
  const args = ['--expose-gc', '--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as Record<string, number>;
}

const features: Record<string, () => void | Promise<void>> = {
  'ranges, in both directions': () => {
    const store = filled();
    expect([...store.keys({ gt: 'a', lte: 'd' })]).toEqual(['b', 'c', 'd']);
    expect([...store.keys({ gte: 'b', lt: 'd', reverse: true })]).toEqual(['c', 'b']);
  },
  'keys with a prefix': () => {
    const store = new MemStore();
    for (const key of ['user:1', 'user:2', 'users']) store.put(key, '');
    expect([...store.keys({ prefix: 'user:' })]).toEqual(['user:1', 'user:2']);
  },
  'a snapshot, in O(1)': () => {
    const store = filled();
    const snapshot = store.snapshot();
    store.put('a', 'new');
    store.del('b');
    expect([store.get('a', { snapshot }), store.get('b', { snapshot })]).toEqual(['A', 'B']);
    expect([store.get('a'), store.get('b')]).toEqual(['new', undefined]);
  },
  'a walk that writes do not disturb': () => {
    const store = filled();
    const seen: string[] = [];
    for (const key of store.keys()) {
      seen.push(key);
      store.clear();
      store.put(`${key}+`, '');
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
  },
  'batches, all or nothing': () => {
    const store = filled();
    const bad = [{ type: 'put', key: 'x', value: '1' } as const, { type: 'put', key: 'y', value: 1 as never } as const];
    expect(() => store.batch(bad)).toThrow(TypeError);
    expect(store.get('x')).toBeUndefined();
    store.batch([{ type: 'put', key: 'x', value: '1' }, { type: 'del', key: 'a' }]); // prettier-ignore
    expect([store.get('x'), store.get('a')]).toEqual(['1', undefined]);
  },
  'set if absent, compare and set': () => {
    const store = filled();
    expect([store.putIfAbsent('a', 'x'), store.putIfAbsent('z', 'x')]).toEqual([false, true]);
    expect([store.compareAndSet('a', 'B', 'x'), store.compareAndSet('a', 'A', 'x')]).toEqual([false, true]);
    expect(store.get('a')).toBe('x');
  },
  'deletes a range in one call': () => {
    const store = filled();
    store.clear({ gte: 'b', lt: 'e' });
    expect([...store.keys()]).toEqual(['a', 'e']);
  },
  'an order of your own': () => {
    const store = new MemStore({ comparator: (a, b) => b[0] - a[0] });
    for (const key of ['b', 'c', 'a']) store.put(key, '');
    expect([...store.keys()]).toEqual(['c', 'b', 'a']);
  },
  'first, last, and the next entry before or after a key': () => {
    const store = MemStore.from(Object.entries({ b: '1', d: '2', f: '3' }));
    expect([store.firstKey(), store.lastKey()]).toEqual(['b', 'f']);
    expect([store.floor('c'), store.ceil('c')]).toEqual([['b', '1'], ['d', '2']]); // prettier-ignore
    expect([store.lowerKey('d'), store.higherKey('d')]).toEqual(['b', 'f']);
  },
  'a deletion says whether the key was there': () => {
    const store = filled();
    expect([store.del('a'), store.del('a')]).toEqual([true, false]);
  },
  'tuples as keys, sorted item by item': () => {
    const store = new MemStore<[string, number], string>({ keyEncoding: orderedEncoding() });
    store.put(['b', 1], '').put(['a', 10], '').put(['a', 9], '');
    expect([...store.keys()]).toEqual([['a', 9], ['a', 10], ['b', 1]]); // prettier-ignore
  },
  'loads any iterable, all or none': () => {
    const store = filled();
    function* bad(): Generator<[string, string]> {
      yield ['x', '1'];
      throw new RangeError('no more');
    }
    expect(() => store.load(bad())).toThrow(RangeError);
    expect([store.get('x'), store.load(new Map([['x', '2']])), store.get('x')]).toEqual([undefined, 1, '2']);
  },
  'a whole store as bytes, and back': () => {
    expect([...fromBytes(toBytes(filled()))]).toEqual([...filled()]);
  },
  'lifetimes of entries, and eviction when it is full': () => {
    let now = 0;
    const cache = new CacheStore({ maxBytes: 1 << 20, clock: () => now });
    cache.put('a', '1', { ttlMs: 10 });
    now = 10;
    expect(cache.get('a')).toBeUndefined();
    for (let i = 0; i < 2000; i++) cache.put(String(i), 'v'.repeat(1000));
    expect(cache.get('1999')).toHaveLength(1000);
    expect(cache.get('0')).toBeUndefined();
    expect(cache.memoryUsage()).toBeLessThan(1 << 20);
  },
  'keeps copies, so that a reused buffer does no harm': () => {
    const store = new MemStore<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' });
    const [key, value] = [Uint8Array.of(1), Uint8Array.of(1)];
    store.put(key, value);
    value[0] = 2;
    expect(store.get(key)).toEqual(Uint8Array.of(1));
    key[0] = 2;
    expect(store.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1));
  },
  'says its memory to the byte': () => {
    const store = filled();
    const { memoryUsage, liveBytes, heldBytes, garbageBytes, arena } = store.stats();
    expect(memoryUsage).toBe((arena.blockBytes + 8) * arena.regularCount);
    // Of each entry: its key and value, a tag of 8 bytes, and two lengths.
    expect([liveBytes, heldBytes, garbageBytes]).toEqual([5 * (1 + 1 + 8 + 2), 0, 0]);
  },
  'an upper bound on its memory': () => {
    const store = new MemStore({ maxBytes: 1 << 20 });
    const fill = () => {
      for (let i = 0; ; i++) store.put(String(i), 'v'.repeat(1000));
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'MEMTABLE_FULL' }) as Error);
    expect(store.memoryUsage()).toBeLessThan(1 << 20);
  },
  'no work for the garbage collector': () => {
    const { heapBytes, memoryUsage } = run(`
      import { MemStore } from '@memtable/store';
      const store = new MemStore();
      gc();
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 200000; i++) store.put('key ' + i, 'value '.repeat(15) + i);
      gc();
      const heapBytes = process.memoryUsage().heapUsed - before;
      console.log(JSON.stringify({ heapBytes, memoryUsage: store.memoryUsage() }));
    `);
    expect(memoryUsage).toBeGreaterThan(200_000 * 100);
    expect(heapBytes).toBeLessThan(memoryUsage / 20);
  },
  'a write buffer in front of a database: flushes, retries, backpressure': async () => {
    const stored = new Map<string, string>();
    const text = new TextDecoder();
    let failures = 1;
    const target: FlushTarget = {
      async write(flushRun: FlushRun) {
        if (failures-- > 0) throw new Error('not yet');
        for (const { key, value } of flushRun) stored.set(text.decode(key), text.decode(value));
      },
    };
    const store = new MemStore({ target, writeBufferBytes: 1 << 16, retryMs: 1 });
    let stalls = 0;
    for (let i = 0; i < 1000; i++) {
      try {
        store.put(String(i), 'v'.repeat(1000));
      } catch (error) {
        expect(error).toMatchObject({ code: 'MEMTABLE_STALLED' });
        stalls++;
        await store.admit(1000);
        store.put(String(i), 'v'.repeat(1000));
      }
    }
    await store.flush();
    expect([stored.size, stalls > 0, failures < 0]).toEqual([1000, true, true]);
    store.close();
  },
  'runs in browsers': () => {
    const { outputFiles } = buildSync({
      stdin: {
        contents: `import { MemStore } from '@memtable/store';
          const store = new MemStore();
          store.put('b', '2');
          store.put('a', '1');
          globalThis.entries = JSON.stringify([...store]);`,
        resolveDir: root,
      },
      bundle: true,
      write: false,
      platform: 'browser',
      format: 'iife',
    });
    // What browsers have besides the language; nothing of Node.
    const page: Record<string, unknown> = {
      TextEncoder,
      TextDecoder,
      MessageChannel,
      performance,
      setTimeout,
      console,
    };
    runInNewContext(outputFiles[0].text, page);
    expect(page.entries).toBe('[["a","1"],["b","2"]]');
  },
};

test('the table has each feature that is run here, and no other "yes"', () => {
  expect(
    rows()
      .filter(([, ours]) => ours.startsWith('yes'))
      .map(([feature]) => feature),
  ).toEqual(Object.keys(features));
});

test.each(Object.entries(features))('%s', (_, holds) => holds());
