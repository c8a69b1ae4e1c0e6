/**
 * User code that runs during a call of a store. It may use the store and disturbs nothing, or it is refused with a code
 * (U1 to U5 in store.ts). Tries every method with every kind of user code, and everything that this may do.
 */
import { MemTable, ValueType, WriteBatch } from '@memtable/memtable';
import { type Encoding, MemStore, type MemStoreOptions } from '../src/index.js';
import { utf8 } from '../../memtable/test/bytes.js';

const error = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

type Text = MemStore<string, string>;
const KEYS = Array.from({ length: 300 }, (_, i) => `key ${String(i).padStart(4, '0')}`);

/** Things that user code may do to a store, and the same for a map. */
const uses: Record<string, { store: (store: Text) => void; map: (map: Map<string, string>) => void }> = {
  'reads a range': {
    store: (store) => {
      expect(store.count({ gte: KEYS[100] })).toBeGreaterThanOrEqual(0);
      store.keys({ limit: 3, reverse: true }).nextv(3);
      store.get(KEYS[7]);
    },
    map: () => undefined,
  },
  'writes other keys': {
    store: (store) => {
      for (let i = 0; i < 100; i++) store.put(`other ${i}`, 'x'.repeat(i * 20));
    },
    map: (map) => {
      for (let i = 0; i < 100; i++) map.set(`other ${i}`, 'x'.repeat(i * 20));
    },
  },
  'deletes and adds': {
    store: (store) =>
      store.batch([
        { type: 'del', key: KEYS[5] },
        { type: 'put', key: `${KEYS[5]}a`, value: 'added' },
      ]),
    map: (map) => {
      map.delete(KEYS[5]);
      map.set(`${KEYS[5]}a`, 'added');
    },
  },
  'clears everything': { store: (store) => store.clear(), map: (map) => map.clear() },
};

/** Every method that runs user code, and the same for a map. The store has `key` and lacks `none`. */
const methods: Record<
  string,
  { call: (store: Text, key: string) => unknown; map?: (m: Map<string, string>, key: string) => void }
> = {
  put: { call: (store, key) => store.put(key, 'new'), map: (map, key) => map.set(key, 'new') },
  del: { call: (store, key) => store.del(key), map: (map, key) => map.delete(key) },
  batch: {
    call: (store, key) =>
      store.batch([
        { type: 'put', key, value: 'first' },
        { type: 'put', key: 'none', value: 'second' },
      ]),
    map: (map, key) => map.set(key, 'first').set('none', 'second'),
  },
  putIfAbsent: { call: (store) => store.putIfAbsent('none', 'new'), map: (map) => map.set('none', 'new') },
  compareAndSet: {
    call: (store, key) => store.compareAndSet(key, store.get(key), 'swapped'),
    map: (map, key) => map.set(key, 'swapped'),
  },
  get: { call: (store, key) => store.get(key) },
  getMany: { call: (store, key) => store.getMany([key, 'none', key]) },
  has: { call: (store, key) => store.has(key) },
  floor: { call: (store, key) => store.floor(`${key}~`) },
  higherKey: { call: (store, key) => store.higherKey(key) },
  count: { call: (store, key) => store.count({ gte: key, lte: KEYS[200] }) },
  keys: { call: (store, key) => [...store.keys({ gte: key, limit: 3 })] },
  nextv: { call: (store, key) => store.entries({ gte: key }).nextv(1000) },
  seek: {
    call: (store, key) => {
      const iterator = store.keys();
      iterator.seek(key);
      iterator.next();
      iterator.close();
    },
  },
  clear: {
    call: (store, key) => store.clear({ gte: key, lt: `${key}~` }),
    map: (map, key) => {
      for (const each of [...map.keys()]) if (each >= key && each < `${key}~`) map.delete(each);
    },
  },
};

const filled = (options: MemStoreOptions<string, string> = {}) => {
  const store = new MemStore({ reserveBytes: 4096, blockBytes: 1024, garbageBytesMin: 1000, ...options });
  for (const key of KEYS) store.put(key, `value of ${key}`);
  return store;
};

const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe.each(Object.keys(uses))('an encoder that %s', (use) => {
  test.each(Object.keys(methods))('does not disturb %s', (method) => {
    const self: { store?: Text } = {};
    let left = 0;
    const intrude = () => {
      if (left-- === 1) uses[use].store(self.store!);
    };
    const encoding: Encoding<string> = {
      name: 'intruder',
      format: 'utf8',
      encode: (text) => (intrude(), text),
      decode: (text: string) => text,
    };
    const store = (self.store = filled({ keyEncoding: encoding, valueEncoding: encoding }));
    const map = new Map([...store]);
    left = 1; // The next encoder call, for the first key.
    methods[method].call(store, KEYS[150]);
    uses[use].map(map);
    methods[method].map?.(map, KEYS[150]);
    // compareAndSet() reads the value that the user code before it has left.
    if (method === 'compareAndSet' && use === 'clears everything') expect([...store].length).toBeLessThanOrEqual(1);
    else expect([...store]).toEqual(sorted(map));
    store.verify();
    expect(store.stats().pins).toEqual([]);
  });
});

