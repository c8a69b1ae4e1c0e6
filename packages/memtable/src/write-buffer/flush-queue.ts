/**
 * Frozen tables on their way to the target, and those who wait until some write has arrived there.
 *
 * Invariants:
 * Q1. One attempt runs at a time, at the oldest table. A table leaves the queue only after its write has resolved.
 * Q2. While an open queue holds a table and has been started, an attempt runs, or the pause after a failed one.
 * Q3. Waiters ascend by sequence, and each waits for a sequence that has not been flushed.
 */
import type { Signal } from '../abort-signal.js';
import { abortable } from '../abortable.js';
import { Trace, type TraceContext } from '../diagnostics.js';
import { MemTableError } from '../errors.js';
import type { LifecycleEvent, LifecycleEvents } from './events.js';
import { FlushRun, type FlushSource } from './flush-run.js';
import { type FlushOptions, retryPauseMs } from './flush-target.js';

/** How flushing goes. */
export interface FlushStats {
  /** Whether a table is being written, or the pause after a failed write runs. */
  readonly running: boolean;
  /** Failed attempts at the oldest table, and the last failure. */
  readonly failures: number;
  readonly lastError: unknown;
  readonly flushedTables: number;
  readonly flushedEntries: number;
}

/** @internal */
export type FlushEvent = Extract<LifecycleEvent, { type: 'flush' }>;

/** @internal What a queue of tables of type `T` asks and tells its list or store. */
export interface FlushHost<T> {
  /** What to write of the oldest table. Called for each attempt; what it throws fails the attempt. */
  source(table: T): FlushSource;
  /** Asked when the table has been written. False has it written once more, at once. @defaultValue always true */
  isComplete?(): boolean;
  /** The table has been written and has left the queue. The host drops it, and emits `event`. */
  flushed(table: T, event: FlushEvent): void;
}

interface FlushWaiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const flushes = new Trace('memtable:flush');

/** @internal */
export class FlushQueue<T> {
  readonly #frozen: T[] = [];
  /** Oldest first. */
  readonly frozen: readonly T[] = this.#frozen;
  readonly #options: Partial<FlushOptions>;
  readonly #events: LifecycleEvents;
  readonly #host: FlushHost<T>;

  #state: 'open' | 'closing' | 'closed' = 'open';
  /** `close()` was called since the last attempt began, so that it is not the last one. */
  #hasNewClose = false;
  readonly #closers: (() => void)[] = [];

  #isRunning = false;
  #attempt: AbortController | undefined;
  /** What the running attempt writes, or what the attempt before the pause wrote. */
  #run: FlushRun | undefined;
  #skipPause: (() => void) | undefined;
  #failures = 0;
  #lastError: unknown;

  #flushedTables = 0;
  #flushedEntries = 0;
  #flushedSequence: number;
  readonly #waiters: FlushWaiter[] = [];

  /**
   * @param options - read at each attempt; a queue without a target must stay empty
   * @param lastSequence - number of the last write before the first table
   */
  constructor(options: Partial<FlushOptions>, events: LifecycleEvents, host: FlushHost<T>, lastSequence: number) {
    this.#options = options;
    this.#events = events;
    this.#host = host;
    this.#flushedSequence = lastSequence;
  }

  get state(): 'open' | 'closing' | 'closed' {
    return this.#state;
  }

  /** Tables are numbered from 1: the oldest one has the number after this. */
  get flushedTables(): number {
    return this.#flushedTables;
  }

  /** The highest sequence that somebody waits for; -1 when nobody waits. */
  get awaitedSequence(): number {
    return this.#waiters.at(-1)?.sequence ?? -1;
  }

