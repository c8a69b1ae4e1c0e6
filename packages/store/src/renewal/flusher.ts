import { type FlushOptions, MemTableError, type StallReason, type WaitOptions } from '@memtable/memtable';
import { abortable, retryPauseMs, setTimer, type Timer } from '@memtable/memtable/internal';
import type { MemStoreStats } from '../options.js';
import { Pins } from '../pins.js';
import { Driver, type DriverParts, ROOM_BYTES } from './driver.js';
import { Flush, type FlushFailure } from './flush.js';

/** Writers that wait until all writes up to a sequence are in the target. */
interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The driver of a store with a target: flushes its table when it is full. */
export class Flusher extends Driver {
  readonly roomyBytesMax = Infinity;
  readonly #options: FlushOptions;
  readonly #writeBufferBytes: number;

  #flush: Flush | undefined;
  /** The pause after a flush that could not begin, and how often in a row that has happened. */
  #pause: Timer | undefined;
  #failures = 0;
  #lastError: unknown;
  #flushedTables = 0;
  #flushedEntries = 0;
  readonly #waiters: Waiter[] = [];

  constructor(parts: DriverParts, options: FlushOptions, writeBufferBytes: number) {
    super(parts);
    this.#options = options;
    this.#writeBufferBytes = writeBufferBytes;
  }

  checkNotStalled(): void {
    if (this.#isStalled()) throw this.#stalled();
  }

  afterWrite(): void {
    this.#beginIfDue();
    if (this.admission.count > 0) this.admission.wake();
  }

  released(): void {
    if (this.admission.count > 0) this.admission.wake();
  }

  cleared(): void {
    // A store with a target keeps its deletions.
  }

  stop(error: unknown): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    const flush = this.#flush;
    if (flush !== undefined) {
      flush.stop(error);
      this.#end();
      this.parts.readers.release(flush.pin);
    }
  }

  refuse(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.admission.refuse(error);
  }

  memoryUsage(): number {
    return this.#flush?.to.memoryUsage() ?? 0;
  }

  stats(): Pick<MemStoreStats, 'compaction' | 'flush'> {
    return {
      compaction: { running: false, finished: 0, abandoned: 0, lastError: undefined },
      flush: {
        running: this.#flush !== undefined,
        failures: this.#flush?.failures ?? this.#failures,
        lastError: this.#flush === undefined ? this.#lastError : this.#flush.lastError,
        flushedTables: this.#flushedTables,
        flushedEntries: this.#flushedEntries,
      },
    };
  }

  verify(): void {
    this.#flush?.verify();
  }

  /** As `MemStore.flush`. */
  async flush({ signal }: WaitOptions): Promise<void> {
    const { sequence } = this.commit; // The target may write to the store as soon as it is called.
    this.#begin();
    if (!this.#isRunning) return;
    await abortable(signal, (resolve, reject) => {
      const waiter = { sequence, resolve, reject };
      this.#waiters.push(waiter);
      return () => this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    });
  }

  // Room

  make(): boolean {
    return false;
  }

  begin(error: unknown): void {
    if (error instanceof MemTableError && error.code === 'MEMTABLE_FULL') this.#begin();
  }

  lost(): void {
    this.#flush!.break();
  }

  protected hasRoom(bytes: number): boolean {
    if (this.#isStalled()) return false;
    return this.commit.table.arena.ensure(Math.max(bytes, 1) + ROOM_BYTES, 1);
  }

  protected makeRoomFor(bytes: number): Error | undefined {
    this.#begin();
    return this.#isRunning ? undefined : this.commit.table.full(bytes);
  }

  protected stallReason(): StallReason | 'full' {
    if (!this.#isRunning) return 'full';
    return (this.#flush?.failures ?? this.#failures) > 0 ? 'flush-failing' : 'flush-running';
  }

  protected onWait(): void {
    this.admission.wake();
  }

  // The flush

  get #isRunning(): boolean {
    return this.#flush !== undefined || this.#pause !== undefined;
  }

  /** Whether the successor is full and the flush has not finished. */
  #isStalled(): boolean {
    if (this.#flush === undefined) return false;
    const { to } = this.#flush;
    return to.memoryUsage() > this.#writeBufferBytes && to.index.entryCount > 0;
  }

  #stalled(): MemTableError {
    const { failures, lastError } = this.#flush!;
    const state = failures > 0 ? `has failed ${failures} times (${String(lastError)})` : 'is running';
    return new MemTableError('MEMTABLE_STALLED', `the write buffer is full, and the flush of the one before ${state}`);
  }

  #beginIfDue(): void {
    if (this.commit.table.memoryUsage() > this.#writeBufferBytes) this.#begin();
  }

  /** Unless one is running, or there is nothing to flush. It never throws: writes begin flushes when they are done. */
  #begin(): void {
    const { commit, parts } = this;
    if (this.#isRunning || commit.table.index.entryCount === 0) return;
    const pin = parts.readers.pin('flush');
    let flush: Flush;
    try {
      flush = new Flush(this.#flushedTables + 1, commit.table, parts.tables.make(), pin);
    } catch (error) {
      parts.readers.release(pin);
      this.#pauseAfter(error);
      return;
    }
    this.#failures = 0;
    this.#lastError = undefined;
    this.#flush = flush;
    commit.renewal = flush;
    this.emitFreeze('flush');
    const start = performance.now();
    const failed = (failure: FlushFailure): void => parts.emit({ type: 'flush-error', table: flush.id, ...failure });
    void flush.deliver(parts.store, this.#options, failed).then((isDelivered) => {
      if (isDelivered && this.#flush === flush) this.#finish(flush, performance.now() - start);
    });
  }

  /** No flush can begin: the system has no memory for the successor, or the comparator throws. It is tried again. */
  #pauseAfter(error: unknown): void {
    const attempts = ++this.#failures;
    this.#lastError = error;
    const retryMs = retryPauseMs(this.#options, attempts);
    this.#pause = setTimer(true, retryMs, () => {
      this.#pause = undefined;
      this.#begin();
    });
    this.parts.emit({ type: 'flush-error', table: this.#flushedTables + 1, attempts, error, retryMs });
  }

  #end(): void {
    this.#flush = undefined;
    this.commit.renewal = undefined;
  }

  /** The successor takes over. */
  #finish(flush: Flush, ms: number): void {
    const { commit, parts } = this;
    this.#end();
    if (flush.isBroken) {
      // The target gets all of this once more, with what has been written since.
      this.#begin();
      parts.readers.release(flush.pin);
      return;
    }
    parts.readers.retire(commit.pins);
    commit.table = flush.to;
    commit.pins = new Pins(flush.to);
    commit.entryCount = flush.entryCount;
    commit.liveBytes = flush.liveBytes;
    this.#flushedTables++;
    this.#flushedEntries += flush.flushedEntries;
    const { id: table, flushedEntries: entryCount, failures } = flush;
    const { sequence } = flush.pin;
    while (this.#waiters.length > 0 && this.#waiters[0].sequence <= sequence) this.#waiters.shift()!.resolve();
    parts.emit({ type: 'flush', table, entryCount, attempts: failures + 1, ms });
    parts.readers.release(flush.pin);
    if (this.isClosed) return;
    if (this.#waiters.length > 0) this.#begin();
    else this.#beginIfDue();
    this.admission.wake();
  }
}
