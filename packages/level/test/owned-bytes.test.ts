/** MemtableLevel copies bytes at the call: callers may reuse their buffers as soon as a call has returned. */
import { MemtableLevel } from '../src/index.js';

type Db = Pick<
  MemtableLevel<Uint8Array, Uint8Array>,
  | 'status'
  | 'prefixKey'
  | 'on'
  | 'put'
  | 'del'
  | 'batch'
  | 'get'
  | 'getMany'
  | 'has'
  | 'hasMany'
  | 'clear'
  | 'iterator'
  | 'keys'
  | 'values'
  | 'sublevel'
>;

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const put = (key: Uint8Array, value: Uint8Array) => ({ type: 'put' as const, key, value });

async function contentOf(db: Db): Promise<string> {
  const entries = await db.iterator().all();
  return entries.map(([key, value]) => `${textOf(key)}=${textOf(value)}`).join(' ');
}

/** An operation on the key `b`, which it gets as a buffer. The caller overwrites that buffer right after the call. */
interface Case {
  readonly name: string;
  readonly run: (db: Db, b: Uint8Array) => Promise<unknown>;
  /** What `run` resolves with. */
  readonly yields?: unknown;
  /** The content afterwards; by default the content before. */
  readonly leaves?: string;
}

const BEFORE = 'a=1 b=2 c=3';

const cases: Case[] = [
  { name: 'the key of put', run: (db, b) => db.put(b, Buffer.from('x')), leaves: 'a=1 b=x c=3' },
  { name: 'the value of put', run: (db, b) => db.put(Buffer.from('a'), b), leaves: 'a=b b=2 c=3' },
  { name: 'the key of del', run: (db, b) => db.del(b), leaves: 'a=1 c=3' },
  {
    name: 'keys and values of a batch, and the batch itself',
    run: (db, b) => {
      const operations = [put(b, b), { type: 'del' as const, key: Buffer.from('a') }];
      const done = db.batch(operations);
      operations[1] = put(Buffer.from('later'), b);
      operations.push(put(Buffer.from('more'), b));
      return done;
    },
    leaves: 'b=b c=3',
  },
  { name: 'the key of get', run: async (db, b) => textOf(await db.get(b)), yields: '2' },
  {
    name: 'the keys of getMany',
    run: async (db, b) => {
      const keys = [b, Buffer.from('c')];
      const found = db.getMany(keys);
      keys.pop();
      b.fill(0x7a);
      return (await found).map(textOf);
    },
    yields: ['2', '3'],
  },
  { name: 'the key of has', run: (db, b) => db.has(b), yields: true },
  { name: 'the keys of hasMany', run: (db, b) => db.hasMany([b]), yields: [true] },
  ...(['gt', 'gte', 'lt', 'lte'] as const).flatMap((bound, i): Case[] => {
    const found = [['c'], ['b', 'c'], ['a'], ['a', 'b']][i];
    const values = [['3'], ['2', '3'], ['1'], ['1', '2']][i];
    return [
      {
        name: `the bound ${bound} of iterator`,
        run: async (db, b) => (await db.iterator({ [bound]: b }).all()).map(([key]) => textOf(key)),
        yields: found,
      },
      {
        name: `the bound ${bound} of keys`,
        run: async (db, b) => (await db.keys({ [bound]: b }).all()).map(textOf),
        yields: found,
      },
      {
        name: `the bound ${bound} of values`,
        run: async (db, b) => (await db.values({ [bound]: b }).all()).map(textOf),
        yields: values,
      },
      {
        name: `the bound ${bound} of clear`,
        run: (db, b) => {
          const range: Record<string, unknown> = { [bound]: b };
          const done = db.clear(range);
          range['limit'] = 0;
          return done;
        },
        leaves: ['a=1 b=2', 'a=1', 'b=2 c=3', 'c=3'][i],
      },
    ];
  }),
  ...(['iterator', 'keys', 'values'] as const).map((method): Case => {
    const run = async (db: Db, b: Uint8Array): Promise<unknown> => {
      const iterator = db[method]();
      iterator.seek(b);
      b.fill(0x7a);
      const found = await iterator.all();
      return found.length;
    };
    return { name: `the target of seek of ${method}`, run, yields: 2 };
  }),
];

