import fc from 'fast-check';
import { type Addr, Heap, type HeapFit, NIL } from '../src/index.js';
import { error } from './errors.js';
import { failEveryTake, runSteps, steps } from './model.js';

const FITS: HeapFit[] = ['mixed', 'first', 'next', 'best'];

describe.each(FITS)('fit %s', (fit) => {
  test('blocks never overlap, keep their bytes, are counted, and in the end are one free block again', () => {
    fc.assert(
      fc.property(steps(1500), fc.constantFrom(8192, 2 ** 20), (list, maxBytes) => {
        const heap = new Heap({ fit, reserveBytes: 4096, maxBytes });
        const used = runSteps(heap, list);
        const blocks = heap.blocks().filter(({ kind }) => kind === 'used');
        expect(blocks.map(({ address }) => address).sort()).toEqual([...used.keys()].sort());
        expect(heap.sizes().reduce((sum, { count }) => sum + count, 0)).toBe(used.size);
        for (const at of used.keys()) heap.free(at);
        heap.verify();
        expect(heap.stats()).toMatchObject({ usedCount: 0, usedBytes: 0 });
        expect(heap.blocks().map(({ kind }) => kind)).toEqual(heap.memory.usedBytes > 264 ? ['free'] : []);
      }),
      { numRuns: 60 },
    );
  });

  test('whichever request for memory fails, nothing changes', () => {
    fc.assert(
      fc.property(steps(100_000), (list) => {
        failEveryTake(() => new Heap({ fit, reserveBytes: 4096 }), list);
      }),
      { numRuns: 10 },
    );
  });

  test('ensure keeps its promise while the memory cannot grow', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 12 }),
        (sizes, freed, bytes, count) => {
          const heap = new Heap({ fit, reserveBytes: 8192, maxBytes: 8192 });
          const used = sizes.map((size) => heap.allocate(size)).filter((at) => at !== NIL);
          for (const pick of freed) if (used.length > 0) heap.free(used.splice(pick % used.length, 1)[0]);
          const capacity = heap.memory.capacityBytes;
          if (heap.ensure(bytes, count)) {
            for (let i = 0; i < count; i++) expect(heap.allocate(bytes)).not.toBe(NIL);
          }
          expect(heap.memory.capacityBytes).toBe(capacity);
        },
      ),
    );
  });

  test('a freed block is used again before the memory grows', () => {
    const heap = new Heap({ fit, reserveBytes: 4096 });
    const all = Array.from({ length: 2000 }, () => heap.allocate(100));
    const { usedBytes } = heap.memory;
    for (let i = 0; i < 2000; i += 2) heap.free(all[i]);
    const again = Array.from({ length: 1000 }, () => heap.allocate(100));
    expect(heap.memory.usedBytes).toBe(usedBytes);
    expect(new Set(again).size).toBe(1000);
    heap.verify();
  });
});

describe('the fits differ', () => {
  /** Free blocks of 300, 100 and 200 bytes, freed in this order, with used blocks between them. */
  const holes = (fit: HeapFit) => {
    const heap = new Heap({ fit });
    const at = [300, 100, 200].map((bytes) => {
      const hole = heap.allocate(bytes);
      heap.allocate(8);
      return hole;
    });
    heap.allocate(heap.stats().largestFreeBytes);
    at.forEach((hole) => heap.free(hole));
    return { heap, at };
  };

  test('first takes the block freed last that is large enough', () => {
    const { heap, at } = holes('first');
    expect(heap.allocate(90)).toBe(at[2]);
  });

  test('next resumes behind its last success', () => {
    const { heap, at } = holes('next');
    expect(heap.allocate(200)).toBe(at[2]);
    expect(heap.allocate(90)).toBe(at[1]);
    expect(heap.allocate(90)).toBe(at[0]);
  });

  test('best takes the smallest block that is large enough', () => {
    const { heap, at } = holes('best');
    expect(heap.allocate(90)).toBe(at[1]);
    expect(heap.allocate(190)).toBe(at[2]);
  });

  test('mixed takes the best of a size class, else cuts the block that it cut last', () => {
    const { heap, at } = holes('mixed');
    expect(heap.allocate(90)).toBe(at[1]);
    const first = heap.allocate(20);
    expect(heap.allocate(20)).toBe(first + 32);
  });
});

