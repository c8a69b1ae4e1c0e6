import type { Addr } from './addr.js';
import type { Memory } from './memory.js';

/**
 * Where an arena's blocks come from, when it is not the memory itself: the "system" under LevelDB's arena. Several
 * arenas over one source share its memory and its budget, and what one gives back serves the next.
 *
 * An arena asks for whole blocks only, so a source is never on the path of a single allocation.
 */
export interface BlockSource {
  /** The memory that the blocks lie in. */
  readonly memory: Memory;

  /**
   * A block of `bytes` bytes at a multiple of 8. Allocating may move the memory.
   * @returns NIL when there is no room for it; nothing has changed then
   */
  allocate(bytes: number): Addr;

  /**
   * Makes sure, by letting the memory grow now, that the next `count` requests of up to `bytes` bytes each cannot yield
   * NIL, as long as nobody else allocates in between.
   * @returns false when that cannot be promised
   */
  ensure(bytes: number, count: number): boolean;

  /**
   * Takes a block back.
   * @param address - what `allocate` returned
   */
  free(address: Addr): void;
}
