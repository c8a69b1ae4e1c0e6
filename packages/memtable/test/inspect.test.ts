import fc from 'fast-check';
import { Heap, SlabAllocator } from '@memtable/arena';
import { inspectArena } from '@memtable/arena/inspect';
import { inspectIndex } from '@memtable/skiplist/inspect';
import { MemTable, type MemTableOptions, ValueType, WriteBatch } from '../src/index.js';
import { LookupKey } from '../src/format/lookup-key.js';
import { inspectMemTable, type MemTableInspection, PIECE_KINDS, traceGet } from '../src/inspect/index.js';
import { error, text, utf8 } from './bytes.js';
import usage from './golden/memtable_usage.json';

const SHAPES: MemTableOptions[] = [
  { layout: 'leveldb' },
  { index: 'skiplist' },
  { index: 'block' },
  { index: 'skiplist', blockBytes: 64 },
  { layout: 'leveldb', blockBytes: 128, skiplist: { branching: 2, heightMax: 5 } },
  { index: 'block', blockBytes: 4096 },
];

const bufferOf = (table: MemTable) => table.arena.memory.buffer;
/** The bytes that a dump holds. */
const dumpOf = (table: MemTable) => bufferOf(table).slice(0, table.arena.memory.usedBytes);

/** Bytes of the pieces of a kind. */
const sumOf = ({ pieces }: MemTableInspection, kind: (typeof PIECE_KINDS)[number]) =>
  pieces.bytes.reduce((sum, bytes, i) => sum + (PIECE_KINDS[pieces.kinds[i]] === kind ? bytes : 0), 0);

function checkTiles(table: MemTable, seen: MemTableInspection) {
  const { pieces, stats, arena } = seen;
  let at = 0;
  const misplaced = pieces.addresses.findIndex((address, i) => {
    const fits = address === at && pieces.bytes[i] > 0;
    at += pieces.bytes[i];
    return !fits;
  });
  expect(misplaced).toBe(-1);
  expect(at).toBe(table.arena.memory.usedBytes);
  expect(stats).toEqual(table.stats());
  expect(sumOf(seen, 'key')).toBe(stats.keyBytes);
  expect(sumOf(seen, 'value')).toBe(stats.valueBytes);
  expect(sumOf(seen, 'tag')).toBe(8 * stats.entryCount);
  expect(sumOf(seen, 'slop')).toBe(stats.arena.slopBytes);
  expect(sumOf(seen, 'tail')).toBe(stats.arena.tailBytes);
  expect(sumOf(seen, 'free')).toBe(stats.arena.remainingBytes);
  expect(sumOf(seen, 'header')).toBe(stats.arena.headerBytes);
  expect(at - sumOf(seen, 'superblock') - sumOf(seen, 'gap')).toBe(stats.arena.memoryUsage);
  expect(arena.blocks.map((block) => block.usedBytes + block.tailBytes + block.freeBytes)).toEqual(
    arena.blocks.map(({ bytes }) => bytes),
  );
}

function checkEntries(table: MemTable, { entries, index }: MemTableInspection) {
  const u8 = new Uint8Array(bufferOf(table));
  const part = (start: number, bytes: number) => Buffer.from(u8.slice(start, start + bytes)).toString('hex');
  const found = Array.from(entries.addresses, (_, i) => ({
    key: part(entries.keyStarts[i], entries.keyBytes[i]),
    value: part(entries.valueStarts[i], entries.valueBytes[i]),
    sequence: entries.sequences[i],
    type: entries.types[i],
  }));
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const expected = Array.from(table, ({ key, value, ...rest }) => ({ key: hex(key), value: hex(value), ...rest }));
  expect(found).toEqual(expected);
  expect(index.height).toBe(table.index.height);
}

