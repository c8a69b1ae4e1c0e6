import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { MemTable, type MemTableOptions, ValueType } from '@memtable/memtable';
import { linesOf, RecordingArena, traceArenaOf } from '../tune/trace.js';
import { Failure } from './failure.js';

/**
 * Records the arena requests of a run's memtables, so that `tune` can replay them. It fills memtables of its own with
 * the same entries. Requests depend on the entries alone, so the trace is the same, and recording stays out of the
 * measured inserts.
 */
export class Recorder {
  readonly #options: MemTableOptions;
  readonly #writeBufferBytes: number;
  readonly #path: string;
  readonly #file: WriteStream;
  #arena: RecordingArena;
  #table: MemTable;
  #sequence = 0;

  /** @throws Failure if the file cannot be created */
  static async open(path: string, options: MemTableOptions, writeBufferBytes: number): Promise<Recorder> {
    const file = createWriteStream(path);
    try {
      await once(file, 'open');
    } catch (error) {
      throw new Failure(`cannot write the trace: ${(error as Error).message}`);
    }
    return new Recorder(path, file, options, writeBufferBytes);
  }

  private constructor(path: string, file: WriteStream, options: MemTableOptions, writeBufferBytes: number) {
    this.#path = path;
    this.#file = file;
    // `close()` reports a write error. Until then the run goes on, because accepted entries must be flushed.
    file.on('error', () => undefined);
    this.#options = options;
    this.#writeBufferBytes = writeBufferBytes;
    this.#arena = this.#makeArena();
    this.#table = new MemTable({ ...options, arena: this.#arena });
  }

  /** Adds an entry that the list accepted, and changes tables at the same point as the list. */
  add(key: Uint8Array, value: Uint8Array): void {
    if (this.#table.entryCount > 0 && this.#table.approximateMemoryUsage() > this.#writeBufferBytes) {
      this.#write();
      this.#arena = this.#makeArena();
      this.#table = new MemTable({ ...this.#options, arena: this.#arena });
    }
    this.#table.add(++this.#sequence, ValueType.Value, key, value);
  }

  /** @throws Failure if the trace is incomplete */
  async close(): Promise<void> {
    this.#write();
    this.#file.end();
    try {
      await finished(this.#file);
    } catch (error) {
      throw new Failure(`cannot write the trace ${this.#path}: ${(error as Error).message}`);
    }
  }

  #write(): void {
    for (const line of linesOf(traceArenaOf(this.#arena.requests))) this.#file.write(line);
    this.#table.drop();
  }

  #makeArena(): RecordingArena {
    const { blockBytes = this.#options.layout === 'leveldb' ? 4096 : 16384 } = this.#options;
    return new RecordingArena({ blockBytes });
  }
}
