/**
 * A store in a directory, which is a LevelDB database: a store in memory, with a log of its writes, and checkpoints
 * that write all of it to tables.
 *
 * ```
 *    put -> MemStore -> Commit -> StoreLog -> Database.append     the record is in the log, then the write is made
 *    durable()                 -> StoreLog -> Database.sync       one sync in flight, the next takes all since then
 *    long logs           -> Checkpoints -> Database.checkpoint    from a snapshot, slice by slice
 * ```
 */
import {
  type BatchOperation,
  type EncodingOptions,
  MemStore,
  type MemStoreOptions,
  type MemStoreSettings,
  type RangeReadOptions,
} from '@memtable/store';
import { COMMIT, type Commit, type CommitOption } from '@memtable/store/internal';
import { checkWhole } from '@memtable/memtable/internal';
import { Database } from '../directory/database.js';
import { DiskError } from '../errors.js';
import type { Files } from '../files.js';
import { nodeFiles } from '../node-files.js';
import { Checkpoints } from './checkpoints.js';
import {
  checkDurability,
  type DiskClearOptions,
  type DiskStoreArguments,
  type DiskStoreEvent,
  type DiskStoreSettings,
  type DiskStoreStats,
  type DiskWriteOptions,
  type Durability,
  type DurabilityOption,
} from './options.js';
import { pause } from './pause.js';
import { snapshotEntries } from './snapshot-entries.js';
import { StoreLog } from './store-log.js';

const LOG_BYTES_MIN = 16 << 20;
/** Milliseconds after which a recovery lets other work come between. */
const RECOVERY_SLICE_MS = 5;

/**
 * Opens the store of a directory, or makes a new one. The directory is a LevelDB database: LevelDB opens it when the
 * store is closed, and what LevelDB wrote opens here. All of it is read into memory. O(entries).
 *
 * @param directory - a path, or the files themselves. Nobody else can open it until `close()`
 * @throws DiskError `DISK_NO_DATABASE`, `DISK_DATABASE_EXISTS`, `DISK_LOCKED`, `DISK_LOCK_UNAVAILABLE`,
 *   `DISK_MISSING_FILE`, `DISK_MANIFEST_CORRUPT`, `DISK_FOREIGN_COMPARATOR`, `DISK_UNSUPPORTED`, `DISK_LOG_CORRUPT`,
 *   `DISK_LOG_HOLE`, `DISK_TABLE_CORRUPT`, `DISK_IO`, `DISK_INVALID_OPTION`; MemTableError `MEMTABLE_FULL`: `maxBytes`
 *   is too small; `MEMTABLE_INVALID_OPTION`; TypeError
 *
 * @example
 * ```ts
 * import { openStore } from '@memtable/disk';
 * import { MemoryFiles } from '@memtable/testing';
 *
 * const files = new MemoryFiles(); // On a disk: '/var/lib/fruit'
 * const store = await openStore(files);
 * store.put('fruit', 'apple'); // Survives kill -9 from here on,
 * await store.durable(); // and a power cut from here on.
 * const crashed = await openStore(files.crash(1));
 * crashed.get('fruit'); // 'apple'
 * ```
 */
