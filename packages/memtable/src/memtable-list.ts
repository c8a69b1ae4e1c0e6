/**
 * The memtables of a store: one active, and a queue of frozen ones on their way to a target (LevelDB's `mem_` and
 * `imm_`, db/db_impl.cc).
 *
 * Invariants:
 * L1. Whatever a write accepted is in the active table, in a frozen one, or was accepted by the target.
 * L2. Tables are flushed one at a time, oldest first; a table is dropped only after its write has resolved.
 * L3. Writes are applied in the order in which they were asked for; one that waits is passed by none.
 */
import { abortable, type WaitOptions } from './abortable.js';
import { channel, Trace } from './diagnostics.js';
import { checkSequence, type Sequence, SEQUENCE_MAX } from './format/internal-key.js';
import { MemTableError } from './errors.js';
import {
  attemptFlush,
  checkFlushOptions,
  checkWhole,
  type FlushOptions,
  FlushRun,
  type FlushStats,
  retryPauseMs,
  sourceOf,
} from './flush-target.js';
import type { LifecycleEvent, StallReason } from './lifecycle.js';
import { MemTable, type MemTableOptions, type MemTableStats, type MemTableValue } from './memtable.js';
import { WriteBatch } from './write-batch.js';

export interface MemTableListOptions extends Omit<MemTableOptions, 'arena'>, FlushOptions {
  /**
   * A write that finds the active memtable using more than this freezes it first; so a table passes it by at most one
   * write. Bytes, from 1 to 2^30. @defaultValue 4 MiB, LevelDB's
   */
  writeBufferBytes?: number;
  /** Frozen memtables there may be before writers wait, from 1. @defaultValue 1, LevelDB's */
  frozenMax?: number;
  /** Number of the last write before this list's first one. @defaultValue 0 */
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
  /** The number that the last accepted write got. */
  readonly lastSequence: number;
  /** Bytes that all tables occupy. */
  readonly memoryUsage: number;
  readonly flush: FlushStats;
  readonly waiting: {
    readonly writers: number;
    /** Bytes of the batches that wait. */
    readonly bytes: number;
    /** Undefined while nobody waits. */
    readonly reason: StallReason | undefined;
    /** How long the first of them has been waiting. */
    readonly ms: number;
    /** How long writers have been waiting altogether, from the first that waits to the last that goes on. */
    readonly totalMs: number;
  };
}

/** Room above the write buffer: the superblock, and the write that passes the limit. */
const RESERVE_SLACK_BYTES = 64 << 10;

const events = channel('memtable:list');
const flushes = new Trace('memtable:flush');

interface Frozen {
  readonly id: number;
  readonly table: MemTable;
  failures: number;
  lastError: unknown;
}

interface Waiter {
  /** The batch to apply when there is room; a writer that only asked to be admitted has none. */
  readonly batch: WriteBatch | undefined;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes writes, rotates memtables when they are full, flushes them, and keeps everything readable meanwhile.
 *
 * @example
 * ```ts
 * const flushed: string[] = [];
 * const target: FlushTarget = {
 *   async write(run) {
 *     for (const { key } of run) flushed.push(new TextDecoder().decode(key));
 *   },
 * };
 * const list = new MemTableList({ target });
 * const utf8 = new TextEncoder();
 * await list.write(new WriteBatch().put(utf8.encode('b'), utf8.encode('2')).put(utf8.encode('a'), utf8.encode('1')));
 * await list.close();
 * flushed; // ['a', 'b']
 * ```
 *
 * Source: LevelDB db/db_impl.cc, `MakeRoomForWrite` and `CompactMemTable`. Deviations: the queue may be longer than one
 * table; a failed flush is tried again rather than ending all writes.
 */
export class MemTableList implements AsyncDisposable {
  readonly #options: MemTableListOptions;
  readonly #writeBufferBytes: number;
  readonly #frozenMax: number;

  #state: 'open' | 'closing' | 'closed' = 'open';
  #active: MemTable;
  #activeId = 1;
  readonly #frozen: Frozen[] = [];
  #lastSequence: number;

  #flushing: Promise<void> | undefined;
  #attempt: AbortController | undefined;
  /** Ends the pause before the next attempt. */
  #skipPause: (() => void) | undefined;
  #flushedTables = 0;
  #flushedEntries = 0;