describe.each(['buffer', 'view'] as const)('MemtableLevel copies bytes at the call, encoding %s:', (encoding) => {
  const bytes = { keyEncoding: encoding, valueEncoding: encoding };
  const make = () => new MemtableLevel<Uint8Array, Uint8Array>(bytes);
  const sublevelOf = (db: Db, name: string) => db.sublevel<Uint8Array, Uint8Array>(name, bytes) as unknown as Db;

  // Each returns a function that makes an opening database. Await nothing after it: the next microtask may open it.
  const states: Record<string, () => Promise<() => { root: MemtableLevel<Uint8Array, Uint8Array>; db: Db }>> = {
    'a new database': async () => () => {
      const root = make();
      return { root, db: root };
    },
    'a database that is opened again': async () => {
      const root = make();
      await root.close();
      return () => {
        void root.open();
        return { root, db: root };
      };
    },
    'a new sublevel of an open database': async () => {
      const root = make();
      await root.open();
      return () => ({ root, db: sublevelOf(root, 's') });
    },
    'a sublevel in a sublevel of a new database': async () => () => {
      const root = make();
      return { root, db: sublevelOf(sublevelOf(root, 's'), 't') };
    },
  };

  describe.each(Object.keys(states))('%s', (state) => {
    test.each(cases)('$name', async ({ run, yields, leaves = BEFORE }) => {
      const begin = await states[state]();
      const { root, db } = begin();
      for (const [key, value] of ['a1', 'b2', 'c3']) root.store.put(db.prefixKey(key, 'utf8'), value);
      const b = Buffer.from('b');
      expect(db.status).toBe('opening');
      const result = run(db, encoding === 'view' ? new Uint8Array(b.buffer, b.byteOffset, 1) : b);
      b.fill(0x7a);
      const found = await result;
      if (yields !== undefined) expect(found).toEqual(yields);
      expect(await contentOf(db)).toBe(leaves);
    });
  });
});

