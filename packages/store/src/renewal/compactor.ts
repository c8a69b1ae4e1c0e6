import { MemTableError } from '@memtable/memtable';
import { setTimer, type Timer, Trace, type TraceContext } from '@memtable/memtable/internal';
import { INDEX_BYTES } from '../commit.js';
import type { MemStoreStats } from '../options.js';
import { BLOCK_BYTES, type StoreTable, TABLE_BYTES } from '../table.js';
import { Compaction } from './compaction.js';
import { Driver, type DriverParts } from './driver.js';

/** Bytes of entries that each write visits for a compaction, beside a multiple of its own bytes. */
const SLICE_BYTES_MIN = 512;
/** Upper bound on the bytes that one write visits, so that no write takes long. */
const SLICE_BYTES_MAX = 1 << 20;
/** Milliseconds that a compaction runs in each turn of the event loop. */
const SLICE_MS = 2;

const compactions = new Trace('memtable:compaction');

interface CompactionContext extends TraceContext {
  readonly garbageBytes: number;
  readonly memoryUsage: number;
  readonly start: number;
  slices: number;
}

export interface CompactorOptions {
  readonly garbageRatioMax: number;
  readonly garbageBytesMin: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The driver of a store without a target. It compacts the table when too much of it is garbage. */
export class Compactor extends Driver {
  readonly roomyBytesMax: number;
  /** Upper bound on the bytes that a compaction may leave, so that each one frees a sixteenth at least [D29]. */
  readonly #keptBytesMax: number;
  readonly #garbageRatioMax: number;
  readonly #garbageBytesMin: number;

  #compaction: Compaction | undefined;
  #context: CompactionContext | undefined;
  /** Bytes to visit for each byte written, so that the compaction ends before the memory is full. */
  #rate = 0;
  /** Bytes of garbage that the last compaction left. They do not count towards the next one. */
  #garbageLeft = 0;
  #finished = 0;
  #abandoned = 0;
  #lastError: unknown;
  #timer: Timer | undefined;
  readonly #waiters: Waiter[] = [];

  constructor(parts: DriverParts, { garbageRatioMax, garbageBytesMin }: CompactorOptions) {
    super(parts);
    const { bytesMax } = parts.tables;
    this.roomyBytesMax = (bytesMax / 4) * 3;
    this.#keptBytesMax = (bytesMax / 16) * 15;
    this.#garbageRatioMax = garbageRatioMax;
    this.#garbageBytesMin = garbageBytesMin;
  }

  checkNotStalled(): void {
    // Nothing to do: a write that finds no room runs the compaction itself.
  }

