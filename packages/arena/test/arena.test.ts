import fc from 'fast-check';
import { Arena, type ArenaOptions, GuardedArena, Heap, Line, MARK_WORDS, NIL, SlabAllocator } from '../src/index.js';
import { error } from './errors.js';

describe('policy', () => {
  test('an empty arena uses nothing; its first byte costs a block and a header', () => {
    const arena = new Arena();
    expect(arena.memoryUsage()).toBe(0);
    arena.allocate(1);
    expect(arena.memoryUsage()).toBe(4096 + 8);
  });

  test('1024 bytes share a block; 1025 get one of their own, and the current block goes on', () => {
    const arena = new Arena();
    const first = arena.allocate(1024);
    arena.allocate(1024);
    arena.allocate(1024);
    const own = arena.allocate(1025);
    const next = arena.allocate(1024);
    expect(next - first).toBe(3 * 1024);
    expect(arena.blocks().map((b) => [b.kind, b.bytes])).toEqual([
      ['regular', 4096],
      ['dedicated', 1025],
    ]);
    expect(own).toBe(arena.blocks()[1].address);
    expect(arena.memoryUsage()).toBe(4096 + 8 + 1025 + 8);
  });

  test('hasLeft promises that nothing moves; over a source and with guards it promises nothing', () => {
    const arena = new Arena({ reserveBytes: 16384, blockBytes: 256 });
    const { buffer } = arena.memory;
    let blocks = 0;
    while (arena.hasLeft(256 + 8)) {
      arena.allocate(256);
      expect(arena.memory.buffer).toBe(buffer);
      blocks++;
    }
    expect(blocks).toBeGreaterThan(50);
    arena.allocate(256);
    expect(arena.memory.buffer).not.toBe(buffer);
    arena.drop();
    expect(arena.hasLeft(0)).toBe(false);
    expect(new Arena({ source: new Heap() }).hasLeft(1)).toBe(false);
    expect(new GuardedArena().hasLeft()).toBe(false);
  });

  test('the tail of a closed block is counted', () => {
    const arena = new Arena();
    for (let i = 0; i < 5; i++) arena.allocate(1000);
    expect(arena.stats()).toMatchObject({ regularCount: 2, tailBytes: 96, askedBytes: 5000, remainingBytes: 3096 });
    expect(arena.blocks()[0]).toMatchObject({ usedBytes: 4000, tailBytes: 96 });
  });

  test('bytes skipped to align are counted as slop, and a fresh block needs none', () => {
    const arena = new Arena();
    arena.allocate(1);
    expect(arena.allocateAligned(8) % 8).toBe(0);
    expect(arena.stats()).toMatchObject({ slopBytes: 7, askedBytes: 9 });
  });
});

/** Requests of sizes around the limits of the policy. */
const requests = fc.array(
  fc.record({
    bytes: fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.constantFrom(1024, 1025, 4096),
    ),
    alignment: fc.option(
      fc.integer({ min: 0, max: 12 }).map((shift) => 2 ** shift),
      { nil: undefined },
    ),
  }),
  { maxLength: 300 },
);

const allocate = (arena: Arena, { bytes, alignment }: { bytes: number; alignment: number | undefined }) =>
  alignment === undefined ? arena.allocate(bytes) : arena.allocateAligned(bytes, alignment);

test('allocations never overlap, are aligned, keep their bytes while the memory grows, and are all counted', () => {
  fc.assert(
    fc.property(requests, fc.constantFrom(64, 512, 4096, 65536), (list, blockBytes) => {
      const arena = new Arena({ blockBytes, reserveBytes: 4096 });
      const taken = list.map((request, i) => {
        const at = allocate(arena, request);
        expect(at % (request.alignment ?? 1)).toBe(0);
        arena.memory.u8.fill(i & 0xff, at, at + request.bytes);
        return { at, bytes: request.bytes, fill: i & 0xff };
      });
      for (const { at, bytes, fill } of taken) {
        expect(arena.memory.u8.subarray(at, at + bytes).every((byte) => byte === fill)).toBe(true);
      }
      const asked = list.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(arena.stats().askedBytes).toBe(asked);
      const used = arena.blocks().reduce((sum, block) => sum + block.bytes + 8, 0);
      expect(arena.memoryUsage()).toBe(used);
      const copy = Arena.attach(arena.memory.u8.slice().buffer);
      expect(copy.blocks()).toEqual(arena.blocks());
      expect(copy.allocate(10)).toBe(arena.allocate(10));
      arena.verify();
    }),
  );
});

