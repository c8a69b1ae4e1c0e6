import { type Channel, channel } from '../diagnostics.js';
import type { EntryTableStats } from '../entry-table.js';

/** Why writers wait. */
export type StallReason =
  /** The write buffer is full. The flush that will make room is running. */
  | 'flush-running'
  /** The write buffer is full. The flush that would make room has failed so far, and is tried again. */
  | 'flush-failing'
  /** A store is full and no flush runs. Room comes from a compaction, from deletions, or from closing snapshots. */
  | 'full';

/**
 * What happens to the tables of a list or a store, in the order in which it happens. Times are in milliseconds. `table`
 * numbers the tables of one list or store from 1, in the order of their flushes; a compaction copies a table to new
 * memory, and the copy keeps the number.
 */
export type LifecycleEvent =
  /**
   * A table was frozen. `flush`: it waits for the target, and new writes go to the next table. `compaction`: it is
   * being copied. `call`: `freeze()` made the store read-only. `garbageBytes` are those of entries that nobody can
   * read any more; a list does not count them, and says 0.
   */
  | Readonly<{
      type: 'freeze';
      reason: 'flush' | 'compaction' | 'call';
      table: number;
      stats: EntryTableStats;
      garbageBytes: number;
    }>
  /**
   * A list got no memory for the table after this one, which goes on taking writes that fit. The next write,
   * `flush()` or `close()` tries again, and so does the end of each flush.
   */
  | Readonly<{ type: 'rotate-error'; table: number; error: unknown }>
  /**
   * The target has the table, which had `entryCount` entries for it. Its memory is still there. The last attempt took
   * `ms`.
   */
  | Readonly<{ type: 'flush'; table: number; entryCount: number; attempts: number; ms: number }>
  /** An attempt to flush failed. The next one begins after `retryMs`; undefined when there is none. */
  | Readonly<{ type: 'flush-error'; table: number; attempts: number; error: unknown; retryMs: number | undefined }>
  /** A compaction ended. The store moved to a table without garbage. */
  | Readonly<{
      type: 'compact';
      beforeBytes: number;
      afterBytes: number;
      entryCount: number;
      slices: number;
      ms: number;
    }>
  /** A compaction was given up. The next one begins when there is half as much garbage again. */
  | Readonly<{ type: 'compact-error'; error: unknown }>
  /** The memory of a table was given back. `close()` of a store gives back that of all its tables at once. */
  | Readonly<{ type: 'drop'; table: number; bytes: number }>
  /** Writers wait from now on. The first of them wants to write `bytes` bytes. */
  | Readonly<{ type: 'stall'; reason: StallReason; bytes: number }>
  /** The last waiting writer went on or gave up. The first had to wait for `ms`. */
  | Readonly<{ type: 'resume'; ms: number }>;

interface Observer {
  onEvent?: ((event: LifecycleEvent) => void) | undefined;
}

/** @internal Tells the observer of a list or store, and the subscribers of `memtable:list` or `memtable:store`. */
export class LifecycleEvents {
  /** The list or store by its kind. Messages and traces begin with it. */
  readonly subject: Readonly<Record<string, object>>;
  readonly #channel: Channel;
  readonly #observer: Observer;

  constructor(kind: 'list' | 'store', owner: object, observer: Observer) {
    this.subject = { [kind]: owner };
    this.#channel = channel(`memtable:${kind}`);
    this.#observer = observer;
  }

  /** Never throws: what the observer throws is reported as an uncaught error, in a microtask of its own. */
  emit(event: LifecycleEvent): void {
    if (this.#channel.hasSubscribers) this.#channel.publish({ ...this.subject, ...event });
    try {
      this.#observer.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
