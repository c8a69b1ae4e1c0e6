import { Arena, FixedArena, Heap, type HeapFit, SlabAllocator } from '@memtable/arena';
import { MemPool } from '@thi.ng/malloc';

/** An allocator that is measured: ours, or an alternative. */
export interface AllocatorContender {
  readonly name: string;
  allocate(bytes: number): unknown;
  /** Undefined if single allocations cannot be freed. */
  free?(allocation: never): unknown;
  /** Frees all allocations. */
  reset(): void;
  /** Allocations are objects, not addresses. */
  readonly objects?: true;
  /** Number of frees timed together. Lower it if one free takes milliseconds. */
  readonly freesTimed?: number;
}

/** Room for a million blocks with headers, so that no memory grows during a measurement. */
const RESERVE_BYTES = 256 << 20;

const heap = (fit: HeapFit) => (): AllocatorContender => {
  const heap = new Heap({ fit, reserveBytes: RESERVE_BYTES });
  return named(`Heap, ${fit} fit`, heap);
};

/** Makers of the allocators. Each allocator is measured in its own process. */
export const ALLOCATORS: readonly (() => AllocatorContender)[] = [
  (): AllocatorContender => named('Arena', new Arena({ reserveBytes: RESERVE_BYTES })),
  (): AllocatorContender =>
    named('Arena, 16 KiB blocks', new Arena({ reserveBytes: RESERVE_BYTES, blockBytes: 16384 })),
  (): AllocatorContender => {
    const arena = new FixedArena({ bytes: RESERVE_BYTES });
    return { name: 'FixedArena', allocate: (bytes) => arena.allocate(bytes, 1), reset: () => arena.reset() };
  },
  (): AllocatorContender => named('FixedArena with slots', new FixedArena({ bytes: RESERVE_BYTES, slotBytes: 128 })),
  (): AllocatorContender => named('SlabAllocator', new SlabAllocator({ reserveBytes: RESERVE_BYTES })),
  heap('mixed'),
  heap('first'),
  heap('next'),
  heap('best'),
  (): AllocatorContender => {
    const pool = new MemPool({ buf: new ArrayBuffer(RESERVE_BYTES) });
    return {
      name: '@thi.ng/malloc',
      allocate: (bytes) => pool.malloc(bytes),
      free: (address: number) => pool.free(address),
      reset: () => pool.freeAll(),
      freesTimed: 5,
    };
  },
  (): AllocatorContender => ({
    name: 'new Uint8Array(n)',
    allocate: (bytes) => new Uint8Array(bytes),
    reset() {},
    objects: true,
  }),
];

/** Adds a name to the allocator itself, so that calls go to its methods directly, as in user code. */
function named<T extends { allocate(bytes: number): unknown; reset(): void }>(
  name: string,
  allocator: T,
): T & { name: string } {
  return Object.assign(allocator, { name });
}
