import { MemTableError } from '../errors.js';
import type { MemTable, MemTableEntry } from '../memtable.js';

/**
 * @internal What a run reads: a table that nobody writes to any more, or a store under a pin. Its entries come in
 * order, versions of a key newest first:
 *
 * - `versions`: all versions, with bytes made for the caller, each copied once;
 * - `newest`: the same of the newest version of each key, by the order of the table;
 * - `views`: all versions, with bytes that are good until the write settles.
 */
export interface FlushSource {
  /** Number of the newest write in it. */
  readonly lastSequence: number;
  /** How many entries `versions` yields. */
  readonly entryCount: number;
  readonly memoryUsage: number;
  entries(kind: 'versions' | 'newest' | 'views'): Iterable<MemTableEntry>;
}

/**
 * The entries of one frozen table in order, deletions too. A list yields all versions, newest first; a `MemStore`
 * yields the newest version of each key. A run can be iterated any number of times, until the `write` that got it has
 * settled. After that it throws `MEMTABLE_RUN_ENDED`.
 *
 * Who owns the bytes: iterating, and `newest()`, make one copy of each entry, and the target owns it. It may keep it,
 * change it or transfer it. `views()` lends bytes until `write` settles; the target must not change them.
 */
export class FlushRun implements Iterable<MemTableEntry> {
  /**
   * Sequence of the newest write in the run. Once the run is stored, the target has every write up to `id`.
   *
   * Ids ascend from run to run, and an attempt that repeats a run has its id. They ascend from process to process too,
   * when a list or store is made with the `lastSequence` that the process before had reached. So a target can store the
   * id with the entries, and tell by it which runs it has.
   */
  readonly id: number;
  /** How many entries iterating yields. */
  readonly entryCount: number;
  /** What the table occupies, in bytes. */
  readonly memoryUsage: number;
  readonly #source: FlushSource;
  #ended = false;

  /** @internal */
  constructor(source: FlushSource) {
    this.id = source.lastSequence;
    this.entryCount = source.entryCount;
    this.memoryUsage = source.memoryUsage;
    this.#source = source;
  }

  /** All entries. The target owns their bytes. @throws MemTableError `MEMTABLE_RUN_ENDED` */
  [Symbol.iterator](): Generator<MemTableEntry> {
    return this.#entries('versions');
  }

  /**
   * The newest version of each key, deletions too. The target owns the bytes. Keys are told apart by the comparator,
   * where there is one: among keys that are equal though their bytes differ, it yields one, spelled as in the newest
   * write.
   * @throws MemTableError `MEMTABLE_RUN_ENDED`
   */
  newest(): Generator<MemTableEntry> {
    return this.#entries('newest');
  }

  /**
   * All entries, with bytes that are good until `write` settles. A list makes no copies for it; a `MemStore` does,
   * since its memory may move meanwhile.
   * @throws MemTableError `MEMTABLE_RUN_ENDED`
   */
  views(): Generator<MemTableEntry> {
    return this.#entries('views');
  }

  *#entries(kind: 'versions' | 'newest' | 'views'): Generator<MemTableEntry> {
    this.#check();
    for (const entry of this.#source.entries(kind)) {
      yield entry;
      this.#check();
    }
  }

  /** @internal The write has settled, or the memory is about to go: an empty table must not pass for a flushed one. */
  end(): void {
    this.#ended = true;
  }

  #check(): void {
    if (this.#ended) throw new MemTableError('MEMTABLE_RUN_ENDED', `the flush up to write ${this.id} has ended`);
  }
}

/** @internal The entries of a frozen memtable. @param lastSequence - that of the newest write in it */
export function sourceOf(table: MemTable, lastSequence: number): FlushSource {
  return {
    lastSequence,
    entryCount: table.entryCount,
    memoryUsage: table.approximateMemoryUsage(),
    *entries(kind) {
      const { buffer, u8 } = table.arena.memory;
      let last: Uint8Array | undefined;
      const cursor = table.iterator();
      for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
        const { keyStart, keyLength, valueStart, valueLength, sequence, type } = cursor;
        if (kind === 'newest') {
          const key = new Uint8Array(buffer, keyStart, keyLength);
          if (last !== undefined && table.isSameKey(last, key)) continue;
          last = key;
        }
        if (kind === 'views') yield { key: cursor.keyView, value: cursor.valueView, sequence, type };
        else {
          const key = u8.slice(keyStart, keyStart + keyLength);
          yield { key, value: u8.slice(valueStart, valueStart + valueLength), sequence, type };
        }
      }
    },
  };
}
