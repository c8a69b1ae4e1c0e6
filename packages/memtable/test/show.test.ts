import { inspect } from 'node:util';
import { Arena, FixedArena, GuardedArena, Heap, INSPECT, show, SlabAllocator } from '@memtable/arena';
import { MemTable, ValueType, WriteBatch } from '../src/index.js';
import { utf8 } from './bytes.js';

const printed = (value: unknown) => inspect(value, { breakLength: Infinity });
const filled = (index: 'block' | 'skiplist') => {
  const table = new MemTable({ index });
  table.add(1, ValueType.Value, utf8('a'), utf8('1'));
  table.add(2, ValueType.Deletion, utf8('b'));
  return table;
};

test('console.log of a memtable, its parts and a batch prints their contents', () => {
  const table = filled('skiplist');
  expect(printed(table)).toBe(
    "MemTable { state: 'active', entryCount: 2, deletionCount: 1, memoryUsage: 16392, layout: 'compact', index: 'skiplist' }",
  );
  expect(printed(table.index)).toBe("SkipList { layout: 'compact', entryCount: 2, height: 2 }");
  expect(printed(filled('block').index)).toBe('BlockSkipList { entryCount: 2, height: 1 }');
  expect(printed(table.arena)).toBe(
    `Arena { memoryUsage: 16392, askedBytes: ${table.stats().arena.askedBytes}, blockCount: 1, blockBytes: 16384, capacityBytes: 65536 }`,
  );
  expect(printed(table.arena.memory)).toBe(
    'Memory { usedBytes: 16648, capacityBytes: 65536, maxBytes: 2146435072, shared: false }',
  );
  const cursor = table.iterator();
  expect(printed(cursor)).toBe('MemTableCursor { valid: false }');
  cursor.seekToFirst();
  expect(printed(cursor)).toBe('MemTableCursor { key: Uint8Array(1) [ 97 ], sequence: 1, type: 1, valueLength: 1 }');
  expect(printed(new WriteBatch().put(utf8('a'), utf8('1')))).toBe(
    'WriteBatch { count: 1, sequence: 0, byteLength: 17 }',
  );
});

test('console.log of every allocator prints its figures', () => {
  const heap = new Heap();
  heap.free(heap.allocate(100));
  heap.allocate(10);
  expect(printed(heap)).toBe(
    "Heap { fit: 'mixed', memoryUsage: 24, usedCount: 1, freeCount: 1, capacityBytes: 131072 }",
  );
  const slabs = new SlabAllocator();
  slabs.allocate(10);
  expect(printed(slabs)).toBe(
    'SlabAllocator { memoryUsage: 65536, slabBytes: 65536, freeSlabCount: 0, capacityBytes: 131072 }',
  );
  const slots = new FixedArena({ bytes: 64, slotBytes: 16 });
  slots.free(slots.allocate(16));
  expect(printed(slots)).toBe(
    'FixedArena { bytes: 64, remainingBytes: 48, allocationCount: 1, slotBytes: 16, freeSlotCount: 1, grow: false }',
  );
  expect(printed(new FixedArena({ bytes: 64, grow: true }))).toBe(
    'FixedArena { bytes: 64, remainingBytes: 64, allocationCount: 0, grow: true }',
  );
  expect(printed(new GuardedArena())).toBe(
    'GuardedArena { memoryUsage: 0, askedBytes: 0, blockCount: 0, blockBytes: 4096, capacityBytes: 65536 }',
  );
});

test('console.log of a dropped object says that it is dropped', () => {
  const table = filled('block');
  const cursor = table.iterator();
  const { index, arena } = table;
  table.drop();
  expect(printed(table)).toBe("MemTable { state: 'dropped' }");
  expect([cursor, index, arena, arena.memory].map(printed)).toEqual([
    'MemTableCursor { dropped: true }',
    'BlockSkipList { dropped: true }',
    'Arena { dropped: true }',
    'Memory { dropped: true }',
  ]);
  for (const allocator of [new Heap(), new SlabAllocator(), new FixedArena({ bytes: 64 })]) {
    allocator.drop();
    expect(printed(allocator)).toBe(`${allocator.constructor.name} { dropped: true }`);
  }
});

test('console.log honours depth and other inspect options', () => {
  const table = filled('block');
  expect(inspect({ a: { b: { c: { table } } } }, { breakLength: Infinity })).toBe('{ a: { b: { c: [Object] } } }');
  expect(inspect({ a: { table } }, { breakLength: Infinity, depth: 1 })).toBe('{ a: { table: [MemTable] } }');
  expect(inspect(table, { colors: true })).toContain('\u001b[33m2\u001b[39m');
  expect(inspect(table, { customInspect: false })).toContain('arena: ');
});

test('console.log does not throw over damaged memory, or when a field cannot be read', () => {
  for (const word of [0, 1, 0x7fffffff, -1]) {
    for (const index of ['block', 'skiplist'] as const) {
      const table = filled(index);
      const cursor = table.iterator();
      cursor.seekToFirst();
      const batch = new WriteBatch();
      table.arena.memory.i32.fill(word);
      for (const thing of [table, table.index, table.arena, table.arena.memory, cursor, batch]) {
        expect(printed(thing)).toContain(`${thing.constructor.name} {`);
      }
    }
    for (const allocator of [new Heap(), new SlabAllocator(), new FixedArena({ bytes: 64 }), new GuardedArena()]) {
      allocator.memory.i32.fill(word);
      expect(printed(allocator)).toContain(`${allocator.constructor.name} {`);
    }
  }
  class Broken {
    [INSPECT](): object {
      return show(this, () => {
        throw new Error('no fields');
      });
    }
  }
  expect(printed(new Broken())).toBe("Broken { unreadable: 'Error: no fields' }");
});

test('console.log of an arena over a source prints the figures of that arena', () => {
  const heap = new Heap();
  const arena = new Arena({ source: heap });
  arena.allocate(10);
  expect(printed(arena)).toContain('Arena { memoryUsage: 4104, askedBytes: 10, blockCount: 1');
});
