/**
 * The checked build.
 *
 * @jest-environment-options {"customExportConditions": ["invariants", "@memtable/source", "node", "node-addons"]}
 */
import { Arena, FixedArena, Heap, MARK_WORDS, SlabAllocator } from '../src/index.js';
import { failEveryTake, runSteps, steps } from './model.js';
import fc from 'fast-check';

const poisoned = (bytes: Uint8Array) => bytes.every((byte) => byte === 0xcc);

test('rewind and reset poison the memory of an arena', () => {
  const arena = new Arena();
  const at = arena.allocate(100);
  arena.memory.u8.fill(1, at, at + 100);
  const mark = new Int32Array(MARK_WORDS);
  arena.mark(mark);
  const second = arena.allocate(5000);
  arena.rewind(mark);
  expect(poisoned(arena.memory.u8.subarray(second, second + 5000))).toBe(true);
  expect(poisoned(arena.memory.u8.subarray(at, at + 100))).toBe(false);
  arena.reset();
  expect(poisoned(arena.memory.u8.subarray(at, at + 100))).toBe(true);
});

test.each([
  ['a heap', () => new Heap()],
  ['slabs', () => new SlabAllocator()],
])('dropping an arena over %s poisons its blocks', (_, make) => {
  const source = make();
  const arena = new Arena({ source, blockBytes: 1024 });
  source.allocate(1032); // Keeps the freed block apart from the rest of the memory.
  const at = arena.allocate(200);
  arena.memory.u8.fill(1, at, at + 200);
  arena.drop();
  expect(poisoned(source.memory.u8.subarray(at + 8, at + 200))).toBe(true);
});

test('reset poisons a fixed arena, and free poisons a slot', () => {
  const arena = new FixedArena({ bytes: 1024, slotBytes: 64 });
  const [a, b] = [arena.allocate(64), arena.allocate(64)];
  arena.free(a);
  expect(poisoned(arena.memory.u8.subarray(a + 8, a + 64))).toBe(true);
  arena.reset();
  expect(poisoned(arena.memory.u8.subarray(b, b + 64))).toBe(true);
});

test('the next request finds damage', () => {
  const error = expect.objectContaining({ code: 'ARENA_MALFORMED' }) as Error;
  const arena = new Arena();
  const at = arena.allocate(1000);
  arena.memory.u8.fill(255, at - 8, at - 4);
  expect(() => arena.allocate(4000)).toThrow(error);
  const heap = new Heap();
  const block = heap.allocate(10);
  heap.allocate(10);
  heap.memory.u8.fill(1, block, block + 20);
  expect(() => heap.allocate(10)).toThrow(error);
  const slabs = new SlabAllocator();
  const chunk = slabs.allocate(10);
  slabs.allocate(10);
  slabs.free(chunk);
  slabs.memory.i32[(chunk >> 2) + 1] = 0;
  expect(() => slabs.allocate(100)).toThrow(error);
});

test('the checked build works like the normal one', () => {
  fc.assert(
    fc.property(steps(5000), (list) => {
      runSteps(new Heap({ reserveBytes: 4096 }), list);
      runSteps(new SlabAllocator({ slabBytes: 4096 }), list);
    }),
    { numRuns: 10 },
  );
  fc.assert(
    fc.property(steps(50_000), (list) => {
      failEveryTake(() => new Heap({ reserveBytes: 4096 }), list.slice(0, 30));
    }),
    { numRuns: 5 },
  );
});
