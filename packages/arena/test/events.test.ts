import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Arena, type ArenaEvents, FixedArena, Heap, NIL, SlabAllocator } from '../src/index.js';

const NAMES: (keyof ArenaEvents)[] = [
  'memtable:arena:fallback',
  'memtable:arena:block',
  'memtable:arena:reset',
  'memtable:arena:drop',
  'memtable:arena:failure',
];

/** The events while `action` runs: the last part of each name, and the fields besides the object. */
function eventsOf(action: () => void): [string, object][] {
  const events: [string, object][] = [];
  const listeners = NAMES.map((name) => {
    const listener = (event: unknown) => {
      const { arena, allocator, ...rest } = event as Record<string, unknown>;
      expect(arena ?? allocator).toBeDefined();
      events.push([name.split(':')[2], rest]);
    };
    subscribe(name, listener);
    return () => unsubscribe(name, listener);
  });
  try {
    action();
  } finally {
    listeners.forEach((end) => end());
  }
  return events;
}

test('an arena publishes fallbacks, blocks, failures, resets and its end', () => {
  const arena = new Arena({ reserveBytes: 8192, maxBytes: 8192 });
  const events = eventsOf(() => {
    arena.allocate(1000);
    arena.allocate(1000);
    arena.allocateAligned(2080, 64);
    expect(arena.allocate(5000)).toBe(NIL);
    arena.reset();
    arena.drop();
    arena.drop();
  });
  expect(events).toEqual([
    ['fallback', { bytes: 1000, alignment: 1, remainingBytes: 0 }],
    ['block', { address: 264, bytes: 4096, kind: 'regular' }],
    ['fallback', { bytes: 2080, alignment: 64, remainingBytes: 2096 }],
    ['block', { address: 4368, bytes: 2136, kind: 'dedicated' }],
    ['fallback', { bytes: 5000, alignment: 1, remainingBytes: 2096 }],
    ['failure', { bytes: 5000, memoryUsage: 6248 }],
    ['reset', { memoryUsage: 6248 }],
    ['drop', { memoryUsage: 0 }],
  ]);
});

test.each([
  ['a heap', () => new Heap({ reserveBytes: 4096, maxBytes: 4096 })],
  ['slabs', () => new SlabAllocator({ slabBytes: 4096, reserveBytes: 8192, maxBytes: 8192 })],
  ['a fixed arena', () => new FixedArena({ bytes: 4096 })],
])('%s publishes failures, resets and its end', (_, make) => {
  const allocator = make();
  const events = eventsOf(() => {
    allocator.allocate(100);
    expect(allocator.allocate(8000)).toBe(NIL);
    allocator.reset();
    allocator.drop();
  });
  expect(events.map(([name]) => name)).toEqual(['failure', 'reset', 'drop']);
  expect(events[0][1]).toMatchObject({ bytes: 8000 });
});
