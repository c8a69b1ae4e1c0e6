/** What a store shares with `Map`, and the types of its options. */
import { SortedTarget } from '@memtable/testing';
import { type Encoding, MemStore, type MemStoreOptions } from '../src/index.js';
import { error } from '../../testing/test/error.js';

const numbers: Encoding<number> = {
  name: 'number',
  format: 'view',
  encode: (n) => new Uint8Array([n]),
  decode: ([n]: Uint8Array) => n,
};

describe('put, del and forEach', () => {
  test('put returns the store, as that of a Map', () => {
    const store = new MemStore();
    expect(store.put('a', '1').put('b', '2')).toBe(store);
    expect([...store.keys()]).toEqual(['a', 'b']);
  });

  test('del says whether the key had a value, with snapshots and without', () => {
    const store = new MemStore();
    expect(store.del('a')).toBe(false);
    store.put('a', '1');
    expect([store.del('a'), store.del('a')]).toEqual([true, false]);
    store.put('a', '2');
    const snapshot = store.snapshot();
    expect([store.del('a'), store.del('a'), store.get('a', { snapshot })]).toEqual([true, false, '2']);
    expect(new MemStore({ maxBytes: 128 << 10 }).del('x'.repeat(1 << 20))).toBe(false);
  });

  test('with a target, del says whether the key had a value here', async () => {
    const store = new MemStore({ target: new SortedTarget() });
    store.put('a', '1');
    expect(store.del('a')).toBe(true);
    store.put('b', '1');
    await store.flush();
    expect(store.del('b')).toBe(false);
    expect(store.isDeleted('b')).toBe(true);
    store.close({ discard: true });
  });

  test('forEach passes value, key and store, and sees the store as it was when its callback writes', () => {
    const store = MemStore.from(Object.entries({ b: '2', a: '1', c: '3' }));
    const seen: unknown[] = [];
    store.forEach((value, key, self) => {
      store.del('c');
      seen.push([value, key, self === store]);
    });
    expect(seen).toEqual([
      ['1', 'a', true],
      ['2', 'b', true],
      ['3', 'c', true],
    ]);
    const failing = () => {
      throw new RangeError('enough');
    };
    expect(() => store.forEach(failing, { gte: 'b' })).toThrow(new RangeError('enough'));
    expect(store.stats().pins).toEqual([]);
    expect(() => store.forEach(undefined as never)).toThrow(
      new TypeError('the callback must be a function, not undefined'),
    );
  });
});

describe('MemStore.from', () => {
  test('takes a Map, an array, a generator and another store', () => {
    const map = new Map([
      ['b', '2'],
      ['a', '1'],
    ]);
    const store = MemStore.from(map);
    expect([...store]).toEqual([...map].reverse());
    expect([...MemStore.from(store)]).toEqual([...store]);
    const encoded = MemStore.from([[3, { n: 1 }]], { keyEncoding: numbers, valueEncoding: 'json' });
    expect(encoded.first()).toEqual([3, { n: 1 }]);
    encoded.verify();
  });

  test('closes the store and the iterable when an entry is refused', () => {
    const events: string[] = [];
    let isClosed = false;
    function* entries(): Generator<[string, string]> {
      try {
        for (;;) yield ['a', null as never];
      } finally {
        isClosed = true;
      }
    }
    const make = () => MemStore.from(entries(), { onEvent: ({ type }) => events.push(type) });
    expect(make).toThrow(new TypeError('the value must not be null'));
    expect([isClosed, events]).toEqual([true, ['drop']]);
    expect(() => MemStore.from(1 as never)).toThrow(TypeError);
  });
});

