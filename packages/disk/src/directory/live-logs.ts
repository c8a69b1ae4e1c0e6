/**
 * The logs that are being written: the current one, and older ones whose bytes are not durable yet.
 *
 * Each log begins with a sync mark, and after each sync the next write brings one. replay.ts says what it is for. Only
 * at the start of a log a mark is an append of its own; elsewhere it costs 19 bytes and no call.
 */
import { WriteBatch } from '@memtable/memtable';
import { DiskError } from '../errors.js';
import type { AppendFile, Files } from '../files.js';
import { LoggedBatch } from '../log/logged-batch.js';
import { LogWriter } from '../log/writer.js';
import { fileName } from '../manifest/file-names.js';

/** A log and what is known of it. */
interface LiveLog {
  readonly number: number;
  readonly file: AppendFile;
  readonly writer: LogWriter;
  /** Bytes that are durable. */
  syncedBytes: number;
  /** A sync of it failed: what it was for is never durable, whatever later syncs say. */
  failure: { readonly cause: unknown } | undefined;
  /** The sync that runs; a file is not closed under it. */
  syncing: Promise<void> | undefined;
}

export class LiveLogs {
  readonly #files: Files;
  readonly #header = new LoggedBatch();
  #current: LiveLog;
  /** From the oldest to the newest. */
  #older: LiveLog[] = [];
  /** The sequence of the last write that was appended. */
  #lastSequence: number;
  /** All logged writes up to this sequence are durable. */
  #syncedSequence: number;
  /** The sequence of the last mark. */
  #mark: number;

  /**
   * Begins the first log of a session.
   * @param lastSequence - of the last write before it, durable as all before
   */
  static async begin(files: Files, number: number, lastSequence: number): Promise<LiveLogs> {
    const log = await createLog(files, number, lastSequence + 1);
    return new LiveLogs(files, log, lastSequence);
  }

  private constructor(files: Files, log: LiveLog, lastSequence: number) {
    this.#files = files;
    this.#current = log;
    this.#lastSequence = this.#syncedSequence = lastSequence;
    this.#mark = lastSequence + 1;
  }

  /** The number of the current log. */
  get number(): number {
    return this.#current.number;
  }

  /** Bytes of all logs. */
  get sizeBytes(): number {
    return this.#older.reduce((bytes, { writer }) => bytes + writer.sizeBytes, this.#current.writer.sizeBytes);
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get syncedSequence(): number {
    return this.#syncedSequence;
  }

  /** Whether the current log takes no more: `begin` another one. */
  get poisoned(): boolean {
    return this.#current.writer.poisoned || this.#current.failure !== undefined;
  }

  /**
   * Appends a batch, with the sequence in it, to the current log.
   * @throws DiskError `DISK_IO`, `DISK_LOG_POISONED`: the write must not be acknowledged, and the next one
   *   takes its sequences
   */
  append(batch: Uint8Array): void {
    const header = this.#header;
    // A batch without writes would be a mark, and may not be true. A gap would look like writes that were lost.
    if (!header.loadHeader(batch) || header.sequence !== this.#lastSequence + 1 || header.count === 0) {
      throw new TypeError(`a batch must have writes, and go on behind the last one, ${this.#lastSequence}`);
    }
    const { writer, failure } = this.#current;
    if (failure !== undefined) {
      const file = fileName('log', this.#current.number);
      throw new DiskError('DISK_LOG_POISONED', `a sync of ${file} failed before: begin a new log`, {
        file,
        ...failure,
      });
    }
    if (this.#syncedSequence >= this.#mark) {
      writer.add(markOf(this.#syncedSequence + 1));
      this.#mark = this.#syncedSequence + 1;
    }
    writer.append(batch);
    this.#lastSequence = header.lastSequence;
  }

  /**
   * Resolves when all that was appended before the call is durable.
   * @throws DiskError `DISK_IO`: nothing of a log whose sync failed is durable before a checkpoint has it
   */
  async sync(): Promise<void> {
    const lastSequence = this.#lastSequence;
    for (const log of [...this.#older, this.#current]) {
      await syncLog(log);
      // A log that was dropped meanwhile is durable elsewhere.
      if (log.failure === undefined || !this.#isLive(log)) continue;
      const file = fileName('log', log.number);
      throw new DiskError('DISK_IO', `${file} could not be synced`, { file, cause: log.failure.cause });
    }
    this.#syncedSequence = Math.max(this.#syncedSequence, lastSequence);
  }

  /**
   * Begins another log. Appends go to the current one until it stands, then to the new one.
   * @throws DiskError `DISK_IO`; the current log is the same then
   */
  async begin(number: number): Promise<void> {
    const mark = this.#syncedSequence + 1;
    const log = await createLog(this.#files, number, mark);
    this.#older.push(this.#current);
    this.#current = log;
    this.#mark = mark;
  }

  /** Forgets logs with lower numbers: what they have is durable elsewhere, up to this sequence. */
  async dropBelow(number: number, syncedSequence: number): Promise<void> {
    const dropped = this.#older.filter((log) => log.number < number);
    this.#older = this.#older.filter((log) => log.number >= number);
    this.#syncedSequence = Math.max(this.#syncedSequence, syncedSequence);
    for (const log of dropped) await closeLog(log);
  }

  async close(): Promise<void> {
    for (const log of [...this.#older, this.#current]) await closeLog(log);
  }

  #isLive(log: LiveLog): boolean {
    return log === this.#current || this.#older.includes(log);
  }
}

/** Makes durable what was appended to a log so far, or notes that it failed. */
async function syncLog(log: LiveLog): Promise<void> {
  const bytes = log.writer.sizeBytes;
  if (log.failure !== undefined || log.syncedBytes >= bytes) return;
  try {
    log.syncing = log.file.sync();
    await log.syncing;
    log.syncedBytes = Math.max(log.syncedBytes, bytes);
  } catch (cause) {
    log.failure = { cause };
  }
}

async function closeLog(log: LiveLog): Promise<void> {
  await log.syncing?.catch(() => {});
  await log.file.close();
}

/** A new log, whose name and mark are durable. */
async function createLog(files: Files, number: number, mark: number): Promise<LiveLog> {
  const name = fileName('log', number);
  let file: AppendFile | undefined;
  try {
    file = await files.create(name);
    const writer = new LogWriter(file);
    writer.append(markOf(mark));
    await file.sync();
    await files.syncDirectory();
    return { number, file, writer, syncedBytes: writer.sizeBytes, failure: undefined, syncing: undefined };
  } catch (cause) {
    await file?.close().catch(() => {});
    throw new DiskError('DISK_IO', `${name} could not be begun`, { file: name, cause });
  }
}

/** A batch that says: everything below `sequence` is durable. */
function markOf(sequence: number): Uint8Array {
  const batch = new WriteBatch();
  batch.sequence = sequence;
  return batch.bytes;
}
