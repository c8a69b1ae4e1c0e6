/**
 * Reads the write batches of a database's logs, and decides what a flaw means.
 *
 * A flaw is ambiguous. Either a write was torn by a crash before anybody was told that it is durable, or a write that
 * was durable is damaged. Two things tell them apart:
 *
 * - **Sync marks.** A batch without writes whose sequence is S says that everything below S is on disk. LevelDB replays
 *   it as nothing. A mark behind a flaw with S above the first lost sequence proves that durable writes are lost.
 * - **Sequences.** They have no gaps. When the first batch behind a flaw has the sequence that comes next, nothing was
 *   lost: a refused write left its torn record, and the next one had its number.
 *
 * ```
 *    ... | 7 | 8 | mark 9 | 9 | flaw | 12 | mark 11 |
 *                               10, 11      10 is below 11: a hole, since 10 was durable
 * ```
 *
 * A sound batch behind a flaw proves nothing alone: disks write blocks out of order. They do so with files, too: a log
 * may end early, between two records and so without a trace, while the log after it is whole. There the sequences show
 * it. A log of this package begins with a mark; in one of LevelDB's, which does not, a gap is let pass, as LevelDB may
 * leave one after an error.
 */
import { DiskError } from '../errors.js';
import type { ReadFile } from '../files.js';
import type { LogFlaw } from './flaw.js';
import { LoggedBatch } from './logged-batch.js';
import { type LogRecord, readLog } from './reader.js';

/** What the replay of logs does at a flaw. RocksDB's four modes (WALRecoveryMode). */
export type RecoveryMode =
  /** Stops at the first flaw: what comes before is a state that the store once had. The default. */
  | 'prefix'
  /** Accepts a torn end of a log, or zeros there, and nothing else. */
  | 'tail'
  /** Accepts no flaw. */
  | 'strict'
  /** Takes every sound batch, whatever is lost between them. For disasters. */
  | 'salvage';

/** A log of a database. */
export interface NamedLog {
  readonly name: string;
  readonly log: Uint8Array | ReadFile;
}

/** A flaw, and in which log. */
export interface NamedFlaw extends LogFlaw {
  readonly file: string;
}

/**
 * The batches of logs, each once and in their order. It is one object, which goes on with each step.
 *
 * @example
 * ```ts
 * import { LogReplay, LogWriter } from '@memtable/disk';
 * import { WriteBatch } from '@memtable/memtable';
 *
 * const written: number[] = [];
 * const log = new LogWriter({ append: (bytes) => written.push(...bytes) });
 * const utf8 = new TextEncoder();
 * const batch = new WriteBatch().put(utf8.encode('a'), utf8.encode('1')).del(utf8.encode('b'));
 * batch.sequence = 1;
 * log.append(batch.bytes);
 * const replay = new LogReplay([{ name: '000002.log', log: Uint8Array.from(written) }]);
 * for (const { sequence, count } of replay) console.assert(sequence === 1 && count === 2);
 * replay.lastSequence; // 2
 * ```
 *
 * Iterating throws DiskError `DISK_LOG_CORRUPT` at a flaw that the mode does not accept, and `DISK_LOG_HOLE` when
 * durable writes are lost, but for 'salvage'. What was yielded before is a prefix then, too.
 */
export class LogReplay implements Iterable<LoggedBatch> {
  /** All flaws so far, those that were accepted. */
  readonly flaws: NamedFlaw[] = [];
  readonly #logs: readonly NamedLog[];
  readonly #mode: RecoveryMode;
  #lastSequence: number;
  /** No write with a lower sequence is missing when the next one has this; of writes before the logs at the least. */
  #nextSequence: number;
  /** Whether the log at hand begins with a mark. */
  #isMarked = false;
  #batchCount = 0;
  #droppedCount = 0;

  /**
   * @param logs - from the oldest to the newest
   * @param lastSequence - that of the last write before the logs, 0 for a new database. LevelDB's MANIFEST may name a
   *   later one; holes at the very beginning of the logs are not told from torn ends then.
   */
  constructor(logs: readonly NamedLog[], mode: RecoveryMode = 'prefix', lastSequence = 0) {
    this.#logs = logs;
    this.#mode = mode;
    this.#lastSequence = lastSequence;
    this.#nextSequence = lastSequence + 1;
  }

  /** The sequence of the last write that was yielded; before the first one, that before the logs. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Batches that were yielded. */
  get batchCount(): number {
    return this.#batchCount;
  }

