import type { StallReason, WaitOptions } from '@memtable/memtable';
import { Admission, type AdmissionHost, type LifecycleEvents } from '@memtable/memtable/internal';
import type { Commit, Room } from '../commit.js';
import type { MemStoreStats } from '../options.js';
import type { Readers } from '../readers.js';
import type { StoreState } from '../state.js';
import type { TableFactory } from '../table.js';

/** The parts of a store that its driver works on. */
export interface DriverParts {
  readonly state: StoreState;
  readonly commit: Commit;
  readonly readers: Readers;
  readonly tables: TableFactory;
  readonly events: LifecycleEvents;
}

/** Room beyond an entry: a block for it, and what the index may need. */
export const ROOM_BYTES = 32 << 10;

/**
 * Says when the table of a store is renewed, and lets writers wait for it. A store without a target has a compactor, one with a
 * target a flusher, for its whole life.
 *
 * Invariant, for both:
 * T3. A writer that waits, waits for something that runs: a renewal, the pause after one that failed, or the timer that ends
 *     the turn of the writers admitted before. In a store without a target it may also wait for a deletion, or for a snapshot
 *     or iterator to be closed.
 */
export abstract class Driver implements Room, AdmissionHost {
  protected readonly parts: DriverParts;
  protected readonly commit: Commit;
  /** Writers that wait for room. */
  readonly admission: Admission;
  /** A larger write may not have room in an empty table. */
  readonly #writeBytesMax: number;

  /** See {@link Room}. */
  abstract readonly roomyBytesMax: number;
  abstract make(bytes: number): boolean;
  abstract begin(error: unknown): void;
  abstract lost(error: unknown): void;

  constructor(parts: DriverParts) {
    this.parts = parts;
    this.commit = parts.commit;
    parts.commit.room = this;
    const { bytesMax } = parts.tables;
    const emptyBytes = parts.commit.table.arena.memory.usedBytes;
    this.#writeBytesMax = Math.min(bytesMax / 2, bytesMax - emptyBytes - ROOM_BYTES - 64);
    this.admission = new Admission(this, parts.events);
  }

  /** Before each write. @throws MemTableError `MEMTABLE_STALLED` */
  abstract checkNotStalled(): void;

  /** After each write, of so many bytes: a renewal goes on, or begins when it is due. */
  abstract afterWrite(bytes: number): void;

  /** A snapshot or iterator has been closed: what it held may be garbage. */
  abstract released(): void;

  /** All keys have been deleted at once, and the memory was given back. */
  abstract cleared(): void;

  /** The store closes: ends the renewal that is running, and refuses calls that wait for it. */
  abstract stop(error: unknown): void;

  /** Memory of the successor table, in bytes. */
  abstract memoryUsage(): number;

  abstract stats(): Pick<MemStoreStats, 'compaction' | 'flush'>;

  /** Checks what the renewal that is running says of itself. O(entries). */
  abstract verify(): void;

  /** See {@link AdmissionHost}. */
  abstract hasRoom(bytes: number): boolean;
  abstract makeRoom(bytes: number): void;
  abstract stallReason(): StallReason;

  /** Writers have begun to wait, or another one has. */
  protected abstract onWait(): void;

  /** As `MemStore.admit`. */
  async admit(bytes: number, { signal }: WaitOptions): Promise<void> {
    if (bytes > this.#writeBytesMax) throw this.commit.table.full(bytes);
    if (this.admission.tryAdmit(bytes)) return;
    const admitted = this.admission.wait(bytes, signal);
    this.onWait();
    await admitted;
  }

  protected get isClosed(): boolean {
    return this.parts.state.current === 'closed';
  }

  emitFreeze(reason: 'compaction' | 'flush' | 'call'): void {
    const { tableNumber, garbageBytes, table } = this.commit;
    this.parts.events.emit({ type: 'freeze', reason, table: tableNumber, stats: table.stats(), garbageBytes });
  }
}
