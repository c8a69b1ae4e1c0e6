import { Arena, FixedArena, GuardedArena, Heap, SlabAllocator } from '../src/index.js';
import { error } from './errors.js';

const FIXED = { bytes: 8192 };

/** The rules that all allocators share. */
describe.each([
  ['Arena', () => new Arena(), (buffer: ArrayBuffer) => Arena.attach(buffer)],
  ['GuardedArena', () => new GuardedArena(), (buffer: ArrayBuffer) => GuardedArena.attach(buffer)],
  ['FixedArena', () => new FixedArena(FIXED), (buffer: ArrayBuffer) => FixedArena.attach(buffer)],
  ['Heap', () => new Heap({ fit: 'next' }), (buffer: ArrayBuffer) => Heap.attach(buffer)],
  ['SlabAllocator', () => new SlabAllocator(), (buffer: ArrayBuffer) => SlabAllocator.attach(buffer)],
])('%s', (_, make, attach) => {
  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 31 - 8, -0])('refuses %p bytes and changes nothing', (bytes) => {
    const allocator = make();
    const at = allocator.allocate(8);
    const before = allocator.stats();
    expect(() => allocator.allocate(bytes)).toThrow(error('ARENA_INVALID_SIZE'));
    if (allocator instanceof Arena) {
      expect(() => allocator.allocateAligned(bytes)).toThrow(error('ARENA_INVALID_SIZE'));
    }
    if (allocator instanceof Heap) {
      expect(() => allocator.reallocate(at, bytes)).toThrow(error('ARENA_INVALID_SIZE'));
    }
    expect(allocator.stats()).toEqual(before);
  });

  test('begins again after a reset', () => {
    const allocator = make();
    const fresh = allocator.stats();
    const at = [100, 2000, 3000, 400].map((bytes) => allocator.allocate(bytes));
    allocator.reset();
    allocator.verify();
    expect({ ...allocator.stats(), capacityBytes: 0 }).toEqual({ ...fresh, capacityBytes: 0 });
    expect([100, 2000, 3000, 400].map((bytes) => allocator.allocate(bytes))).toEqual(at);
  });

  test('gives its buffer back when it is dropped, and refuses everything from then on', () => {
    const allocator = make();
    const at = allocator.allocate(10);
    const { u8, buffer } = allocator.memory;
    allocator.drop();
    allocator.drop();
    expect([allocator.dropped, allocator.memoryUsage(), u8.length, buffer.byteLength]).toEqual([true, 0, 0, 0]);
    expect(allocator.blocks()).toEqual([]);
    for (const [name, figure] of Object.entries(allocator.stats())) {
      if (name !== 'fit') expect([name, figure]).toEqual([name, name === 'classes' ? [] : 0]);
    }
    const calls = [() => allocator.allocate(1), () => allocator.reset(), () => allocator.verify()];
    if ('free' in allocator) calls.push(() => allocator.free(at));
    if ('allocateAligned' in allocator) calls.push(() => allocator.allocateAligned(1));
    for (const call of calls) expect(call).toThrow(error('ARENA_DROPPED'));
  });

  test('attached to its buffer or to a copy, continues where it was', () => {
    const allocator = make();
    const [at] = [1000, 8, 64, 64, 400, 3000].map((bytes) => allocator.allocate(bytes));
    if (allocator instanceof Heap || allocator instanceof SlabAllocator) allocator.free(at);
    const copy = attach(allocator.memory.u8.slice().buffer);
    expect(copy.stats()).toEqual(allocator.stats());
    expect(copy.blocks()).toEqual(allocator.blocks());
    const alias = attach(allocator.memory.buffer as ArrayBuffer);
    expect(alias.allocate(60)).toBe(copy.allocate(60));
    expect(allocator.stats()).toEqual(copy.stats());
  });
});

test('attach refuses the memory of another allocator', () => {
  const buffers = [new Arena(), new FixedArena(FIXED), new Heap(), new SlabAllocator()].map(
    ({ memory }) => memory.buffer,
  );
  const classes = [Arena, FixedArena, Heap, SlabAllocator];
  classes.forEach((each, i) => {
    buffers.forEach((buffer, j) => {
      if (i !== j) expect(() => each.attach(buffer as ArrayBuffer)).toThrow(error('ARENA_MALFORMED', 'tenant'));
    });
  });
  expect(() => GuardedArena.attach(buffers[0] as ArrayBuffer)).toThrow(error('ARENA_MALFORMED', 'no guards'));
});
