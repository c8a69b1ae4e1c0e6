/** Cases from bug reports of other ordered stores, each with the right result. */
import { inspect } from 'node:util';
import { type LifecycleEvent, MemTable, MemTableList, WriteBatch } from '@memtable/memtable';
import { MemStore } from '../src/index.js';
import { kthOf, uncaughtIn, withoutBuffers } from '../../memtable/test/buffers.js';
import { utf8 } from '../../memtable/test/bytes.js';

const error = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const caseless = (a: Uint8Array, b: Uint8Array) => {
  const [x, y] = [text(a).toLowerCase(), text(b).toLowerCase()];
  return x < y ? -1 : x > y ? 1 : 0;
};
const numeric = (a: Uint8Array, b: Uint8Array) => Number(text(a)) - Number(text(b));
/** Options under which no compaction begins on its own. */
const NEVER = { garbageBytesMin: 2 ** 30 };

describe('a comparator under which keys with different bytes are equal', () => {
  test('writing 1, then 0001 leaves the counts right', () => {
    const store = new MemStore({ comparator: numeric, ...NEVER });
    store.put('1', 'one');
    store.put('0001', 'one');
    expect([...store]).toEqual([['0001', 'one']]);
    expect(store.stats().garbageBytes).toBeGreaterThan(0);
    store.verify();
  });

  test.each(['put', 'batch', 'update', 'compareAndSet'] as const)(
    '%s, whatever the lengths of the values',
    async (by) => {
      for (const [first, second] of [
        ['long value', 'v'],
        ['v', 'long value'],
        ['same', 'size'],
      ]) {
        const store = new MemStore({ comparator: caseless, ...NEVER });
        store.put('Key', first);
        if (by === 'put') store.put('KEY', second);
        else if (by === 'batch') store.batch([{ type: 'put', key: 'KEY', value: second }]);
        else if (by === 'update') store.update('KEY', () => second);
        else store.compareAndSet('KEY', first, second);
        expect([...store]).toEqual([['KEY', second]]);
        expect(store.get('key')).toBe(second);
        await store.compact();
        expect([...store]).toEqual([['KEY', second]]);
        store.verify();
        store.del('kEy');
        expect([[...store], store.size]).toEqual([[], 0]);
        store.verify();
      }
    },
  );

  test('a snapshot keeps the spelling that it saw', () => {
    const store = new MemStore({ comparator: caseless });
    store.put('Key', '1');
    const snapshot = store.snapshot();
    store.put('KEY', '1');
    expect([...store.keys({ snapshot })]).toEqual(['Key']);
    expect([...store.keys()]).toEqual(['KEY']);
    snapshot.close();
    store.verify();
  });
});

describe('a comparator that contradicts itself', () => {
  const orders: Record<string, (a: Uint8Array, b: Uint8Array) => number> = {
    'is random': (() => {
      let state = 7;
      return () => ((state = (state * 48271) % 2147483647) % 3) - 1;
    })(),
    'runs in a circle': (a, b) => {
      const difference = (Number(text(a).slice(1)) - Number(text(b).slice(1)) + 300) % 3;
      return difference === 0 ? Buffer.compare(a, b) : difference === 1 ? 1 : -1;
    },
    'always says 1': () => 1,
  };
  test.each(Object.keys(orders))('which %s: no call hangs, no memory is damaged, verify() reports it', async (name) => {
    const store = new MemStore({ comparator: orders[name], garbageBytesMin: 0, garbageRatioMax: 0.1 });
    for (let i = 0; i < 2000; i++) {
      store.put(`k${i % 300}`, 'x'.repeat(i % 50));
      if (i % 7 === 0) store.del(`k${i % 100}`);
      if (i % 50 === 0) store.keys({ reverse: i % 100 === 0, limit: 20 }).nextv(30);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([...store].length).toBeLessThanOrEqual(2000);
    expect(() => store.verify()).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/MALFORMED$/) as string }) as Error,
    );
    store.close();
  });
});

