import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { AllocatorContender } from './contenders.js';

export const ALLOCATIONS = 1_000_000;
const ROUNDS = 5;
/** Rounds before those that count. They compile the code and map the memory's pages. */
const WARM_UPS = 2;
const FREES_TIMED = 1000;

/** Nanoseconds per request, as the median of 5 rounds. */
export interface AllocatorTimes {
  readonly name: string;
  readonly bytes: number;
  readonly allocateNs: number;
  /** Frees among a million allocations: of the oldest, and of the newest. Undefined if single ones cannot be freed. */
  readonly freeOldestNs?: number;
  readonly freeNewestNs?: number;
  /** Frees of all allocations, from the oldest to the newest. */
  readonly freeAllNs?: number;
}

export function measureAllocator(contender: AllocatorContender, bytes: number): AllocatorTimes {
  const allocations = contender.objects ? new Array<object>(ALLOCATIONS) : new Int32Array(ALLOCATIONS);
  const times = {
    allocateNs: [] as number[],
    freeOldestNs: [] as number[],
    freeNewestNs: [] as number[],
    freeAllNs: [] as number[],
  };
  const { freesTimed = FREES_TIMED } = contender;
  for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
    contender.reset();
    const keep = round < WARM_UPS ? () => {} : (of: number[], count: number, ms: number) => of.push((ms * 1e6) / count);
    keep(
      times.allocateNs,
      ALLOCATIONS,
      timeOf(() => allocate(contender, allocations, bytes, 0, ALLOCATIONS)),
    );
    if (contender.free === undefined) continue;
    keep(
      times.freeOldestNs,
      freesTimed,
      timeOf(() => free(contender, allocations, 0, freesTimed)),
    );
    allocate(contender, allocations, bytes, 0, freesTimed);
    const newest = ALLOCATIONS - freesTimed;
    keep(
      times.freeNewestNs,
      freesTimed,
      timeOf(() => free(contender, allocations, newest, ALLOCATIONS)),
    );
    allocate(contender, allocations, bytes, newest, ALLOCATIONS);
    if (freesTimed < FREES_TIMED) continue; // A million of these frees would take hours.
    keep(
      times.freeAllNs,
      ALLOCATIONS,
      timeOf(() => free(contender, allocations, 0, ALLOCATIONS)),
    );
  }
  const { name } = contender;
  const measured = Object.entries(times).filter(([, rounds]) => rounds.length > 0);
  return {
    name,
    bytes,
    ...Object.fromEntries(measured.map(([what, rounds]) => [what, median(rounds)])),
  } as AllocatorTimes;
}

/** The cost and gain of cache-line placement: memory per object, and reads in random order. */
export interface PlacementTimes {
  readonly bytes: number;
  readonly alignment: number;
  readonly bytesPerObject: number;
  readonly allocateNs: number;
  readonly readNs: number;
}

const OBJECTS = 500_000;

export async function measurePlacement(bytes: number, alignment: number): Promise<PlacementTimes> {
  const { Arena } = await import('@memtable/arena');
  const arena = new Arena({ reserveBytes: 128 << 20 });
  const at = new Int32Array(OBJECTS);
  const order = shuffled(OBJECTS);
  const allocateNs: number[] = [];
  const readNs: number[] = [];
  let sum = 0;
  for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
    arena.reset();
    const allocating = timeOf(() => {
      for (let i = 0; i < OBJECTS; i++) at[i] = arena.allocateAligned(bytes, alignment);
    });
    const words = arena.memory.i32;
    const wordCount = bytes / 4;
    const reading = timeOf(() => {
      for (let i = 0; i < OBJECTS; i++) {
        const first = at[order[i]] >> 2;
        for (let word = first; word < first + wordCount; word++) sum += words[word];
      }
    });
    if (round < WARM_UPS) continue;
    allocateNs.push((allocating * 1e6) / OBJECTS);
    readNs.push((reading * 1e6) / OBJECTS);
  }
  if (sum !== 0) throw new Error('the arena is not zeroed: the sum of its unwritten objects is not 0');
  const bytesPerObject = arena.memoryUsage() / OBJECTS;
  return { bytes, alignment, bytesPerObject, allocateNs: median(allocateNs), readNs: median(readNs) };
}

/** The cost of false sharing: two threads increment adjacent objects. */
export interface SharingTimes {
  readonly alignment: number;
  readonly countNs: number;
}

const COUNTS = 10_000_000;

export async function measureSharing(alignment: number): Promise<SharingTimes> {
  const { Arena } = await import('@memtable/arena');
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const arena = new Arena({ shared: true, reserveBytes: 65536 });
    const start = arena.allocateAligned(4, 64);
    const addresses = [0, 1].map(() => arena.allocateAligned(4, alignment));
    const begin = performance.now();
    const workers = addresses.map((address) => {
      const workerData = { buffer: arena.memory.buffer, start, address, count: COUNTS };
      return once(new Worker(new URL('counter.js', import.meta.url), { workerData }), 'exit');
    });
    await Promise.all(workers);
    rounds.push(((performance.now() - begin) * 1e6) / COUNTS);
  }
  return { alignment, countNs: median(rounds) };
}

/** Addresses, or objects that must stay referenced. */
type Allocations = { [index: number]: unknown };

function allocate(
  contender: AllocatorContender,
  allocations: Allocations,
  bytes: number,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) allocations[i] = contender.allocate(bytes);
}

function free(contender: AllocatorContender, allocations: Allocations, from: number, to: number): void {
  for (let i = from; i < to; i++) contender.free!(allocations[i] as never);
}

function timeOf(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function shuffled(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
