import { realpath } from 'node:fs/promises';
import { MemTableError } from '@memtable/memtable';
import type { Source } from '../sources/open-source.js';
import { BadInput, ByteLimit, type Entry, type Fields } from '../sources/source.js';
import { Failure } from './failure.js';
import { type Figures, type Progress } from './progress.js';
import type { Recorder } from './recorder.js';
import { Expectation } from './verify.js';

const SKIPPED_SHOWN_MAX = 10;

/** Where entries go: a list of memtables, or a store in a directory. It throws what it does not accept. */
export type Insert = (entry: Entry, signal: AbortSignal) => Promise<void> | void;

/** @throws Failure if the input is the directory that the run writes to */
export async function checkApart(source: Source, directory: string, option: string): Promise<void> {
  if (source.format !== 'directory' || (await realpath(source.path)) !== (await realpath(directory))) return;
  throw new Failure(`the input ${source.path} and ${option} ${directory} are the same directory`);
}

/** Reads a source, and counts the entries that are accepted. */
export class Intake {
  readonly expectation = new Expectation();
  readonly limit: ByteLimit;
  readonly #source: Source;
  readonly #skipBad: boolean;
  readonly #progress: Progress;
  readonly #recorder: Recorder | undefined;
  #entries = 0;
  #bytes = 0;
  #skipped = 0;

  constructor(source: Source, maxBytes: number, skipBad: boolean, progress: Progress, recorder?: Recorder) {
    this.limit = new ByteLimit(maxBytes);
    this.#source = source;
    this.#skipBad = skipBad;
    this.#progress = progress;
    this.#recorder = recorder;
  }

  /** Entries that were accepted. */
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
  async read(insert: Insert, fields: Fields, out: string, signal: AbortSignal): Promise<void> {
    const reading = { onBad: (error: BadInput) => this.#onBad(error), limit: this.limit, signal };
    try {
      for await (const entry of this.#source.entries(fields, reading, out)) {
        if (signal.aborted || !this.limit.take(entry.key.length + entry.value.length)) return;
        try {
          await insert(entry, signal);
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

  #onBad(error: BadInput): void {
    if (!this.#skipBad) throw error;
    this.#skipped++;
    if (this.#skipped <= SKIPPED_SHOWN_MAX) this.#progress.say(`skipped: ${error.message}`);
    if (this.#skipped === SKIPPED_SHOWN_MAX) this.#progress.say('skipped: further bad entries are only counted');
  }
}