describe('an iterator that has ended holds no old versions', () => {
  const open = (store: MemStore<string, never>) => store.stats().pins.length;
  const broken = () => {
    const store = new MemStore<string, never>({ valueEncoding: 'json' });
    for (let i = 0; i < 10; i++) store.put(`k${i}`, i as never);
    store.put('k5', '{' as never, { valueEncoding: 'utf8' });
    return store;
  };

  test('after an error of the decoder in for...of, spread, nextv and next', () => {
    const store = broken();
    for (let i = 0; i < 100; i++) {
      expect(() => {
        for (const entry of store) void entry;
      }).toThrow(error('MEMTABLE_ENCODING_FAILED'));
      expect(() => [...store.values()]).toThrow(error('MEMTABLE_ENCODING_FAILED'));
      expect(() => store.values().nextv(100)).toThrow(error('MEMTABLE_ENCODING_FAILED'));
    }
    expect(open(store)).toBe(0);
  });

  test('after nextv has reached its end or its limit', () => {
    const store = broken();
    expect(store.keys().nextv(11)).toHaveLength(10);
    expect(store.keys({ limit: 3 }).nextv(3)).toHaveLength(3);
    expect(open(store)).toBe(0);
    const iterator = store.keys();
    expect(iterator.nextv(10)).toHaveLength(10);
    expect(open(store)).toBe(1); // The iterator has not looked beyond these entries yet.
    expect(iterator.nextv(1)).toEqual([]);
    expect(open(store)).toBe(0);
  });

  test('after an error of the comparator', () => {
    let throws = false;
    const store = new MemStore<string, never>({
      comparator: (a, b) => {
        if (throws) throw new Error('no order');
        return Buffer.compare(a, b);
      },
    });
    for (let i = 0; i < 200; i++) store.put(`k${i}`, 'v' as never);
    const iterator = store.keys({ gte: 'k1', lt: 'k9' });
    iterator.next();
    throws = true;
    expect(() => [...iterator]).toThrow('no order');
    expect(open(store)).toBe(0);
  });
});

describe('costs that stay bounded', () => {
  test('a queue passes few of the keys that it has taken, from either end, with and without a prefix', () => {
    for (const reverse of [false, true]) {
      const store = new MemStore(NEVER);
      for (let i = 0; i < 20_000; i++) store.put(`job ${String(i).padStart(6, '0')}`, 'payload');
      store.put('a', 'before');
      store.put('z', 'after');
      let left = 20_000;
      for (;;) {
        const [key] = store.keys({ prefix: 'job', reverse, limit: 1 }).nextv(2);
        if (key === undefined) break;
        store.del(key);
        left--;
      }
      expect(left).toBe(0);
      // A walk removes deleted entries that it passes from the index, 4 or more at a time.
      expect(store.stats().entryCount).toBe(2);
      expect(inspect(store)).toContain('size: 2');
      store.verify();
      expect([...store.keys()]).toEqual(['a', 'z']);
    }
  });

  test('a walk removes a deleted key from the index only when no snapshot sees a version of it', () => {
    const store = new MemStore(NEVER);
    for (let i = 0; i < 500; i++) store.put(`k${String(i).padStart(3, '0')}`, 'v');
    const snapshot = store.snapshot();
    for (let i = 0; i < 400; i++) store.del(`k${String(i).padStart(3, '0')}`);
    for (let i = 0; i < 30; i++) {
      expect(store.keys({ limit: 1 }).nextv(2)).toEqual(['k400']);
      expect(store.keys({ lt: 'k400', reverse: true }).nextv(2)).toEqual([]);
    }
    expect([...store.keys({ snapshot })]).toHaveLength(500);
    store.verify();
    snapshot.close();
    for (let i = 0; i < 30; i++) expect(store.keys({ limit: 1 }).nextv(2)).toEqual(['k400']);
    store.put('k000', 'again');
    expect(store.keys({ limit: 1 }).nextv(2)).toEqual(['k000']);
    store.verify();
  });

  test('held bytes of 2,000 snapshots equal the sum over their versions, whatever the order of closing', () => {
    const store = new MemStore(NEVER);
    const pins: { close(): void }[] = [];
    for (let i = 0; i < 2000; i++) {
      pins.push(store.snapshot());
      store.put(`k${(i * 7) % 50}`, `value ${i}`);
    }
    let state = 5;
    while (pins.length > 0) {
      state = (state * 48271) % 2147483647;
      const [pin] = pins.splice(state % 3 === 0 ? 0 : state % 3 === 1 ? pins.length - 1 : state % pins.length, 1);
      pin.close();
      if (pins.length % 100 === 0) store.verify(); // T2 compares the counts with the versions that pins see.
    }
    expect(store.stats()).toMatchObject({ heldBytes: 0, pins: [] });
  });

  test('refusing a value of 40 MB leaves no memory behind', () => {
    const store = new MemStore({ maxBytes: 1 << 20 });
    expect(() => store.put('k', 'x'.repeat(40 << 20))).toThrow(error('MEMTABLE_FULL'));
    expect(() => store.put('x'.repeat(40 << 20), 'v')).toThrow(error('MEMTABLE_FULL'));
    expect(() => store.batch([{ type: 'put', key: 'k', value: 'x'.repeat(40 << 20) }])).toThrow(error('MEMTABLE_FULL'));
    store.put('k', 'v');
    expect(store.stats().scratchBytes).toBeLessThan(320 << 10);
  });

  test('a full store deletes any key, also under an iterator, and the next put uses the freed memory', () => {
    for (const pinned of [false, true]) {
      const store = new MemStore({ maxBytes: 1 << 20 });
      let count = 0;
      const fill = () => {
        for (;;) store.put(`key ${count++}`, 'x'.repeat(100));
      };
      expect(fill).toThrow(error('MEMTABLE_FULL'));
      count--;
      const iterator = pinned ? store.keys() : undefined;
      iterator?.next();
      for (let i = 0; i < count; i++) store.del(`key ${i}`);
      iterator?.close();
      expect(store.size).toBe(0);
      for (let i = 0; i < 100; i++) store.put(`next ${i}`, 'x'.repeat(100));
      expect(store.size).toBe(100);
      expect(store.memoryUsage()).toBeLessThanOrEqual(1 << 20);
      store.verify();
    }
  });

  test('a full store takes one entry for each deleted entry of the same size', () => {
    const store = new MemStore({ maxBytes: 1 << 20 });
    let count = 0;
    expect(() => {
      for (;;) store.put(`key ${String(count++).padStart(6, '0')}`, 'x'.repeat(100));
    }).toThrow(error('MEMTABLE_FULL'));
    for (let i = 0; i < 3000; i++) {
      store.del(`key ${String(i).padStart(6, '0')}`);
      store.put(`key ${String(count++).padStart(6, '0')}`, 'x'.repeat(100));
    }
    expect(store.memoryUsage()).toBeLessThanOrEqual(1 << 20);
    store.verify();
  });

  test('forty stores of 6 MB reserve memory in proportion to their size', () => {
    const before = process.memoryUsage().arrayBuffers;
    const stores = Array.from({ length: 40 }, () => {
      const store = new MemStore();
      for (let i = 0; i < 60; i++) store.put(`k${i}`, 'x'.repeat(100_000));
      return store;
    });
    expect((process.memoryUsage().arrayBuffers - before) / 40 / stores[0].memoryUsage()).toBeLessThan(8);
    for (const store of stores) store.close();
  });
});

