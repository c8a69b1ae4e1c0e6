/**
 * A database directory that is open: its lock, its MANIFEST, its logs. Everything is done in an order that a crash at
 * any moment survives.
 *
 * ```
 *    write        append to the log; synced when somebody waits for the disk; then acknowledge
 *    beginLog     new log made, its mark synced, directory synced; then the first write goes there
 *    checkpoint   tables written and synced, directory synced; edit appended to the MANIFEST and synced:
 *                 the new tables, no old ones, the number of the log that goes on; then the old files go
 * ```
 *
 * Nothing is removed before whatever takes its place is durable. What a crash leaves behind nobody refers to, and it
 * goes when the directory is opened the next time.
 */
import { MemTableError } from '@memtable/memtable';
import { DiskError } from '../errors.js';
import type { FileLock, Files } from '../files.js';
import { fileName, LOCK, parseFileName } from '../manifest/file-names.js';
import { Manifest } from '../manifest/manifest.js';
import { obsoleteFiles } from '../manifest/obsolete-files.js';
import { Version } from '../manifest/version.js';
import type { VersionEdit } from '../manifest/version-edit.js';
import { LiveLogs, type LogFailure } from './live-logs.js';
import type { LiveEntry } from './newest-entries.js';
import { isNewDatabase, readDatabase, type Recovery, type RecoveryOptions } from './recovery.js';
import { type TableOptions, writeMemTable, writeTables } from './write-tables.js';

/** How a database is opened. */
export interface DatabaseOptions extends RecoveryOptions, TableOptions {}

/**
 * A database that is open for writing. It does not know what is in it: whoever opens it reads `recovery`, keeps the
 * entries in memory, and gives them to `checkpoint`.
 *
 * @example
 * ```ts
 * import { Database } from '@memtable/disk';
 * import { WriteBatch } from '@memtable/memtable';
 * import { MemoryFiles } from '@memtable/testing';
 *
 * const files = new MemoryFiles();
 * const utf8 = new TextEncoder();
 * let database = await Database.open(files);
 * const batch = new WriteBatch().put(utf8.encode('fruit'), utf8.encode('apple'));
 * batch.sequence = database.lastSequence + 1;
 * database.append(batch.bytes);
 * await database.sync();
 * database = await Database.open(files.crash(1));
 * const text = new TextDecoder();
 * const found: string[] = [];
 * for await (const entries of database.recovery.entries()) found.push(...entries.map(({ key }) => text.decode(key)));
 * found; // ['fruit']
 * ```
 */
export class Database {
  readonly #files: Files;
  readonly #lock: FileLock;
  readonly #version: Version;
  readonly #logs: LiveLogs;
  readonly #tableOptions: TableOptions;
  #manifest: Manifest;
  /** Bytes of logs of earlier sessions that no checkpoint has yet. */
  #earlierLogBytes: number;
  /** What was there when it was opened. */
  readonly recovery: Recovery;

  /**
   * Opens the database of a directory, or makes a new one.
   *
   * Logs without flaws stay as they are. When one has a flaw that the mode accepts, all of their writes go to a table,
   * so that the flaw is judged once: what is written from now on does not lie behind it.
   * @throws DiskError `DISK_LOCKED`, `DISK_LOCK_UNAVAILABLE`, and what `readDatabase` throws
   */
  static async open(files: Files, options: DatabaseOptions = {}): Promise<Database> {
    const { recovery: mode, checksums, onReplay, ...tableOptions } = options;
    const lock = await takeLock(files);
    try {
      await makeNewDatabase(files);
      const recovery = await readDatabase(files, {
        ...(mode && { recovery: mode }),
        ...(checksums === false && { checksums }),
        ...(onReplay && { onReplay }),
      });
      return await begin(files, lock, recovery, tableOptions);
    } catch (error) {
      await lock.release();
      if (error instanceof DiskError || error instanceof MemTableError) throw error;
      throw new DiskError('DISK_IO', 'the database could not be opened', { cause: error });
    }
  }

  /** @internal */
  constructor(
    files: Files,
    lock: FileLock,
    recovery: Recovery,
    logs: LiveLogs,
    manifest: Manifest,
    tableOptions: TableOptions,
  ) {
    this.#files = files;
    this.#lock = lock;
    this.#version = recovery.version;
    this.#logs = logs;
    this.#manifest = manifest;
    this.#tableOptions = tableOptions;
    this.recovery = recovery;
    this.#earlierLogBytes = recovery.flaws.length === 0 ? recovery.logBytes : 0;
  }

  /** The sequence of the last write. */
  get lastSequence(): number {
    return this.#logs.lastSequence;
  }

  /** All logged writes up to this sequence survive a power cut. */
  get syncedSequence(): number {
    return this.#logs.syncedSequence;
  }

  /** Bytes of the logs since the last checkpoint. */
  get logBytes(): number {
    return this.#earlierLogBytes + this.#logs.sizeBytes;
  }

  /** Whether nothing was appended to the current log yet. */
  get isLogFresh(): boolean {
    return this.#logs.isFresh;
  }

  /**
   * Why the log takes no more: an append or a sync failed. Undefined when it does. `beginLog`, then `checkpoint`, heal
   * that.
   */
  get failure(): LogFailure | undefined {
    return this.#logs.failure;
  }

  /**
   * Appends a write batch to the log: it survives the end of this process when the call returns.
   * @param batch - LevelDB's bytes of one, with the sequence behind the last one
   * @param isBuffered - it does so only after the next call without this, or a sync
   * @throws DiskError `DISK_IO`, `DISK_LOG_POISONED`: the write must not be acknowledged, and the next one
   *   takes its sequences
   */
  append(batch: Uint8Array, isBuffered = false): void {
    this.#logs.append(batch, isBuffered);
  }