test('a memory at its limit yields NIL and changes nothing', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 4096, max: 20000 }), (list, maxBytes) => {
      const arena = new Arena({ reserveBytes: 4096, maxBytes });
      for (const request of list) {
        const before = { stats: arena.stats(), used: arena.memory.usedBytes };
        if (allocate(arena, request) !== NIL) continue;
        expect({ ...arena.stats(), capacityBytes: 0 }).toEqual({ ...before.stats, capacityBytes: 0 });
        expect(arena.memory.usedBytes).toBe(before.used);
      }
      expect(arena.memory.capacityBytes).toBeLessThanOrEqual(Math.ceil(maxBytes / 8) * 8);
      arena.verify();
    }),
  );
});

test('rewinding to a mark gives the same addresses again', () => {
  fc.assert(
    fc.property(requests, requests, (before, after) => {
      const arena = new Arena({ blockBytes: 512 });
      before.forEach((request) => allocate(arena, request));
      const mark = new Int32Array(MARK_WORDS);
      const stats = arena.stats();
      arena.mark(mark);
      const once = after.map((request) => allocate(arena, request));
      arena.rewind(mark);
      arena.verify();
      expect({ ...arena.stats(), capacityBytes: 0 }).toEqual({ ...stats, capacityBytes: 0 });
      expect(after.map((request) => allocate(arena, request))).toEqual(once);
      arena.verify();
    }),
  );
});

test('an arena is dropped at the end of a using block', () => {
  let seen: Arena;
  {
    using arena = new Arena();
    seen = arena;
    expect(seen.dropped).toBe(false);
  }
  expect(seen.dropped).toBe(true);
});

test('drop leaves a shared memory to the other threads', () => {
  const arena = new Arena({ shared: true, reserveBytes: 8192 });
  const at = arena.allocate(4);
  const { buffer } = arena.memory;
  arena.memory.u8[at] = 7;
  arena.drop();
  expect(arena.memory.u8).toHaveLength(0);
  expect(new Uint8Array(buffer)[at]).toBe(7);
});

test('stale views of a memory that grew are empty', () => {
  const arena = new Arena({ reserveBytes: 4096 });
  const old = arena.memory.u8;
  arena.allocate(5000);
  expect(old).toHaveLength(0);
  expect(arena.memory.capacityBytes).toBeGreaterThanOrEqual(8192);
});

describe('bad requests are refused with a code before anything moves', () => {
  test.each([0, 3, -8, 8192, 1.5, NaN, 2 ** 32 + 8])('alignment %p', (alignment) => {
    expect(() => new Arena().allocateAligned(8, alignment)).toThrow(error('ARENA_INVALID_ALIGNMENT'));
  });

  test.each<ArenaOptions>([
    { blockBytes: 0 },
    { blockBytes: 100 },
    { blockBytes: 2 ** 29 },
    { indexCount: 0 },
    { indexCount: 1.5 },
    { indexCount: 5 },
    { reserveBytes: 100 },
    { reserveBytes: 2 ** 31 },
    { reserveBytes: 8192, maxBytes: 4096 },
    { shared: true, reserveBytes: 8192, maxBytes: 16384 },
  ])('options %p', (options) => {
    expect(() => new Arena(options)).toThrow(error('ARENA_INVALID_OPTION'));
  });
});

describe('attach refuses bytes that are not an arena', () => {
  const sound = () => {
    const arena = new Arena({ reserveBytes: 65536 });
    for (let i = 0; i < 20; i++) arena.allocate(700);
    arena.allocate(3000);
    return arena.memory.u8.slice().buffer;
  };

  test('too short, other magic, truncated', () => {
    expect(() => Arena.attach(new ArrayBuffer(100))).toThrow(error('ARENA_MALFORMED'));
    expect(() => Arena.attach(new ArrayBuffer(4096))).toThrow(error('ARENA_MALFORMED'));
    expect(() => Arena.attach(sound().slice(0, 9000))).toThrow(error('ARENA_MALFORMED'));
    expect(() => Arena.attach([] as unknown as ArrayBuffer)).toThrow(TypeError);
  });

  test('a damaged word of the arena line or of a block header', () => {
    const arena = Arena.attach(sound());
    const headers = arena.blocks().map((block) => (block.address - 8) / 4);
    // Not the pointer, which may be anywhere in its block.
    const words = [17, 18, 19, 20, 21, 22, 23, 24].concat(headers.flatMap((h) => [h, h + 1]));
    for (const word of words) {
      const buffer = sound();
      const view = new Int32Array(buffer);
      view[word] = view[word] + 12;
      expect(() => Arena.attach(buffer)).toThrow(error('ARENA_MALFORMED'));
    }
  });
});

test('rewinding to a mark opens the block that was current then', () => {
  for (const source of [undefined, new Heap(), new SlabAllocator()]) {
    const arena = new Arena(source === undefined ? {} : { source });
    arena.allocate(1000);
    const mark = new Int32Array(MARK_WORDS);
    arena.mark(mark);
    const before = [arena.blocks(), arena.stats().tailBytes];
    const first = arena.allocate(1000);
    for (let i = 0; i < 10; i++) arena.allocate(1000);
    expect(arena.blocks()).toHaveLength(3);
    arena.rewind(mark);
    arena.verify();
    expect([arena.blocks(), arena.stats().tailBytes]).toEqual(before);
    expect(arena.allocate(1000)).toBe(first);
  }
});

