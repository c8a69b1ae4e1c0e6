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

/** Bytes of a log that has only a mark. */
const MARK_BYTES = 7 + 12;

/** Why a log takes no more. */
export interface LogFailure {
  readonly file: string;
  readonly cause: unknown;
}

/** A log and what is known of it. */
interface LiveLog {
  readonly number: number;
  readonly file: AppendFile;
  readonly writer: LogWriter;
  /** Bytes that are durable. */
  syncedBytes: number;
  /** An append or a sync of it failed: what it was for is never durable, whatever later syncs say. */
  failure: LogFailure | undefined;
  /** The sync that runs; a file is not closed under it. */
  syncing: Promise<void> | undefined;
}

export class LiveLogs {
  readonly #files: Files;
  readonly #header = new LoggedBatch();
  #current: LiveLog;
  /** From the oldest to the newest. */
  #older: LiveLog[] = [];
  #olderBytes = 0;
  /** Whether one of them failed. */
  #hasFailed = false;
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
    return this.#olderBytes + this.#current.writer.sizeBytes;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get syncedSequence(): number {
    return this.#syncedSequence;
  }

  /** Whether nothing but its mark was appended to the current log. */
  get isFresh(): boolean {
    const { failure, writer } = this.#current;
    return failure === undefined && writer.sizeBytes === MARK_BYTES;
  }

  /**
   * The first failure of a log that is still needed. Until a checkpoint has taken its place, no write is appended: the
   * end of a log that failed is not known. A record that was refused may be there, and a write behind it would have the
   * same sequence.
   */
  get failure(): LogFailure | undefined {
    return this.#hasFailed
      ? [...this.#older, this.#current].find(({ failure }) => failure !== undefined)?.failure
      : undefined;
  }

  /**
   * Appends a batch, with the sequence in it, to the current log.
   * @param isBuffered - it may wait in the buffer of the log for the next one that may not, or for a sync
   * @throws DiskError `DISK_IO`, `DISK_LOG_POISONED`: the write must not be made, and the next one takes its sequences
   */
  append(batch: Uint8Array, isBuffered = false): void {
    const header = this.#header;
    // A batch without writes would be a mark, and may not be true. A gap would look like writes that were lost.
    if (!header.loadHeader(batch) || header.sequence !== this.#lastSequence + 1 || header.count === 0) {
      throw new TypeError(`a batch must have writes, and go on behind the last one, ${this.#lastSequence}`);
    }
    const { failure } = this;
    if (failure !== undefined) {
      const why = `${failure.file} failed before: begin a new log, and write a checkpoint`;
      throw new DiskError('DISK_LOG_POISONED', why, failure);
    }
    const current = this.#current;
    try {
      if (this.#syncedSequence >= this.#mark) {
        current.writer.add(markOf(this.#syncedSequence + 1));
        this.#mark = this.#syncedSequence + 1;
      }
      if (isBuffered) current.writer.add(batch);
      else current.writer.append(batch);
    } catch (error) {
      this.#fail(current, error);
      throw error;
    }
    this.#lastSequence = header.lastSequence;
  }

  /**
   * Resolves when all that was appended before the call is durable.
   * @throws DiskError `DISK_IO`: nothing of a log that failed is durable before a checkpoint has it
   */
  async sync(): Promise<void> {
    const lastSequence = this.#lastSequence;
    for (const log of [...this.#older, this.#current]) {
      await this.#sync(log);
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
    const before = this.#current;
    this.#flush(before);
    this.#older.push(before);
    this.#olderBytes += before.writer.sizeBytes;
    this.#current = log;
    this.#mark = mark;
  }

  /** Forgets logs with lower numbers: what they have is durable elsewhere, up to this sequence. */
  async dropBelow(number: number, syncedSequence: number): Promise<void> {
    const dropped = this.#older.filter((log) => log.number < number);
    this.#older = this.#older.filter((log) => log.number >= number);
    this.#olderBytes = this.#older.reduce((bytes, { writer }) => bytes + writer.sizeBytes, 0);
    this.#hasFailed = [...this.#older, this.#current].some(({ failure }) => failure !== undefined);
    this.#syncedSequence = Math.max(this.#syncedSequence, syncedSequence);
    for (const log of dropped) await closeLog(log);
  }

  async close(): Promise<void> {
    for (const log of [...this.#older, this.#current]) await closeLog(log);
  }

  #isLive(log: LiveLog): boolean {
    return log === this.#current || this.#older.includes(log);
  }

  #fail(log: LiveLog, cause: unknown): void {
    log.failure ??= { file: fileName('log', log.number), cause };
    if (this.#isLive(log)) this.#hasFailed = true;
  }

  /** Hands over what a log has in its buffer, or notes that it failed. */
  #flush(log: LiveLog): void {
    if (log.failure !== undefined) return;
    try {
      log.writer.flush();
    } catch (error) {
      this.#fail(log, error);
    }
  }

  /** Makes durable what was appended to a log so far, or notes that it failed. */
  async #sync(log: LiveLog): Promise<void> {
    this.#flush(log);
    const bytes = log.writer.sizeBytes;
    if (log.failure !== undefined || log.syncedBytes >= bytes) return;
    try {
      log.syncing = log.file.sync();
      await log.syncing;
      log.syncedBytes = Math.max(log.syncedBytes, bytes);
    } catch (cause) {
      this.#fail(log, cause);
    }
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
