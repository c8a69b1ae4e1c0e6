import type { LifecycleEvent } from '@memtable/memtable';

/** One memtable of a run. Sizes are in bytes. A field is null if its event has not happened. */
export interface MemtableRow {
  readonly table: number;
  readonly entries: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Bytes that entries and index requested from the arena. */
  readonly askedBytes: number;
  readonly memoryUsage: number;
  /** Share of the memory usage that nothing requested. */
  readonly wastePercent: number;
  readonly regularBlocks: number;
  readonly dedicatedBlocks: number;
  readonly height: number;
  /** Time spent on inserts into it. */
  readonly fillMs: number;
  readonly flushMs: number | null;
  readonly flushAttempts: number;
  /** Resident memory of the process right after the flush. */
  readonly rssBeforeDrop: number | null;
  /** Resident memory of the process right after the drop. */
  readonly rssAfterDrop: number | null;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** Keeps one row for each frozen memtable, built from the events of a list. */
export class MemtableLog {
  readonly #rows: Growing<MemtableRow>[] = [];
  #fillMs = 0;

  get rows(): readonly MemtableRow[] {
    return this.#rows;
  }

  /** Adds to the insert time of the active memtable. */
  addFill(ms: number): void {
    this.#fillMs += ms;
  }

  onEvent(event: LifecycleEvent): void {
    if (event.type === 'freeze') {
      const { entryCount, keyBytes, valueBytes, height, arena } = event.stats;
      this.#rows.push({
        table: event.table,
        entries: entryCount,
        keyBytes,
        valueBytes,
        askedBytes: arena.askedBytes,
        memoryUsage: arena.memoryUsage,
        wastePercent: (100 * (arena.memoryUsage - arena.askedBytes)) / arena.memoryUsage,
        regularBlocks: arena.regularCount,
        dedicatedBlocks: arena.dedicatedCount,
        height,
        fillMs: this.#fillMs,
        flushMs: null,
        flushAttempts: 0,
        rssBeforeDrop: null,
        rssAfterDrop: null,
      });
      this.#fillMs = 0;
    } else if ('table' in event) {
      const row = this.#rows[event.table - 1];
      if (event.type === 'flush-error') row.flushAttempts = event.attempts;
      if (event.type === 'flush') {
        row.flushMs = event.ms;
        row.flushAttempts = event.attempts;
        row.rssBeforeDrop = process.memoryUsage.rss();
      }
      if (event.type === 'drop') row.rssAfterDrop = process.memoryUsage.rss();
    }
  }
}
