/** Damaged bytes of every allocator, for `survivesDamage`. */
import type { DamageHarness } from '@memtable/testing';
import { checkBlockBytes, interrupt, LARGE_BLOCKS } from '../../testing/test/survival.js';
import { type Addr, Arena, FixedArena, GuardedArena, Heap, type Memory, NIL, SlabAllocator } from '../src/index.js';
import { inspectArena } from '../src/inspect/index.js';

type Buffer = ArrayBuffer;

/** Codes with which damaged bytes may be refused. */
export const codes = ['ARENA_MALFORMED', 'ARENA_OVERRUN', LARGE_BLOCKS];

const sizes = [8, 100, 3, 24, 700, 64, 40, 1500, 16, 300];

/** The bytes of some memories up to the end of their last block, and one with room behind it. */
const dumps = (...memories: Memory[]): Uint8Array[] => [
  ...memories.map(({ u8, usedBytes }) => u8.slice(0, usedBytes)),
  memories.at(-1)!.u8.slice(),
];

/** Checks that bytes in use stay as they are while `change` runs. */
function keepsBytes(memory: Memory, used: readonly { address: number; bytes: number }[], change: () => void): void {
  const before = used.map(({ address, bytes }) => memory.u8.slice(address, address + bytes));
  change();
  used.forEach(({ address, bytes }, i) => {
    const now = memory.u8.subarray(address, address + bytes);
    if (now.some((byte, at) => byte !== before[i][at]))
      throw new Error(`the ${bytes} bytes at ${address} were overwritten`);
  });
}

/** Allocates and writes all of the memory that it gets. */
function allocateAll(allocator: { memory: Memory; allocate(bytes: number): Addr }, requests = sizes): Addr[] {
  const found = requests.map((bytes) => {
    const at = allocator.allocate(bytes);
    if (at !== NIL) allocator.memory.u8.fill(0xee, at, at + bytes);
    return at;
  });
  return found.filter((at) => at !== NIL);
}

function useArena(arena: Arena): void {
  const { memory } = arena;
  const used = arena.blocks().map(({ address, usedBytes }) => ({ address, bytes: usedBytes }));
  if (arena.stats().askedBytes < 0 || arena.memoryUsage() < 0) throw new Error('a negative figure');
  for (let i = 0; i < arena.indexCount; i++) arena.indexLineOf(i);
  keepsBytes(memory, arena instanceof GuardedArena ? [] : used, () => {
    allocateAll(arena);
    for (const alignment of [1, 4, 64, 4096]) arena.allocateAligned(50, alignment);
    const mark = new Int32Array(512);
    arena.mark(mark);
    const [at] = allocateAll(arena);
    if (at !== undefined && !arena.isSince(mark, at)) throw new Error('not since the mark');
    arena.rewind(mark);
  });
  arena.verify();
  if (arena.ensure(100, 10) || arena.hasLeft(1000)) allocateAll(arena);
  arena.reset();
  allocateAll(arena);
  arena.verify();
  arena.drop();
}

function openArena({ buffer }: { buffer: Buffer }): Arena {
  checkBlockBytes(inspectArena(buffer).stats.blockBytes);
  return Arena.attach(buffer);
}

function arenaOf(options: object, requests: readonly number[]): Memory {
  const arena = new Arena({ blockBytes: 512, reserveBytes: 4096, ...options });
  for (const [i, bytes] of requests.entries()) arena.allocateAligned(bytes, i % 3 === 0 ? 8 : 1);
  return arena.memory;
}

function guardedOf(requests: readonly number[]): Memory {
  const arena = new GuardedArena({ blockBytes: 1024, reserveBytes: 4096 });
  allocateAll(arena, [...requests]);
  return arena.memory;
}

/** The payloads of a heap's used blocks. */
const usedBlocks = (heap: Heap) => heap.blocks().filter(({ kind }) => kind === 'used');