  /**
   * Resolves when all writes up to `sequence` have been flushed. `signal` ends the wait. Sequences must not descend.
   */
  flushed(sequence: number, signal: Signal | undefined): Promise<void> {
    return abortable(signal, (resolve, reject) => {
      if (sequence <= this.#flushedSequence) return resolve();
      const waiter = { sequence, resolve, reject };
      this.#waiters.push(waiter);
      return () => void this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    });
  }

  /** Refuses those who wait for a higher sequence. */
  refuse(error: unknown, above = -1): void {
    while (this.awaitedSequence > above) this.#waiters.pop()!.reject(error);
  }

  /** Adds the next table, for {@link FlushQueue.start}. */
  push(table: T): void {
    this.#frozen.push(table);
  }

  /** Begins to flush, unless that is going on. The target is called before this returns. It never throws. */
  start(): void {
    if (this.#isRunning || this.frozen.length === 0 || this.#state === 'closed') return;
    this.#isRunning = true;
    void this.#flushAll();
  }

  /**
   * Gives each table one more complete attempt, and resolves when that is done. `signal` aborts the running attempt and
   * gives up; what is left stays in the queue. It can be called again then.
   * @param pushRest - pushes the last table, after it can no longer count on a second attempt
   */
  async close(signal: Signal | undefined, pushRest: () => void): Promise<void> {
    this.#state = 'closing';
    this.#hasNewClose = true;
    this.#failures = 0;
    const giveUp = (): void => this.#end(signal!.reason);
    if (signal?.aborted === true) giveUp();
    pushRest();
    this.start();
    this.#skipPause?.();
    if (this.#isRunning) {
      const ended = abortable(signal, (resolve) => (this.#closers.push(resolve), giveUp));
      await ended.catch(() => undefined);
    }
    this.#state = 'closed';
  }

  /** Ends it at once, and forgets its tables. The running attempt is aborted, and its run ends; waiters are refused. */
  discard(error: unknown): void {
    this.#frozen.length = 0;
    this.#end(error);
    this.#run?.end();
    this.#run = undefined;
    this.refuse(error);
  }

  stats(): FlushStats {
    return {
      running: this.#run !== undefined,
      failures: this.#failures,
      lastError: this.#lastError,
      flushedTables: this.#flushedTables,
      flushedEntries: this.#flushedEntries,
    };
  }

  /** Why writers wait while a table is frozen. */
  get stallReason(): 'flush-running' | 'flush-failing' {
    return this.#failures > 0 ? 'flush-failing' : 'flush-running';
  }

  /** The error of a write that would have to wait for a flush. */
  stalled(): MemTableError {
    const failing = `has failed ${this.#failures} times (${String(this.#lastError)})`;
    const state = this.#failures > 0 ? failing : 'is running';
    return new MemTableError('MEMTABLE_STALLED', `the write buffer is full, and the flush of the one before ${state}`);
  }

  /** Q2: runs until the queue is empty, or has no attempt left. */
  async #flushAll(): Promise<void> {
    try {
      for (let oldest = this.frozen[0]; oldest !== undefined; oldest = this.frozen[0]) {
        // A queue that was given up could not abort an attempt that began now.
        if (this.#state === 'closed') return;
        this.#hasNewClose = false;
        if (!(await this.#flushOne(oldest)) && !this.#hasNextAttempt) return;
      }
    } finally {
      this.#isRunning = false; // In the step that has looked at the queue, so that the next push starts it anew.
      this.#run = undefined;
      for (const resolve of this.#closers.splice(0)) resolve();
    }
  }

  /** While closing, a table gets one complete attempt. */
  get #hasNextAttempt(): boolean {
    return this.#state === 'open' || (this.#state === 'closing' && this.#hasNewClose);
  }

  /** Makes one attempt, and the pause after one that failed. @returns whether the target has the table */
  async #flushOne(table: T): Promise<boolean> {
    const start = performance.now();
    const number = this.#flushedTables + 1;
    const attempt = new AbortController();
    this.#attempt = attempt;
    let context: TraceContext | undefined;
    let run: FlushRun;
    try {
      run = new FlushRun(this.#host.source(table));
      context = { ...this.#events.subject, table: number, entryCount: run.entryCount };
      flushes.begin(context);
      attempt.signal.throwIfAborted(); // Observers of the host and of the trace may have closed the queue.
      this.#run = run;
      await this.#write(run, attempt);
    } catch (error) {
      this.#attempt = undefined;
      if (context !== undefined) flushes.fail(context, error);
      if (this.frozen.length > 0) await this.#failed(number, error);
      return false;
    }
    this.#attempt = undefined;
    const attempts = this.#failures + 1;
    const ms = performance.now() - start;
    flushes.succeed(context, { attempts, ms });
    if (this.frozen.length === 0) return false; // Discarded.
    this.#run = undefined;
    this.#failures = 0;
    this.#lastError = undefined;
    if (this.#host.isComplete?.() === false) return true;
    this.#frozen.shift();
    this.#flushedTables++;
    this.#flushedEntries += run.entryCount;
    this.#flushedSequence = run.id;
    while (this.#waiters.length > 0 && this.#waiters[0].sequence <= run.id) this.#waiters.shift()!.resolve();
    this.#host.flushed(table, { type: 'flush', table: number, entryCount: run.entryCount, attempts, ms });
    return true;
  }

  /** Writes a run to the target. Settles when the target does. */
  async #write(run: FlushRun, attempt: AbortController): Promise<void> {
    const { target, flushMsMax } = this.#options;
    const tooLong = (): void => attempt.abort(new Error(`the flush took longer than ${flushMsMax} ms`));
    const timer = flushMsMax === undefined ? undefined : setTimeout(tooLong, flushMsMax);
    try {
      // In an async function, a target that throws at once is one that rejects.
      await target!.write(run, { signal: attempt.signal });
    } finally {
      clearTimeout(timer);
      run.end();
    }
  }

  async #failed(table: number, error: unknown): Promise<void> {
    const attempts = ++this.#failures;
    this.#lastError = error;
    const pauseMs = this.#state === 'open' ? retryPauseMs(this.#options, attempts) : 0;
    const retryMs = this.#hasNextAttempt ? pauseMs : undefined;
    this.#events.emit({ type: 'flush-error', table, attempts, error, retryMs });
    if (this.#state !== 'open') return; // An observer may have closed the queue before there was a pause to skip.
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#skipPause = () => (clearTimeout(timer), resolve());
    });
  }

  #end(reason: unknown): void {
    this.#state = 'closed';
    this.#attempt?.abort(reason);
    this.#skipPause?.();
  }
}
