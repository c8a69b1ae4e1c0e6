import type { MemTableStats } from './memtable.js';

/** Why writers wait: the frozen queue is full, and its oldest memtable is being written or has failed so far. */
export type StallReason = 'flush-running' | 'flush-failing';

/** What happens to the memtables of a list, in the order in which it happens. Times are in milliseconds. */
export type LifecycleEvent =
  /** The active memtable was frozen; a new one took its place. */
  | { readonly type: 'freeze'; readonly table: number; readonly stats: MemTableStats }
  /**
   * The system has no memory for the memtable after this one, which goes on taking writes that fit. It is tried again by
   * the next write, `flush()` or `close()`, and after each flush.
   */
  | { readonly type: 'rotate-error'; readonly table: number; readonly error: unknown }
  /** The target has the memtable; its memory is still there. */
  | {
      readonly type: 'flush';
      readonly table: number;
      readonly stats: MemTableStats;
      readonly attempts: number;
      readonly ms: number;
    }
  /** The target failed; it is tried again after `retryMs`, or not any more when that is undefined. */
  | {
      readonly type: 'flush-error';
      readonly table: number;
      readonly attempts: number;
      readonly error: unknown;
      readonly retryMs: number | undefined;
    }
  /** The memory of a flushed memtable has been given back. */
  | { readonly type: 'drop'; readonly table: number; readonly stats: MemTableStats }
  /** Writers wait from now on. */
  | { readonly type: 'stall'; readonly reason: StallReason }
  /** The last waiting writer has gone on; the first had to wait for `ms`. */
  | { readonly type: 'resume'; readonly ms: number };
