/**
 * The memtables of a write buffer: one active, and a queue of frozen ones on their way to a target (LevelDB's `mem_`
 * and `imm_`, db/db_impl.cc).
 *
 * Invariants, besides those of the queue (Q) and of the admission (W):
 * L1. An accepted write is in the active table, in a frozen one, or with the target. A frozen table is read until it is
 *     dropped, which is after its flush.
 * L2. Writes are applied in the order in which they were asked for.
 * L3. No more than `frozenMax` tables are frozen, until `close()` freezes the last one.
 */
import { INSPECT, show } from '@memtable/arena';
import type { Signal } from './abort-signal.js';
import type { WaitOptions } from './abortable.js';
import { MemTableError } from './errors.js';
import { checkSequence, type Sequence, SEQUENCE_MAX } from './format/internal-key.js';
import type { MemTable, MemTableValue } from './memtable.js';
import { makeTable, type MemTableListOptions, type MemTableListStats } from './memtable-list-options.js';
import { Admission } from './write-buffer/admission.js';
import { LifecycleEvents } from './write-buffer/events.js';
import { type FlushEvent, FlushQueue } from './write-buffer/flush-queue.js';
import { sourceOf } from './write-buffer/flush-run.js';
import { checkFlushOptions, checkWhole } from './write-buffer/flush-target.js';
import { WriteBatch } from './write-batch.js';

interface Frozen {
  readonly table: MemTable;
  readonly lastSequence: number;
}

/** Without it a clone would arrive as an object that has no methods. */
const UNCLONEABLE = Symbol('a MemTableList: it belongs to one thread');

/**
 * Takes writes, freezes the active table when it is full, flushes frozen tables, and keeps everything readable
 * meanwhile.
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
 * Source: LevelDB db/db_impl.cc, `MakeRoomForWrite` and `CompactMemTable`. Deviations: more than one table can be
 * frozen; a failed flush is tried again, where LevelDB ends all writes.
 */
export class MemTableList implements AsyncDisposable {
  /** @internal `structuredClone` and `postMessage` refuse an object with a symbol in it, and print its text. */
  readonly uncloneable: symbol = UNCLONEABLE;

  readonly #options: MemTableListOptions;
  readonly #writeBufferBytes: number;
  readonly #frozenMax: number;
  readonly #events: LifecycleEvents;
  readonly #queue: FlushQueue<Frozen>;
  readonly #admission: Admission;

  #active: MemTable;
  #lastSequence: number;
  /** Sequence of the last write that is not in the active table. */
  #frozenSequence: number;
  #rotateFailures = 0;
  #lastRotateError: unknown;