export async function openStore<K = string, V = string>(
  directory: string | Files,
  ...[given]: DiskStoreArguments<K, V>
): Promise<DiskStore<K, V>> {
  const options: DiskStoreSettings = given ?? {};
  const {
    durability = 'os',
    logBytesMax,
    retryMs = 50,
    retryMsMax = 5000,
    recovery,
    checksums,
    tables,
    lock,
    createIfMissing,
    errorIfExists,
  } = options;
  checkDurability(durability);
  for (const option of ['comparator', 'target', 'lastSequence']) {
    if ((options as Record<string, unknown>)[option] === undefined) continue;
    throw new DiskError('DISK_INVALID_OPTION', `a store in a directory takes no ${option}`);
  }
  if (logBytesMax !== undefined) checkWhole('logBytesMax', logBytesMax, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('retryMs', retryMs, 0, 0x7fffffff);
  checkWhole('retryMsMax', retryMsMax, retryMs, 0x7fffffff);
  const files = typeof directory === 'string' ? nodeFiles(directory, lock === undefined ? {} : { lock }) : directory;
  const database = await Database.open(files, {
    ...tables,
    createIfMissing,
    errorIfExists,
    ...(recovery && { recovery }),
    ...(checksums === false && { checksums }),
    onReplay: (readBytes, totalBytes) => {
      emit(options, { type: 'recover', stage: 'logs', readBytes, totalBytes, entryCount: 0 });
    },
  });
  try {
    const store = new DiskStore<K, V>(database, { ...options, durability, retryMs, retryMsMax });
    await store.recover();
    return store;
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
}

/**
 * A {@link MemStore} whose writes are in a log when their call returns. `openStore` makes it.
 *
 * Writes throw besides DiskError `DISK_IO` when the log does not take them, and `DISK_LOG_POISONED` until a checkpoint,
 * which is tried again and again, has healed the store. Such a write is not made. Reads go on.
 */
export class DiskStore<K = string, V = string> extends MemStore<K, V> {
  readonly #database: Database;
  readonly #commit: Commit;
  readonly #log: StoreLog;
  readonly #checkpoints: Checkpoints;
  readonly #durability: Durability;
  readonly #logBytesMax: number | undefined;
  readonly #options: Observer;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(
    database: Database,
    options: DiskStoreSettings & { durability: Durability; retryMs: number; retryMsMax: number },
  ) {
    const { durability, logBytesMax, retryMs, retryMsMax } = options;
    let commit: Commit;
    const own: MemStoreSettings & CommitOption = {
      ...options,
      lastSequence: database.lastSequence,
      [COMMIT]: (made) => {
        commit = made;
      },
    };
    super(own as MemStoreOptions<K, V>);
    this.#database = database;
    this.#commit = commit!;
    this.#durability = durability;
    this.#logBytesMax = logBytesMax;
    this.#options = options;
    this.#checkpoints = new Checkpoints(database, {
      content: () => this.#content(),
      emit: (event) => this.#emit(event),
      retryMs,
      retryMsMax,
    });
    this.#log = new StoreLog(database, durability, {
      onAppend: (logBytes) => {
        if (logBytes > this.#bytesMax() && !this.#checkpoints.isBusy) this.#checkpoints.need();
      },
      onFailure: (error) => {
        queueMicrotask(() => this.#emit({ type: 'log-error', error }));
        this.#checkpoints.need();
      },
    });
  }

  /** @internal Reads what the directory has. */
  async recover(): Promise<void> {
    const commit = this.#commit;
    const { recovery, lastSequence } = this.#database;
    const tableBytes = [...recovery.version.tables()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const totalBytes = tableBytes + recovery.logBytes;
    const tell = (entryCount: number, readBytes: number): void => {
      this.#emit({ type: 'recover', stage: 'entries', readBytes, totalBytes, entryCount });
    };
    const load = commit.load();
    let count = 0;
    let end = performance.now() + RECOVERY_SLICE_MS;
    for await (const chunk of recovery.entries()) {
      for (const { key, value, sequence } of chunk) {
        // Each entry keeps its sequence.
        commit.sequence = sequence - 1 - count;
        commit.addTo(load, count++, key, value);
      }
      if (performance.now() < end) continue;
      tell(count, Math.min(load.bytes, totalBytes - 1));
      await pause();
      end = performance.now() + RECOVERY_SLICE_MS;
    }
    commit.link(load, count);
    commit.sequence = lastSequence;
    recovery.logged.drop();
    commit.log = this.#log;
    tell(count, totalBytes);
  }

  // Writing

  /** As {@link MemStore.put}. @param options - may name the level of durability of this write */
  override put(key: K, value: V, options?: DiskWriteOptions): this {
    const outer = this.#begin(options);
    try {
      return super.put(key, value, options);
    } finally {
      this.#log.durability = outer;
    }
  }

  /** As {@link MemStore.del}. @param options - may name the level of durability of this write */
  override del(key: K, options?: DiskWriteOptions): boolean {
    const outer = this.#begin(options);
    try {
      return super.del(key, options);
    } finally {
      this.#log.durability = outer;
    }
  }

  /** As {@link MemStore.batch}. @param options - may name the level of durability of this write */
  override batch(operations: readonly BatchOperation<K, V>[], options?: EncodingOptions & DurabilityOption): void {
    const outer = this.#begin(options);
    try {
      super.batch(operations, options);
    } finally {
      this.#log.durability = outer;
    }
  }

  /** As {@link MemStore.load}, but as one batch, with one record in the log: no faster than {@link DiskStore.batch}. */
  override load(entries: Iterable<readonly [K, V]>, options?: DiskWriteOptions): number {
    const operations = Array.from(entries, ([key, value]) => ({ type: 'put', key, value }) as const);
    this.batch(operations, options);
    return operations.length;
  }

  /** As {@link MemStore.clear}. The log gets a deletion of each key, in one record. */
  override clear(options: DiskClearOptions<K> & RangeReadOptions<K> = {}): void {
    const outer = this.#begin(options);
    try {
      super.clear(options);
    } finally {
      this.#log.durability = outer;
    }
  }

  /**
   * Resolves when a write and all before it survive a power cut. Calls that wait share a sync.
   * @param sequence - that of the write, from 0 to `stats().lastSequence`; without it, all writes so far
   * @throws DiskError `DISK_IO`: they do not survive before a checkpoint has them; `DISK_INVALID_OPTION`
   */
  async durable(sequence?: number): Promise<void> {
    await this.#log.durable(sequence);
  }

  /**
   * Writes everything to tables, and begins a new log. Checkpoints begin on their own. O(entries), in slices of a few
   * milliseconds, between which the store goes on.
   * @throws DiskError `DISK_IO`, `DISK_LOCK_LOST`: nothing is lost; MemTableError `MEMTABLE_CLOSED`
   */
  async checkpoint(): Promise<void> {
    await this.#checkpoints.run();
  }

  /** All figures of the store, and of its log. */
  override stats(): DiskStoreStats {
    const { lastSequence, syncedSequence, logBytes, failure } = this.#database;
    return {
      ...super.stats(),
      log: {
        writtenSequence: lastSequence,
        syncedSequence,
        bytes: logBytes,
        bytesMax: this.#bytesMax(),
        failure: failure?.cause,
        syncs: this.#log.latencies.figures(),
        checkpoint: this.#checkpoints.stats(),
      },
    };
  }

  /**
   * Makes all writes durable, gives the memory back, and the directory free. Calls that come meanwhile are refused.
   * Idempotent.
   * @throws DiskError `DISK_IO`: not all writes are durable; the store is closed all the same
   */
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- Who takes it for a MemStore need not wait.
  override close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Calls {@link DiskStore.close}. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      // What a log that failed had is durable only when a checkpoint has it.
      if (this.#database.failure !== undefined) await this.#checkpoints.run();
    } finally {
      super.close();
      await this.#checkpoints.stop();
      await this.#database.close();
    }
  }

  /** Begins a write at its level. @returns the level of the call around it, to which the log must go back */
  #begin(options: DurabilityOption | undefined): Durability {
    const durability = options?.durability;
    const log = this.#log;
    const outer = log.durability;
    log.durability = durability === undefined ? this.#durability : checkDurability(durability);
    return outer;
  }

  #bytesMax(): number {
    return this.#logBytesMax ?? Math.max(LOG_BYTES_MIN, this.#commit.liveBytes);
  }

  #content() {
    const snapshot = this.snapshot();
    return {
      sequence: snapshot.sequence,
      entries: () => snapshotEntries(snapshot, () => this.#checkpoints.checkNotStopped()),
      close: () => snapshot.close(),
    };
  }

  #emit(event: DiskStoreEvent): void {
    emit(this.#options, event);
  }
}

interface Observer {
  readonly onEvent?: ((event: DiskStoreEvent) => void) | undefined;
}

/** Never throws: what the observer throws is reported as an uncaught error. */
function emit(observer: Observer, event: DiskStoreEvent): void {
  try {
    observer.onEvent?.(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
