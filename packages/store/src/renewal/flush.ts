import { type Addr, NIL } from '@memtable/arena';
import { type FlushOptions, FlushRun, type MemTableEntry, MemTableError, ValueType } from '@memtable/memtable';
import {
  attemptFlush,
  keyLengthOf,
  keyStartOf,
  retryPauseMs,
  Trace,
  type TraceContext,
  valueLengthOf,
  valueStartOf,
} from '@memtable/memtable/internal';
import type { Pin } from '../pins.js';
import type { StoreTable } from '../table.js';
import { Renewal } from './renewal.js';

const flushes = new Trace('memtable:flush');

/** An attempt that has failed; the next one begins after `retryMs`. */
export interface FlushFailure {
  readonly attempts: number;
  readonly error: unknown;
  readonly retryMs: number;
}

/**
 * The renewal that writes a table to its target. When the target has everything, the successor takes over, with what has been
 * written since. The memory of the old table is dropped as soon as no snapshot and no iterator reads in it any more.
 *
 * Invariants:
 * F1. The pin keeps the newest versions up to its sequence: these, deletions too, are written to the target.
 * F2. The successor has the newest versions of the keys written since, and `entryCount` and `liveBytes` are those of its
 *     values; unless `isBroken`, when it has none and cannot take over.
 */
export class Flush extends Renewal {
  readonly id: number;
  readonly pin: Pin;
  entryCount = 0;
  liveBytes = 0;
  isBroken = false;
  failures = 0;
  lastError: unknown;
  /** Entries that are written to the target. */
  readonly flushedEntries: number;

  #attempt: AbortController | undefined;
  #run: FlushRun | undefined;
  #skipPause: (() => void) | undefined;
  #stopped = false;

  /** @throws what the order throws */
  constructor(id: number, from: StoreTable, to: StoreTable, pin: Pin) {
    super(from, to);
    this.id = id;
    this.pin = pin;
    let flushedEntries = 0;
    for (const entry of this.#entries()) flushedEntries += +(entry !== NIL);
    this.flushedEntries = flushedEntries;
  }

  written(entry: Addr): boolean {
    if (this.isBroken) return true;
    const { to } = this;
    const older = to.findCopy(this.from, entry);
    const oldBytes = to.isValue(older) ? to.bytesOf(older) : -1;
    // Nobody reads in the successor yet.
    const copy = this.repeat(older, entry, true);
    if (copy === NIL) return false;
    const newBytes = to.isValue(copy) ? to.bytesOf(copy) : -1;
    this.entryCount += +(newBytes >= 0) - +(oldBytes >= 0);
    this.liveBytes += Math.max(newBytes, 0) - Math.max(oldBytes, 0);
    return true;
  }

  /** The successor cannot have everything: all has to be written to the target once more. */
  break(): void {
    this.isBroken = true;
    this.to.arena.drop();
  }

  /**
   * Writes to the target until it succeeds.
   * @param store - named in the traces, one an attempt
   * @returns false when it was stopped
   */
  async deliver(store: object, options: FlushOptions, onFailure: (failure: FlushFailure) => void): Promise<boolean> {
    for (;;) {
      const context: TraceContext = { store, table: this.id, entryCount: this.flushedEntries };
      flushes.begin(context);
      this.#attempt = new AbortController();
      this.#run = new FlushRun(this.id, {
        entryCount: this.flushedEntries,
        memoryUsage: this.from.memoryUsage(),
        areCopies: true,
        versions: () => this.#copies(),
        newest: () => this.#copies(),
      });
      try {
        await attemptFlush(options, this.#run, this.#attempt);
        flushes.succeed(context, { attempts: this.failures + 1 });
        return !this.#stopped;
      } catch (error) {
        flushes.fail(context, error);
        if (this.#stopped) return false;
        this.failures++;
        this.lastError = error;
        const retryMs = retryPauseMs(options, this.failures);
        onFailure({ attempts: this.failures, error, retryMs });
        if (this.#stopped) return false; // By an observer, before there was a pause to end.
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, retryMs);
          this.#skipPause = () => (clearTimeout(timer), resolve());
        });
        if (this.#stopped) return false;
      }
    }
  }

  /** Checks F2 too. */
  override verify(): void {
    if (this.isBroken) return;
    super.verify();
    const { to } = this;
    let entryCount = 0;
    let liveBytes = 0;
    let last: Addr = NIL;
    const cursor = to.index.cursor();
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const isNewest = last === NIL || !to.haveSameKey(last, cursor.entry);
      last = cursor.entry;
      if (!isNewest || to.typeOf(last) !== ValueType.Value) continue;
      entryCount++;
      liveBytes += to.bytesOf(last);
    }
    if (entryCount === this.entryCount && liveBytes === this.liveBytes) return;
    throw new MemTableError(
      'MEMTABLE_MALFORMED',
      `F2: ${liveBytes} bytes in ${entryCount} entries, counted ${this.liveBytes} in ${this.entryCount}`,
    );
  }

  /** Gives up; the attempt that is running is aborted. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.#attempt?.abort(reason);
    this.#run?.end(); // Its table is about to go; it must not read as an empty one.
    this.#skipPause?.();
    if (!this.isBroken) this.break();
  }

  /** The newest versions up to the pin's sequence, in order. */
  *#entries(): Generator<Addr> {
    const { from } = this;
    const { sequence } = this.pin;
    const cursor = from.index.cursor();
    let last: Addr = NIL;
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const entry = cursor.entry;
      if (from.sequenceOf(entry) > sequence || (last !== NIL && from.haveSameKey(last, entry))) continue;
      last = entry;
      yield entry;
    }
  }

  /** Copies: the memory may move while the target has them, as the store is written to. */
  *#copies(): Generator<MemTableEntry> {
    const { from } = this;
    for (const entry of this.#entries()) {
      const { u8, view } = from.arena.memory;
      const key = keyStartOf(view, entry);
      const value = valueStartOf(view, entry);
      yield {
        key: u8.slice(key, key + keyLengthOf(view, entry)),
        value: u8.slice(value, value + valueLengthOf(view, entry)),
        sequence: from.sequenceOf(entry),
        type: from.typeOf(entry),
      };
    }
  }
}
