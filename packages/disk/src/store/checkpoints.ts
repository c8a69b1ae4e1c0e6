import { MemTableError } from '@memtable/memtable';
import { setTimer, type Timer } from '@memtable/memtable/internal';
import type { Database } from '../directory/database.js';
import type { LiveEntry } from '../directory/newest-entries.js';
import type { DiskStoreEvent, LogStats } from './options.js';
import { SharedTask } from './shared-task.js';

/** What a checkpoint writes: the store as it was at one moment. */
export interface Content {
  /** Sequence of the last write that it has. */
  readonly sequence: number;
  /** Its entries, in order. */
  entries(): AsyncIterable<readonly LiveEntry[]>;
  close(): void;
}

export interface CheckpointOptions {
  /** Takes the content as it is now. */
  readonly content: () => Content;
  readonly emit: (event: DiskStoreEvent) => void;
  readonly retryMs: number;
  readonly retryMsMax: number;
}

/**
 * The checkpoints of a store: one at a time. One that fails is tried again when the store needs it: because the logs
 * are long, or because one of them failed, so that writes are refused until a checkpoint stands.
 */
export class Checkpoints {
  readonly #database: Database;
  readonly #options: CheckpointOptions;
  readonly #task: SharedTask;
  #finished = 0;
  #failures = 0;
  /** Failures since one ended well. */
  #inARow = 0;
  #lastError: unknown;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(database: Database, options: CheckpointOptions) {
    this.#database = database;
    this.#options = options;
    this.#task = new SharedTask(() => this.#attempt());
  }

  /** @throws MemTableError `MEMTABLE_CLOSED` */
  checkNotStopped(): void {
    if (this.#isStopped) throw new MemTableError('MEMTABLE_CLOSED', 'the store has been closed');
  }

  /** Whether one is running, or about to be tried again. */
  get isBusy(): boolean {
    return this.#task.running !== undefined || this.#timer !== undefined;
  }

  /** Writes one that has all writes so far. @throws DiskError `DISK_IO` */
  async run(): Promise<void> {
    await this.#task.run();
  }

  /** The store needs one: tries until one ends well. */
  need(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#task.run().catch(() => {
      if (this.#isStopped) return;
      this.#timer = setTimer(false, this.#retryMs(), () => this.need());
    });
  }

  /** Ends the running one at its next slice, and begins no other. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#task.running?.catch(() => {});
  }

  stats(): LogStats['checkpoint'] {
    return {
      running: this.#task.running !== undefined,
      finished: this.#finished,
      failures: this.#failures,
      lastError: this.#lastError,
    };
  }

  async #attempt(): Promise<void> {
    const database = this.#database;
    const { content, emit } = this.#options;
    this.checkNotStopped();
    const start = performance.now();
    const isHealing = database.failure !== undefined;
    let entryCount = 0;
    let sequence: number;
    try {
      if (!database.isLogFresh) await database.beginLog();
      const taken = content();
      ({ sequence } = taken);
      async function* counted() {
        for await (const slice of taken.entries()) {
          entryCount += slice.length;
          yield slice;
        }
      }
      try {
        await database.checkpoint(counted(), sequence);
      } finally {
        taken.close();
      }
    } catch (error) {
      if (!this.#isStopped) this.#failed(error);
      throw error;
    }
    this.#finished++;
    this.#inARow = 0;
    this.#lastError = undefined;
    const ms = performance.now() - start;
    emit({ type: 'checkpoint', sequence, entryCount, ms });
    if (isHealing && database.failure === undefined) emit({ type: 'log-healed', sequence, ms });
  }

  #failed(error: unknown): void {
    this.#failures++;
    this.#inARow++;
    this.#lastError = error;
    this.#options.emit({ type: 'checkpoint-error', error, retryMs: this.#retryMs() });
  }

  #retryMs(): number {
    const { retryMs, retryMsMax } = this.#options;
    return Math.min(retryMsMax, retryMs * 2 ** Math.min(this.#inARow - 1, 31));
  }
}
