import { Arena, Heap, SlabAllocator } from '@memtable/arena';
import { MemTable, MemTableList, type MemTableOptions, ValueType, WriteBatch } from '../src/index.js';
import { error, utf8 } from './bytes.js';
import { readBesideWriter } from './read-beside-writer.js';

test.each(['compact', 'leveldb'] as const)(
  'readers in other threads attach while the writer adds, and see all that it has published, layout %s',
  (layout) => {
    const { tables, reads, attaches, wrong, first } = readBesideWriter(layout, 1500);
    expect({ wrong, first }).toEqual({ wrong: 0, first: undefined });
    expect(tables).toBeGreaterThan(0);
    expect(reads).toBeGreaterThan(20_000);
    expect(attaches).toBeGreaterThan(1000);
  },
);

const sharedMemory = { shared: true, reserveBytes: 1 << 20 };

test.each<[string, () => MemTableOptions]>([
  ['shared: true', () => sharedMemory],
  ['an arena in shared memory', () => ({ arena: new Arena(sharedMemory) })],
  ['a heap in shared memory', () => ({ source: new Heap(sharedMemory) })],
  ['slabs in shared memory', () => ({ source: new SlabAllocator(sharedMemory) })],
])('index block is refused with %s, and the message says to use the skip list', (_, options) => {
  const refused = error('MEMTABLE_INVALID_OPTION', "index: 'skiplist'");
  const target = { write: () => Promise.resolve() };
  for (const index of [{}, { index: 'block' }] as const) {
    const { arena, ...listed } = options();
    expect(() => new MemTable({ ...options(), ...index })).toThrow(refused);
    if (arena === undefined) expect(() => new MemTableList({ ...listed, ...index, target })).toThrow(refused);
  }
  const table = new MemTable({ ...options(), index: 'skiplist' });
  table.add(1, ValueType.Value, utf8('key'), utf8('value'));
  expect(table.entryCount).toBe(1);
});

test('a memtable that is refused takes nothing from a shared source', () => {
  const source = new Heap(sharedMemory);
  expect(() => new MemTable({ source })).toThrow(error('MEMTABLE_INVALID_OPTION'));
  expect(source.stats().usedCount).toBe(0);
  expect(Arena.attachAll(source)).toEqual([]);
});

test('attach() to shared memory refuses an active table with index block, and takes a frozen one', () => {
  const table = new MemTable();
  table.add(1, ValueType.Value, utf8('key'), utf8('value'));
  const shared = (): SharedArrayBuffer => {
    const buffer = new SharedArrayBuffer(table.arena.memory.u8.length);
    new Uint8Array(buffer).set(table.arena.memory.u8);
    return buffer;
  };
  expect(() => MemTable.attach(shared())).toThrow(error('MEMTABLE_INVALID_OPTION', 'frozen'));
  table.freeze();
  expect([...MemTable.attach(shared())]).toEqual([...table]);
});

test('a batch that is refused in shared memory has never shown an entry to other threads', () => {
  const table = new MemTable({ ...sharedMemory, index: 'skiplist' });
  table.add(3, ValueType.Value, utf8('c'), utf8('old'));
  const before = [...table];
  const insert = jest.spyOn(table.index, 'insert');
  const batch = new WriteBatch().put(utf8('a'), utf8('1')).put(utf8('b'), utf8('2')).put(utf8('c'), utf8('3'));
  expect(() => table.apply(batch, 1)).toThrow(error('MEMTABLE_DUPLICATE'));
  expect(insert).not.toHaveBeenCalled();
  expect([...table]).toEqual(before);
  table.verify();
});