describe('an open MemtableLevel', () => {
  const bytes = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

  /** Yields the same buffer three times, each time with other content. */
  function* scratch(): Generator<Buffer> {
    const buffer = Buffer.alloc(1);
    for (const letter of 'abc') {
      buffer.write(letter);
      yield buffer;
    }
  }

  test('a chained batch keeps the bytes that each of its operations got at the call', async () => {
    const db = new MemtableLevel<Buffer, Buffer>(bytes);
    await db.open();
    const sublevel = db.sublevel<Buffer, Buffer>('s', bytes);
    await sublevel.open();
    for (const target of [db, sublevel] as unknown as MemtableLevel<Buffer, Buffer>[]) {
      const puts = target.batch();
      for (const buffer of scratch()) puts.put(buffer, buffer);
      await puts.write();
      expect(await contentOf(target as unknown as Db)).toBe('a=a b=b c=c');
      const dels = target.batch();
      for (const buffer of scratch()) if (buffer.toString() !== 'c') dels.del(buffer);
      await dels.write();
      expect(await contentOf(target as unknown as Db)).toBe('c=c');
      await target.clear();
    }
    const across = db.batch();
    for (const buffer of scratch()) across.put(buffer, buffer, { sublevel });
    expect(across.length).toBe(3);
    await across.write();
    expect(await contentOf(sublevel as unknown as Db)).toBe('a=a b=b c=c');
    const cleared = db.batch();
    await cleared.put(Buffer.from('x'), Buffer.from('x')).clear().put(Buffer.from('y'), Buffer.from('y')).write();
    expect(await contentOf(db as unknown as Db)).toBe('!s!a=a !s!b=b !s!c=c y=y');
  });

  test.each(['a database', 'a sublevel'])(
    '%s emits the written keys and values, though the caller reuses its buffer',
    async (which) => {
      const root = new MemtableLevel<Buffer, Buffer>(bytes);
      const db =
        which === 'a database'
          ? root
          : (root.sublevel<Buffer, Buffer>('s', bytes) as unknown as MemtableLevel<Buffer, Buffer>);
      await db.open();
      const told: string[] = [];
      type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };
      db.on('write', (operations: Operation[]) => {
        for (const operation of operations) {
          told.push(`${operation.type} ${operation.key.toString()}`);
          if (operation.type === 'put') told.push(operation.value.toString());
        }
      });
      const all: Promise<void>[] = [];
      for (const buffer of scratch()) all.push(db.put(buffer, buffer));
      for (const buffer of scratch()) all.push(db.del(buffer));
      for (const buffer of scratch()) all.push(db.batch([{ type: 'put', key: buffer, value: buffer }]));
      const chained = db.batch();
      for (const buffer of scratch()) chained.put(buffer, buffer);
      all.push(chained.write());
      await Promise.all(all);
      const puts = ['put a', 'a', 'put b', 'b', 'put c', 'c'];
      expect(told).toEqual([...puts, 'del a', 'del b', 'del c', ...puts, ...puts]);
    },
  );

  test('an encoding gets the bytes of the caller uncopied, as the store copies them before the call returns', async () => {
    const seen: unknown[] = [];
    const encoding = {
      name: 'spy',
      format: 'buffer' as const,
      encode: (data: Buffer) => {
        seen.push(data);
        return data;
      },
      decode: (data: Buffer) => data,
    };
    const db = new MemtableLevel<Buffer, Buffer>({ keyEncoding: encoding, valueEncoding: encoding });
    await db.open();
    const buffer = Buffer.from('a');
    await db.put(buffer, buffer);
    await db.batch([{ type: 'put', key: buffer, value: buffer }]);
    await db.get(buffer);
    await db.getMany([buffer]);
    await db.has(buffer);
    await db.hasMany([buffer]);
    await db.keys({ gte: buffer }).all();
    await db.clear({ gt: buffer });
    await db.del(buffer);
    expect(seen).toHaveLength(11);
    expect(seen.every((data) => data === buffer)).toBe(true);
  });

  test('an encoding of a new database gets typed arrays and DataViews as copies of the same type', async () => {
    type Vector = Float32Array | DataView;
    const encoding = {
      name: 'vector',
      format: 'view' as const,
      encode: (data: Vector) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      decode: (data: Uint8Array) => data as unknown as Vector,
    };
    const seen: Vector[] = [];
    const db = new MemtableLevel<string, Vector>({
      valueEncoding: { ...encoding, encode: (data: Vector) => (seen.push(data), encoding.encode(data)) },
    });
    const vector = new Float32Array([1.5, 2.5, 3.5]).subarray(1);
    const view = new DataView(Float32Array.of(9, 2.5).buffer, 4);
    const done = Promise.all([db.put('vector', vector), db.put('view', view)]);
    vector.fill(0);
    view.setInt32(0, 0);
    await done;
    expect(seen).toEqual([Float32Array.of(2.5, 3.5), new DataView(Float32Array.of(2.5).buffer)]);
    expect(db.store.get('view', { valueEncoding: 'view' })).toEqual(new Uint8Array(Float32Array.of(2.5).buffer));
  });

  test.each(['buffer', 'view'] as const)(
    'the caller may overwrite the keys and values that reads with the encoding %s return',
    async (encoding) => {
      const options = { keyEncoding: encoding, valueEncoding: encoding };
      const root = new MemtableLevel<Uint8Array, Uint8Array>(options);
      await root.open();
      const sublevel = root.sublevel<Uint8Array, Uint8Array>('s', options) as unknown as Db;
      for (const db of [root, sublevel] as Db[]) {
        for (const letter of 'abcdef') await db.put(Buffer.from(letter), Buffer.from(letter));
        const before = await contentOf(db);
        const all: Uint8Array[] = [];
        const iterator = db.iterator();
        all.push(...(await iterator.next())!, ...(await iterator.nextv(2)).flat(), ...(await iterator.all()).flat());
        all.push(...(await db.keys().all()), ...(await db.values().all()), (await db.get(Buffer.from('a')))!);
        all.push(...((await db.getMany([Buffer.from('b'), Buffer.from('c')])) as Uint8Array[]));
        const texts = all.map(textOf);
        for (const [i, bytes] of all.entries()) {
          expect(textOf(bytes)).toBe(texts[i]); // It shares no bytes with those overwritten before it.
          bytes.fill(0x7a);
        }
        expect(await contentOf(db)).toBe(before);
      }
    },
  );
});
