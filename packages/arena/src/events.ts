import { channel } from './channel.js';

/**
 * The events of allocators, on channels of `node:diagnostics_channel`. Each event carries the allocator itself, so a
 * subscriber can ask it for more. Without a subscriber no event is made.
 */
export interface ArenaEvents {
  /** A request did not fit into the current block. */
  'memtable:arena:fallback': { arena: object; bytes: number; alignment: number; remainingBytes: number };
  /** An arena took a block. */
  'memtable:arena:block': { arena: object; address: number; bytes: number; kind: 'regular' | 'dedicated' };
  /** An allocator is about to take all allocations back. */
  'memtable:arena:reset': { allocator: object; memoryUsage: number };
  /** An allocator is about to give its memory back. */
  'memtable:arena:drop': { allocator: object; memoryUsage: number };
  /** A request returned NIL. */
  'memtable:arena:failure': { allocator: object; bytes: number; memoryUsage: number };
}

const of = <Name extends keyof ArenaEvents>(name: Name) => channel<ArenaEvents[Name]>(name);

export const onFallback = of('memtable:arena:fallback');
export const onBlock = of('memtable:arena:block');
export const onReset = of('memtable:arena:reset');
export const onDrop = of('memtable:arena:drop');
export const onFailure = of('memtable:arena:failure');
