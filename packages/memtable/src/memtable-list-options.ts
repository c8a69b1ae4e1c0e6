import type { MemTableOptions, MemTableStats } from './memtable.js';
import type { WaitingStats } from './write-buffer/admission.js';
import type { LifecycleEvent } from './write-buffer/events.js';
import type { FlushStats } from './write-buffer/flush-queue.js';
import type { FlushOptions } from './write-buffer/flush-target.js';

export interface MemTableListOptions extends Omit<MemTableOptions, 'arena'>, FlushOptions {
  /**
   * A write that finds the active table using more than this freezes it first, so a table passes the limit by at most
   * one write. Bytes, from 1 to 2^30. @defaultValue 4 MiB, LevelDB's
   */
  writeBufferBytes?: number;
  /** How many tables may be frozen before writers and `flush()` wait, from 1. @defaultValue 1, LevelDB's */
  frozenMax?: number;
  /** Sequence of the last write before the first one of this list, from 0 to 2^53 - 1. @defaultValue 0 */
  lastSequence?: number;
  /** Told of everything that happens. What it throws is reported as an uncaught error and disturbs nothing. */
  onEvent?: (event: LifecycleEvent) => void;
}

/** A list's figures. */
export interface MemTableListStats {
  readonly state: 'open' | 'closing' | 'closed';
  readonly active: MemTableStats;
  /** Oldest first. */
  readonly frozen: readonly MemTableStats[];
  /** Sequence of the last accepted write. */
  readonly lastSequence: number;
  /** Bytes that all tables occupy. */
  readonly memoryUsage: number;
  readonly flush: FlushStats;
  /** Rotations for which the system had no memory, and the last failure. */
  readonly rotation: { readonly failures: number; readonly lastError: unknown };
  readonly waiting: WaitingStats;
}
