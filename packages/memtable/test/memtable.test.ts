import { Arena } from '@memtable/arena';
import fc from 'fast-check';
import { MemTable, type MemTableOptions, SEQUENCE_MAX, type ValueType, WriteBatch } from '../src/index.js';
import { error, text, utf8 } from './bytes.js';

const shapes: [string, MemTableOptions][] = [
  ['compact, skiplist', { layout: 'compact', index: 'skiplist' }],
  ['compact, block', { layout: 'compact', index: 'block' }],
  ['leveldb', { layout: 'leveldb' }],
];

describe.each(['skiplist', 'block'] as const)('MemTable with 100,000 entries in compact layout, index %s', (index) => {
  const bytesPerEntry = (keyBytes: number, valueBytes: number) => {
    const table = new MemTable({ index, reserveBytes: 32 << 20 });
    const value = new Uint8Array(valueBytes);
    for (let i = 0; i < 100_000; i++) table.add(i + 1, 1, utf8(String(i).padStart(keyBytes, '0')), value);
    return table.approximateMemoryUsage() / 100_000;
  };

  test('takes at most 137 bytes an entry with keys of 16 and values of 100 bytes (LevelDB: 148.6)', () => {
    expect(bytesPerEntry(16, 100)).toBeLessThanOrEqual(137);
  });

  test('takes at most 36 bytes an entry with keys and values of 8 bytes (LevelDB: 50.9)', () => {
    expect(bytesPerEntry(8, 8)).toBeLessThanOrEqual(36);
  });
});

/** All figures but the length of the buffer, which may grow for a write that is refused. */
const figures = (table: MemTable) => {
  const { arena, ...own } = table.stats();
  return { ...own, arena: { ...arena, capacityBytes: undefined } };
};

