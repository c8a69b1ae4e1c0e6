import { Arena, GuardedArena, Heap, SlabAllocator } from '@memtable/arena';
import { failEveryAllocation } from '@memtable/testing';
import { MemTable, ValueType } from '../src/index.js';
import { error, text, utf8 } from './bytes.js';

const fill = (table: MemTable, name: string, count: number) => {
  for (let i = 0; i < count; i++)
    table.add(i, ValueType.Value, utf8(`${name}${i * 7919}`), utf8(`value ${i}`.repeat(9)));
};
const check = (table: MemTable, name: string, count: number) => {
  table.verify();
  expect(table.entryCount).toBe(count);
  for (let i = 0; i < count; i++) {
    expect(text(table.get(utf8(`${name}${i * 7919}`))!.value)).toBe(`value ${i}`.repeat(9));
  }
};

describe.each([
  ['a heap, mixed fit', () => new Heap()],
  ['a heap, first fit', () => new Heap({ fit: 'first' })],
  ['slabs', () => new SlabAllocator()],
])('memtables over %s', (_, make) => {
  test.each(['block', 'skiplist'] as const)('reuse the memory of a dropped memtable, index %s', (index) => {
    const heap = make();
    const [a, b] = [new MemTable({ source: heap, index }), new MemTable({ source: heap, index })];
    for (let i = 0; i < 1500; i++) {
      a.add(i, ValueType.Value, utf8(`a${i}`), utf8('x'.repeat(50)));
      b.add(i, ValueType.Value, utf8(`b${i}`), utf8('y'.repeat(50)));
    }
    const { usedBytes, capacityBytes } = heap.memory;
    const usage = heap.stats().usedBytes;
    a.drop();
    expect(a.state).toBe('dropped');
    expect(() => a.get(utf8('a1'))).toThrow(error('MEMTABLE_DROPPED'));
    expect(a.approximateMemoryUsage()).toBe(0);
    expect(heap.stats().usedBytes).toBeLessThan(usage * 0.6);

    const c = new MemTable({ source: heap, index });
    fill(c, 'c', 700);
    check(c, 'c', 700);
    b.verify();
    expect(text(b.get(utf8('b1499'))!.value)).toBe('y'.repeat(50));
    heap.verify();
    expect(heap.memory).toMatchObject({ usedBytes, capacityBytes });

    b.drop();
    c.drop();
    expect(heap.stats().usedCount).toBe(0);
    expect(heap.memoryUsage()).toBe(0);
  });
});

test('memtables over one heap share its maxBytes: when one is full so is the other, until the first is dropped', () => {
  const heap = new Heap({ reserveBytes: 1 << 20, maxBytes: 1 << 20 });
  const [a, b] = [new MemTable({ source: heap }), new MemTable({ source: heap })];
  expect(() => fill(a, 'a', 100_000)).toThrow(error('MEMTABLE_FULL'));
  expect(() => fill(b, 'b', 1000)).toThrow(error('MEMTABLE_FULL'));
  const before = b.stats();
  expect(() => b.add(10_000, ValueType.Value, utf8('key'), new Uint8Array(20_000))).toThrow(error('MEMTABLE_FULL'));
  expect(b.stats()).toEqual(before);
  a.drop();
  b.drop();
  const c = new MemTable({ source: heap });
  fill(c, 'c', 1000);
  check(c, 'c', 1000);
});

test('attaching to the buffer of a heap gives back the heap and all memtables in it', () => {
  const heap = new Heap();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => {
    const table = new MemTable({ source: heap });
    fill(table, name, 300);
    return table;
  });
  b.drop();
  c.freeze();
  const copy = Heap.attach(heap.memory.u8.slice().buffer);
  const tables = Arena.attachAll(copy).map((arena) => MemTable.attach(arena));
  expect(tables.map(({ state }) => state)).toEqual(['active', 'frozen']);
  expect(tables.map((table) => table.stats())).toEqual(
    [a, c].map((table) => ({
      ...table.stats(),
      arena: { ...table.stats().arena, capacityBytes: copy.memory.capacityBytes },
    })),
  );
  check(tables[0], 'a', 300);
  tables[0].add(1000, ValueType.Value, utf8('new'), utf8('entry'));
  tables.forEach((table) => table.drop());
  expect(Arena.attachAll(copy)).toEqual([]);
  expect(copy.stats().usedCount).toBe(0);
});

test.each([
  ['a heap', () => new Heap()],
  ['slabs', () => new SlabAllocator()],
])('when any request to %s fails, the memtable is as before', (_, make) => {
  const requests = failEveryAllocation(
    () => {
      const heap = make();
      const table = new MemTable({ source: heap, blockBytes: 512 });
      fill(table, 'a', 20);
      return { heap, table, usage: heap.memoryUsage() };
    },
    ({ heap }) => heap,
    ({ table }) => {
      for (let i = 0; i < 8; i++) table.add(100 + i, ValueType.Value, utf8(`b${i}`), new Uint8Array(40 * i));
    },
    ({ heap, table }, thrown) => {
      expect(thrown).toEqual(error('MEMTABLE_FULL'));
      table.verify();
      heap.verify();
      const added = table.entryCount - 20;
      for (let i = 0; i < 8; i++) expect(table.get(utf8(`b${i}`)) !== undefined).toBe(i < added);
      table.drop();
      expect(heap.memoryUsage()).toBe(0);
    },
  );
  expect(requests).toBeGreaterThan(3);
});

test.each(['block', 'skiplist'] as const)('a memtable writes only to bytes that it allocated, index %s', (index) => {
  const arena = new GuardedArena();
  const table = new MemTable({ arena, index });
  fill(table, 'a', 500);
  for (let i = 0; i < 50; i++) {
    expect(() => table.add(i, ValueType.Value, utf8(`a${i * 7919}`))).toThrow(error('MEMTABLE_DUPLICATE'));
  }
  check(table, 'a', 500);
  expect(arena.allocations().length).toBeGreaterThan(500);
  table.drop();
  expect(arena.dropped).toBe(true);
});