describe.each(Object.keys(uses))('a decoder that %s', (use) => {
  test.each(['get', 'getMany', 'keys', 'nextv', 'update'])('does not disturb %s', (method) => {
    const self: { store?: Text } = {};
    let left = 0;
    const encoding: Encoding<string> = {
      name: 'intruder',
      format: 'utf8',
      encode: (text) => text,
      decode: (text: string) => {
        if (left-- === 1) uses[use].store(self.store!);
        return text;
      },
    };
    const store = (self.store = filled({ keyEncoding: encoding, valueEncoding: encoding }));
    const map = new Map([...store]);
    const before = sorted(map);
    left = method === 'get' ? 1 : 2;
    if (method === 'nextv') expect(store.entries().nextv(1000)).toEqual(before);
    else if (method === 'keys') expect([...store.keys()]).toEqual(before.map(([key]) => key));
    else if (method === 'update') {
      left = 1;
      expect(store.update(KEYS[9], (value) => `${value}!`)).toBe(`value of ${KEYS[9]}!`);
    } else methods[method].call(store, KEYS[150]);
    uses[use].map(map);
    if (method === 'update') map.set(KEYS[9], `value of ${KEYS[9]}!`);
    left = 0;
    expect([...store]).toEqual(sorted(map));
    store.verify();
  });
});

describe.each(Object.keys(uses))('the function of an update that %s', (use) => {
  test('runs once, and its result is written after its own writes', () => {
    const store = filled();
    const map = new Map([...store]);
    for (const key of [KEYS[0], KEYS[150], 'none']) {
      const seen = map.get(key);
      expect(store.update(key, (value) => (expect(value).toBe(seen), uses[use].store(store), 'updated'))).toBe(
        'updated',
      );
      uses[use].map(map);
      map.set(key, 'updated');
      expect([...store]).toEqual(sorted(map));
      store.verify();
    }
  });
});

test('no write is lost in 5,000 updates whose function reads a range', () => {
  const store = new MemStore<string, string>();
  for (let i = 0; i < 3000; i++) store.put(`k${i}`, '0');
  for (let i = 0; i < 5000; i++) {
    store.update(`k${(i * 7919) % 3000}`, (value) => {
      store.keys({ gte: `k${i % 3000}`, limit: 2 }).nextv(2);
      return String(Number(value) + 1);
    });
  }
  let sum = 0;
  for (const value of store.values()) sum += Number(value);
  expect([sum, store.size]).toEqual([5000, 3000]);
  store.verify();
});

test('getters of options and operations may use the store, and run once each', () => {
  const store = filled();
  let reads = 0;
  const getter = <T>(value: T) => ({
    get: () => {
      reads++;
      store.count({ lt: KEYS[50] });
      store.put(`written by getter ${reads}`, 'x'.repeat(500));
      return value;
    },
  });
  const snapshot = store.snapshot();
  const options = Object.defineProperties({}, { snapshot: getter(snapshot), keyEncoding: getter('utf8') });
  expect(store.get(KEYS[3], options)).toBe(`value of ${KEYS[3]}`);
  expect(reads).toBe(2);
  const operation = Object.defineProperties({}, { type: getter('put'), key: getter('k'), value: getter('v') });
  store.batch([operation as never]);
  expect(store.get('k')).toBe('v');
  const range = Object.defineProperties(
    {},
    { gte: getter(KEYS[10]), lt: getter(KEYS[12]), snapshot: getter(snapshot) },
  );
  expect([...store.keys(range)]).toEqual([KEYS[10], KEYS[11]]);
  snapshot.close();
  store.verify();
});

test('a write throws MEMTABLE_CLOSED when its encoder closes the store', () => {
  for (const method of Object.keys(methods)) {
    const self: { store?: Text } = {};
    let isArmed = false;
    const encode = (text: string) => {
      if (isArmed) self.store!.close();
      return text;
    };
    const encoding: Encoding<string> = { name: 'closer', format: 'utf8', encode, decode: (text: string) => text };
    const store = (self.store = filled({ keyEncoding: encoding, valueEncoding: encoding }));
    isArmed = true;
    expect(() => methods[method].call(store, KEYS[1])).toThrow(error('MEMTABLE_CLOSED'));
  }
});

