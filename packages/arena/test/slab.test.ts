import fc from 'fast-check';
import { type Addr, NIL, SlabAllocator, type SlabAllocatorOptions } from '../src/index.js';
import { error } from './errors.js';
import { failEveryTake, runSteps, steps } from './model.js';

/** Few sizes and small slabs, so that slabs fill up and become empty. */
const SMALL = { slabBytes: 4096, sizes: [8, 64, 400, 2000] };

describe.each<[string, SlabAllocatorOptions]>([
  ['four sizes', SMALL],
  ['default sizes', { slabBytes: 4096 }],
])('slabs of %s', (_, options) => {
  test('chunks never overlap, keep their bytes and are counted; in the end all slabs are free', () => {
    fc.assert(
      fc.property(steps(9000), fc.constantFrom(20_000, 2 ** 22), (list, maxBytes) => {
        const slabs = new SlabAllocator({ ...options, reserveBytes: 4096, maxBytes });
        const used = runSteps(slabs, list);
        for (const at of used.keys()) slabs.free(at);
        slabs.verify();
        expect(slabs.memoryUsage()).toBe(0);
        expect(slabs.stats()).toMatchObject({ usedCount: 0, usedBytes: 0, runSlabCount: 0 });
        expect(slabs.blocks().every(({ kind }) => kind === 'free')).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('whichever request for memory fails, nothing changes', () => {
    fc.assert(
      fc.property(steps(9000), (list) => {
        failEveryTake(() => new SlabAllocator({ ...options, reserveBytes: 4096 }), list);
      }),
      { numRuns: 10 },
    );
  });

  test('ensure keeps its promise, also for smaller requests', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }),
        (sizes, freed, bytes, parts) => {
          const slabs = new SlabAllocator({ ...options, reserveBytes: 65536, maxBytes: 65536 });
          const used = sizes.map((size) => slabs.allocate(size)).filter((at) => at !== NIL);
          for (const pick of freed) if (used.length > 0) slabs.free(used.splice(pick % used.length, 1)[0]);
          if (!slabs.ensure(bytes, parts.length)) return;
          // Up to the largest size; a run is promised at its full length only.
          const largest = (options.sizes ?? [4032]).at(-1)!;
          for (const part of parts) {
            const request = bytes > largest ? bytes : Math.ceil(part * (bytes - 1)) + 1;
            expect(slabs.allocate(request)).not.toBe(NIL);
          }
        },
      ),
    );
  });
});

test('chunks of one size lie side by side; the next request gets the chunk freed last', () => {
  const slabs = new SlabAllocator(SMALL);
  const [a, b, c] = [1, 8, 5].map((bytes) => slabs.allocate(bytes));
  expect([b - a, c - b]).toEqual([8, 8]);
  slabs.free(a);
  slabs.free(b);
  expect([slabs.allocate(8), slabs.allocate(8), slabs.allocate(8)]).toEqual([b, a, c + 8]);
});

test('chunks of whole cache lines begin at one', () => {
  const slabs = new SlabAllocator();
  for (let i = 0; i < 100; i++) expect(slabs.allocate(64) % 64).toBe(0);
});

test('a full memory serves a small request from a larger chunk; an empty slab serves any size', () => {
  const slabs = new SlabAllocator({ ...SMALL, reserveBytes: 320 + 4096, maxBytes: 320 + 4096 });
  const large = [slabs.allocate(2000), slabs.allocate(8)];
  expect(slabs.blocks()).toMatchObject([{ chunkBytes: 2000, usedCount: 2, freeCount: 0, firstFree: 0 }]);
  expect(slabs.allocate(8)).toBe(NIL);
  large.forEach((at) => slabs.free(at));
  slabs.allocate(8);
  expect(slabs.blocks()).toMatchObject([{ chunkBytes: 8, usedCount: 1, freeCount: 503 }]);
});