function useHeap(heap: Heap): void {
  const used = usedBlocks(heap);
  if (used.length !== heap.stats().usedCount) throw new Error('blocks and stats differ');
  heap.sizes();
  keepsBytes(heap.memory, used, () => {
    const fresh = allocateAll(heap);
    for (const at of fresh.slice(0, 5)) heap.reallocate(at, 200);
    heap.ensure(100, 5);
  });
  heap.verify();
  for (const { address, bytes } of used) {
    if (heap.reallocate(address as Addr, bytes + 100) === address) heap.free(address as Addr);
  }
  heap.verify();
  for (const { address } of usedBlocks(heap)) heap.free(address as Addr);
  heap.verify();
  heap.reset();
  allocateAll(heap);
  heap.verify();
  heap.drop();
}

function heapOf(fit: 'mixed' | 'first' | 'next' | 'best'): Memory {
  const heap = new Heap({ fit, reserveBytes: 4096 });
  const found = allocateAll(heap, [...sizes, ...sizes]);
  found.forEach((at, i) => i % 3 === 1 && heap.free(at));
  heap.allocate(16);
  return heap.memory;
}

/** Frees whatever can be freed at these addresses. @returns how many */
function freeAll(allocator: { free(address: Addr): void }, addresses: Iterable<number>): number {
  let count = 0;
  for (const address of addresses) {
    try {
      allocator.free(address as Addr);
      count++;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ARENA_NOT_ALLOCATED') throw error;
    }
  }
  return count;
}

const steps = (from: number, count: number, step: number) => Array.from({ length: count }, (_, i) => from + i * step);

function useSlabs(slabs: SlabAllocator): void {
  const { usedCount } = slabs.stats();
  const chunks = slabs
    .blocks()
    .flatMap(({ address, kind, chunkBytes, usedCount, freeCount }) =>
      kind === 'free' ? [] : steps(address + 64, usedCount + freeCount, chunkBytes),
    );
  slabs.memoryUsage();
  slabs.ensure(100, 5);
  slabs.ensure(5000, 2);
  const fresh = allocateAll(slabs, [...sizes, 5000]);
  slabs.verify();
  if (freeAll(slabs, fresh) !== fresh.length) throw new Error('a fresh chunk cannot be freed');
  if (freeAll(slabs, chunks) !== usedCount) throw new Error('the used chunks cannot be freed');
  slabs.verify();
  allocateAll(slabs);
  slabs.reset();
  allocateAll(slabs);
  slabs.verify();
  slabs.drop();
}

function slabsOf(requests: readonly number[]): Memory {
  const slabs = new SlabAllocator({ slabBytes: 4096, reserveBytes: 4096 });
  // No chunks of a few bytes: `useSlabs` tries to free every chunk of a slab.
  const found = allocateAll(
    slabs,
    requests.map((bytes) => Math.max(100, bytes)),
  );
  found.forEach((at, i) => i % 3 === 1 && slabs.free(at));
  return slabs.memory;
}

function useFixed(arena: FixedArena): void {
  const { slotBytes, blockCount, freeSlotCount } = arena.stats();
  if (arena.blocks().length !== blockCount || arena.memoryUsage() < 0) throw new Error('blocks and stats differ');
  const used = arena.blocks().map(({ address, usedBytes }) => ({ address, bytes: usedBytes }));
  const requests = slotBytes === 0 ? sizes : sizes.map(() => 8);
  keepsBytes(arena.memory, slotBytes === 0 ? used : [], () => {
    const slots = allocateAll(arena, requests);
    arena.verify();
    if (slotBytes === 0) return;
    if (freeAll(arena, slots) !== slots.length) throw new Error('a fresh slot cannot be freed');
    const given = used.flatMap(({ address, bytes }) => steps(address, bytes / slotBytes, slotBytes));
    if (freeAll(arena, given) !== given.length - freeSlotCount) throw new Error('the used slots cannot be freed');
  });
  arena.verify();
  allocateAll(arena, requests);
  arena.reset();
  allocateAll(arena, requests);
  arena.verify();
  arena.drop();
}