describe.each(SHAPES)('inspection of a memtable with %o', (options) => {
  const key = fc.uint8Array({ maxLength: 12 });
  const value = fc.oneof({ weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) }, largeValue());
  const write = fc.record({ key, value, deleted: fc.boolean() });

  test('gives every used byte a kind: after any writes, live, frozen and copied', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 150, size: 'max' }), fc.boolean(), (writes, inBatch) => {
        const table = new MemTable(options);
        const batch = new WriteBatch();
        writes.forEach(({ key, value, deleted }, i) => {
          if (inBatch) void (deleted ? batch.del(key) : batch.put(key, value));
          else if (deleted) table.add(i, ValueType.Deletion, key);
          else table.add(i, ValueType.Value, key, value);
        });
        if (inBatch) table.apply(batch, 7);
        const live = inspectMemTable(bufferOf(table));
        checkTiles(table, live);
        checkEntries(table, live);
        table.freeze();
        const dumped = inspectMemTable(dumpOf(table));
        expect(dumped.stats.state).toBe('frozen');
        expect(dumped.pieces).toEqual(live.pieces);
        expect(dumped.index).toEqual(live.index);
      }),
      { numRuns: 15 },
    );
  });

  test('finds no trace of a batch that was undone', () => {
    const table = new MemTable(options);
    for (let i = 0; i < 301; i++) table.add(1000 + i, ValueType.Value, utf8(`key ${(i * 7) % 301}`), utf8('value'));
    const batch = new WriteBatch();
    for (let i = 0; i < 100; i++) batch.put(utf8(`key ${i}a`), new Uint8Array(i * 10));
    batch.put(utf8('key 0'), utf8('again')); // It gets sequence 1000, which the table has.
    expect(() => table.apply(batch, 900)).toThrow(error('MEMTABLE_DUPLICATE'));
    checkTiles(table, inspectMemTable(bufferOf(table)));
  });

  test('traceGet() makes the comparisons of get() and finds the same entry', () => {
    const table = new MemTable(options);
    for (let i = 0; i < 3000; i++) table.add(i, ValueType.Value, utf8(`key ${(i * 1009) % 3000}`), utf8('value'));
    const seen = inspectMemTable(bufferOf(table));
    for (const wanted of ['key 17', 'key 2999', 'key 30000', 'a', 'z', '', 'key ']) {
      const trace = traceGet(bufferOf(table), utf8(wanted));
      const cursor = table.iterator();
      cursor.seek(utf8(wanted));
      const { view, at } = new LookupKey().setFor(utf8(wanted), (1n << 56n) - 1n);
      expect(trace.found).toBe(table.index.seek(view, at));
      if (cursor.valid) expect(keyAt(seen, table, trace.found)).toBe(text(cursor.key));
      else expect(trace.found).toBe(0);
      const sign = (entry: number) => Math.sign(compareBytes(keyBytesAt(seen, table, entry), utf8(wanted)));
      if (trace.kind === 'skiplist') {
        expect(seen.index.kind).toBe('skiplist');
        expect(trace.steps.at(-1)!.level).toBe(0);
        for (const { next, comparison } of trace.steps) {
          if (comparison === undefined) continue;
          const entry = table.index.entryOf(next as Parameters<typeof table.index.entryOf>[0]);
          if (sign(entry) !== 0) expect(Math.sign(comparison)).toBe(sign(entry));
        }
      } else {
        if (trace.steps.length === 0) expect(trace.outside.length).toBeGreaterThan(0);
        for (const { block, level, slot, comparisons } of trace.steps) {
          if (seen.index.kind !== 'block') throw new Error('another index');
          const { entries, children } = seen.index.levels[level].find(({ address }) => address === block)!;
          for (const { entry, comparison } of comparisons) {
            expect(entries).toContain(entry);
            if (sign(entry) !== 0) expect(Math.sign(comparison)).toBe(sign(entry));
          }
          if (level > 0) expect(trace.steps.find((step) => step.level === level - 1)!.block).toBe(children[slot]);
        }
      }
    }
  });
});

function largeValue() {
  return fc.integer({ min: 41, max: 6000 }).map((bytes) => new Uint8Array(bytes));
}

function keyBytesAt({ entries }: MemTableInspection, table: MemTable, entry: number): Uint8Array {
  const i = entries.addresses.indexOf(entry);
  return new Uint8Array(bufferOf(table)).subarray(entries.keyStarts[i], entries.keyStarts[i] + entries.keyBytes[i]);
}

const keyAt = (seen: MemTableInspection, table: MemTable, entry: number) => text(keyBytesAt(seen, table, entry));
const compareBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b);

test("inspected memory usage is LevelDB's: 4104 bytes when empty, 151,848 after 1000 adds of 16/100", () => {
  const table = new MemTable({ layout: 'leveldb' });
  expect(inspectMemTable(bufferOf(table)).stats.arena.memoryUsage).toBe(usage.empty);
  for (let i = 0; i < 1000; i++) {
    table.add(i + 1, ValueType.Value, utf8(String(i).padStart(16, '0')), new Uint8Array(100));
  }
  const { arena } = inspectMemTable(bufferOf(table));
  expect(arena.stats.memoryUsage).toBe(usage.key16_val100[0]);
  expect(arena.blocks.reduce((sum, { bytes, headerBytes }) => sum + bytes + headerBytes, 0)).toBe(151_848);
});