test('an address that is not in use is refused, and nothing changes', () => {
  const heap = new Heap();
  const at = heap.allocate(100);
  const other = heap.allocate(100);
  heap.free(other);
  const before = heap.stats();
  const wrong = [other, 0, 8, at + 8, at + 1, at + 0.5, -8, NaN, Infinity, 2 ** 31, heap.memory.usedBytes] as Addr[];
  for (const address of wrong) {
    expect(() => heap.free(address)).toThrow(error('ARENA_NOT_ALLOCATED'));
    expect(() => heap.reallocate(address, 10)).toThrow(error('ARENA_NOT_ALLOCATED'));
  }
  expect(heap.stats()).toEqual(before);
  heap.free(at);
  // Both blocks were joined with free neighbours, so their old headers mean nothing.
  expect(() => heap.free(at)).toThrow(error('ARENA_NOT_ALLOCATED'));
  expect(() => heap.free(other)).toThrow(error('ARENA_NOT_ALLOCATED'));
  heap.verify();
});

test('Heap refuses bad options', () => {
  expect(() => new Heap({ fit: 'worst' as HeapFit })).toThrow(error('ARENA_INVALID_OPTION'));
  expect(() => new Heap({ reserveBytes: 1 })).toThrow(error('ARENA_INVALID_OPTION'));
});

test('a block grows and shrinks in its place where it can', () => {
  const heap = new Heap();
  const at = heap.allocate(100);
  expect(heap.reallocate(at, 1000)).toBe(at);
  expect(heap.reallocate(at, 50)).toBe(at);
  const next = heap.allocate(100);
  expect(next).toBe(at + 64);
  expect(heap.reallocate(at, 1000)).not.toBe(at);
  heap.verify();
});

test('a damaged header, free link or end mark is found', () => {
  const sound = () => {
    const heap = new Heap();
    const at = [40, 50, 60, 70].map((bytes) => heap.allocate(bytes));
    heap.free(at[1]);
    return heap;
  };
  const words = sound()
    .blocks()
    .flatMap(({ address, kind }) => [address / 4 - 2, address / 4 - 1, ...(kind === 'free' ? [address / 4] : [])])
    .concat(sound().memory.usedBytes / 4 - 2);
  for (const word of words) {
    const heap = sound();
    heap.memory.i32[word] += 16;
    expect(() => heap.verify()).toThrow(error('ARENA_MALFORMED'));
  }
});

test.each(FITS)('a block that was joined with the one before it cannot be freed once more; fit %s', (fit) => {
  const heap = new Heap({ fit });
  const [a, b] = [heap.allocate(100), heap.allocate(100), heap.allocate(100)];
  heap.free(a);
  heap.free(b);
  const before = heap.stats();
  for (const address of [a, b]) expect(() => heap.free(address)).toThrow(error('ARENA_NOT_ALLOCATED'));
  expect(heap.stats()).toEqual(before);
  heap.verify();
});

test.each(FITS)('ensure reckons in whole words of eight bytes; fit %s', (fit) => {
  let [kept, refused] = [0, 0];
  for (let filler = 3000; filler < 3800; filler += 8) {
    for (const [bytes, count] of [
      [1, 20],
      [9, 12],
      [17, 10],
      [33, 8],
      [100, 3],
    ]) {
      const heap = new Heap({ fit, reserveBytes: 4096, maxBytes: 4096 });
      heap.allocate(filler);
      if (heap.ensure(bytes, count)) {
        kept++;
        for (let i = 0; i < count; i++) expect(heap.allocate(bytes)).not.toBe(NIL);
      } else {
        refused++;
      }
    }
  }
  expect(kept).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});
