export { type Addr, NIL } from './addr.js';
export { Arena, type ArenaOptions, MARK_WORDS } from './arena.js';
export { channel, type Channel } from './channel.js';
export { ArenaError, type ArenaErrorCode } from './errors.js';
export type { ArenaEvents } from './events.js';
export {
  FixedArena,
  type FixedArenaBlock,
  type FixedArenaOptions,
  type FixedArenaStats,
} from './allocators/fixed-arena.js';
export { type Allocation, GuardedArena } from './allocators/guarded-arena.js';
export { Heap, type HeapBlock, type HeapFit, type HeapOptions, type HeapStats } from './allocators/heap.js';
export { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from './memory.js';
export {
  type SlabAllocatorOptions,
  SlabAllocator,
  type SlabClass,
  type SlabInfo,
  type SlabStats,
} from './allocators/slab.js';
export { INSPECT, show } from './show.js';
export type { BlockSource } from './source.js';
export type { ArenaStats, BlockInfo, SizeCount } from './stats.js';
export { Line, LINE_WORDS, SUPERBLOCK_BYTES } from './superblock.js';
