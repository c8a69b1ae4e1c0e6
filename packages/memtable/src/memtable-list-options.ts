import { ArenaError } from '@memtable/arena';
import { MemTable, type MemTableOptions, type MemTableStats } from './memtable.js';
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

/** Room above the write buffer: the superblock, and the write that passes the limit. */
const RESERVE_SLACK_BYTES = 64 << 10;
/** A memory that grows begins with this. */
const RESERVE_BYTES_MIN = 4096;

/**
 * @internal A table of a list, with room for the write buffer from the start: it passes that by little, so its memory
 * never has to move. When the system has no such buffer left, the table begins small and grows.
 */
export function makeTable(list: MemTableListOptions, writeBufferBytes: number): MemTable {
  const wanted = writeBufferBytes + RESERVE_SLACK_BYTES;
  const options = { reserveBytes: Math.min(wanted, list.maxBytes ?? wanted), ...list };
  try {
    return new MemTable(options);
  } catch (error) {
    const isOutOfMemory = error instanceof ArenaError && error.code === 'ARENA_OUT_OF_MEMORY';
    if (!isOutOfMemory || options.shared === true) throw error;
    return new MemTable({ ...options, reserveBytes: RESERVE_BYTES_MIN });
  }
}
