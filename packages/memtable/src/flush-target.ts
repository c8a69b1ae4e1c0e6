import { MemTableError } from './errors.js';
import type { MemTable, MemTableEntry } from './memtable.js';

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

/** Where to flush to, and how long to try. */
export interface FlushOptions {
  /** Where full memtables go. */
  target: FlushTarget;
  /** The first pause after a failed flush; each further one is twice as long. @defaultValue 50 */
  retryMs?: number | undefined;
  /** The longest pause. @defaultValue 5000 */
  retryMsMax?: number | undefined;
  /** A flush that takes longer is aborted and tried again. @defaultValue never */
  flushMsMax?: number | undefined;
}

/** How flushing goes. */
export interface FlushStats {
  readonly running: boolean;
  /** Failed attempts at what is flushed now, and the last failure. */
  readonly failures: number;
  readonly lastError: unknown;
  readonly flushedTables: number;
  readonly flushedEntries: number;
}

/** @internal What a run is made of. */
export interface FlushSource {
  readonly entryCount: number;
  readonly memoryUsage: number;
  /** Whether the target may keep the entries; else they are views that are good until the write settles. */
  readonly areCopies: boolean;
  /** In order, versions of a key newest first. */
  versions(): Iterable<MemTableEntry>;
  /** The newest version of each key, by the table's own order. */
  newest(): Iterable<MemTableEntry>;
}

/**
 * The entries of one frozen memtable in order, deletions too: all versions, or of a `MemStore` the newest ones. It can be
 * iterated any number of times, until the `write` it was passed to has settled; after that it throws
 * `MEMTABLE_RUN_ENDED`.
 */
export class FlushRun implements Iterable<MemTableEntry> {
  /** Number of the memtable in its list or store, from 1. */
  readonly id: number;
  readonly entryCount: number;
  /** What the memtable occupies, in bytes. */
  readonly memoryUsage: number;
  readonly #source: FlushSource;
  #ended = false;

  /** @internal */
  constructor(id: number, source: FlushSource) {
    this.id = id;
    this.entryCount = source.entryCount;
    this.memoryUsage = source.memoryUsage;
    this.#source = source;
  }

  /** Entries with copies of their bytes, which the target may keep. */
  [Symbol.iterator](): Generator<MemTableEntry> {
    return this.#copies(this.#source.versions());
  }

  /**
   * The newest version of each key, deletions too, with copies of its bytes. Keys are told apart by the comparator,
   * where there is one: of keys that are equal though their bytes differ it yields one, spelled as in the newest write.
   */
  newest(): Generator<MemTableEntry> {
    return this.#copies(this.#source.newest());
  }

  /** Entries with views of the memtable, good until `write` settles. */
  views(): Generator<MemTableEntry> {
    return this.#checked(this.#source.versions());
  }

  *#copies(entries: Iterable<MemTableEntry>): Generator<MemTableEntry> {
    if (this.#source.areCopies) yield* this.#checked(entries);
    else {
      for (const { key, value, sequence, type } of this.#checked(entries)) {
        yield { key: key.slice(), value: value.slice(), sequence, type };
      }
    }
  }

  *#checked(entries: Iterable<MemTableEntry>): Generator<MemTableEntry> {
    this.#check();
    for (const entry of entries) {
      yield entry;
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

/** @internal All versions in a memtable that is not written to any more. */
export function sourceOf(table: MemTable): FlushSource {
  function* versions(): Generator<MemTableEntry> {
    const cursor = table.iterator();
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      yield { key: cursor.keyView, value: cursor.valueView, sequence: cursor.sequence, type: cursor.type };
    }
  }
  return {
    entryCount: table.entryCount,
    memoryUsage: table.approximateMemoryUsage(),
    areCopies: false,
    versions,
    *newest() {
      let last: Uint8Array | undefined;
      for (const entry of versions()) {
        if (last !== undefined && table.isSameKey(last, entry.key)) continue;
        last = entry.key;
        yield entry;
      }
    },
  };
}

/** @internal One write to a target, which `controller` ends early; settles as it does. */
export async function attemptFlush(
  { target, flushMsMax }: FlushOptions,
  run: FlushRun,
  controller: AbortController,
): Promise<void> {
  const timer =
    flushMsMax === undefined
      ? undefined
      : setTimeout(() => controller.abort(new Error(`the flush took longer than ${flushMsMax} ms`)), flushMsMax);
  try {
    // In a function that is async, a target that throws at once is one that rejects.
    await target.write(run, { signal: controller.signal });
  } finally {
    clearTimeout(timer);
    run.end();
  }
}

/** @internal How long to wait after so many failures. */
export function retryPauseMs(
  { retryMs = RETRY_MS, retryMsMax = RETRY_MS_MAX }: Partial<FlushOptions>,
  failures: number,
): number {
  return Math.min(retryMsMax, retryMs * 2 ** Math.min(failures - 1, 31));
}

/** @internal @throws MemTableError `MEMTABLE_INVALID_OPTION`, TypeError */
export function checkFlushOptions(options: FlushOptions): void {
  const { target, retryMs = RETRY_MS, retryMsMax = RETRY_MS_MAX, flushMsMax } = options;
  if (typeof target?.write !== 'function') throw new TypeError('target must have a method write()');
  checkWhole('retryMs', retryMs, 0, TIMER_MS_MAX);
  checkWhole('retryMsMax', retryMsMax, retryMs, TIMER_MS_MAX);
  if (flushMsMax !== undefined) checkWhole('flushMsMax', flushMsMax, 1, TIMER_MS_MAX);
}

/** @internal */
export function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new MemTableError('MEMTABLE_INVALID_OPTION', `${name} must be a whole number from ${min} to ${max}: ${value}`);
}

const RETRY_MS = 50;
const RETRY_MS_MAX = 5000;
/** The longest that a timer takes. */
const TIMER_MS_MAX = 0x7fffffff;
