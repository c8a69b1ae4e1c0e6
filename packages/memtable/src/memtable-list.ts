/**
 * The memtables of a store: one active, and a queue of frozen ones on their way to a target (LevelDB's `mem_` and
 * `imm_`, db/db_impl.cc).
 *
 * Invariants:
 * L1. Whatever a write accepted is in the active table, in a frozen one, or was accepted by the target.
 * L2. Tables are flushed one at a time, oldest first; a table is dropped only after its write has resolved.
 * L3. Writes are applied in the order in which they were asked for; one that waits is passed by none.
 * L4. Whoever waits, waits for something that is running: while any table is frozen, a flush or the pause after one
 *     that failed; while a turn is given, the timer that ends it. Once closed, nobody waits.
 * L5. No more than `frozenMax` tables are frozen, until `close()` freezes the last one.
 */
import { ArenaError, INSPECT, show } from '@memtable/arena';
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
  /** Frozen memtables there may be before writers and `flush()` wait, from 1. @defaultValue 1, LevelDB's */
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
  /** Rotations for which the system had no memory, and the last failure. */
  readonly rotation: { readonly failures: number; readonly lastError: unknown };
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
/** The least that a memory begins with. */
const RESERVE_BYTES_MIN = 4096;

const events = channel('memtable:list');
const flushes = new Trace('memtable:flush');

interface Frozen {
  readonly id: number;
  readonly table: MemTable;
  failures: number;
  lastError: unknown;
}

/** A place in the queue of those who wait for room. */
interface Waiter {
  /** Size of the write to come; undefined for a flush behind writers. */
  readonly bytes: number | undefined;
  /** Goes on if there is room; false says that it has to wait for more. */
  readonly tryNow: () => boolean;
  readonly reject: (error: unknown) => void;
}

/** A caller of `flush()` whose table is known. */
interface FlushWaiter {
  id: number;
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
  /** Calls of `close()`: an attempt that was running when one came is not the last one. */
  #closeCalls = 0;
  #rotateFailures = 0;
  #lastRotateError: unknown;

