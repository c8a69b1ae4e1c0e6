import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { MemTable, type MemTableOptions, ValueType } from '@memtable/memtable';
import { linesOf, RecordingArena, traceArenaOf } from '../tune/trace.js';
import { Failure } from './failure.js';

/**
 * Writes down what the memtables of a run ask their arenas for, for `tune`. It has memtables of its own, which get the
 * same entries: allocation follows from the entries alone, and so nothing of it is in the way of what is measured.
 */
export class Recorder {
  readonly #options: MemTableOptions;
  readonly #writeBufferBytes: number;
  readonly #path: string;
  readonly #file: WriteStream;
  #arena: RecordingArena;
  #table: MemTable;
  #sequence = 0;

  /** @throws Failure when the file cannot be made */
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
    // `close()` tells of a failure; a run does not end by it, as what was read has to be flushed.
    file.on('error', () => undefined);
    this.#options = options;
    this.#writeBufferBytes = writeBufferBytes;
    this.#arena = this.#makeArena();
    this.#table = new MemTable({ ...options, arena: this.#arena });
  }

  /** Adds what a list has accepted, in the same way. */
  add(key: Uint8Array, value: Uint8Array): void {
    if (this.#table.entryCount > 0 && this.#table.approximateMemoryUsage() > this.#writeBufferBytes) {
      this.#write();
      this.#arena = this.#makeArena();
      this.#table = new MemTable({ ...this.#options, arena: this.#arena });
    }
    this.#table.add(++this.#sequence, ValueType.Value, key, value);
  }

  /** @throws Failure when not everything could be written */
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
