export { type Addr, NIL } from './addr.js';
export { Arena, type ArenaOptions, MARK_WORDS } from './arena.js';
export { channel, type Channel } from './channel.js';
export { ArenaError, type ArenaErrorCode } from './errors.js';
export { Memory, MEMORY_BYTES_MAX, type MemoryOptions } from './memory.js';
export type { ArenaStats, BlockInfo } from './stats.js';
export { Line, LINE_WORDS, SUPERBLOCK_BYTES } from './superblock.js';
