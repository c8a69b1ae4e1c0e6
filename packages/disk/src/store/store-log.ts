import type { WriteLog } from '@memtable/memtable/internal';
import type { Database } from '../directory/database.js';
import { DiskError } from '../errors.js';
import { LatencyHistogram } from './latency-histogram.js';
import type { Durability } from './options.js';
import { SharedTask } from './shared-task.js';

/** What a log tells its store. It must not use the store at once: a write is half done. */
export interface LogObserver {
  /** Called after each write, with the bytes of all logs. */
  onAppend(logBytes: number): void;
  /** The log failed, and takes no more. */
  onFailure(error: unknown): void;
}

/** The log of a store: its writes, at the level of durability that each asks for, and their syncs. */
export class StoreLog implements WriteLog {
  readonly #database: Database;
  readonly #observer: LogObserver;
  readonly #syncs: SharedTask;
  readonly latencies = new LatencyHistogram();
  /** That of the write at hand. */
  durability: Durability;
  /** Writes up to this one are what the running sync is for. */
  #syncing = 0;

  constructor(database: Database, durability: Durability, observer: LogObserver) {
    this.#database = database;
    this.#observer = observer;
    this.durability = durability;
    this.#syncs = new SharedTask(() => this.#sync());
  }

  append(batch: Uint8Array): void {
    const { durability } = this;
    const hadFailed = this.#database.failure !== undefined;
    try {
      this.#database.append(batch, durability === 'memory');
    } catch (error) {
      if (!hadFailed) this.#observer.onFailure(error);
      throw error;
    }
    if (durability === 'disk') this.#syncs.run().catch(() => {}); // The observer knows.
    this.#observer.onAppend(this.#database.logBytes);
  }

  /** See `DiskStore.durable`. */
  async durable(sequence = this.#database.lastSequence): Promise<void> {
    const { lastSequence } = this.#database;
    if (!(sequence >= 0 && sequence <= lastSequence)) {
      const why = `there is no write ${String(sequence)}; the last one is ${lastSequence}`;
      throw new DiskError('DISK_INVALID_OPTION', why);
    }
    while (this.#database.syncedSequence < sequence) {
      const { running } = this.#syncs;
      await (running !== undefined && this.#syncing >= sequence ? running : this.#syncs.run());
    }
  }

  async #sync(): Promise<void> {
    this.#syncing = this.#database.lastSequence;
    const start = performance.now();
    const hadFailed = this.#database.failure !== undefined;
    try {
      await this.#database.sync();
    } catch (error) {
      if (!hadFailed) this.#observer.onFailure(error);
      throw error;
    }
    this.latencies.add(performance.now() - start);
  }
}
