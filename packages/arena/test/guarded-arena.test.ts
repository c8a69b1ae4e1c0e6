import fc from 'fast-check';
import { Arena, GuardedArena, Heap, MARK_WORDS } from '../src/index.js';
import { error } from './errors.js';

const requests = fc.array(
  fc.record({
    bytes: fc.integer({ min: 1, max: 2000 }),
    alignment: fc.option(
      fc.integer({ min: 0, max: 12 }).map((n) => 2 ** n),
      { nil: undefined },
    ),
  }),
  { minLength: 1, maxLength: 60 },
);

const allocateAll = (arena: Arena, list: { bytes: number; alignment: number | undefined }[]) =>
  list.map(({ bytes, alignment }, i) => {
    const at = alignment === undefined ? arena.allocate(bytes) : arena.allocateAligned(bytes, alignment);
    expect(at % (alignment ?? 1)).toBe(0);
    arena.memory.u8.fill(i, at, at + bytes);
    return at;
  });

test('a guarded arena lists every allocation in order, also from a copy of its buffer', () => {
  fc.assert(
    fc.property(requests, (list) => {
      const arena = new GuardedArena();
      const at = allocateAll(arena, list);
      const expected = list.map(({ bytes }, i) => ({ address: at[i], bytes, number: i + 1 }));
      expect(arena.allocations()).toEqual(expected);
      expect(GuardedArena.attach(arena.memory.u8.slice().buffer).allocations()).toEqual(expected);
      expect(arena.sizes().reduce((sum, { count }) => sum + count, 0)).toBe(list.length);
      arena.verify();
    }),
  );
});

test('one byte written beside an allocation is noticed, and the allocation named', () => {
  fc.assert(
    fc.property(requests, fc.nat(), fc.boolean(), fc.integer({ min: 0, max: 7 }), (list, pick, behind, distance) => {
      const arena = new GuardedArena({ source: new Heap() });
      const at = allocateAll(arena, list);
      const i = pick % list.length;
      const byte = behind ? at[i] + list[i].bytes + distance : at[i] - 1 - (distance % 4);
      arena.memory.u8[byte] ^= 0x41;
      expect(() => arena.verify()).toThrow(error('ARENA_OVERRUN', `allocation ${i + 1}, ${list[i].bytes} bytes`));
    }),
  );
});

test('an overrun that destroys the next record still names the allocation that ran over', () => {
  const arena = new GuardedArena();
  const [, at] = [arena.allocate(100), arena.allocate(30), arena.allocate(100)];
  arena.memory.u8.fill(0, at, at + 80);
  expect(() => arena.verify()).toThrow(error('ARENA_OVERRUN', 'allocation 2, 30 bytes'));
});

test('a reset and a rewind forget allocations', () => {
  const arena = new GuardedArena();
  const first = arena.allocate(10);
  const mark = new Int32Array(MARK_WORDS);
  arena.mark(mark);
  for (let i = 0; i < 100; i++) arena.allocate(100);
  arena.rewind(mark);
  expect(arena.allocations().map(({ address }) => address)).toEqual([first]);
  arena.reset();
  expect(arena.allocations()).toEqual([]);
  expect(arena.allocate(10)).toBe(first);
});

test('bad requests and arenas without guards are refused', () => {
  const arena = new GuardedArena();
  for (const bytes of [0, 1.5, NaN, -1]) expect(() => arena.allocate(bytes)).toThrow(error('ARENA_INVALID_SIZE'));
  expect(() => arena.allocateAligned(8, 3)).toThrow(error('ARENA_INVALID_ALIGNMENT'));
  expect(arena.memoryUsage()).toBe(0);
  expect(() => GuardedArena.attach(new Arena().memory.buffer)).toThrow(error('ARENA_MALFORMED'));
  arena.drop();
  expect(() => arena.allocate(8)).toThrow(error('ARENA_DROPPED'));
});
