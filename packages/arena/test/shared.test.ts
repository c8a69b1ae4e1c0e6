import { Arena, FixedArena, GuardedArena, Heap, SlabAllocator } from '../src/index.js';

const error = (code: string) => expect.objectContaining({ name: 'ArenaError', code }) as Error;
const options = { shared: true, reserveBytes: 1 << 18 };
/** As another thread finds the words while this one allocates: one of two that belong together has been written. */
const half = (words: Int32Array, word: number) => words[word]++;

test.each([
  ['Arena', () => new Arena(options), (buffer: SharedArrayBuffer) => Arena.attach(buffer), 16 + 7],
  ['GuardedArena', () => new GuardedArena(options), (buffer: SharedArrayBuffer) => GuardedArena.attach(buffer), 16 + 7],
  ['Heap', () => new Heap(options), (buffer: SharedArrayBuffer) => Heap.attach(buffer), 16 + 3],
  ['SlabAllocator', () => new SlabAllocator(options), (buffer: SharedArrayBuffer) => SlabAllocator.attach(buffer), 19],
])(
  '%s.attach takes shared memory that a thread is just allocating in, and verify is for later',
  (_, make, attach, word) => {
    const allocator = make();
    allocator.allocate(100);
    half(allocator.memory.i32, word);
    const attached = attach(allocator.memory.buffer as SharedArrayBuffer);
    expect(attached.memoryUsage()).toBe(allocator.memoryUsage());
    expect(() => attached.verify()).toThrow(error('ARENA_MALFORMED'));
  },
);

test('FixedArena.attach does so too', () => {
  const { u8 } = new FixedArena({ bytes: 1024 }).memory;
  const buffer = new SharedArrayBuffer(u8.length);
  new Uint8Array(buffer).set(u8);
  half(new Int32Array(buffer), 16 + 8);
  expect(() => FixedArena.attach(buffer).verify()).toThrow(error('ARENA_MALFORMED'));
  expect(FixedArena.attach(buffer).stats().freeSlotCount).toBe(1);
});

test('Arena.attachAll takes the arenas of a shared source while one of them allocates', () => {
  const heap = new Heap(options);
  const arena = new Arena({ source: heap });
  arena.allocate(100);
  half(heap.memory.i32, arena.lineOf(1) + 7);
  const copy = Heap.attach(heap.memory.buffer);
  expect(Arena.attachAll(copy).map((each) => each.memoryUsage())).toEqual([arena.memoryUsage()]);
});

test('attach refuses shared memory whose fixed words are wrong', () => {
  const damaged = (word: number, value: number) => {
    const { memory } = new Arena(options);
    memory.i32[word] = value;
    return () => Arena.attach(memory.buffer);
  };
  for (const [word, value] of [
    [0, 1],
    [2, 1],
    [16 + 2, 0],
    [16 + 2, 100],
  ]) {
    expect(damaged(word, value)).toThrow(error('ARENA_MALFORMED'));
  }
});