test('inspectMemTable() takes a table with a comparator, traceGet() refuses it', () => {
  const comparator = (a: Uint8Array, b: Uint8Array) => a.length - b.length;
  const table = new MemTable({ comparator });
  for (const key of ['ccc', 'b', 'aa']) table.add(1, ValueType.Value, utf8(key), utf8('value'));
  const seen = inspectMemTable(bufferOf(table));
  expect(seen.customOrder).toBe(true);
  checkTiles(table, seen);
  checkEntries(table, seen);
  expect(() => traceGet(bufferOf(table), utf8('b'))).toThrow(error('MEMTABLE_MALFORMED', 'comparator'));
});

test('inspected links of a skip list are the links in the buffer', () => {
  const table = new MemTable({ layout: 'leveldb' });
  for (let i = 0; i < 200; i++) table.add(i, ValueType.Value, utf8(`key ${(i * 77) % 200}`));
  const index = inspectIndex(bufferOf(table));
  if (index.kind !== 'skiplist') throw new Error('another index');
  const words = new Int32Array(bufferOf(table));
  for (let level = 0; level < index.height; level++) {
    const way: number[] = [];
    for (let node = index.head.links[level]; node !== 0; node = words[(node >> 2) + 2 + 2 * level]) way.push(node);
    expect(way).toEqual([...index.nodes].filter((_, i) => index.heights[i] > level));
    const links = [...index.nodes.keys()]
      .filter((i) => index.heights[i] > level)
      .map((i) => index.linkStarts[i] + level);
    expect(links.map((i) => index.links[i])).toEqual([...way.slice(1), 0]);
  }
});

describe('inspection of bytes that are no memtable', () => {
  const table = new MemTable({ layout: 'leveldb' });
  for (let i = 0; i < 200; i++) table.add(i, ValueType.Value, utf8(`key ${(i * 77) % 200}`), utf8('value'));
  const dump = dumpOf(table);
  const message = (bytes: ArrayBufferLike): string => {
    try {
      inspectMemTable(bytes);
    } catch (thrown) {
      const { name, code, message } = thrown as { name: string; code?: string; message: string };
      expect(code).toMatch(/_MALFORMED$/);
      return `${name}: ${message}`;
    }
    return 'sound';
  };

  test('reports what is wrong and where', () => {
    expect(message(dump)).toBe('sound');
    expect(message(new ArrayBuffer(100))).toBe('ArenaError: 100 bytes cannot hold a superblock of 256 bytes');
    expect(message(utf8('x'.repeat(300)).buffer)).toContain('it starts with 0x78787878');
    expect(message(dump.slice(0, -1))).toMatch(/^ArenaError: the superblock says \d+ bytes are in use, the buffer has/);
    const blank = new ArrayBuffer(256);
    new Uint8Array(blank).set(new Uint8Array(dump).subarray(0, 64));
    new Int32Array(blank)[1] = 256;
    expect(message(blank)).toContain('no arena has blocks of 0 bytes');
  });

  test('reports any damaged word of a skip list, or still gives every byte a kind', () => {
    const words = dump.byteLength / 4;
    fc.assert(
      fc.property(fc.nat(words - 1), fc.oneof(fc.integer(), fc.nat(dump.byteLength)), (word, damage) => {
        const damaged = dump.slice(0);
        new Int32Array(damaged)[word] = damage;
        const told = message(damaged); // Fails on any error that has no code.
        if (told !== 'sound') return;
        const { pieces } = inspectMemTable(damaged);
        expect(pieces.addresses.at(-1)! + pieces.bytes.at(-1)!).toBe(dump.byteLength);
      }),
      { numRuns: 400 },
    );
  });

  test('survives damage of any word of a block list', () => {
    const table = new MemTable({ blockBytes: 4096 });
    for (let i = 0; i < 200; i++) table.add(i, ValueType.Value, utf8(`key ${(i * 77) % 200}`), utf8('value'));
    const dump = dumpOf(table);
    const words = dump.byteLength / 4;
    fc.assert(
      fc.property(fc.nat(words - 1), fc.oneof(fc.integer(), fc.nat(dump.byteLength)), (word, damage) => {
        const damaged = dump.slice(0);
        new Int32Array(damaged)[word] = damage;
        expect(message(damaged)).toBeTruthy();
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['a heap', new Heap()],
    ['slabs', new SlabAllocator()],
  ])('refuses the memory of %s, which many arenas share', (_, source) => {
    const shared = new MemTable({ source });
    expect(message(shared.arena.memory.buffer)).toContain('only one that owns its memory');
  });

  test('refuses an arena without a memtable', () => {
    const { memory } = new MemTable().arena;
    new Int32Array(memory.buffer)[48] = 0; // The table's line: no state.
    expect(message(memory.buffer)).toContain('holds no memtable');
    expect(inspectArena(memory.buffer).blocks).toHaveLength(1);
  });
});