describe.each(shapes)('MemTable %s', (_, shape) => {
  const empty = (options: MemTableOptions = {}) => new MemTable({ ...options, ...shape });

  test('add() refuses every entry that a batch has added, its last one included', () => {
    const table = empty({ reserveBytes: 1 << 20 }); // Enough room for the hot path of add().
    table.add(1, 1, utf8('a'));
    table.apply(new WriteBatch().put(utf8('k'), utf8('20')).put(utf8('l'), utf8('21')), 20);
    const before = figures(table);
    expect(() => table.add(20, 1, utf8('k'), utf8('x'))).toThrow(error('MEMTABLE_DUPLICATE', 'sequence 20'));
    expect(() => table.add(21, 1, utf8('l'), utf8('x'))).toThrow(error('MEMTABLE_DUPLICATE', 'sequence 21'));
    expect(figures(table)).toEqual(before);
    table.verify();
  });

  test('get() finds the newest version that a sequence may see: a value, a deletion, or nothing', () => {
    const table = empty();
    table.add(10, 1, utf8('k'), utf8('ten'));
    table.add(20, 0, utf8('k'));
    table.add(30, 1, utf8('k'), utf8('thirty'));
    const at = (sequence?: number | bigint) => {
      const found = table.get(utf8('k'), sequence);
      return found && [found.type, text(found.value)];
    };
    expect(at(9)).toBeUndefined();
    expect(at(10)).toEqual([1, 'ten']);
    expect(at(19)).toEqual([1, 'ten']);
    expect(at(20)).toEqual([0, '']);
    expect(at(30)).toEqual([1, 'thirty']);
    expect(at(SEQUENCE_MAX)).toEqual([1, 'thirty']);
    expect(at()).toEqual([1, 'thirty']);
    expect(table.get(utf8(''))).toBeUndefined();
    expect(table.get(utf8('kk'))).toBeUndefined();
  });

  test('holds empty keys and values, keys over 64 KiB, and values larger than blocks', () => {
    const table = empty();
    const long = new Uint8Array(70_000).fill(0xff);
    const big = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
    table.add(1, 1, utf8(''), utf8(''));
    table.add(2, 1, long, big);
    table.add(3, 1, long.subarray(1), utf8('x'));
    expect(table.get(utf8(''))!.value).toHaveLength(0);
    expect(table.get(long)!.value).toEqual(big);
    expect(text(table.get(long.subarray(1))!.value)).toBe('x');
    expect(Array.from(table, ({ key }) => key.length)).toEqual([0, 69_999, 70_000]);
    table.verify();
  });

  test('takes sequences up to 2^53 - 1, and reads at a bigint beyond', () => {
    const table = empty();
    table.add(Number.MAX_SAFE_INTEGER, 1, utf8('k'), utf8('last'));
    table.add(0, 1, utf8('k'), utf8('first'));
    expect(text(table.get(utf8('k'), 2n ** 53n)!.value)).toBe('last');
    expect(text(table.get(utf8('k'), Number.MAX_SAFE_INTEGER - 1)!.value)).toBe('first');
    expect(Array.from(table, ({ sequence }) => sequence)).toEqual([Number.MAX_SAFE_INTEGER, 0]);
  });

  test('copies keys and values in and out', () => {
    const table = empty();
    const key = utf8('key');
    const value = utf8('value');
    table.add(1, 1, key, value);
    key.fill(0);
    value.fill(0);
    const found = table.get(utf8('key'))!;
    expect(text(found.value)).toBe('value');
    found.value.fill(0);
    expect(text(table.get(utf8('key'))!.value)).toBe('value');
    expect(table.getView(utf8('key'))!.value.buffer).toBe(table.arena.memory.buffer);
  });

  test('a cursor seeks the version that a sequence sees, walks both ways and turns round', () => {
    const table = empty();
    table.add(1, 1, utf8('a'), utf8('a1'));
    table.add(2, 1, utf8('b'), utf8('b2'));
    table.add(3, 1, utf8('b'), utf8('b3'));
    const cursor = table.iterator();
    cursor.seek(utf8('b'), 2);
    expect([text(cursor.key), cursor.sequence, text(cursor.value), cursor.type]).toEqual(['b', 2, 'b2', 1]);
    const bytes = table.arena.memory.u8;
    expect(text(bytes.slice(cursor.keyStart, cursor.keyStart + cursor.keyLength))).toBe('b');
    expect(text(bytes.slice(cursor.valueStart, cursor.valueStart + cursor.valueLength))).toBe('b2');
    cursor.prev();
    expect(cursor.sequence).toBe(3);
    cursor.prev();
    expect(text(cursor.key)).toBe('a');
    cursor.next();
    expect(cursor.sequence).toBe(3);
    cursor.seek(utf8('c'));
    expect(cursor.valid).toBe(false);
    cursor.seekToLast();
    expect(cursor.sequence).toBe(2);
    cursor.next();
    const uses = [
      () => cursor.next(),
      () => cursor.prev(),
      () => cursor.key,
      () => cursor.value,
      () => cursor.keyStart,
      () => cursor.keyLength,
      () => cursor.valueStart,
      () => cursor.valueLength,
    ];
    for (const use of uses) expect(use).toThrow(error('MEMTABLE_NOT_POSITIONED'));
  });

  test.each([
    [119, 127],
    [120, 128],
    [20_000, 20_000],
  ])('a cursor decodes an entry with a key of %d and a value of %d bytes', (keyLength, valueLength) => {
    const table = empty();
    table.add(1, 1, new Uint8Array(keyLength).fill(1), new Uint8Array(valueLength).fill(2));
    const cursor = table.iterator();
    cursor.seekToFirst();
    expect([cursor.keyLength, cursor.valueLength]).toEqual([keyLength, valueLength]);
    const bytes = table.arena.memory.u8;
    expect(bytes.slice(cursor.keyStart, cursor.keyStart + keyLength)).toEqual(cursor.key);
    expect(bytes.slice(cursor.valueStart, cursor.valueStart + valueLength)).toEqual(cursor.value);
    expect([cursor.key.every((byte) => byte === 1), cursor.value.every((byte) => byte === 2)]).toEqual([true, true]);
  });

  test.each([256, 4096, 100_000])(
    'add() takes views of the table itself as key and value, blocks of %d bytes',
    (blockBytes) => {
      const table = empty({ reserveBytes: 4096, blockBytes });
      const value = 'a value '.repeat(25);
      table.add(1, 1, utf8('a key'), utf8(value));
      const cursor = table.iterator();
      let moves = 0;
      for (let sequence = 2; moves < 5; sequence++) {
        const before = table.arena.memory.buffer;
        cursor.seekToFirst();
        table.add(sequence, 1, cursor.keyView, cursor.valueView);
        if (table.arena.memory.buffer !== before) moves++;
      }
      expect(new Set([...table].map(({ key, value: bytes }) => `${text(key)}: ${text(bytes)}`))).toEqual(
        new Set([`a key: ${value}`]),
      );
      table.verify();
    },
  );

  test('add() takes sequences in any order', () => {
    const table = empty();
    for (const sequence of [5, 9, 7, 8, 6]) table.add(sequence, 1, utf8('k'), utf8(String(sequence)));
    table.apply(new WriteBatch().put(utf8('k'), utf8('20')).put(utf8('k'), utf8('21')), 20);
    for (const sequence of [9, 5, 21, 20]) {
      expect(() => table.add(sequence, 1, utf8('k'))).toThrow(error('MEMTABLE_DUPLICATE'));
    }
    table.add(22, 1, utf8('k'), utf8('22'));
    table.add(10, 1, utf8('k'), utf8('10'));
    expect([...table].map(({ sequence, value }) => [sequence, text(value)])).toEqual(
      [22, 21, 20, 10, 9, 8, 7, 6, 5].map((sequence) => [sequence, String(sequence)]),
    );
    const attached = MemTable.attach(table.arena.memory.buffer.slice(0));
    expect(() => attached.add(22, 1, utf8('k'))).toThrow(error('MEMTABLE_DUPLICATE'));
    attached.add(23, 1, utf8('k'), utf8('23'));
    expect(text(attached.get(utf8('k'))!.value)).toBe('23');
    attached.verify();
  });

  test('apply() gives the writes of a batch ascending sequences', () => {
    const table = empty();
    const batch = new WriteBatch().put(utf8('a'), utf8('1')).del(utf8('b')).put(utf8('a'), utf8('2'));
    table.apply(batch, 100);
    expect(Array.from(table, ({ key, sequence, type }) => [text(key), sequence, type])).toEqual([
      ['a', 102, 1],
      ['a', 100, 1],
      ['b', 101, 0],
    ]);
    batch.sequence = 7;
    table.apply(batch);
    expect(table.get(utf8('a'), 7)).toEqual({ type: 1, value: utf8('1') });
    expect(table.stats()).toMatchObject({ entryCount: 6, deletionCount: 2, keyBytes: 6, valueBytes: 4 });
    table.verify();
  });

  test('an entry with equal key, sequence and type is refused and leaves no trace', () => {
    const table = empty();
    table.add(1, 1, utf8('k'), utf8('v'));
    const before = table.stats();
    expect(() => table.add(1, 1, utf8('k'), utf8('w'))).toThrow(error('MEMTABLE_DUPLICATE', 'sequence 1'));
    expect(table.stats()).toEqual(before);
    table.add(1, 0, utf8('k')); // Another type is another entry, and comes after.
    expect(Array.from(table, ({ type }) => type)).toEqual([1, 0]);
  });

  test('a batch that fails midway, for any reason, leaves neither entries nor gaps', () => {
    const entries = fc.array(fc.tuple(fc.nat(30), fc.nat(300)), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        entries,
        entries,
        fc.integer({ min: 4096, max: 12_000 }),
        fc.nat(400),
        (first, second, maxBytes, fuse) => {
          let left = Infinity;
          const comparator = (a: Uint8Array, b: Uint8Array) => {
            if (left-- === 0) throw new Error('no order today');
            return Buffer.compare(a, b);
          };
          const table = empty({ comparator, blockBytes: 512, reserveBytes: 4096, maxBytes });
          const batchOf = (list: [number, number][]) =>
            list.reduce(
              (batch, [key, length]) => batch.put(utf8(String(key)), new Uint8Array(length)),
              new WriteBatch(),
            );
          try {
            table.apply(batchOf(first), 1);
          } catch (thrown) {
            expect(thrown).toEqual(error('MEMTABLE_FULL'));
          }
          const before = { figures: figures(table), used: table.arena.memory.usedBytes, entries: [...table] };
          left = fuse;
          try {
            table.apply(batchOf(second), 1000);
            left = Infinity;
            expect(table.entryCount).toBe(before.entries.length + second.length);
          } catch {
            left = Infinity;
            expect(figures(table)).toEqual(before.figures);
            expect(table.arena.memory.usedBytes).toBe(before.used);
            expect([...table]).toEqual(before.entries);
          }
          table.verify();
          // The table works on, and uses the freed bytes again.
          try {
            table.apply(batchOf(first), 2000);
          } catch (thrown) {
            expect(thrown).toEqual(error('MEMTABLE_FULL'));
          }
          table.verify();
        },
      ),
    );
  });

  test('a full table throws MEMTABLE_FULL and keeps its entries', () => {
    const table = empty({ blockBytes: 1024, reserveBytes: 8192, maxBytes: 8192 });
    let count = 0;
    expect(() => {
      for (; ; count++) table.add(count, 1, utf8(`key${count}`), new Uint8Array(100));
    }).toThrow(error('MEMTABLE_FULL', 'of 8192 bytes'));
    expect(table.entryCount).toBe(count);
    expect([...table]).toHaveLength(count);
    expect(() => table.add(0, 1, utf8('big'), new Uint8Array(9000))).toThrow(error('MEMTABLE_FULL'));
    table.verify();
  });

  test('attach() to a copy of the buffer gives the same table in the same state', () => {
    const table = empty();
    for (let i = 0; i < 500; i++) table.add(i, i % 3 > 0 ? 1 : 0, utf8(`key${i % 50}`), utf8(`v${i}`));
    const copy = MemTable.attach(table.arena.memory.u8.slice().buffer);
    copy.verify();
    expect([...copy]).toEqual([...table]);
    expect(copy.stats()).toEqual(table.stats());
    copy.add(1000, 1, utf8('more'), utf8('x'));
    table.add(1000, 1, utf8('more'), utf8('x'));
    expect([...copy]).toEqual([...table]);
    table.freeze();
    expect(MemTable.attach(table.arena.memory.u8.slice().buffer).state).toBe('frozen');
  });
});

