import { Arena, FixedArena, GuardedArena, Heap, SlabAllocator } from '../src/index.js';
import { error } from './errors.js';

const options = { shared: true, reserveBytes: 1 << 18 };
/** Writes one of two words that belong together, as if another thread were allocating. */
const half = (words: Int32Array, word: number) => words[word]++;

test.each([
  ['Arena', new Arena(), (buffer: SharedArrayBuffer) => Arena.attach(buffer), 16 + 7],
  ['GuardedArena', new GuardedArena(), (buffer: SharedArrayBuffer) => GuardedArena.attach(buffer), 16 + 7],
  ['Heap', new Heap(), (buffer: SharedArrayBuffer) => Heap.attach(buffer), 16 + 3],
  ['SlabAllocator', new SlabAllocator(), (buffer: SharedArrayBuffer) => SlabAllocator.attach(buffer), 16 + 3],
  ['FixedArena', new FixedArena({ bytes: 64 }), (buffer: SharedArrayBuffer) => FixedArena.attach(buffer), 16 + 8],
])(
  '%s.attach takes shared memory in the middle of an allocation, and verify() does not',
  (_, { memory }, attach, word) => {
    const buffer = new SharedArrayBuffer(memory.u8.length);
    new Uint8Array(buffer).set(memory.u8);
    half(new Int32Array(buffer), word);
    const attached = attach(buffer);
    expect(attached.memory.shared).toBe(true);
    expect(() => attached.verify()).toThrow(error('ARENA_MALFORMED'));
  },
);

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
