import type { StallReason, WaitOptions } from '@memtable/memtable';
import { Admission } from '../admission.js';
import type { Commit, Room } from '../commit.js';
import type { MemStoreStats, StoreEvent } from '../options.js';
import type { Readers } from '../readers.js';
import type { StoreState } from '../state.js';
import type { TableFactory } from '../table.js';

/** The parts of a store that its driver works on. */
export interface DriverParts {
  /** Named in traces. */
  readonly store: object;
  readonly state: StoreState;
  readonly commit: Commit;
  readonly readers: Readers;
  readonly tables: TableFactory;
  readonly emit: (event: StoreEvent) => void;
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
export abstract class Driver implements Room {
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
    this.admission = new Admission({
      hasRoom: (bytes) => this.hasRoom(bytes),
      makeRoom: (bytes) => this.makeRoomFor(bytes),
      onResume: (ms) => parts.emit({ type: 'resume', ms }),
    });
  }

  /** Before each write. @throws MemTableError `MEMTABLE_STALLED` */
  abstract checkNotStalled(): void;

  /** After each write, of so many bytes: a renewal goes on, or begins when it is due. */
  abstract afterWrite(bytes: number): void;

  /** A snapshot or iterator has been closed: what it held may be garbage. */
  abstract released(): void;

  /** All keys have been deleted at once, and the memory was given back. */
  abstract cleared(): void;

  /** The store closes: ends the renewal that is running. */
  abstract stop(error: unknown): void;

  /** Refuses all calls that wait. */
  abstract refuse(error: unknown): void;

  /** Memory of the successor table, in bytes. */
  abstract memoryUsage(): number;

  abstract stats(): Pick<MemStoreStats, 'compaction' | 'flush'>;

  /** Checks what the renewal that is running says of itself. O(entries). */
  abstract verify(): void;

  /** Whether a write of so many bytes can be made now. */
  protected abstract hasRoom(bytes: number): boolean;

  /** A writer waits for so many bytes. @returns its refusal, when there will never be more room than now */
  protected abstract makeRoomFor(bytes: number): Error | undefined;

  protected abstract stallReason(): StallReason | 'full';

  /** Writers have begun to wait, or another one has. */
  protected abstract onWait(): void;

  /** As `MemStore.admit`. */
  async admit(bytes: number, { signal }: WaitOptions): Promise<void> {
    if (bytes > this.#writeBytesMax) throw this.commit.table.full(bytes);
    if (this.admission.count === 0 && this.hasRoom(bytes)) return;
    const admitted = this.admission.wait(bytes, signal);
    if (this.admission.count === 1) this.parts.emit({ type: 'stall', reason: this.stallReason(), bytes });
    this.onWait();
    await admitted;
  }

  protected get isClosed(): boolean {
    return this.parts.state.current === 'closed';
  }

  protected emitFreeze(reason: 'compaction' | 'flush'): void {
    const { garbageBytes, table } = this.commit;
    this.parts.emit({ type: 'freeze', reason, garbageBytes, memoryUsage: table.memoryUsage() });
  }
}