  readonly #waiters: Waiter[] = [];
  /** Ends the turn of the caller that was admitted last and has not applied anything yet. */
  #turn: ReturnType<typeof setTimeout> | undefined;
  #waitingSince = 0;
  #waitedMs = 0;
  readonly #flushWaiters: { id: number; resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** @throws MemTableError `MEMTABLE_INVALID_OPTION`, and what a memtable of these options throws */
  constructor(options: MemTableListOptions) {
    const { writeBufferBytes = 4 << 20, frozenMax = 1 } = options;
    checkFlushOptions(options);
    checkWhole('writeBufferBytes', writeBufferBytes, 1, 1 << 30);
    checkWhole('frozenMax', frozenMax, 1, Number.MAX_SAFE_INTEGER);
    checkWhole('lastSequence', options.lastSequence ?? 0, 0, Number.MAX_SAFE_INTEGER);
    this.#options = options;
    this.#writeBufferBytes = writeBufferBytes;
    this.#frozenMax = frozenMax;
    this.#lastSequence = options.lastSequence ?? 0;
    this.#active = this.#makeTable();
  }

  /** The number that the last accepted write got; reading with it sees exactly what is there now. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /**
   * Applies a batch, as soon as there is room. The batch may be reused at once; its own sequence does not count.
   * @throws MemTableError `MEMTABLE_CLOSED`, `MEMTABLE_FULL` when it does not fit into an empty memtable either; the
   * reason of `signal`. Nothing of it has been applied then
   */
  async write(batch: WriteBatch, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    if (!this.#isTurnTaken() && this.#tryApply(batch)) return;
    await this.#wait(batch.copy(), batch.byteLength, options.signal);
  }

  /** {@link MemTableList.write} of one put. */
  put(key: Uint8Array, value: Uint8Array, options?: WaitOptions): Promise<void> {
    return this.write(new WriteBatch().put(key, value), options);
  }

  /** {@link MemTableList.write} of one deletion. */
  del(key: Uint8Array, options?: WaitOptions): Promise<void> {
    return this.write(new WriteBatch().del(key), options);
  }

  /**
   * Resolves when it is the caller's turn and there is room: the one place where writers are held up. The turn is for one
   * synchronous {@link MemTableList.apply}, before anything else is awaited; unused it passes on to the next.
   * @param bytes - size of the write to come, for `stats()`
   */
  async admit(bytes = 0, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    if (!this.#isTurnTaken() && this.#makeRoom()) this.#giveTurn();
    else await this.#wait(undefined, bytes, options.signal);
  }

  /**
   * Applies a batch now.
   * @throws MemTableError `MEMTABLE_STALLED` when it would have to wait, and as {@link MemTableList.write}
   */
  apply(batch: WriteBatch): void {
    this.#checkOpen();
    const admitted = this.#turn !== undefined;
    clearTimeout(this.#turn);
    this.#turn = undefined;
    try {
      if ((!admitted && this.#waiters.length > 0) || !this.#tryApply(batch)) {
        throw new MemTableError('MEMTABLE_STALLED', `writes wait: ${this.#describeStall()}`);
      }
    } finally {
      this.#wake();
    }
  }

  /**
   * The newest version of `key` that `sequence` may see, in all tables.
   * @returns undefined when no table knows the key; then the target is the one to ask
   */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    checkSequence(sequence);
    let found = this.#active.get(key, sequence);
    for (let i = this.#frozen.length - 1; found === undefined && i >= 0; i--) {
      found = this.#frozen[i].table.get(key, sequence);
    }
    return found;
  }

  /** The tables that hold entries now, newest first: the active one, then the frozen. For reading only. */
  tables(): MemTable[] {
    return [this.#active, ...this.#frozen.map(({ table }) => table).reverse()];
  }

  /**
   * Freezes the active memtable, if anything is in it, and resolves when everything written so far has been flushed.
   * As long as the target fails it is tried again; `signal` ends the wait, not the flush.
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    if (this.#active.entryCount > 0) this.#rotate();
    const last = this.#frozen.at(-1);
    if (last === undefined) return;
    await abortable(options.signal, (resolve, reject) => {
      const waiter = { id: last.id, resolve, reject };
      this.#flushWaiters.push(waiter);
      return () => this.#flushWaiters.splice(this.#flushWaiters.indexOf(waiter), 1);
    });
  }

  /**
   * Ends writing and flushes everything. Writers that still wait are refused. Each table gets one more complete attempt.
   * @param options - `signal` aborts the attempt that is running and gives up
   * @throws MemTableError `MEMTABLE_UNFLUSHED` with the number of tables and entries that remain, `cause` says why. They
   * stay readable, and calling `close()` again tries once more
   */
  async close(options: WaitOptions = {}): Promise<void> {
    this.#state = 'closing';
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closedError());
    this.#endWait();
    if (this.#active.entryCount > 0) this.#rotate();
    for (const frozen of this.#frozen) frozen.failures = 0;
    const giveUp = (): void => {
      this.#state = 'closed';
      this.#attempt?.abort(options.signal?.reason);
      this.#skipPause?.();
    };
    if (options.signal?.aborted === true) giveUp();
    options.signal?.addEventListener('abort', giveUp);
    this.#skipPause?.();
    try {
      this.#startFlush();
      await abortable(options.signal, (resolve, reject) => {
        (this.#flushing ?? Promise.resolve()).then(resolve, reject);
      }).catch(() => undefined);
    } finally {
      options.signal?.removeEventListener('abort', giveUp);
      this.#state = 'closed';
    }
    const oldest = this.#frozen[0];
    if (oldest === undefined) {
      this.#active.drop();
      return;
    }
    const entryCount = this.#frozen.reduce((sum, { table }) => sum + table.entryCount, 0);
    const error = new MemTableError(
      'MEMTABLE_UNFLUSHED',
      `${entryCount} entries in ${this.#frozen.length} memtable(s) could not be flushed; they are still readable`,
      { cause: oldest.lastError ?? (options.signal?.reason as unknown) },
    );
    for (const waiter of this.#flushWaiters.splice(0)) waiter.reject(error);
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  stats(): MemTableListStats {
    const oldest = this.#frozen[0];
    const frozen = this.#frozen.map(({ table }) => table.stats());
    const active = this.#active.stats();
    const waiting = this.#waiters.length > 0;
    const ms = waiting ? performance.now() - this.#waitingSince : 0;
    return {
      state: this.#state,
      active,
      frozen,
      lastSequence: this.#lastSequence,
      memoryUsage: frozen.reduce((sum, { arena }) => sum + arena.memoryUsage, active.arena.memoryUsage),
      flush: {
        running: this.#attempt !== undefined,
        failures: oldest?.failures ?? 0,
        lastError: oldest?.lastError,
        flushedTables: this.#flushedTables,
        flushedEntries: this.#flushedEntries,
      },
      waiting: {
        writers: this.#waiters.length,
        bytes: this.#waiters.reduce((sum, { bytes }) => sum + bytes, 0),
        reason: waiting ? this.#stallReason() : undefined,
        ms,
        totalMs: this.#waitedMs + ms,
      },
    };
  }

  // Writing

  /** LevelDB's `MakeRoomForWrite`, without the waiting: false says that the queue is full. */
  #makeRoom(): boolean {
    if (this.#active.approximateMemoryUsage() <= this.#writeBufferBytes) return true;
    if (this.#active.entryCount === 0) return true; // An empty table that is over the limit cannot be helped.
    if (this.#frozen.length >= this.#frozenMax) return false;
    this.#rotate();
    return true;
  }

  #tryApply(batch: WriteBatch): boolean {
    while (this.#makeRoom()) {
      try {
        this.#active.apply(batch, this.#lastSequence + 1);
        this.#lastSequence += batch.count;
        return true;
      } catch (error) {
        // A table whose memory is bounded may be full before the write buffer is: the next one has room.
        const full = error instanceof MemTableError && error.code === 'MEMTABLE_FULL';
        if (!full || this.#active.entryCount === 0) throw error;
        if (this.#frozen.length >= this.#frozenMax) return false;
        this.#rotate();
      }
    }
    return false;
  }

  /** A table passes the write buffer by little, so with room for that from the start its memory never has to move. */
  #makeTable(): MemTable {
    const wanted = this.#writeBufferBytes + RESERVE_SLACK_BYTES;
    const reserveBytes = Math.min(wanted, this.#options.maxBytes ?? wanted);
    return new MemTable({ reserveBytes, ...this.#options });
  }

  #rotate(): void {
    const table = this.#active;
    const id = this.#activeId;
    this.#active = this.#makeTable();
    this.#activeId++;
    table.freeze();
    this.#frozen.push({ id, table, failures: 0, lastError: undefined });
    this.#emit({ type: 'freeze', table: id, stats: table.stats() });
    this.#startFlush();
  }

  // Waiting

  #wait(batch: WriteBatch | undefined, bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return abortable(signal, (resolve, reject) => {
      const waiter: Waiter = { batch, bytes, resolve, reject };
      this.#waiters.push(waiter);
      if (this.#waiters.length === 1) {
        this.#waitingSince = performance.now();
        this.#emit({ type: 'stall', reason: this.#stallReason() });
      }
      return () => {
        const place = this.#waiters.indexOf(waiter);
        if (place === -1) return;
        this.#waiters.splice(place, 1);
        this.#endWait();
        this.#wake(); // The one behind may be a smaller write that fits.
      };
    });
  }

  /** Lets waiting writers go on, in order, as far as there is room. */
  #wake(): void {
    while (this.#waiters.length > 0 && this.#turn === undefined) {
      const waiter = this.#waiters[0];
      try {
        if (!(waiter.batch === undefined ? this.#makeRoom() : this.#tryApply(waiter.batch))) return;
        this.#waiters.shift();
        if (waiter.batch === undefined) this.#giveTurn();
        waiter.resolve();
      } catch (error) {
        this.#waiters.shift();
        waiter.reject(error);
      }
      this.#endWait();
    }
  }

  /** Whoever was admitted applies before the event loop turns; only then is it known whether there is room for more. */
  #giveTurn(): void {
    this.#turn = setTimeout(() => {
      this.#turn = undefined;
      this.#wake();
    }, 0);
  }

  #isTurnTaken(): boolean {
    return this.#turn !== undefined || this.#waiters.length > 0;
  }

  #endWait(): void {
    if (this.#waiters.length > 0 || this.#waitingSince === 0) return;
    const ms = performance.now() - this.#waitingSince;
    this.#waitingSince = 0;
    this.#waitedMs += ms;
    this.#emit({ type: 'resume', ms });
  }

  #stallReason(): StallReason {
    return (this.#frozen[0]?.failures ?? 0) > 0 ? 'flush-failing' : 'flush-running';
  }

  #describeStall(): string {
    const oldest = this.#frozen[0];
    const failed = oldest !== undefined && oldest.failures > 0;
    const state = failed ? `has failed ${oldest.failures} times (${String(oldest.lastError)})` : 'is running';
    return `${this.#frozen.length} of ${this.#frozenMax} memtables are frozen, the flush of the oldest ${state}`;
  }

  // Flushing

  #startFlush(): void {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
    });
  }

  async #flushAll(): Promise<void> {
    for (let oldest = this.#frozen[0]; oldest !== undefined; oldest = this.#frozen[0]) {
      // Given up: an attempt that began now would have nobody to abort it.
      if (this.#state === 'closed') return;
      if (await this.#flushOne(oldest)) continue;
      // While closing, one complete attempt a table is all; the rest is for close() to report.
      if (this.#state !== 'open') return;
      await this.#pause(retryPauseMs(this.#options, oldest.failures));
    }
  }

  async #flushOne(frozen: Frozen): Promise<boolean> {
    const { id, table } = frozen;
    const start = performance.now();
    this.#attempt = new AbortController();
    const context = { list: this, table: id, entryCount: table.entryCount };
    flushes.begin(context);
    try {
      await attemptFlush(this.#options, new FlushRun(id, sourceOf(table)), this.#attempt);
    } catch (error) {
      frozen.failures++;
      frozen.lastError = error;
      const retryMs = this.#state === 'open' ? retryPauseMs(this.#options, frozen.failures) : undefined;
      flushes.fail(context, error);
      this.#emit({ type: 'flush-error', table: id, attempts: frozen.failures, error, retryMs });
      return false;
    } finally {
      this.#attempt = undefined;
    }
    this.#flushedTables++;
    this.#flushedEntries += table.entryCount;
    const stats = table.stats();
    const figures = { attempts: frozen.failures + 1, ms: performance.now() - start };
    flushes.succeed(context, figures);
    this.#emit({ type: 'flush', table: id, stats, ...figures });
    this.#frozen.shift();
    table.drop();
    this.#emit({ type: 'drop', table: id, stats });
    while (this.#flushWaiters.length > 0 && this.#flushWaiters[0].id <= id) this.#flushWaiters.shift()!.resolve();
    this.#wake();
    return true;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#skipPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #emit(event: LifecycleEvent): void {
    if (events.hasSubscribers) events.publish({ list: this, ...event });
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #checkOpen(): void {
    if (this.#state !== 'open') throw closedError();
  }
}

function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the list has been closed');
}