  /** Sound batches behind the flaw at which the replay stopped. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** The batches, oldest first. Each is the same object, which is good until the next one is asked for. */
  *[Symbol.iterator](): Generator<LoggedBatch, void, void> {
    const pieces = new Pieces(this.#logs);
    const batch = new LoggedBatch();
    let piece = pieces.next();
    while (piece !== undefined) {
      const flaw = piece.kind === 'record' ? this.#load(batch, piece) : piece;
      if (flaw !== undefined) {
        const named = { ...flaw, file: pieces.log.name };
        this.flaws.push(named);
        if (this.#mode !== 'salvage') {
          // What a gap comes before is sound, and may be a mark that says what is missing.
          piece = this.#lookAhead(pieces, flaw.kind === 'gap' ? piece : pieces.next(), named);
          continue;
        }
        if (flaw.kind !== 'gap') {
          piece = pieces.next();
          continue;
        }
      }
      if (batch.count > 0) {
        this.#lastSequence = batch.lastSequence;
        this.#batchCount++;
        this.#nextSequence = Math.max(this.#nextSequence, batch.lastSequence + 1);
        yield batch;
      }
      piece = pieces.next();
    }
  }

  /** Takes the batch that a record is. @returns a flaw when it is none, or none that comes next */
  #load(batch: LoggedBatch, { offset, end, bytes }: LogRecord): LogFlaw | undefined {
    if (!batch.load(bytes)) return { kind: 'bad-batch', offset, lostStart: offset, lostEnd: end };
    if (batch.count > 0 && this.#batchCount > 0 && batch.sequence <= this.#lastSequence) {
      return { kind: 'stale-batch', offset, lostStart: offset, lostEnd: end };
    }
    if (offset === 0) this.#isMarked = batch.count === 0;
    if (this.#isMarked && batch.sequence > this.#nextSequence) {
      return { kind: 'gap', offset, lostStart: offset, lostEnd: offset };
    }
    return undefined;
  }

  /**
   * Reads on behind a flaw, to find out what it means.
   * @param first - what comes behind it
   * @returns the batch to go on with, or undefined when the replay ends here
   */
  #lookAhead(pieces: Pieces, first: LogRecord | LogFlaw | undefined, flaw: NamedFlaw): LogRecord | undefined {
    const refuse = (why: string): never => {
      throw new DiskError('DISK_LOG_CORRUPT', `${flaw.file} has a flaw at byte ${flaw.offset}: ${flaw.kind}, ${why}`, {
        file: flaw.file,
        flaw,
      });
    };
    if (this.#mode === 'strict') refuse('and the mode of recovery is strict');
    const isTorn = (flaw.kind === 'truncated' || flaw.kind === 'zeros') && flaw.lostEnd === this.#sizeOf(flaw.file);
    if (this.#mode === 'tail' && !isTorn) refuse('which is no torn end');

    const firstLost = this.#nextSequence;
    const batch = new LoggedBatch();
    let foreign: string | undefined;
    let dropped = 0;
    for (let piece = first; piece !== undefined; piece = pieces.next()) {
      if (piece.kind !== 'record' || !batch.loadHeader(piece.bytes)) continue;
      const { sequence, count } = batch;
      if (count === 0 && sequence > firstLost) {
        const [lostFrom, lostTo] = [firstLost, sequence - 1];
        const lost = `writes ${lostFrom} to ${lostTo} were durable and are lost`;
        throw new DiskError('DISK_LOG_HOLE', `${flaw.file} has a flaw at byte ${flaw.offset}: ${lost}`, {
          file: flaw.file,
          flaw,
          lostFrom,
          lostTo,
        });
      }
      if (count === 0) continue;
      if (dropped === 0 && sequence === firstLost) return piece;
      dropped++;
      // A log of ours begins with a mark. Of others nothing says what was durable, so no write is given up.
      if (pieces.log.name !== flaw.file && (piece.offset === 0 || this.#mode === 'tail')) foreign ??= pieces.log.name;
    }
    if (foreign !== undefined) refuse(`and ${foreign} has later writes`);
    this.#droppedCount += dropped;
    return undefined;
  }

  #sizeOf(file: string): number {
    const { log } = this.#logs.find(({ name }) => name === file)!;
    return 'size' in log ? log.size : log.length;
  }
}

/** The records and flaws of all logs, one after the other. */
class Pieces {
  readonly #logs: readonly NamedLog[];
  #at = 0;
  #reader: Generator<LogRecord | LogFlaw, void, void> | undefined;

  constructor(logs: readonly NamedLog[]) {
    this.#logs = logs;
  }

  /** The log of the last piece. */
  get log(): NamedLog {
    return this.#logs[this.#at];
  }

  next(): LogRecord | LogFlaw | undefined {
    for (; this.#at < this.#logs.length; this.#at++, this.#reader = undefined) {
      this.#reader ??= readLog(this.log.log);
      const { value } = this.#reader.next();
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
