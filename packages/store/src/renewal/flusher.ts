import { type FlushOptions, MemTableError, type StallReason, type WaitOptions } from '@memtable/memtable';
import { type FlushEvent, type FlushHost, FlushQueue, type FlushSource } from '@memtable/memtable/internal';
import type { MemStoreStats } from '../options.js';
import { Pins } from '../pins.js';
import type { StoreTable } from '../table.js';
import { Driver, type DriverParts, ROOM_BYTES } from './driver.js';
import { Flush } from './flush.js';

/** The driver of a store with a target: flushes its table when it is full. */
export class Flusher extends Driver implements FlushHost<StoreTable> {
  readonly roomyBytesMax = Infinity;
  readonly #writeBufferBytes: number;
  readonly #queue: FlushQueue<StoreTable>;
  /** The flush that has begun. While none can begin, the queue tries again. */
  #flush: Flush | undefined;

  constructor(parts: DriverParts, options: FlushOptions, writeBufferBytes: number) {
    super(parts);
    this.#writeBufferBytes = writeBufferBytes;
    this.#queue = new FlushQueue(options, parts.events, this, parts.commit.sequence);
  }

  checkNotStalled(): void {
    if (this.#isStalled()) throw this.#queue.stalled();
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
    this.#queue.discard(error);
    const flush = this.#flush;
    if (flush === undefined) return;
    flush.break();
    this.#end();
    this.parts.readers.release(flush.pin);
  }

  memoryUsage(): number {
    return this.#flush?.to.memoryUsage() ?? 0;
  }

  stats(): Pick<MemStoreStats, 'compaction' | 'flush'> {
    return {
      compaction: { running: false, finished: 0, abandoned: 0, lastError: undefined },
      flush: this.#queue.stats(),
    };
  }

  verify(): void {
    this.#flush?.verify();
  }

  /** As `MemStore.flush`. */
  async flush({ signal }: WaitOptions): Promise<void> {
    // First, as the target may write to the store as soon as it is called.
    const flushed = this.#queue.flushed(this.commit.sequence, signal);
    this.#begin();
    await flushed;
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

  hasRoom(bytes: number): boolean {
    if (this.#isStalled()) return false;
    return this.commit.table.arena.ensure(Math.max(bytes, 1) + ROOM_BYTES, 1);
  }

  makeRoom(bytes: number): void {
    this.#begin();
    if (!this.#isRunning) throw this.commit.table.full(bytes); // An empty table has no room either.
  }

  stallReason(): StallReason {
    return this.#isRunning ? this.#queue.stallReason : 'full';
  }

  protected onWait(): void {
    this.admission.wake();
  }

  // The flush

  get #isRunning(): boolean {
    return this.#queue.frozen.length > 0;
  }

  /** Whether the successor is full and the flush has not finished. */
  #isStalled(): boolean {
    if (this.#flush === undefined) return false;
    const { to } = this.#flush;
    return to.memoryUsage() > this.#writeBufferBytes && to.index.entryCount > 0;
  }

  #beginIfDue(): void {
    if (this.commit.table.memoryUsage() > this.#writeBufferBytes) this.#begin();
  }

  /** Unless one is running, or there is nothing to flush. It never throws: writes begin flushes when they are done. */
  #begin(): void {
    const { table } = this.commit;
    if (this.#isRunning || table.index.entryCount === 0) return;
    this.#queue.push(table);
    this.#queue.start();
  }

  /** The first attempt pins the table, and begins the successor. @throws when there is no memory for that */
  source(): FlushSource {
    if (this.#flush !== undefined) return this.#flush.source;
    const { commit, parts } = this;
    const to = parts.tables.make();
    const flush = new Flush(commit.table, to, parts.readers.pin('flush'), commit.keyCount);
    this.#flush = flush;
    commit.renewal = flush;
    this.emitFreeze('flush');
    return flush.source;
  }

  /** False when the successor missed a write. The target gets everything once more, with the writes since. */
  isComplete(): boolean {
    const { isBroken, pin } = this.#flush!;
    if (isBroken) {
      this.#end();
      this.parts.readers.release(pin);
    }
    return !isBroken;
  }

  /** The successor takes over. */
  flushed(_: StoreTable, event: FlushEvent): void {
    const { commit, parts } = this;
    const { to, pin, keyCount, entryCount, liveBytes } = this.#flush!;
    this.#end();
    parts.readers.retire(commit.pins, commit.tableNumber++);
    commit.table = to;
    commit.pins = new Pins(to);
    commit.keyCount = keyCount;
    commit.entryCount = entryCount;
    commit.liveBytes = liveBytes;
    parts.events.emit(event);
    parts.readers.release(pin);
    if (this.isClosed) return;
    if (this.#queue.awaitedSequence >= 0) this.#begin();
    else this.#beginIfDue();
    this.admission.wake();
  }

  #end(): void {
    this.#flush = undefined;
    this.commit.renewal = undefined;
  }
}