  /**
   * Resolves when all writes that were appended before the call survive a power cut.
   * @throws DiskError `DISK_IO`: they do not, before a checkpoint has them
   */
  async sync(): Promise<void> {
    await this.#logs.sync();
  }

  /**
   * Begins another log. Appends go to the old one until the new one stands.
   * @throws DiskError `DISK_IO`, `DISK_LOCK_LOST`; the log is the old one then
   */
  async beginLog(): Promise<void> {
    this.#checkLock();
    await this.#logs.begin(this.#version.takeFileNumber());
  }

  /**
   * Writes the whole content to tables, which take the place of all tables and logs but the current log. Call
   * `beginLog` before, then take the entries; appends go on meanwhile. One checkpoint at a time.
   * @param entries - all live entries in the order of their keys, with all writes of the logs before the current one
   * @param lastSequence - of the last write that the entries have
   * @throws DiskError `DISK_IO`, `DISK_LOCK_LOST`: the database is as it was
   */
  async checkpoint(
    entries: Iterable<readonly LiveEntry[]> | AsyncIterable<readonly LiveEntry[]>,
    lastSequence: number,
  ): Promise<void> {
    this.#checkLock();
    const logNumber = this.#logs.number;
    const newTables = await writeTables(this.#files, this.#version, entries, this.#tableOptions);
    const deletedTables = [...this.#version.tables()].map(({ level, number }) => ({ level, number }));
    await this.#commit({ logNumber, prevLogNumber: 0, lastSequence, newTables, deletedTables });
    this.#earlierLogBytes = 0;
    await this.#logs.dropBelow(logNumber, lastSequence);
    await removeObsolete(this.#files, this.#version, this.#manifest.number);
  }

  /**
   * Makes all writes durable, and gives the directory free.
   * @throws DiskError `DISK_IO` when they could not be; the directory is free all the same
   */
  async close(): Promise<void> {
    try {
      await this.#logs.sync();
    } finally {
      await this.#logs.close();
      await this.#manifest.close();
      await this.#lock.release();
    }
  }

  /** Others may have made a database of their own where the lock is lost. */
  #checkLock(): void {
    if (this.#lock.isHeld()) return;
    throw new DiskError('DISK_LOCK_LOST', 'the directory or its lock was removed or replaced', { file: LOCK });
  }

  /** Makes an edit. Whether one that failed is durable is not known, so another MANIFEST comes before the next one. */
  async #commit(edit: VersionEdit): Promise<void> {
    if (this.#manifest.poisoned) {
      const next = await Manifest.create(this.#files, this.#version.takeFileNumber(), this.#version);
      await this.#manifest.close();
      this.#manifest = next;
    }
    await this.#manifest.append(edit);
  }
}

async function takeLock(files: Files): Promise<FileLock> {
  let lock: FileLock | undefined;
  try {
    await files.makeDirectory();
    lock = await files.lock(LOCK);
  } catch (cause) {
    if (cause instanceof DiskError) throw cause;
    throw new DiskError('DISK_IO', 'the directory could not be made or locked', { cause });
  }
  if (lock === undefined) throw new DiskError('DISK_LOCKED', 'somebody else has the database open', { file: LOCK });
  return lock;
}

/** Makes a database where there is none, as LevelDB does: a MANIFEST without files. Logs come later. */
async function makeNewDatabase(files: Files): Promise<void> {
  const names = await files.list();
  if (!isNewDatabase(names)) return;
  const left = names.filter((name) => parseFileName(name) !== undefined);
  for (const name of left) await files.remove(name);
  const manifest = await Manifest.create(files, 1, new Version());
  await manifest.close();
}

/** From what was read to a log and a MANIFEST that go on. */
async function begin(files: Files, lock: FileLock, recovery: Recovery, options: TableOptions): Promise<Database> {
  const { version, logNames, logged, lastSequence, flaws } = recovery;
  for (const name of await files.list()) version.markFileNumberUsed(parseFileName(name)?.number ?? 0);
  version.markFileNumberUsed(version.logNumber);

  // A process that was killed left writes, edits and names in the hands of the system only. Whatever was read must be
  // durable before the mark of the new log says so: an edit that is lost would bring logs back that have lost writes.
  await files.syncFile(fileName('manifest', recovery.manifestNumber));
  for (const name of logNames) await files.syncFile(name);
  await files.syncDirectory();
  const keepsLogs = flaws.length === 0;
  const newTables = keepsLogs ? [] : await writeMemTable(files, version, logged, options);

  const logs = await LiveLogs.begin(files, version.takeFileNumber(), lastSequence);
  if (!keepsLogs) version.apply({ logNumber: logs.number, prevLogNumber: 0, lastSequence, newTables });
  else if (logNames.length === 0) version.apply({ logNumber: logs.number });
  const manifest = await Manifest.create(files, version.takeFileNumber(), version);
  await removeObsolete(files, version, manifest.number);
  return new Database(files, lock, recovery, logs, manifest, options);
}

/** Removes what nobody refers to. What cannot be removed now is tried again the next time. */
async function removeObsolete(files: Files, version: Version, manifestNumber: number): Promise<void> {
  try {
    for (const name of obsoleteFiles(await files.list(), version, manifestNumber)) await files.remove(name);
  } catch {
    // Nothing is lost by a file too many.
  }
}
