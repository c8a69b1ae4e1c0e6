/**
 * Reads a database: `CURRENT`, its MANIFEST, the logs and the tables that it names. Whether LevelDB wrote it, this
 * package, or one after the other makes no difference.
 */
import { MemTable, MemTableError } from '@memtable/memtable';
import { DiskError } from '../errors.js';
import type { Files, ReadFile } from '../files.js';
import { LogReplay, type NamedFlaw, type NamedLog, type RecoveryMode } from '../log/replay.js';
import { CURRENT, fileName, parseFileName } from '../manifest/file-names.js';
import { readManifest } from '../manifest/manifest.js';
import type { Version } from '../manifest/version.js';
import { openFile } from '../open-file.js';
import { MemTableRun } from './memtable-run.js';
import { type LiveEntry, newestEntries } from './newest-entries.js';
import { type NamedTable, runsOf, TableRun } from './table-run.js';

/** How a database is read. */
export interface RecoveryOptions {
  /** What a flaw of a log means. @defaultValue 'prefix' */
  readonly recovery?: RecoveryMode;
  /** Whether the checksums of tables are checked. @defaultValue true */
  readonly checksums?: boolean;
  /** @internal Called while logs are replayed, with their bytes so far and in all. */
  readonly onReplay?: (readBytes: number, totalBytes: number) => void;
}

/** What a directory had in it. */
export interface Recovery {
  readonly version: Version;
  /** That of the live MANIFEST. */
  readonly manifestNumber: number;
  /** The writes of the logs. */
  readonly logged: MemTable;
  /** The names of the logs that were replayed, from the oldest to the newest. */
  readonly logNames: readonly string[];
  /** Bytes of these logs. */
  readonly logBytes: number;
  /** The sequence of the last write. */
  readonly lastSequence: number;
  /** Flaws of the logs that the mode accepted. */
  readonly flaws: readonly NamedFlaw[];
  /** Sound batches behind the flaw at which the replay stopped. */
  readonly droppedCount: number;
  /** All keys with their values, in order, in chunks. It can be called again, until a checkpoint takes the files. */
  entries(): AsyncGenerator<LiveEntry[], void, void>;
}

/** After so many bytes of a log other work may come between. */
const PAUSE_BYTES = 1 << 20;

/**
 * Reads a database. Tables are read when their entries are asked for.
 * @throws DiskError `DISK_MISSING_FILE`, `DISK_MANIFEST_CORRUPT`, `DISK_FOREIGN_COMPARATOR`, `DISK_UNSUPPORTED`,
 *   `DISK_LOG_CORRUPT`, `DISK_LOG_HOLE`, `DISK_IO`; `DISK_TABLE_CORRUPT` from `entries`
 */
export async function readDatabase(files: Files, options: RecoveryOptions = {}): Promise<Recovery> {
  const { recovery = 'prefix', checksums = true, onReplay } = options;
  const { version, number } = await readManifest(files);
  const names = await files.list();
  const tables = tablesOf(version, names);
  const logNames = logsOf(version, names, recovery);
  const logged = new MemTable();
  const { replay, logBytes } = await replayLogs(files, logNames, recovery, version.lastSequence, logged, onReplay);
  return {
    version,
    manifestNumber: number,
    logged,
    logNames,
    logBytes,
    lastSequence: Math.max(version.lastSequence, replay.lastSequence),
    flaws: replay.flaws,
    droppedCount: replay.droppedCount,
    entries: () =>
      newestEntries([new MemTableRun(logged), ...runsOf(tables).map((run) => new TableRun(files, run, checksums))]),
  };
}

/**
 * Whether a directory has no database yet. What a crash may leave of a new one counts as nothing.
 * @throws DiskError `DISK_MISSING_FILE` when there are tables or logs, but no `CURRENT`
 */
export function isNewDatabase(names: readonly string[]): boolean {
  if (names.includes(CURRENT)) return false;
  const left = names.find((name) => ['log', 'table'].includes(parseFileName(name)?.kind ?? ''));
  if (left === undefined) return true;
  throw new DiskError('DISK_MISSING_FILE', `${CURRENT} is not there, but ${left} is`, { file: CURRENT });
}

/** The tables of a version with their names. */
function tablesOf(version: Version, names: readonly string[]): NamedTable[] {
  const byNumber = new Map<number, string>();
  for (const name of names) {
    const file = parseFileName(name);
    if (file?.kind === 'table') byNumber.set(file.number, name);
  }
  return [...version.tables()].map((meta) => {
    const name = byNumber.get(meta.number);
    if (name === undefined) missing(fileName('table', meta.number));
    return { name, meta };
  });
}

/** The logs that are not in tables yet. */
function logsOf(version: Version, names: readonly string[], mode: RecoveryMode): string[] {
  const logs = names.flatMap((name) => {
    const file = parseFileName(name);
    return file?.kind === 'log' ? [{ name, number: file.number }] : [];
  });
  // The MANIFEST names a log only after it was made. Without it writes are lost, or the MANIFEST lost its last edit.
  const { logNumber, prevLogNumber } = version;
  if (logNumber > 0 && mode !== 'salvage' && !logs.some(({ number }) => number === logNumber)) {
    missing(fileName('log', logNumber));
  }
  return logs
    .filter(({ number }) => number >= logNumber || (number === prevLogNumber && prevLogNumber > 0))
    .sort((a, b) => a.number - b.number)
    .map(({ name }) => name);
}

function missing(file: string): never {
  throw new DiskError('DISK_MISSING_FILE', `${file} is not there`, { file });
}

async function replayLogs(
  files: Files,
  names: readonly string[],
  mode: RecoveryMode,
  lastSequence: number,
  into: MemTable,
  onReplay: RecoveryOptions['onReplay'],
): Promise<{ replay: LogReplay; logBytes: number }> {
  const open: ReadFile[] = [];
  try {
    const logs: NamedLog[] = [];
    for (const name of names) {
      const log = await openFile(files, name);
      open.push(log);
      logs.push({ name, log });
    }
    const totalBytes = open.reduce((sum, { size }) => sum + size, 0);
    const replay = new LogReplay(logs, mode, lastSequence);
    let bytes = 0;
    let readBytes = 0;
    for (const batch of replay) {
      let { sequence } = batch;
      while (batch.next()) {
        const key = batch.bytes.subarray(batch.keyStart, batch.keyStart + batch.keyLength);
        const value = batch.bytes.subarray(batch.valueStart, batch.valueStart + batch.valueLength);
        into.add(sequence++, batch.type, key, value);
      }
      bytes += batch.bytes.length;
      if (bytes < PAUSE_BYTES) continue;
      readBytes += bytes;
      bytes = 0;
      onReplay?.(readBytes, totalBytes);
      await new Promise((goOn) => setTimeout(goOn, 0));
    }
    return { replay, logBytes: totalBytes };
  } catch (error) {
    if (error instanceof DiskError || error instanceof MemTableError) throw error;
    throw new DiskError('DISK_IO', `the logs could not be read: ${names.join(', ')}`, { cause: error });
  } finally {
    for (const log of open) await log.close();
  }
}