test('requests over the largest size get slabs in a row, which serve chunks again afterwards', () => {
  const slabs = new SlabAllocator({ slabBytes: 4096 });
  const run = slabs.allocate(10_000);
  expect(slabs.blocks()).toMatchObject([{ kind: 'run', bytes: 3 * 4096, wastedBytes: 64 }]);
  const { usedBytes } = slabs.memory;
  slabs.memory.u8.fill(0xff, run, run + 10_000);
  slabs.free(run);
  for (const bytes of [8, 16, 24]) slabs.allocate(bytes);
  expect(slabs.memory.usedBytes).toBe(usedBytes);
  slabs.verify();
});

test('an address that is not in use is refused, and nothing changes', () => {
  const slabs = new SlabAllocator(SMALL);
  const [a, b, run] = [slabs.allocate(64), slabs.allocate(64), slabs.allocate(10_000)];
  slabs.allocate(10_000);
  slabs.free(b);
  const before = slabs.stats();
  const wrong = [b, a + 8, a - 64, a + 128, a + 0.5, run + 8, run + 4096, 0, 256, -8, NaN, 2 ** 31] as Addr[];
  for (const address of wrong) expect(() => slabs.free(address)).toThrow(error('ARENA_NOT_ALLOCATED'));
  slabs.free(run);
  expect(() => slabs.free(run)).toThrow(error('ARENA_NOT_ALLOCATED'));
  slabs.allocate(10_000);
  expect(slabs.stats().usedBytes).toBe(before.usedBytes);
  slabs.verify();
});

test('a used chunk that holds the tag of a free one can be given back', () => {
  const slabs = new SlabAllocator(SMALL);
  const at = slabs.allocate(64);
  slabs.allocate(64);
  slabs.free(at);
  const content = slabs.memory.u8.slice(at, at + 64);
  expect(slabs.allocate(64)).toBe(at);
  slabs.memory.u8.set(content, at);
  slabs.free(at);
  expect(() => slabs.free(at)).toThrow(error('ARENA_NOT_ALLOCATED'));
});

test.each<SlabAllocatorOptions>([
  { slabBytes: 5000 },
  { slabBytes: 2048 },
  { slabBytes: 2 ** 25 },
  { sizes: [] },
  { sizes: [12] },
  { sizes: [65480] },
  { sizes: [NaN] },
])('options %p are refused', (options) => {
  expect(() => new SlabAllocator(options)).toThrow(error('ARENA_INVALID_OPTION'));
});

test('a damaged slab is found', () => {
  const sound = () => {
    const slabs = new SlabAllocator(SMALL);
    const at = [64, 64, 400].map((bytes) => slabs.allocate(bytes));
    slabs.free(at[0]);
    return { slabs, slab: (at[0] - 64) / 4 };
  };
  for (let word = 0; word < 8; word++) {
    const { slabs, slab } = sound();
    slabs.memory.i32[slab + word] += 3;
    expect(() => slabs.verify()).toThrow(error('ARENA_MALFORMED'));
  }
});

// A used chunk that holds its tag by chance costs a search of the free list.
describe('a chunk holds its tag only while it is free', () => {
  const tagAt = (slabs: SlabAllocator, at: number) => slabs.memory.i32[(at >> 2) + 1];

  test('when it is used again', () => {
    const slabs = new SlabAllocator(SMALL);
    const [at] = [slabs.allocate(64), slabs.allocate(64)];
    slabs.free(at);
    expect(tagAt(slabs, at)).not.toBe(0);
    expect(slabs.allocate(64)).toBe(at);
    expect(tagAt(slabs, at)).toBe(0);
  });

  test('after a reset, which makes old tags worthless', () => {
    const slabs = new SlabAllocator(SMALL);
    const tags: number[] = [];
    for (let round = 0; round < 3; round++) {
      const [at] = [slabs.allocate(64), slabs.allocate(64)];
      expect(tags).not.toContain(tagAt(slabs, at + 64));
      slabs.free(at);
      tags.push(tagAt(slabs, at));
      slabs.reset();
    }
    expect(new Set(tags).size).toBe(3);
  });
});
