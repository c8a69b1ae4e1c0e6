import type { LifecycleEvent } from '@memtable/memtable';

/** One memtable of a run; sizes in bytes. What has not happened is null. */
export interface MemtableRow {
  readonly table: number;
  readonly entries: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** What the entries and their links asked the arena for. */
  readonly askedBytes: number;
  readonly memoryUsage: number;
  /** The part of the memory usage that nobody asked for. */
  readonly wastePercent: number;
  readonly regularBlocks: number;
  readonly dedicatedBlocks: number;
  readonly height: number;
  /** Time spent inserting into it. */
  readonly fillMs: number;
  readonly flushMs: number | null;
  readonly flushAttempts: number;
  /** Resident memory of the process once it was flushed. */
  readonly rssBeforeDrop: number | null;
  /** The same once it was dropped. */
  readonly rssAfterDrop: number | null;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** Keeps a row for every memtable that was frozen, from the events of a list. */
export class MemtableLog {
  readonly #rows: Growing<MemtableRow>[] = [];
  #fillMs = 0;

  get rows(): readonly MemtableRow[] {
    return this.#rows;
  }

  /** Adds to the time spent on the active memtable. */
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
