import { Arena, ArenaError, FixedArena, GuardedArena, Heap, Memory, NIL, SlabAllocator } from '../src/index.js';

const REFUSED_BYTES = 1 << 20;

/** A system that has no buffers from 1 MiB on, while `run` runs. */
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
])('a new %s says by its code that the system has no buffer left, and how large it was to be', (_, make, message) => {
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

test('a memory that the system lets grow no further is full: the request yields NIL, and all that was there stays', () => {
  const arena = new Arena();
  const at = arena.allocate(5);
  arena.memory.u8.set([1, 2, 3, 4, 5], at);
  const before = arena.stats();
  expect(withoutLargeBuffers(() => arena.allocate(REFUSED_BYTES))).toBe(NIL);
  expect(withoutLargeBuffers(() => arena.ensure(REFUSED_BYTES, 1))).toBe(false);
  expect(arena.stats()).toEqual(before);
  arena.verify();
  expect([...arena.memory.u8.subarray(at, at + 5)]).toEqual([1, 2, 3, 4, 5]);
});