describe('arguments that only look like bytes or values', () => {
  const gone = () => {
    const bytes = new Uint8Array([1, 2, 3]);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  };
  const shrunk = () => {
    const buffer = new (
      ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer & { resize(n: number): void }
    )(16, { maxByteLength: 16 });
    const bytes = new Uint8Array(buffer, 8, 8);
    buffer.resize(4);
    return bytes;
  };
  test.each([
    ['a transferred buffer', gone],
    ['a view beyond the end of a resized one', shrunk],
  ])('%s is refused as key and value', (_, make) => {
    const store = new MemStore<Uint8Array | string, Uint8Array | string>();
    const calls = [
      () => store.put(make(), 'v'),
      () => store.put('k', make()),
      () => store.get(make()),
      () => store.del(make()),
      () => store.has(make()),
      () => store.batch([{ type: 'put', key: 'k', value: make() }]),
      () => store.keys({ gte: make() }),
    ];
    for (const call of calls) expect(call).toThrow(TypeError);
    expect([...store]).toEqual([]);
  });

  test.each([
    ['an object with the prototype of bytes', Object.create(Uint8Array.prototype)],
    ['a DataView', new DataView(new ArrayBuffer(4))],
    ['an Int8Array', new Int8Array(4)],
    ['an ArrayBuffer', new ArrayBuffer(4)],
  ])('%s is refused as value', (_, value) => {
    expect(() => new MemStore<string, unknown>().put('k', value)).toThrow(TypeError);
  });

  test('a promise is refused as the result of an update and as JSON', () => {
    const store = new MemStore<string, unknown>({ valueEncoding: 'json' });
    store.put('k', 1);
    expect(() => store.update('k', async () => 2)).toThrow(TypeError);
    expect(() => store.put('k', Promise.resolve(2))).toThrow(TypeError);
    expect(() => store.batch([{ type: 'put', key: 'k', value: Promise.resolve(2) }])).toThrow(TypeError);
    expect([...store]).toEqual([['k', 1]]);
  });
});

describe('a store with a target', () => {
  test('refuses calls that need the target too, and says what to do', () => {
    const store = new MemStore({ target: { write: async () => undefined } });
    for (const call of [
      () => store.update('visits', (n = '0') => String(Number(n) + 1)),
      () => store.putIfAbsent('k', 'v'),
      () => store.compareAndSet('k', undefined, 'v'),
      () => store.has('k'),
    ]) {
      expect(call).toThrow(error('MEMTABLE_BUFFER_ONLY', 'ask the target'));
    }
    expect(store.size).toBe(0);
    store.close();
  });
});