  readonly #waiters: Waiter[] = [];
  #isWaking = false;
  /** Ends the turn of the caller that was admitted last and has not applied anything yet. */
  #turn: ReturnType<typeof setTimeout> | undefined;
  #waitingSince = 0;
  #waitedMs = 0;
  /** Ascending by table. */
  readonly #flushWaiters: FlushWaiter[] = [];

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
    const copy = batch.copy();
    await this.#wait(batch.byteLength, options.signal, () => this.#tryApply(copy));
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
    if (!this.#isTurnTaken() && this.#tryGiveTurn()) return;
    await this.#wait(bytes, options.signal, () => this.#tryGiveTurn());
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
   * Resolves when everything written so far has been flushed, writes that wait included. The active memtable is frozen
   * for that as soon as fewer than `frozenMax` are. As long as the target fails it is tried again; `signal` ends the
   * wait, not the flush.
   * @throws MemTableError `MEMTABLE_CLOSED`; `MEMTABLE_UNFLUSHED` when the list is closed before; `MEMTABLE_FULL` when
   * the system has no memory for the next memtable and no flush is running that gives some back; the reason of `signal`
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    await abortable(options.signal, (resolve, reject) => {
      const waiter: FlushWaiter = { id: 0, resolve, reject };
      const leave = (): void => remove(this.#flushWaiters, waiter);
      if (this.#waiters.length === 0) {
        this.#awaitFlush(waiter);
        return leave;
      }
      const tryNow = (): boolean => {
        this.#awaitFlush(waiter);
        return true;
      };
      const leaveQueue = this.#enqueue({ bytes: undefined, tryNow, reject });
      return () => {
        leave();
        leaveQueue();
      };
    });
  }

  /**
   * Ends writing and flushes everything. Writers that still wait are refused. Each table gets one more complete attempt.
   * @param options - `signal` aborts the attempt that is running and gives up
   * @throws MemTableError `MEMTABLE_UNFLUSHED` with the number of tables and entries that remain, `cause` says why. They
   * stay readable, and calling `close()` again tries once more
   */
  async close(options: WaitOptions = {}): Promise<void> {
    const { signal } = options;
    this.#state = 'closing';
    this.#closeCalls++;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closedError());
    this.#endWait();
    for (const frozen of this.#frozen) frozen.failures = 0;
    const giveUp = (): void => {
      this.#state = 'closed';
      this.#attempt?.abort(signal?.reason);
      this.#skipPause?.();
    };
    if (signal?.aborted === true) giveUp();
    this.#freezeIfAwaited();
    this.#startFlush();
    this.#skipPause?.();
    await abortable(signal, (resolve) => {
      void (this.#flushing ?? Promise.resolve()).then(resolve, resolve);
      return giveUp;
    }).catch(() => undefined);
    this.#state = 'closed';
    const unflushed = this.tables().filter(({ entryCount }) => entryCount > 0);
    if (unflushed.length === 0) {
      this.#active.drop();
      return;
    }
    const entryCount = unflushed.reduce((sum, table) => sum + table.entryCount, 0);
    const error = new MemTableError(
      'MEMTABLE_UNFLUSHED',
      `${entryCount} entries in ${unflushed.length} memtable(s) could not be flushed; they are still readable`,
      { cause: this.#frozen[0]?.lastError ?? (signal?.reason as unknown) ?? this.#lastRotateError },
    );
    for (const waiter of this.#flushWaiters.splice(0)) waiter.reject(error);
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What `console.log` prints of it. */
  [INSPECT](): object {
    return show(this, () => {
      const { state, active, frozen, lastSequence, memoryUsage, waiting } = this.stats();
      const { entryCount } = active;
      return {
        state,
        activeCount: entryCount,
        frozenCount: frozen.length,
        lastSequence,
        memoryUsage,
        writersWaiting: waiting.writers,
      };
    });
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
      rotation: { failures: this.#rotateFailures, lastError: this.#lastRotateError },
      waiting: {
        writers: this.#waiters.filter(({ bytes }) => bytes !== undefined).length,
        bytes: this.#waiters.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
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
    return this.#tryRotate();
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
        if (!this.#tryRotate()) return false;
      }
    }
    return false;
  }

  /**
   * A table passes the write buffer by little, so with room for that from the start its memory never has to move. Where
   * the system has no such buffer left, one that begins small and grows does as well.
   */
  #makeTable(): MemTable {
    const wanted = this.#writeBufferBytes + RESERVE_SLACK_BYTES;
    const options = { reserveBytes: Math.min(wanted, this.#options.maxBytes ?? wanted), ...this.#options };
    try {
      return new MemTable(options);
    } catch (error) {
      const isOutOfMemory = error instanceof ArenaError && error.code === 'ARENA_OUT_OF_MEMORY';
      if (!isOutOfMemory || options.shared === true) throw error;
      return new MemTable({ ...options, reserveBytes: RESERVE_BYTES_MIN });
    }
  }

  /**
   * Freezes the active table if the queue is not full and there is memory for the next one.
   * @returns false when a flush that is running has to end first
   * @throws MemTableError `MEMTABLE_FULL` when there is no memory and none is running; nothing has changed then
   */
  #tryRotate(): boolean {
    if (this.#state === 'open' && this.#frozen.length >= this.#frozenMax) return false;
    const table = this.#active;
    const id = this.#activeId;
    try {
      this.#active = this.#makeTable();
    } catch (error) {
      this.#rotateFailures++;
      this.#lastRotateError = error;
      this.#emit({ type: 'rotate-error', table: id, error });
      if (this.#frozen.length > 0) return false; // The flush that is running gives memory back.
      throw new MemTableError('MEMTABLE_FULL', `the system has no memory for a memtable after number ${id}`, {
        cause: error,
      });
    }
    this.#activeId++;
    table.freeze();
    this.#frozen.push({ id, table, failures: 0, lastError: undefined });
    this.#emit({ type: 'freeze', table: id, stats: table.stats() });
    this.#startFlush();
    return true;
  }

  // Waiting

  #wait(bytes: number, signal: AbortSignal | undefined, tryNow: () => boolean): Promise<void> {
    return abortable(signal, (resolve, reject) =>
      this.#enqueue({
        bytes,
        tryNow: () => {
          if (!tryNow()) return false;
          resolve();
          return true;
        },
        reject,
      }),
    );
  }

  /** @returns what takes the waiter out again */
  #enqueue(waiter: Waiter): () => void {
    this.#waiters.push(waiter);
    if (this.#waiters.length === 1) {
      this.#waitingSince = performance.now();
      this.#emit({ type: 'stall', reason: this.#stallReason() });
    }
    return () => {
      remove(this.#waiters, waiter);
      this.#endWait();
      this.#wake(); // The one behind may be a smaller write that fits.
    };
  }

  /** Lets those who wait go on, in order, as far as there is room. An observer may come back here; it finds it done. */
  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    while (this.#waiters.length > 0 && this.#turn === undefined) {
      const waiter = this.#waiters[0];
      try {
        if (!waiter.tryNow()) break;
      } catch (error) {
        waiter.reject(error);
      }
      remove(this.#waiters, waiter);
      this.#endWait();
    }
    this.#isWaking = false;
  }

  #tryGiveTurn(): boolean {
    if (!this.#makeRoom()) return false;
    this.#giveTurn();
    return true;
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

  /** Lets a caller of `flush()` wait for the newest table that has anything in it. */
  #awaitFlush(waiter: FlushWaiter): void {
    const id = this.#active.entryCount > 0 ? this.#activeId : this.#frozen.at(-1)?.id;
    if (id === undefined) {
      waiter.resolve();
      return;
    }
    waiter.id = id;
    this.#flushWaiters.push(waiter);
    this.#freezeIfAwaited();
  }

  /** Freezes the active table if somebody waits until it has been flushed, and the queue has room for it. */
  #freezeIfAwaited(): void {
    const isAwaited = this.#flushWaiters.at(-1)?.id === this.#activeId || this.#state !== 'open';
    if (!isAwaited || this.#active.entryCount === 0) return;
    try {
      this.#tryRotate();
    } catch (error) {
      while (this.#flushWaiters.at(-1)?.id === this.#activeId) this.#flushWaiters.pop()!.reject(error);
    }
  }

  #startFlush(): void {
    if (this.#flushing !== undefined || this.#frozen.length === 0 || this.#state === 'closed') return;
    this.#flushing = this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    try {
      for (let oldest = this.#frozen[0]; oldest !== undefined; oldest = this.#frozen[0]) {
        // Given up: an attempt that began now would have nobody to abort it.
        if (this.#state === 'closed') return;
        const closeCalls = this.#closeCalls;
        if (!(await this.#flushOne(oldest)) && !this.#hasNextAttempt(closeCalls)) return;
      }
    } finally {
      this.#flushing = undefined; // In the step that has looked at the queue: whoever freezes next begins anew.
    }
  }

  /** While closing, one complete attempt a table is all. @param closeCalls - how many there were when it began */
  #hasNextAttempt(closeCalls: number): boolean {
    return this.#state === 'open' || closeCalls !== this.#closeCalls;
  }

  /** One attempt, and the pause after one that has failed. @returns whether the target has the table */
  async #flushOne(frozen: Frozen): Promise<boolean> {
    const { id, table } = frozen;
    const start = performance.now();
    const closeCalls = this.#closeCalls;
    this.#attempt = new AbortController();
    const context = { list: this, table: id, entryCount: table.entryCount };
    flushes.begin(context);
    try {
      await attemptFlush(this.#options, new FlushRun(id, sourceOf(table)), this.#attempt);
    } catch (error) {
      this.#attempt = undefined;
      frozen.failures++;
      frozen.lastError = error;
      const pauseMs = this.#state === 'open' ? retryPauseMs(this.#options, frozen.failures) : 0;
      const retryMs = this.#hasNextAttempt(closeCalls) ? pauseMs : undefined;
      flushes.fail(context, error);
      this.#emit({ type: 'flush-error', table: id, attempts: frozen.failures, error, retryMs });
      if (this.#state === 'open') await this.#pause(pauseMs);
      return false;
    }
    this.#attempt = undefined;
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
    this.#freezeIfAwaited();
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

function remove<T>(items: T[], item: T): void {
  const place = items.indexOf(item);
  if (place !== -1) items.splice(place, 1);
}

function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the list has been closed');
}
