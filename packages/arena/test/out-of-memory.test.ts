import { Arena, ArenaError, FixedArena, GuardedArena, Heap, Memory, NIL, SlabAllocator } from '../src/index.js';

const REFUSED_BYTES = 1 << 20;

/** Runs `run` on a system that refuses buffers of 1 MiB and more. */
function withoutLargeBuffers<T>(run: () => T): T {
  const real = { ArrayBuffer, SharedArrayBuffer };
  const refusing = (Class: ArrayBufferConstructor | SharedArrayBufferConstructor) =>
    new Proxy(Class, {
      construct(target, args: [number]) {
        if (args[0] >= REFUSED_BYTES) throw new RangeError('Array buffer allocation failed');
        return Reflect.construct(target, args) as object;
      },
    });
  Object.assign(globalThis, {
    ArrayBuffer: refusing(ArrayBuffer),
    SharedArrayBuffer: refusing(SharedArrayBuffer),
  });
  try {
    return run();
  } finally {
    Object.assign(globalThis, real);
  }
}

test.each([
  ['Memory', () => Memory.create({ reserveBytes: REFUSED_BYTES }), 'no buffer of 1048576 bytes'],
  ['shared Memory', () => Memory.create({ reserveBytes: REFUSED_BYTES, shared: true }), 'no shared buffer of 1048576'],
  ['Arena', () => new Arena({ reserveBytes: REFUSED_BYTES }), 'no buffer of 1048576 bytes'],
  ['GuardedArena', () => new GuardedArena({ reserveBytes: REFUSED_BYTES }), 'no buffer of 1048576 bytes'],
  ['Heap', () => new Heap({ reserveBytes: REFUSED_BYTES }), 'no buffer of 1048576 bytes'],
  ['SlabAllocator', () => new SlabAllocator({ reserveBytes: REFUSED_BYTES }), 'no buffer of 1048576 bytes'],
  ['FixedArena', () => new FixedArena({ bytes: REFUSED_BYTES }), 'no buffer of 1048896 bytes'],
])('a new %s reports by its code that the system refused the buffer, and its size', (_, make, message) => {
  let thrown: unknown;
  try {
    withoutLargeBuffers<unknown>(make);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ArenaError);
  expect(thrown).toMatchObject({
    code: 'ARENA_OUT_OF_MEMORY',
    message: expect.stringContaining(message) as string,
    cause: expect.any(RangeError) as unknown,
  });
});

test('a memory that cannot grow is full: a request returns NIL, and all bytes stay', () => {
  const arena = new Arena();
  const at = arena.allocate(5);
  arena.memory.u8.set([1, 2, 3, 4, 5], at);
  const before = arena.stats();
  expect(withoutLargeBuffers(() => arena.allocate(REFUSED_BYTES))).toBe(NIL);
  expect(arena.memory.refusal).toMatchObject({ code: 'ARENA_OUT_OF_MEMORY', cause: expect.any(RangeError) as unknown });
  expect(withoutLargeBuffers(() => arena.ensure(REFUSED_BYTES, 1))).toBe(false);
  expect(arena.stats()).toEqual(before);
  arena.verify();
  expect([...arena.memory.u8.subarray(at, at + 5)]).toEqual([1, 2, 3, 4, 5]);
  arena.allocate(REFUSED_BYTES);
  expect(arena.memory.refusal).toBeUndefined();
});
