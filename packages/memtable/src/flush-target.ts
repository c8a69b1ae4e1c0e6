import type { MemTable, MemTableEntry } from './memtable.js';
import { MemTableError } from './errors.js';

/**
 * Where a frozen memtable goes.
 *
 * `write` stores every entry of the run so that it survives, then resolves: the memtable is dropped right after. When
 * it rejects, nothing is lost: it is called again later with the same entries, so storing some of them twice must do
 * no harm. When `signal` is aborted it must stop and reject soon; until it settles no other write is begun.
 */
export interface FlushTarget {
  write(run: FlushRun, options: { readonly signal: AbortSignal }): Promise<void>;
}

/**
 * The entries of one frozen memtable: all versions in order, deletions too. It can be iterated any number of times,
 * until the `write` it was passed to has settled; after that it throws `MEMTABLE_RUN_ENDED`.
 */
export class FlushRun implements Iterable<MemTableEntry> {
  /** Number of the memtable in its list, from 1. */
  readonly id: number;
  readonly entryCount: number;
  /** What the memtable occupies, in bytes. */
  readonly memoryUsage: number;
  readonly #table: MemTable;
  #ended = false;

  /** @internal */
  constructor(id: number, table: MemTable) {
    this.id = id;
    this.entryCount = table.entryCount;
    this.memoryUsage = table.approximateMemoryUsage();
    this.#table = table;
  }

  /** Entries with copies of their bytes, which the target may keep. */
  *[Symbol.iterator](): Generator<MemTableEntry> {
    for (const { key, value, sequence, type } of this.views()) {
      yield { key: key.slice(), value: value.slice(), sequence, type };
    }
  }

  /** Entries with views of the memtable, good until `write` settles. */
  *views(): Generator<MemTableEntry> {
    this.#check();
    const cursor = this.#table.iterator();
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      yield { key: cursor.keyView, value: cursor.valueView, sequence: cursor.sequence, type: cursor.type };
      this.#check();
    }
  }

  /** @internal */
  end(): void {
    this.#ended = true;
  }

  #check(): void {
    if (this.#ended) throw new MemTableError('MEMTABLE_RUN_ENDED', `the flush of memtable ${this.id} has ended`);
  }
}