describe('an arena with several indexes', () => {
  const make = (source?: Heap) => new Arena({ indexCount: 3, ...(source && { source }) });

  test.each([
    ['of its own', () => make()],
    ['of a heap', () => make(new Heap())],
  ])('marks, rewinds and clears the line of each, but leaves the line of the table alone; memory %s', (_, makeOne) => {
    const arena = makeOne();
    const first = arena.allocate(100);
    const words = arena.memory.i32;
    const lines = [0, 1, 2].map((index) => arena.indexLineOf(index));
    const table = arena.lineOf(Line.Table);
    expect(lines[0]).toBe(arena.lineOf(Line.Index));
    const fill = (value: number) => [...lines, table].forEach((line) => words.fill(value + line, line, line + 16));
    const contentOf = (line: number) => [...new Set(words.subarray(line, line + 16))];
    fill(1000);
    const mark = new Int32Array(MARK_WORDS);
    arena.mark(mark);
    for (const line of lines) expect(mark[arena.markOf(line) + 15]).toBe(1000 + line);
    for (let i = 0; i < 3; i++) arena.allocate(3000);
    fill(2000);
    arena.rewind(mark);
    arena.verify();
    expect(lines.map(contentOf)).toEqual(lines.map((line) => [1000 + line]));
    expect(contentOf(table)).toEqual([2000 + table]);
    arena.reset();
    arena.verify();
    expect([...lines, table].map(contentOf)).toEqual([[0], [0], [0], [0]]);
    expect([arena.indexCount, arena.allocate(100)]).toEqual([3, first]);
  });

  test('keeps its lines in the buffer', () => {
    const arena = make();
    arena.allocate(8);
    const copy = Arena.attach(arena.memory.u8.slice().buffer);
    expect([copy.indexCount, copy.indexLineOf(2)]).toEqual([3, arena.indexLineOf(2)]);
    const heap = new Heap();
    expect([make(heap).indexCount, new Arena({ source: heap }).indexCount]).toEqual([3, 1]);
    expect(Arena.attachAll(Heap.attach(heap.memory.buffer)).map(({ indexCount }) => indexCount)).toEqual([3, 1]);
  });

  test('has no line for another index', () => {
    const arena = make();
    for (const index of [3, -1, 0.5, NaN])
      expect(() => arena.indexLineOf(index)).toThrow(error('ARENA_INVALID_OPTION'));
    arena.memory.i32[arena.lineOf(Line.Arena) + 13] = 4;
    expect(() => Arena.attach(arena.memory.buffer)).toThrow(error('ARENA_MALFORMED', 'lines for 5 indexes'));
  });
});

const LIMIT = 8192;
const limited = { reserveBytes: LIMIT, maxBytes: LIMIT };
test.each<[string, () => Arena]>([
  ['a memory of its own', () => new Arena({ blockBytes: 256, ...limited })],
  ['a memory of its own, with guards', () => new GuardedArena({ blockBytes: 256, ...limited })],
  ['a heap', () => new Arena({ blockBytes: 256, source: new Heap(limited) })],
  [
    'slabs',
    () =>
      new Arena({
        blockBytes: 256,
        source: new SlabAllocator({ slabBytes: 4096, maxBytes: 20480, reserveBytes: 4096 }),
      }),
  ],
])('ensure keeps its promise at multiples of 8, whatever is left of %s', (_, make) => {
  let [kept, refused] = [0, 0];
  for (let filler = LIMIT - 1400; filler < LIMIT - 264; filler++) {
    for (const [bytes, count] of [
      [1, 40],
      [9, 17],
      [17, 20],
      [65, 5],
      [100, 2],
      [301, 1],
      [301, 3],
    ]) {
      const arena = make();
      if (arena.allocate(filler) === NIL) continue; // The memory ends at no multiple of 8.
      if (!arena.ensure(bytes, count)) {
        refused++;
        continue;
      }
      kept++;
      for (let i = 0; i < count; i++)
        if (arena.allocateAligned(bytes, 8) === NIL) throw new Error(`${bytes}, ${count}, ${filler}`);
    }
  }
  expect(kept).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});

test('Memory.ensure allows for the alignment of the next request', () => {
  const { memory } = new Arena({ reserveBytes: 4096, maxBytes: 4096 });
  memory.take(4096 - 256 - 104 + 1);
  expect(memory.ensure(97)).toBe(false);
  expect(memory.ensure(96)).toBe(true);
  expect(memory.take(97)).toBe(NIL);
  expect(memory.take(96)).not.toBe(NIL);
});