function fixedOf(options: { bytes: number; grow?: boolean; slotBytes?: number }, requests: readonly number[]): Memory {
  const arena = new FixedArena(options);
  const found = allocateAll(arena, [...requests]);
  if (options.slotBytes !== undefined) found.forEach((at, i) => i % 3 === 1 && arena.free(at));
  return arena.memory;
}

/** A source and the arenas over it. */
interface Sourced {
  readonly source: Heap | SlabAllocator;
  readonly arenas: readonly Arena[];
}

function sourced(source: Heap | SlabAllocator): Sourced {
  const arenas = Arena.attachAll(source);
  for (const arena of arenas) checkBlockBytes(arena.stats().blockBytes);
  return { source, arenas };
}

function sourceOf(source: Heap | SlabAllocator): Memory {
  const arenas = [1, 2, 3].map((indexCount) => new Arena({ source, blockBytes: 512, indexCount }));
  for (const bytes of sizes) for (const arena of arenas) arena.allocate(bytes);
  arenas[1].drop();
  source.allocate(200);
  return source.memory;
}

function useSourced({ source, arenas }: Sourced): void {
  const used = arenas.map((arena) => arena.blocks().map(({ address, usedBytes }) => ({ address, bytes: usedBytes })));
  keepsBytes(source.memory, used.flat(), () => {
    for (const arena of arenas) allocateAll(arena);
    new Arena({ source }).allocate(10);
    for (const arena of arenas) arena.verify();
  });
  source.verify();
  for (const arena of arenas) arena.drop();
  source.verify();
  source.drop();
}

// Twenty times what a sound one takes, for a busy machine. Growing copies, so that it depends on the memory too.
const bounds = { msMax: (byteLength: number) => 50 + byteLength / 500, interrupt };

/** Each allocator by name. */
export const harnesses = {
  Arena: {
    open: openArena,
    use: useArena,
    sound: dumps(arenaOf({}, []), arenaOf({ indexCount: 3 }, [10]), arenaOf({}, [...sizes, ...sizes])),
    ...bounds,
  } satisfies DamageHarness<Arena>,
  GuardedArena: {
    open({ buffer }) {
      const arena = GuardedArena.attach(buffer);
      checkBlockBytes(arena.stats().blockBytes);
      return arena;
    },
    use: useArena,
    sound: dumps(guardedOf([]), guardedOf(sizes)),
    ...bounds,
  } satisfies DamageHarness<GuardedArena>,
  Heap: {
    open: ({ buffer }) => Heap.attach(buffer),
    use: useHeap,
    sound: dumps(new Heap({ reserveBytes: 4096 }).memory, ...(['first', 'next', 'best', 'mixed'] as const).map(heapOf)),
    ...bounds,
  } satisfies DamageHarness<Heap>,
  SlabAllocator: {
    open: ({ buffer }) => SlabAllocator.attach(buffer),
    use: useSlabs,
    sound: dumps(slabsOf([]), slabsOf([...sizes, ...sizes, ...sizes, 5000, 9000, 5000, 20])),
    ...bounds,
  } satisfies DamageHarness<SlabAllocator>,
  FixedArena: {
    open: ({ buffer }) => FixedArena.attach(buffer),
    use: useFixed,
    sound: dumps(
      fixedOf({ bytes: 512 }, [100, 8]),
      fixedOf({ bytes: 512, grow: true }, [...sizes, ...sizes]),
      fixedOf({ bytes: 512, grow: true, slotBytes: 24 }, Array<number>(70).fill(20)),
    ),
    ...bounds,
  } satisfies DamageHarness<FixedArena>,
  'arenas over a heap': {
    open: ({ buffer }) => sourced(Heap.attach(buffer)),
    use: useSourced,
    sound: dumps(sourceOf(new Heap({ reserveBytes: 4096 }))),
    ...bounds,
  } satisfies DamageHarness<Sourced>,
  'arenas over slabs': {
    open: ({ buffer }) => sourced(SlabAllocator.attach(buffer)),
    use: useSourced,
    sound: dumps(sourceOf(new SlabAllocator({ slabBytes: 4096, reserveBytes: 4096 }))),
    ...bounds,
  } satisfies DamageHarness<Sourced>,
};