test('a comparator of a memtable orders its keys and decides which are equal', () => {
  const comparator = (a: Uint8Array, b: Uint8Array) =>
    Buffer.compare(utf8(text(b).toLowerCase()), utf8(text(a).toLowerCase()));
  const table = new MemTable({ comparator });
  ['a', 'C', 'b'].forEach((key, i) => table.add(i, 1, utf8(key), utf8(key)));
  expect(Array.from(table, ({ key }) => text(key))).toEqual(['C', 'b', 'a']);
  expect(text(table.get(utf8('c'))!.value)).toBe('C');
  const bytes = table.arena.memory.u8.slice().buffer;
  expect(() => MemTable.attach(bytes)).toThrow(error('MEMTABLE_MALFORMED', 'comparator'));
  expect([...MemTable.attach(bytes, { comparator })]).toEqual([...table]);
});

describe('the life of a memtable', () => {
  const filled = () => {
    const table = new MemTable();
    table.add(1, 1, utf8('k'), utf8('v'));
    return table;
  };

  test('freeze() refuses writes and keeps reads', () => {
    const table = filled();
    table.freeze();
    table.freeze();
    expect(table.state).toBe('frozen');
    expect(() => table.add(2, 1, utf8('k'), utf8('w'))).toThrow(error('MEMTABLE_FROZEN'));
    expect(() => table.apply(new WriteBatch(), 2)).toThrow(error('MEMTABLE_FROZEN'));
    expect(text(table.get(utf8('k'))!.value)).toBe('v');
    expect(table.entryCount).toBe(1);
  });

  test('after drop() every read and write throws, and all figures are 0', () => {
    const table = filled();
    const cursor = table.iterator();
    cursor.seekToFirst();
    const view = cursor.valueView;
    table.drop();
    table.drop();
    expect(table.state).toBe('dropped');
    expect(view).toHaveLength(0);
    const uses: (() => unknown)[] = [
      () => table.get(utf8('k')),
      () => table.getView(utf8('k')),
      () => table.add(2, 1, utf8('k')),
      () => table.apply(new WriteBatch(), 2),
      () => table.iterator(),
      () => [...table],
      () => table.freeze(),
      () => table.verify(),
      () => cursor.valid,
      () => cursor.next(),
      () => cursor.prev(),
      () => cursor.key,
      () => cursor.value,
      () => cursor.sequence,
      () => cursor.type,
      () => cursor.seek(utf8('k')),
      () => cursor.seekToFirst(),
      () => cursor.seekToLast(),
    ];
    for (const use of uses) expect(use).toThrow(error('MEMTABLE_DROPPED'));
    expect([table.entryCount, table.approximateMemoryUsage()]).toEqual([0, 0]);
    // The cursor still has the numbers of its entry, but no byte is left there.
    expect([cursor.keyLength, cursor.valueLength]).toEqual([1, 1]);
    expect([cursor.keyStart, cursor.valueStart].map((at) => table.arena.memory.u8[at])).toEqual([undefined, undefined]);
  });

  test('using drops the table', () => {
    let seen: MemTable;
    {
      using table = filled();
      seen = table;
    }
    expect(seen.state).toBe('dropped');
  });
});