describe('errors of background work', () => {
  test('a write that was made does not fail when the system refuses the k-th buffer, for all k', async () => {
    let mostRefused = 0;
    for (let k = 1; ; k++) {
      const events: LifecycleEvent[] = [];
      let uncaught: unknown[] = [];
      const refused = await withoutBuffers(kthOf(k, 60_000), async () => {
        uncaught = await uncaughtIn(async () => {
          let store: MemStore;
          try {
            store = new MemStore({ garbageBytesMin: 0, garbageRatioMax: 0.2, onEvent: (event) => events.push(event) });
          } catch (failure) {
            expect(failure).toMatchObject({ code: 'ARENA_OUT_OF_MEMORY' });
            return;
          }
          const map = new Map<string, string>();
          for (let i = 0; i < 600; i++) {
            const [key, value] = [`k${i % 40}`, 'x'.repeat((i * 37) % 900)];
            const snapshot = i % 9 === 0 ? store.snapshot() : undefined;
            try {
              store.put(key, value);
              map.set(key, value);
            } catch (failure) {
              expect(failure).toMatchObject({ code: 'MEMTABLE_FULL' });
            }
            snapshot?.close();
          }
          expect([...store].length).toBe(map.size);
          for (const [key, value] of map) expect(store.get(key)).toBe(value);
          store.verify();
          // An explicit compact() throws that there is no memory for it.
          await store.compact().catch((failure) => expect(failure).toMatchObject({ code: 'ARENA_OUT_OF_MEMORY' }));
          store.close();
        });
      });
      expect(uncaught).toEqual([]);
      const failures = events.filter(({ type }) => type === 'compact-error');
      if (failures.length > 0) expect(failures[0]).toMatchObject({ error: { code: 'ARENA_OUT_OF_MEMORY' } });
      mostRefused = Math.max(mostRefused, failures.length);
      if (refused === 0) break;
    }
    expect(mostRefused).toBeGreaterThan(0);
  });

  test('a comparator that throws when iterators move to a new table fails only the calls of these iterators', async () => {
    let throws = false;
    const events: string[] = [];
    const store = new MemStore({
      comparator: (a, b) => {
        if (throws) throw new Error('no order');
        return Buffer.compare(a, b);
      },
      garbageBytesMin: 0,
      garbageRatioMax: 0.3,
      onEvent: ({ type }) => events.push(type),
    });
    for (let i = 0; i < 500; i++) store.put(`k${i}`, 'x'.repeat(20));
    const iterators = Array.from({ length: 5 }, () => store.keys());
    for (const iterator of iterators) iterator.nextv(10);
    const uncaught = await uncaughtIn(async () => {
      for (let i = 0; i < 3; i++) for (let j = 0; j < 500; j++) store.put(`k${j}`, 'y'.repeat(30 + i));
      throws = true;
      await expect(store.compact()).rejects.toThrow('no order');
      throws = false;
      await store.compact();
    });
    expect(uncaught).toEqual([]);
    expect(events).toContain('compact-error');
    throws = true;
    expect(() => iterators[0].next()).toThrow('no order');
    throws = false;
    expect([...iterators[1]]).toHaveLength(490);
    store.verify();
  });
});

test('console.log of a store, a snapshot, an iterator and a list prints their figures', () => {
  const printed = (value: unknown) => inspect(value, { breakLength: Infinity });
  const store = new MemStore();
  store.put('a', '1');
  expect(printed(store)).toBe(
    "MemStore { state: 'open', size: 1, memoryUsage: 16392, liveBytes: 12, heldBytes: 0, garbageBytes: 0 }",
  );
  const snapshot = store.snapshot();
  expect(printed(snapshot)).toBe('StoreSnapshot { isOpen: true, sequence: 1 }');
  const iterator = store.keys({ limit: 3 });
  expect(printed(iterator)).toBe(
    "StoreIterator { yields: 'keys', isOpen: true, sequence: 1, reverse: false, limitLeft: 3 }",
  );
  store.close();
  expect(printed(store)).toBe("MemStore { state: 'closed' }");
  const list = new MemTableList({ target: { write: async () => undefined } });
  list.apply(new WriteBatch().put(utf8('a'), utf8('1')));
  expect(printed(list)).toMatch(/^MemTableList \{ state: 'open', activeCount: 1, frozenCount: 0, lastSequence: 1, /);
});

test('a memtable in shared memory takes only the index skiplist', () => {
  expect(() => new MemTable({ shared: true })).toThrow(error('MEMTABLE_INVALID_OPTION', "index: 'skiplist'"));
  expect(new MemTable({ shared: true, index: 'skiplist' }).entryCount).toBe(0);
});
