import type { Addr } from './addr.js';
import type { Memory } from './memory.js';

/**
 * Where the blocks of an arena without a memory of its own come from: the "system" under LevelDB's arena. Several
 * arenas over one source share its memory and its budget, and the blocks that one gives back serve the others.
 *
 * An arena asks for whole blocks only, so a source is never on the path of a single allocation.
 */
export interface BlockSource {
  /** The memory that the blocks lie in. */
  readonly memory: Memory;

  /**
   * Allocates a block of `bytes` bytes at a multiple of 8. The memory may move.
   * @returns its address, or NIL when there is no room and nothing has changed
   */
  allocate(bytes: number): Addr;

  /**
   * Promises that the next `count` requests, of up to `bytes` bytes each, do not return NIL. Lets the memory grow now
   * if need be. The promise holds until another caller allocates.
   * @returns false without a promise
   */
  ensure(bytes: number, count: number): boolean;

  /**
   * Takes a block back.
   * @param address - returned by `allocate`
   */
  free(address: Addr): void;

  /**
   * Bytes of the block at an address, 0 when none is allocated there. Arenas over the source ask it when their bytes
   * may be damaged. Leave it out if the source cannot tell: then damaged arenas may free what they do not have.
   * @param address - any number
   */
  bytesAt?(address: number): number;
}