  afterWrite(bytes: number): void {
    if (this.#compaction === undefined) this.#beginIfDue();
    else this.#step(Math.min(SLICE_BYTES_MIN + bytes * this.#rate, SLICE_BYTES_MAX));
    if (this.admission.count > 0) this.admission.wake();
    this.commit.retention?.afterWrite();
  }

  released(): void {
    this.#beginIfDue();
    if (this.admission.count > 0) this.admission.wake();
  }

  cleared(): void {
    if (this.#compaction !== undefined) this.#abandon(undefined);
    this.#garbageLeft = 0;
    this.admission.wake();
  }

  stop(error: unknown): void {
    if (this.#compaction !== undefined) this.#abandon(error);
  }

  memoryUsage(): number {
    return this.#compaction?.to.memoryUsage() ?? 0;
  }

  stats(): Pick<MemStoreStats, 'compaction' | 'flush'> {
    const running = this.#compaction !== undefined;
    return {
      compaction: { running, finished: this.#finished, abandoned: this.#abandoned, lastError: this.#lastError },
      flush: { running: false, failures: 0, lastError: undefined, flushedTables: 0, flushedEntries: 0 },
    };
  }

  verify(): void {
    this.#compaction?.verify();
  }

  /** See `MemStore.compact`. */
  async compact(): Promise<void> {
    if (this.#compaction === undefined && !this.#begin()) throw this.#lastError;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#drive();
    });
  }

  // Room

  /**
   * Called when little room is left. Refuses a put that would not fit even after a compaction; a cache evicts entries
   * before that. Runs a compaction to its end if the put needs it now. So a put finds the room that deletions have made
   * [D29].
   */
  make(bytes: number): boolean {
    const { commit } = this;
    const { table: from, sequence } = commit;
    const { bytesMax } = this.parts.tables;
    const isFull = (): boolean => commit.table.memoryUsage() + bytes > bytesMax;
    const isCache = commit.retention !== undefined;
    this.#keep(this.#keptBytesMax - bytes, bytes);
    // A cache evicts more at once, so that its compactions have less to copy and bring more. Once may not suffice: the
    // ends of blocks, which no estimate counts, take room too.
    for (let kept = isCache ? 13 : 15; isFull(); kept--) {
      this.#keep((bytesMax / 16) * kept - bytes, bytes);
      if (!this.#compactNow(isFull) || !isCache) break;
    }
    if (isFull()) this.#refuse(bytes);
    return commit.table !== from || commit.sequence !== sequence;
  }

  /** Evicts entries until a compaction keeps no more than this. Refuses a put that would not fit even then. */
  #keep(keptBytesMax: number, bytes: number): void {
    while (this.#keptBytes() > keptBytesMax) {
      if (this.#fixedBytes() > keptBytesMax || this.commit.retention?.evict() !== true) this.#refuse(bytes);
    }
  }

  /** Compacts the table while there is no room. @returns false when there is no memory for it */
  #compactNow(isFull: () => boolean): boolean {
    // One that is running has copied entries that have become garbage since. The next one leaves these behind.
    for (let runs = this.#compaction === undefined ? 1 : 2; runs > 0 && isFull(); runs--) {
      if (this.#compaction === undefined && !this.#begin()) return false;
      while (this.#compaction !== undefined) this.#step(SLICE_BYTES_MAX);
    }
    return true;
  }

  #refuse(bytes: number): never {
    const error = this.commit.table.full(bytes);
    this.begin(error);
    throw error;
  }

  begin(error: unknown): void {
    if (!(error instanceof MemTableError) || error.code !== 'MEMTABLE_FULL') return;
    const { commit } = this;
    if (this.#compaction !== undefined) this.#step(SLICE_BYTES_MAX / 8);
    else if (commit.garbageBytes - this.#garbageLeft > commit.table.entryBytes / 16) this.#begin();
  }

  lost(error: unknown): void {
    this.#abandon(error);
  }

  hasRoom(bytes: number): boolean {
    const usedBytes = this.commit.retention?.evicts === true ? this.#fixedBytes() : this.#keptBytes();
    return usedBytes + bytes + 1024 <= this.#keptBytesMax;
  }

  makeRoom(): void {
    // Nothing to do: compactions, deletions and closed snapshots make room.
  }

  stallReason(): 'full' {
    return 'full';
  }

  protected onWait(): void {
    this.#beginIfDue();
    if (this.#compaction !== undefined) this.#drive();
  }

  /** Upper bound on the bytes of the table without its garbage. */
  #keptBytes(): number {
    const { liveBytes, entryCount } = this.commit;
    return liveBytes + entryCount * INDEX_BYTES + this.#fixedBytes();
  }

  /** The part of it that no eviction gives back. */
  #fixedBytes(): number {
    return 1.25 * this.commit.pins.heldBytes + BLOCK_BYTES / 8;
  }

  // The compaction

  #beginIfDue(): void {
    if (this.#compaction !== undefined) return;
    const { commit } = this;
    const garbage = commit.garbageBytes - this.#garbageLeft;
    if (garbage <= 0) return;
    const { table } = commit;
    const { entryBytes } = table;
    const isMuch = garbage > this.#garbageBytesMin && garbage > entryBytes * this.#garbageRatioMax;
    const isScarce =
      garbage > entryBytes / 16 && (this.admission.count > 0 || table.memoryUsage() > this.roomyBytesMax);
    if (isMuch || isScarce) this.#begin();
  }

  /** Begins a compaction. @returns false when there is no memory for the successor */
  #begin(): boolean {
    const { commit } = this;
    const { table: from, garbageBytes } = commit;
    const memoryUsage = from.memoryUsage();
    let to: StoreTable;
    try {
      // Room for the needed entries twice, and for writes meanwhile.
      const size = TABLE_BYTES + 2 * (memoryUsage - garbageBytes) + (memoryUsage >> 2);
      to = this.parts.tables.make(Math.min(Math.floor(size / 8) * 8, from.arena.memory.capacityBytes));
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#compaction = new Compaction(from, to, commit.pins, commit.retention);
    commit.renewal = this.#compaction;
    // Finish before the table grows by a quarter, or by half of its remaining room, whichever is less.
    const room = Math.max(Math.min(from.entryBytes / 4, (this.parts.tables.bytesMax - memoryUsage) / 2), 64 << 10);
    this.#rate = Math.max(8, Math.ceil((2 * from.entryBytes) / room));
    const { subject } = this.parts.events;
    this.#context = { ...subject, garbageBytes, memoryUsage, slices: 0, start: performance.now() };
    compactions.begin(this.#context);
    this.#drive();
    this.emitFreeze('compaction');
    return true;
  }

  /**
   * Runs a slice of the compaction. An error of the comparator ends the compaction, not the write that runs the slice.
   */
  #step(bytes: number): void {
    const compaction = this.#compaction!;
    this.#context!.slices++;
    let more: boolean | undefined;
    try {
      more = compaction.step(bytes);
    } catch (error) {
      this.#abandon(error);
      return;
    }
    if (this.#compaction !== compaction) return;
    if (more === undefined) this.#abandon(compaction.to.full(0));
    else if (!more) this.#finish(compaction);
  }

  /** Runs a slice in each turn of the event loop. The timer keeps the process alive only if somebody waits. */
  #drive(): void {
    clearTimeout(this.#timer);
    const isAwaited = this.#waiters.length > 0 || this.admission.count > 0;
    this.#timer = setTimer(isAwaited, 0, () => {
      const end = performance.now() + SLICE_MS;
      while (this.#compaction !== undefined && performance.now() < end) this.#step(SLICE_BYTES_MAX / 8);
      if (this.#compaction !== undefined) this.#drive();
    });
  }

  /** The successor takes over. */
  #finish(compaction: Compaction): void {
    const { commit } = this;
    const { from, to } = compaction;
    const { slices, start } = this.#context!;
    const beforeBytes = from.memoryUsage();
    const afterBytes = to.memoryUsage();
    commit.table = to;
    commit.pins.table = to;
    commit.renewal = undefined;
    this.#compaction = undefined;
    for (const owner of commit.pins.owners) owner.tableReplaced();
    // A comparator that contradicts itself may have made the counts wrong. That must not begin compactions without end.
    const isLess = to.entryBytes < from.entryBytes;
    this.#garbageLeft = isLess ? compaction.deletionBytes : commit.garbageBytes;
    this.#lastError = undefined;
    this.#finished++;
    const figures = { beforeBytes, afterBytes, entryCount: commit.entryCount, slices, ms: performance.now() - start };
    from.arena.drop();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    this.admission.wake();
    compactions.succeed(this.#context!, figures);
    this.parts.events.emit({ type: 'compact', ...figures });
    this.parts.events.emit({ type: 'drop', table: commit.tableNumber, bytes: beforeBytes });
    if (!this.isClosed) this.#beginIfDue(); // Entries that were replaced after their copy are garbage of the successor.
  }

  /** Ends the compaction without a result. @param error - undefined when it is not needed any more */
  #abandon(error: unknown): void {
    const { to } = this.#compaction!;
    this.#compaction = undefined;
    this.commit.renewal = undefined;
    to.arena.drop();
    compactions.fail(this.#context!, error);
    this.#failed(error);
  }

  /** Counts a failure. The next compaction begins when there is half as much garbage again. */
  #failed(error: unknown): void {
    this.#abandoned++;
    this.#garbageLeft = this.commit.garbageBytes / 2;
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
    if (error === undefined || this.isClosed) return;
    this.#lastError = error;
    this.parts.events.emit({ type: 'compact-error', error });
  }
}