describe('misuse of a memtable', () => {
  const table = new MemTable();
  const k = utf8('k');

  test('a key or value that is not bytes is a TypeError that says what it is', () => {
    expect(() => table.add(1, 1, 'k' as unknown as Uint8Array)).toThrow(
      new TypeError("the key must be a Uint8Array, not the string 'k'"),
    );
    expect(() => table.get(null as unknown as Uint8Array)).toThrow(
      new TypeError('the key must be a Uint8Array, not null'),
    );
    expect(() => table.add(1, 1, k, [1] as unknown as Uint8Array)).toThrow(
      new TypeError('the value must be a Uint8Array, not an array'),
    );
    expect(() => table.add(1, 2 as ValueType, k)).toThrow(TypeError);
    expect(() => new MemTable({ comparator: 'x' as unknown as () => number })).toThrow(TypeError);
  });

  test.each([-1, 0.5, NaN, 2 ** 53, 10n as unknown as number])('a write with sequence %p is refused', (sequence) => {
    expect(() => table.add(sequence, 1, k)).toThrow(error('MEMTABLE_INVALID_SEQUENCE'));
    expect(() => table.apply(new WriteBatch().del(k), sequence)).toThrow(error('MEMTABLE_INVALID_SEQUENCE'));
    expect(table.entryCount).toBe(0);
  });

  test('a batch is refused when its last sequence would be too large', () => {
    const batch = new WriteBatch().del(k).del(utf8('l'));
    expect(() => table.apply(batch, Number.MAX_SAFE_INTEGER)).toThrow(error('MEMTABLE_INVALID_SEQUENCE'));
    expect(table.entryCount).toBe(0);
  });

  test.each([-1, 2n ** 56n, -1n, 2 ** 53])('a read at sequence %p is refused', (sequence) => {
    expect(() => table.get(k, sequence)).toThrow(error('MEMTABLE_INVALID_SEQUENCE'));
  });

  test('an option out of its range is refused', () => {
    expect(() => new MemTable({ layout: 'wide' as 'compact' })).toThrow(error('MEMTABLE_INVALID_OPTION'));
    expect(() => new MemTable({ index: 'tree' as 'skiplist' })).toThrow(error('MEMTABLE_INVALID_OPTION'));
  });

  test('attach refuses an arena without a memtable', () => {
    expect(() => MemTable.attach(new Arena().memory.u8.slice().buffer)).toThrow(error('MEMTABLE_MALFORMED'));
  });
});

