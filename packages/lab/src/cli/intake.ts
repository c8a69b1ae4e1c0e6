import { type MemTableList, MemTableError, WriteBatch } from '@memtable/memtable';
import type { Source } from '../sources/open-source.js';
import { BadInput, ByteLimit, type Entry, type Fields } from '../sources/source.js';
import type { MemtableLog } from './memtable-log.js';
import { type Figures, type Progress } from './progress.js';
import type { Recorder } from './recorder.js';
import { Expectation } from './verify.js';

const SKIPPED_SHOWN_MAX = 10;

/** Reads a source into a list, and counts what the list accepts. */
export class Intake {
  readonly expectation = new Expectation();
  readonly limit: ByteLimit;
  readonly #source: Source;
  readonly #skipBad: boolean;
  readonly #progress: Progress;
  readonly #log: MemtableLog;
  readonly #recorder: Recorder | undefined;
  #entries = 0;
  #bytes = 0;
  #skipped = 0;

  constructor(
    source: Source,
    maxBytes: number,
    skipBad: boolean,
    progress: Progress,
    log: MemtableLog,
    recorder?: Recorder,
  ) {
    this.limit = new ByteLimit(maxBytes);
    this.#source = source;
    this.#skipBad = skipBad;
    this.#progress = progress;
    this.#log = log;
    this.#recorder = recorder;
  }

  /** Entries that the list accepted. */
  get entries(): number {
    return this.#entries;
  }

  /** Bad entries that were skipped. */
  get skipped(): number {
    return this.#skipped;
  }

  /** How far reading has come. A bound function, which a progress display calls when it draws. */
  readonly figures = (): Figures => {
    const { totalBytes } = this.#source;
    const parts: number[] = [];
    if (totalBytes !== undefined) parts.push(totalBytes > 0 ? this.#source.readBytes() / totalBytes : 1);
    if (this.limit.max !== Infinity) parts.push(this.limit.max > 0 ? this.#bytes / this.limit.max : 1);
    return { entries: this.#entries, bytes: this.#bytes, done: parts.length === 0 ? undefined : Math.max(...parts) };
  };

  /**
   * Reads to the end of the source, to the limit, or until `signal` aborts.
   * @throws BadInput at the first bad entry, unless bad entries are skipped
   */
  async read(list: MemTableList, fields: Fields, out: string, signal: AbortSignal): Promise<void> {
    const reading = { onBad: (error: BadInput) => this.#onBad(error), limit: this.limit, signal };
    try {
      for await (const entry of this.#source.entries(fields, reading, out)) {
        if (signal.aborted || !this.limit.take(entry.key.length + entry.value.length)) return;
        try {
          await this.#insert(list, entry, signal);
        } catch (error) {
          const full = error instanceof MemTableError && error.code === 'MEMTABLE_FULL';
          // A RangeError means that no buffer of this size could be allocated.
          if (!full && !(error instanceof RangeError)) throw error;
          const bytes = entry.key.length + entry.value.length;
          this.#onBad(new BadInput(entry.where, `an entry of ${bytes} bytes: ${error.message}`, { cause: error }));
          continue;
        }
        this.#entries++;
        this.#bytes += entry.key.length + entry.value.length;
        this.expectation.set(entry.key, entry.value);
        this.#recorder?.add(entry.key, entry.value);
        this.#progress.update(this.figures);
      }
    } catch (error) {
      if (!signal.aborted) throw error; // The abort makes the pending read or write throw.
    }
  }

  async #insert(list: MemTableList, { key, value }: Entry, signal: AbortSignal): Promise<void> {
    const batch = new WriteBatch().put(key, value);
    await list.admit(batch.byteLength, { signal });
    const start = performance.now();
    try {
      list.apply(batch);
    } catch (error) {
      // The memory of the active table ran out before the write buffer was full: wait for the next table.
      if (!(error instanceof MemTableError && error.code === 'MEMTABLE_STALLED')) throw error;
      await list.write(batch, { signal });
      return;
    }
    this.#log.addFill(performance.now() - start);
  }

  #onBad(error: BadInput): void {
    if (!this.#skipBad) throw error;
    this.#skipped++;
    if (this.#skipped <= SKIPPED_SHOWN_MAX) this.#progress.say(`skipped: ${error.message}`);
    if (this.#skipped === SKIPPED_SHOWN_MAX) this.#progress.say('skipped: further bad entries are only counted');
  }
}