test('an encoder may return the same scratch buffer each time', () => {
  const scratch = Buffer.alloc(64);
  const encode = (text: string) => scratch.subarray(0, scratch.write(text));
  const encoding: Encoding<string> = {
    name: 'scratch',
    format: 'buffer',
    encode,
    decode: (bytes: Buffer) => bytes.toString(),
  };
  const store = new MemStore({ keyEncoding: encoding, valueEncoding: encoding });
  store.put('key', 'value');
  store.batch([
    { type: 'put', key: 'a', value: '1' },
    { type: 'put', key: 'b', value: '22' },
    { type: 'del', key: 'none' },
  ]);
  store.putIfAbsent('c', '333');
  expect(store.compareAndSet('c', '333', '4444')).toBe(true);
  store.update('d', () => '55555');
  expect([...store]).toEqual([
    ['a', '1'],
    ['b', '22'],
    ['c', '4444'],
    ['d', '55555'],
    ['key', 'value'],
  ]);
});

describe('event handlers and flush targets of a store', () => {
  test('an event handler may write, flush and close', async () => {
    const seen: string[] = [];
    const store: Text = new MemStore({
      garbageBytesMin: 0,
      garbageRatioMax: 0.1,
      onEvent: ({ type }) => {
        seen.push(type);
        if (store.stats().state === 'closed') return;
        store.put(`event ${seen.length}`, type);
        store.count();
        if (seen.length === 20) store.close();
      },
    });
    for (let i = 0; i < 20_000 && store.stats().state === 'open'; i++) store.put('key', 'x'.repeat(i % 300));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen.length).toBeGreaterThanOrEqual(20);
    expect(store.stats()).toMatchObject({ state: 'closed', memoryUsage: 0 });
  });

  test('a target may write to the store that flushes to it', async () => {
    const found = new Map<string, string>();
    let writes = 0;
    const store: Text = new MemStore({
      target: {
        async write(run) {
          if (writes++ < 3) store.put(`from target ${writes}`, 'x');
          for (const { key, value } of run) found.set(Buffer.from(key).toString(), Buffer.from(value).toString());
        },
      },
    });
    store.put('a', '1');
    await store.flush();
    await store.flush();
    await store.flush();
    await store.flush();
    expect([...found.keys()].sort()).toEqual(['a', 'from target 1', 'from target 2', 'from target 3']);
    store.close();
  });
});

describe('a comparator', () => {
  const withComparator = () => {
    let attack: ((store: Text) => unknown) | undefined;
    const store: Text = new MemStore({
      comparator: (a, b) => {
        attack?.(store);
        return Buffer.compare(a, b);
      },
    });
    for (const key of KEYS) store.put(key, 'value');
    return { store, arm: (call: typeof attack) => (attack = call) };
  };
  const calls: Record<string, (store: Text) => unknown> = {
    ...Object.fromEntries(
      Object.entries(methods).map(([name, { call }]) => [name, (store: Text) => call(store, KEYS[2])]),
    ),
    update: (store) => store.update(KEYS[2], () => 'new'),
    first: (store) => store.first(),
    popFirst: (store) => store.popFirst(),
    forEach: (store) => store.forEach(() => undefined),
    snapshot: (store) => store.snapshot(),
    close: (store) => store.close(),
    freeze: (store) => store.freeze(),
    verify: (store) => store.verify(),
  };
  test.each(Object.keys(calls))('gets MEMTABLE_REENTERED from %s of its store, and nothing changes', (name) => {
    const { store, arm } = withComparator();
    const before = [...store];
    arm((attacked) => calls[name](attacked));
    expect(() => store.put('m', 'x')).toThrow(error('MEMTABLE_REENTERED', 'comparator'));
    expect(() => store.get('m')).toThrow(error('MEMTABLE_REENTERED'));
    arm(undefined);
    expect([...store]).toEqual(before);
    store.verify();
  });

  test('gets MEMTABLE_REENTERED from every call of its memtable', () => {
    let attack: (() => unknown) | undefined;
    const table = new MemTable({
      comparator: (a, b) => {
        attack?.();
        return Buffer.compare(a, b);
      },
    });
    for (let i = 1; i <= 100; i++) table.add(i, ValueType.Value, utf8(`key ${i}`), utf8('value'));
    const attacks = [
      () => table.get(utf8('key 7')),
      () => table.add(1000, ValueType.Value, utf8('x')),
      () => table.apply(new WriteBatch().put(utf8('x'), utf8('y')), 1000),
      () => table.iterator(),
      () => table.drop(),
    ];
    for (attack of attacks) {
      expect(() => table.add(2000, ValueType.Value, utf8('m'), utf8('x'))).toThrow(error('MEMTABLE_REENTERED'));
    }
    attack = undefined;
    expect(table.entryCount).toBe(100);
    table.verify();
  });

  test.each([true, NaN, undefined, 1n, '1', null])('that returns %p is refused at its first answer', (answer) => {
    const store = new MemStore({ comparator: () => answer as never });
    store.put('a', '1');
    expect(() => store.put('b', '2')).toThrow(error('MEMTABLE_INVALID_COMPARATOR', typeof answer));
    expect([...store]).toEqual([['a', '1']]);
  });
});