describe('popFirst and popLast', () => {
  test('take the ends out, until nothing is left', () => {
    const store = MemStore.from(Array.from('dbcae', (key) => [key, key.toUpperCase()] as const));
    expect([store.popFirst(), store.popLast(), store.popFirst()]).toEqual([
      ['a', 'A'],
      ['e', 'E'],
      ['b', 'B'],
    ]);
    expect([store.popLast(), store.popLast(), store.popLast(), store.popFirst()]).toEqual([
      ['d', 'D'],
      ['c', 'C'],
      undefined,
      undefined,
    ]);
    expect(store.size).toBe(0);
    store.verify();
  });

  test('make a queue that keeps its order and its memory through 50,000 entries', () => {
    const store = new MemStore({ garbageBytesMin: 64 << 10 });
    let inOrder = 0;
    for (let i = 0; i < 50_000; i++) {
      store.put(`${1_000_000 + i}`, 'x'.repeat(50));
      if (i >= 100 && store.popFirst()![0] === `${1_000_000 + i - 100}`) inOrder++;
    }
    expect(inOrder).toBe(49_900);
    expect(store.size).toBe(100);
    expect(store.memoryUsage()).toBeLessThan(1 << 20);
    store.verify();
  });

  test('leave what snapshots see', () => {
    const store = MemStore.from([['a', '1']]);
    const snapshot = store.snapshot();
    expect(store.popLast()).toEqual(['a', '1']);
    expect([store.first(), store.first({ snapshot })]).toEqual([undefined, ['a', '1']]);
    store.verify();
  });

  test('are refused where a target may have smaller and greater keys', () => {
    const store = new MemStore({ target: new SortedTarget() });
    expect(() => store.popFirst()).toThrow(error('MEMTABLE_BUFFER_ONLY', 'popFirst()'));
    expect(() => store.popLast()).toThrow(error('MEMTABLE_BUFFER_ONLY', 'popLast()'));
  });

  test('change nothing when the entry cannot be decoded, or the decoder closes the store', () => {
    let decode = (): string => {
      throw new RangeError('no such value');
    };
    const valueEncoding = { format: 'utf8', encode: (text: string) => text, decode: () => decode() } as const;
    const store = MemStore.from([['a', '1']], { valueEncoding });
    expect(() => store.popFirst()).toThrow(error('MEMTABLE_ENCODING_FAILED', 'no such value'));
    expect(store.size).toBe(1);
    decode = () => (store.put('a', '2').put('0', '0'), 'read');
    expect(store.popFirst()).toEqual(['a', 'read']);
    expect([...store.keys()]).toEqual(['0']);
    decode = () => (store.close(), '');
    expect(() => store.popLast()).toThrow(error('MEMTABLE_CLOSED'));
  });

  test('are refused in a frozen store', () => {
    const store = MemStore.from([['a', '1']]);
    store.freeze();
    expect(() => store.popFirst()).toThrow(error('MEMTABLE_FROZEN'));
  });
});

describe('encodings of an older shape', () => {
  test('level-codec: type is the name, buffer: false means strings', () => {
    // As charwise has it.
    const older = {
      type: 'dotted',
      buffer: false,
      encode: (parts: string[]) => parts.join('.'),
      decode: (text: string) => text.split('.'),
    };
    const store = new MemStore<string[], string>({ keyEncoding: older });
    store.put(['a', 'b'], '1');
    expect([...store]).toEqual([[['a', 'b'], '1']]);
    expect(() => store.put('a' as never, '1')).toThrow(error('MEMTABLE_ENCODING_FAILED', "the encoding 'dotted'"));
  });

  test.each([
    ['buffer: true', { buffer: true }, true],
    ['a code, as multiformats have', { code: 0x55 }, false],
    ['a format, which counts before the others', { buffer: false, code: 1, format: 'buffer' }, true],
  ])('%s', (_, shape, isBuffer) => {
    const seen: boolean[] = [];
    const decode = (data: Uint8Array) => (seen.push(Buffer.isBuffer(data)), data);
    const encoding = { name: 'bytes', encode: (data: Uint8Array) => data, decode, ...shape } as Encoding<Uint8Array>;
    const store = new MemStore<string, Uint8Array>({ valueEncoding: encoding });
    store.put('a', new Uint8Array([1, 2])).get('a');
    expect(seen).toEqual([isBuffer]);
  });
});

test('types that contradict the encodings do not compile', () => {
  // Only types are checked. Nothing is called, because most of it would throw or read another type than it says.
  const types = () => {
    new MemStore();
    new MemStore<string | Uint8Array, string>();
    new MemStore<'a' | 'b', unknown>();
    new MemStore<number, string>({ keyEncoding: numbers });
    new MemStore<number, boolean>({ keyEncoding: 'json', valueEncoding: 'json' });
    // @ts-expect-error - keys are strings without an encoding
    new MemStore<number, string>();
    // @ts-expect-error - the encoding of the keys is missing
    new MemStore<number, string>({ maxBytes: 1 << 20 });
    // @ts-expect-error - the encoding of the values is missing
    new MemStore<string, { n: number }>();
    // @ts-expect-error - utf8 reads strings
    new MemStore<number, string>({ keyEncoding: 'utf8' });
    // @ts-expect-error - view reads bytes
    new MemStore<string, string>({ keyEncoding: 'view' });
    // @ts-expect-error - keys are numbers
    MemStore.from([['a', 'b']], { keyEncoding: numbers });
    // @ts-expect-error - the encoding of the keys is missing
    MemStore.from([[1, 'b']]);
    const inferred: MemStore<number, string> = new MemStore({ keyEncoding: numbers });
    const generic = <K, V>(options: MemStoreOptions<K, V>): MemStore<K, V> => new MemStore(options);
    return [inferred, generic<number, string>({ keyEncoding: numbers })];
  };
  expect(types).toBeInstanceOf(Function);
});