test('verify() of a memtable finds damaged entries and counts', () => {
  const damaged = (damage: (table: MemTable) => void) => {
    const table = new MemTable({ blockBytes: 512 });
    for (let i = 0; i < 10; i++) table.add(i, 1, utf8(`key${i}`), utf8('value'));
    damage(table);
    return () => table.verify();
  };
  const first = (table: MemTable) => {
    const cursor = table.index.cursor();
    cursor.seekToFirst();
    return cursor.entry;
  };
  const poke = (offset: number, value: number) => (table: MemTable) =>
    (table.arena.memory.u8[first(table) + offset] = value);
  expect(damaged(poke(5, 9))).toThrow(error('MEMTABLE_MALFORMED', 'M1: type 9'));
  expect(damaged(poke(0, 3))).toThrow(error('MEMTABLE_MALFORMED', 'M1: a key'));
  expect(damaged(poke(13, 0xff))).toThrow(error('MEMTABLE_MALFORMED', 'M1: a value'));
  expect(damaged(poke(13, 4))).toThrow(error('MEMTABLE_MALFORMED', 'M2'));

  const ring = new MemTable({ index: 'skiplist' });
  ring.add(1, 1, utf8('a'));
  ring.arena.memory.i32[(first(ring) - 4) >> 2] = first(ring); // The link right below the entry.
  expect(() => ring.verify()).toThrow('S1: more entries on level 0 than the 1 counted');
});