  /** @throws MemTableError `MEMTABLE_INVALID_OPTION`, and what a memtable of these options throws */
  constructor(options: MemTableListOptions) {
    const { writeBufferBytes = 4 << 20, frozenMax = 1, lastSequence = 0 } = options;
    checkFlushOptions(options);
    checkWhole('writeBufferBytes', writeBufferBytes, 1, 1 << 30);
    checkWhole('frozenMax', frozenMax, 1, Number.MAX_SAFE_INTEGER);
    checkWhole('lastSequence', lastSequence, 0, Number.MAX_SAFE_INTEGER);
    this.#options = options;
    this.#writeBufferBytes = writeBufferBytes;
    this.#frozenMax = frozenMax;
    this.#lastSequence = lastSequence;
    this.#frozenSequence = lastSequence;
    this.#active = makeTable(options, writeBufferBytes);
    this.#events = new LifecycleEvents('list', this, options);
    const flushHost = {
      source: (frozen: Frozen) => sourceOf(frozen.table, frozen.lastSequence),
      flushed: ({ table }: Frozen, event: FlushEvent) => this.#flushed(table, event),
    };
    this.#queue = new FlushQueue(options, this.#events, flushHost, lastSequence);
    const admissionHost = { hasRoom: () => this.#makeRoom(), stallReason: () => this.#queue.stallReason };
    this.#admission = new Admission(admissionHost, this.#events, { turns: true });
  }

  /** Sequence of the last accepted write. A read at this sequence sees exactly what is there now. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /**
   * Applies a batch as soon as there is room. The list ignores the sequence of the batch, and the caller may reuse
   * the batch at once.
   * @throws MemTableError `MEMTABLE_CLOSED`; `MEMTABLE_FULL` when it does not fit into an empty table either; the
   * reason of `signal`. Nothing of it has been applied then
   */
  async write(batch: WriteBatch, { signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen(signal);
    if (this.#admission.isFree && this.#tryApply(batch)) return;
    const copy = batch.copy();
    await this.#admission.wait(batch.byteLength, signal, () => this.#tryApply(copy));
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
   * Resolves when it is the caller's turn and there is room. The turn is for one synchronous {@link
   * MemTableList.apply}, before the caller awaits anything else. A turn that is not used passes on to the next
   * caller.
   * @param bytes - size of the write to come, for `stats()`
   * @throws MemTableError `MEMTABLE_CLOSED`, `MEMTABLE_FULL`; the reason of `signal`
   */
  async admit(bytes = 0, { signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen(signal);
    if (!this.#admission.tryAdmit(bytes)) await this.#admission.wait(bytes, signal);
  }

  /**
   * Applies a batch now.
   * @throws MemTableError `MEMTABLE_STALLED` when it would have to wait, and as {@link MemTableList.write}
   */
  apply(batch: WriteBatch): void {
    this.#checkOpen();
    const isAdmitted = this.#admission.endTurn();
    try {
      if ((isAdmitted || this.#admission.count === 0) && this.#tryApply(batch)) return;
      throw this.#queue.stalled();
    } finally {
      this.#admission.wake();
    }
  }

  /**
   * The newest version of `key` that `sequence` may see, in all tables.
   * @returns undefined when no table knows the key; then ask the target
   */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    checkSequence(sequence);
    const { frozen } = this.#queue;
    let found = this.#active.get(key, sequence);
    for (let i = frozen.length - 1; found === undefined && i >= 0; i--) found = frozen[i].table.get(key, sequence);
    return found;
  }

  /** The tables that hold entries now, newest first: the active one, then the frozen ones. For reading only. */
  tables(): MemTable[] {
    return [this.#active, ...this.#queue.frozen.map(({ table }) => table).reverse()];
  }

  /**
   * Resolves when everything written so far has been flushed, writes that wait included. The active table is frozen for
   * that as soon as fewer than `frozenMax` are. A flush that fails is tried again; `signal` ends the wait, not the
   * flush.
   * @throws MemTableError `MEMTABLE_CLOSED`; `MEMTABLE_UNFLUSHED` when the list is closed before; `MEMTABLE_FULL` when
   * the system has no memory for the next table and no running flush will give some back; the reason of `signal`
   */
  async flush({ signal }: WaitOptions = {}): Promise<void> {
    this.#checkOpen(signal);
    let flushed: Promise<void> | undefined;
    const begin = (): boolean => {
      flushed = this.#queue.flushed(this.#lastSequence, signal);
      this.#freezeIfAwaited();
      return true;
    };
    if (this.#admission.count === 0) begin();
    else await this.#admission.wait(undefined, signal, begin);
    await flushed;
  }

  /**
   * Ends writing and flushes everything. Waiting writers are refused. Each table gets one more complete attempt.
   * @param options - `signal` aborts the running attempt and gives up
   * @throws MemTableError `MEMTABLE_UNFLUSHED` with the number of tables and entries that remain; `cause` says why.
   * They stay readable, and another `close()` tries once more
   */
  async close({ signal }: WaitOptions = {}): Promise<void> {
    await this.#queue.close(signal, () => {
      this.#admission.refuse(closedError());
      this.#freezeIfAwaited();
    });
    const unflushed = this.tables().filter(({ entryCount }) => entryCount > 0);
    if (unflushed.length === 0) return this.#active.drop();
    const entryCount = unflushed.reduce((sum, table) => sum + table.entryCount, 0);
    const what = `${entryCount} entries in ${unflushed.length} memtable(s)`;
    const cause = this.#queue.stats().lastError ?? (signal?.reason as unknown) ?? this.#lastRotateError;
    const message = `${what} could not be flushed; they are still readable`;
    const error = new MemTableError('MEMTABLE_UNFLUSHED', message, { cause });
    this.#queue.refuse(error);
    throw error;
  }

  /** As {@link MemTableList.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What `console.log` prints of it. */
  [INSPECT](): object {
    return show(this, () => {
      const { state, active, frozen, lastSequence, memoryUsage, waiting } = this.stats();
      const counts = { activeCount: active.entryCount, frozenCount: frozen.length };
      return { state, ...counts, lastSequence, memoryUsage, writersWaiting: waiting.writers };
    });
  }

  /** All figures of the list. O(tables). */
  stats(): MemTableListStats {
    const frozen = this.#queue.frozen.map(({ table }) => table.stats());
    const active = this.#active.stats();
    return {
      state: this.#queue.state,
      active,
      frozen,
      lastSequence: this.#lastSequence,
      memoryUsage: frozen.reduce((sum, { arena }) => sum + arena.memoryUsage, active.arena.memoryUsage),
      flush: this.#queue.stats(),
      rotation: { failures: this.#rotateFailures, lastError: this.#lastRotateError },
      waiting: this.#admission.stats(),
    };
  }

  /** LevelDB's `MakeRoomForWrite`, without the waiting. @returns false when a flush that is running has to end first */
  #makeRoom(): boolean {
    const isFull = this.#active.approximateMemoryUsage() > this.#writeBufferBytes;
    // The next table would be no better than an empty one.
    return !isFull || this.#active.entryCount === 0 || this.#tryRotate();
  }

  #tryApply(batch: WriteBatch): boolean {
    while (this.#makeRoom()) {
      try {
        this.#active.apply(batch, this.#lastSequence + 1);
        this.#lastSequence += batch.count;
        return true;
      } catch (error) {
        // A table whose memory is bounded may be full before the write buffer is. The next one has room.
        const isFull = error instanceof MemTableError && error.code === 'MEMTABLE_FULL';
        if (!isFull || this.#active.entryCount === 0) throw error;
        if (!this.#tryRotate()) return false;
      }
    }
    return false;
  }

  /**
   * Freezes the active table if the queue is not full and there is memory for the next one.
   * @returns false when a flush that is running has to end first
   * @throws MemTableError `MEMTABLE_FULL` when there is no memory and no flush is running; nothing has changed then
   */
  #tryRotate(): boolean {
    const { frozen, state, flushedTables } = this.#queue;
    if (state === 'open' && frozen.length >= this.#frozenMax) return false;
    const table = this.#active;
    const number = flushedTables + frozen.length + 1;
    try {
      this.#active = makeTable(this.#options, this.#writeBufferBytes);
    } catch (error) {
      this.#rotateFailures++;
      this.#lastRotateError = error;
      this.#events.emit({ type: 'rotate-error', table: number, error });
      if (frozen.length > 0) return false; // The running flush gives memory back.
      const message = `the system has no memory for a memtable after number ${number}`;
      throw new MemTableError('MEMTABLE_FULL', message, { cause: error });
    }
    table.freeze();
    this.#queue.push({ table, lastSequence: this.#lastSequence });
    this.#frozenSequence = this.#lastSequence;
    this.#events.emit({ type: 'freeze', reason: 'flush', table: number, stats: table.stats(), garbageBytes: 0 });
    this.#queue.start();
    return true;
  }

  /** Freezes the active table if somebody waits for its flush, and the queue has room for it. */
  #freezeIfAwaited(): void {
    const isAwaited = this.#queue.awaitedSequence > this.#frozenSequence || this.#queue.state !== 'open';
    if (!isAwaited || this.#active.entryCount === 0) return;
    try {
      this.#tryRotate();
    } catch (error) {
      this.#queue.refuse(error, this.#frozenSequence);
    }
  }

  /** The target has the table. */
  #flushed(table: MemTable, event: FlushEvent): void {
    this.#events.emit(event);
    const bytes = table.approximateMemoryUsage();
    table.drop();
    this.#events.emit({ type: 'drop', table: event.table, bytes });
    this.#freezeIfAwaited();
    this.#admission.wake();
  }

  #checkOpen(signal?: Signal): void {
    if (this.#queue.state !== 'open') throw closedError();
    signal?.throwIfAborted();
  }
}

function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the list has been closed');
}
