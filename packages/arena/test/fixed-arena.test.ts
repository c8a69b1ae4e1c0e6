import fc from 'fast-check';
import { type Addr, FixedArena, type FixedArenaOptions, NIL } from '../src/index.js';
import { error } from './errors.js';

test('hands out a block from front to back, then NIL; reset gives all of it back', () => {
  const arena = new FixedArena({ bytes: 1024 });
  const first = arena.allocate(1000);
  const before = arena.stats();
  expect(arena.allocate(25)).toBe(NIL);
  expect(arena.stats()).toEqual(before);
  expect(arena.allocate(24)).toBe(first + 1000);
  expect(arena.stats()).toMatchObject({ usedBytes: 1024, remainingBytes: 0, allocationCount: 2 });
  arena.reset();
  expect(arena.stats()).toMatchObject({ usedBytes: 0, remainingBytes: 1024, allocationCount: 0 });
  expect(arena.allocate(1024)).toBe(first);
});

const requests = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: 700 }), alignment: fc.integer({ min: 0, max: 13 }).map((n) => 2 ** n) }),
  { maxLength: 100 },
);

test('allocations never overlap, are aligned, keep their bytes, or change nothing when they do not fit', () => {
  fc.assert(
    fc.property(requests, fc.constantFrom(64, 1000, 8192), fc.boolean(), fc.boolean(), (list, bytes, grow, twice) => {
      const arena = new FixedArena({ bytes, grow, maxBytes: 100_000 });
      for (let round = 0; round <= Number(twice); round++) {
        const taken: { at: Addr; bytes: number; fill: number }[] = [];
        list.forEach(({ bytes, alignment }, fill) => {
          const before = arena.stats();
          const at = arena.allocate(bytes, alignment);
          if (at === NIL) return expect(arena.stats()).toEqual(before);
          expect(at % alignment).toBe(0);
          arena.memory.u8.fill(fill, at, at + bytes);
          taken.push({ at, bytes, fill });
        });
        arena.verify();
        for (const { at, bytes, fill } of taken) {
          expect(arena.memory.u8.subarray(at, at + bytes).every((byte) => byte === fill)).toBe(true);
          const inside = arena.blocks().some((b) => at >= b.address && at + bytes <= b.address + b.usedBytes);
          expect(inside).toBe(true);
        }
        const asked = taken.reduce((sum, { bytes }) => sum + bytes, 0);
        const { usedBytes, slopBytes, allocationCount } = arena.stats();
        expect({ asked: usedBytes - slopBytes, allocationCount }).toEqual({ asked, allocationCount: taken.length });
        arena.reset();
      }
    }),
  );
});

test('a chain of blocks is used again after a reset', () => {
  const arena = new FixedArena({ bytes: 128, grow: true });
  const fill = () => [100, 100, 500, 100, 20].map((bytes) => arena.allocate(bytes));
  const at = fill();
  expect(arena.blocks()).toMatchObject([
    { bytes: 128, usedBytes: 100, tailBytes: 28, kind: 'closed' },
    { bytes: 128, usedBytes: 100, kind: 'closed' },
    { bytes: 500, usedBytes: 500, tailBytes: 0, kind: 'closed' },
    { bytes: 128, usedBytes: 124, kind: 'current' },
  ]);
  const { usedBytes } = arena.memory;
  arena.reset();
  expect(arena.blocks().map(({ kind }) => kind)).toEqual(['current', 'spare', 'spare', 'spare']);
  expect(fill()).toEqual(at);
  expect(arena.memory.usedBytes).toBe(usedBytes);
  arena.verify();
});

describe('slots', () => {
  test('the next request gets the slot freed last, and all slots are distinct', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { maxLength: 200 }), fc.boolean(), (picks, grow) => {
        const arena = new FixedArena({ bytes: 480, slotBytes: 24, grow });
        const used = new Set<Addr>();
        let last: Addr | undefined;
        for (const pick of picks) {
          if (pick === null) {
            const slot = arena.allocate(20);
            if (last !== undefined) expect(slot).toBe(last);
            if (slot === NIL) expect([grow, used.size]).toEqual([false, 20]);
            else expect(used.has(slot)).toBe(false);
            if (slot !== NIL) used.add(slot);
            last = undefined;
          } else if (used.size > 0) {
            last = [...used][pick % used.size];
            arena.free(last);
            used.delete(last);
            expect(() => arena.free(last!)).toThrow(error('ARENA_NOT_ALLOCATED'));
          }
          arena.verify();
          const { allocationCount, releaseCount } = arena.stats();
          expect(allocationCount - releaseCount).toBe(used.size);
        }
      }),
    );
  });

  test('free refuses an address that is no used slot', () => {
    const arena = new FixedArena({ bytes: 480, slotBytes: 24 });
    const at = arena.allocate(24);
    for (const address of [at + 24, at + 8, at - 24, at + 0.5, 0, NaN] as Addr[]) {
      expect(() => arena.free(address)).toThrow(error('ARENA_NOT_ALLOCATED'));
    }
    expect(() => arena.allocate(25)).toThrow(error('ARENA_INVALID_SIZE'));
    expect(() => arena.allocate(8, 16)).toThrow(error('ARENA_INVALID_ALIGNMENT'));
    expect(() => new FixedArena({ bytes: 64 }).free(at)).toThrow(TypeError);
  });
});

describe('bad requests are refused with a code before anything moves', () => {
  test.each([0, 3, -8, 1.5, NaN, 2 ** 31, 2 ** 32 + 8])('alignment %p', (alignment) => {
    const arena = new FixedArena({ bytes: 64 });
    expect(() => arena.allocate(8, alignment)).toThrow(error('ARENA_INVALID_ALIGNMENT'));
    expect(arena.stats().usedBytes).toBe(0);
  });

  test.each<FixedArenaOptions>([
    { bytes: 0 },
    { bytes: 100 },
    { bytes: 2 ** 31 },
    { bytes: 128, slotBytes: 12 },
    { bytes: 128, slotBytes: 136 },
  ])('options %p', (options) => {
    expect(() => new FixedArena(options)).toThrow(error('ARENA_INVALID_OPTION'));
  });
});

test('attach gives a chain back, and refuses one whose offset lies outside of its block', () => {
  const arena = new FixedArena({ bytes: 128, grow: true });
  for (let i = 0; i < 9; i++) arena.allocate(50);
  expect(FixedArena.attach(arena.memory.u8.slice().buffer).blocks()).toEqual(arena.blocks());
  arena.memory.i32[16] -= 8000;
  expect(() => FixedArena.attach(arena.memory.buffer as ArrayBuffer)).toThrow(error('ARENA_MALFORMED', 'FX2'));
});

// A used slot that holds its tag by chance costs a search of the free list.
test('a slot holds its tag only while it is free: not when it is used again, nor after a reset', () => {
  const arena = new FixedArena({ bytes: 1024, slotBytes: 64 });
  const tagAt = (at: number) => arena.memory.i32[(at >> 2) + 1];
  const at = arena.allocate(64);
  arena.free(at);
  expect(tagAt(at)).not.toBe(0);
  expect(arena.allocate(64)).toBe(at);
  expect(tagAt(at)).toBe(0);
  arena.free(at);
  arena.reset();
  expect(arena.allocate(64)).toBe(at);
  expect(tagAt(at)).toBe(0);
});
