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

/** Room that an entry may need beside its own bytes: a block of the arena, and blocks of the index. */
export const ROOM_BYTES = 32 << 10;

/**
 * Decides when the table of a store is renewed, and lets writers wait for room. A store has one driver for its whole
 * life: a flusher with a target, else a compactor.
 *
 * A writer that waits, waits for something that runs, which is W3 of the admission. In a store without a target it may
 * also wait for a deletion, or for a snapshot or iterator to be closed.
 */
export abstract class Driver implements Room, AdmissionHost {
  protected readonly parts: DriverParts;
  protected readonly commit: Commit;
  /** Writers that wait for room. */
  readonly admission: Admission;
  /** Upper bound on a write that is sure to fit into an empty table. */
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

  /** Called before each write. @throws MemTableError `MEMTABLE_STALLED` */
  abstract checkNotStalled(): void;

  /** Called after each write, with its bytes. Goes on with a renewal, or begins one that is due. */
  abstract afterWrite(bytes: number): void;

  /** Called when a snapshot or iterator has been closed. Versions that it held may be garbage now. */
  abstract released(): void;

  /** Called when all keys were deleted at once and the memory was given back. */
  abstract cleared(): void;

  /** Called when the store closes. Ends the running renewal, and refuses calls that wait for it. */
  abstract stop(error: unknown): void;

  /** Bytes of all blocks of the successor table. */
  abstract memoryUsage(): number;

  abstract stats(): Pick<MemStoreStats, 'compaction' | 'flush'>;

  /** Checks the invariants of the running renewal. O(entries). */
  abstract verify(): void;

  /** See {@link AdmissionHost}. */
  abstract hasRoom(bytes: number): boolean;
  abstract makeRoom(bytes: number): void;
  abstract stallReason(): StallReason;

  /** Called when one more writer waits. */
  protected abstract onWait(): void;

  /** See `MemStore.admit`. */
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
