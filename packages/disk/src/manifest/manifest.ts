/**
 * The MANIFEST: which files make the database, as a log of version edits (LevelDB db/version_set.cc).
 *
 * `CURRENT` has the name of the live one. It is replaced in one step, after everything that it leads to is durable:
 *
 * ```
 *    MANIFEST-000008 made, written, synced      a crash here: CURRENT leads to the old one
 *    directory synced
 *    000008.dbtmp made, written, synced
 *    000008.dbtmp renamed to CURRENT            here: to the old or the new one, both whole
 *    directory synced                           from here on: to the new one
 * ```
 *
 * Edits are synced one by one. So a flaw with a sound edit behind it is no torn write: the MANIFEST is damaged. A flaw
 * at the end is one, and the edit that was torn was never acknowledged.
 */
import { DiskError } from '../errors.js';
import type { AppendFile, Files } from '../files.js';
import type { LogFlaw } from '../log/flaw.js';
import { readLog } from '../log/reader.js';
import { LogWriter } from '../log/writer.js';
import { openFile } from '../open-file.js';
import { CURRENT, fileName, parseFileName } from './file-names.js';
import { Version } from './version.js';
import { VersionEdit } from './version-edit.js';

const CURRENT_BYTES_MAX = 64;

/** What a directory's MANIFEST says. */
export interface ManifestContent {
  readonly version: Version;
  /** The number in its name. */
  readonly number: number;
  /** The torn edit at its end, if there is one. */
  readonly flaw: LogFlaw | undefined;
}

/**
 * Reads `CURRENT` and the MANIFEST that it names.
 * @throws DiskError `DISK_MISSING_FILE`, `DISK_MANIFEST_CORRUPT`, `DISK_FOREIGN_COMPARATOR`, `DISK_UNSUPPORTED`,
 *   `DISK_IO`
 */
export async function readManifest(files: Files): Promise<ManifestContent> {
  const name = await readCurrent(files);
  const version = new Version();
  const seen = { logNumber: false, nextFileNumber: false, lastSequence: false };
  const fields = Object.keys(seen) as (keyof typeof seen)[];
  let flaw: LogFlaw | undefined;
  const file = await openFile(files, name);
  try {
    for (const piece of readLog(file)) {
      if (flaw !== undefined) {
        const why = `a flaw at byte ${flaw.offset}, ${flaw.kind}, with more behind it`;
        throw new DiskError('DISK_MANIFEST_CORRUPT', `${name}: ${why}`, { file: name, flaw });
      }
      if (piece.kind !== 'record') flaw = piece;
      else {
        const edit = VersionEdit.decode(piece.bytes, name);
        version.apply(edit, name);
        for (const field of fields) seen[field] ||= edit[field] !== undefined;
      }
    }
  } catch (error) {
    if (error instanceof DiskError) throw error;
    throw new DiskError('DISK_IO', `${name} could not be read`, { file: name, cause: error });
  } finally {
    await file.close();
  }
  const missing = fields.filter((field) => !seen[field]);
  if (missing.length > 0) {
    throw new DiskError('DISK_MANIFEST_CORRUPT', `${name}: no edit has ${missing.join(', ')}`, {
      file: name,
      ...flawOf(flaw),
    });
  }
  return { version, number: parseFileName(name)!.number, flaw };
}

function flawOf(flaw: LogFlaw | undefined): { flaw?: LogFlaw } {
  return flaw === undefined ? {} : { flaw };
}

/** The name in `CURRENT`. */
async function readCurrent(files: Files): Promise<string> {
  const file = await openFile(files, CURRENT);
  let content: string;
  try {
    const bytes = new Uint8Array(Math.min(file.size, CURRENT_BYTES_MAX));
    file.read(bytes, 0);
    content = new TextDecoder().decode(bytes);
  } catch (cause) {
    throw new DiskError('DISK_IO', `${CURRENT} could not be read`, { file: CURRENT, cause });
  } finally {
    await file.close();
  }
  const name = content.slice(0, -1);
  if (content.endsWith('\n') && parseFileName(name)?.kind === 'manifest') return name;
  throw new DiskError('DISK_MANIFEST_CORRUPT', `${CURRENT} names no MANIFEST: ${JSON.stringify(content)}`, {
    file: CURRENT,
  });
}

/** The live MANIFEST of a database, which grows by an edit with each change of its files. */
export class Manifest {
  readonly name: string;
  readonly number: number;
  readonly #version: Version;
  readonly #file: AppendFile;
  readonly #log: LogWriter;
  #failure: unknown;
  #failed = false;

  /**
   * Writes a MANIFEST that begins with a whole version, and makes it the live one.
   * @param number - one that no file of the directory has
   * @throws DiskError `DISK_IO`: the MANIFEST before is the live one, or this one
   */
  static async create(files: Files, number: number, version: Version): Promise<Manifest> {
    const name = fileName('manifest', number);
    return attempt(name, async () => {
      const file = await files.create(name);
      const manifest = new Manifest(number, version, file);
      try {
        manifest.#log.append(VersionEdit.encode(version.snapshot()));
        await file.sync();
        await files.syncDirectory();
        await setCurrent(files, number);
      } catch (error) {
        await file.close().catch(() => {});
        throw error;
      }
      return manifest;
    });
  }

  private constructor(number: number, version: Version, file: AppendFile) {
    this.name = fileName('manifest', number);
    this.number = number;
    this.#version = version;
    this.#file = file;
    this.#log = new LogWriter(file);
  }

  /** Bytes of the file. */
  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  /** Whether an edit failed, so that it takes no more. */
  get poisoned(): boolean {
    return this.#failed;
  }

  /**
   * Writes an edit, and makes its change in the version once it is durable. One call at a time.
   * @throws DiskError as `Version.check` does; nothing has changed then.
   *   `DISK_IO`: whether the edit is durable is not known. The version is as it was, no further edit is
   *   taken (`DISK_LOG_POISONED`), and no file that the edit adds may be removed before another MANIFEST stands.
   */
  async append(edit: VersionEdit): Promise<void> {
    if (this.#failed) {
      throw new DiskError('DISK_LOG_POISONED', `an edit of ${this.name} failed before: begin a new MANIFEST`, {
        file: this.name,
        cause: this.#failure,
      });
    }
    const whole = { nextFileNumber: this.#version.nextFileNumber, lastSequence: this.#version.lastSequence, ...edit };
    this.#version.check(whole, this.name);
    await attempt(this.name, async () => {
      try {
        this.#log.append(VersionEdit.encode(whole));
        await this.#file.sync();
      } catch (error) {
        this.#failed = true;
        this.#failure = error;
        throw error;
      }
    });
    this.#version.apply(whole, this.name);
  }

  /** Gives its file back. Edits that were appended are durable already. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Makes `CURRENT` name the MANIFEST with this number, durably and in one step. */
async function setCurrent(files: Files, number: number): Promise<void> {
  const temporary = fileName('temporary', number);
  const file = await files.create(temporary);
  try {
    file.append(new TextEncoder().encode(`${fileName('manifest', number)}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, CURRENT);
  await files.syncDirectory();
}

async function attempt<T>(name: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof DiskError && cause.code !== 'DISK_IO') throw cause;
    throw new DiskError('DISK_IO', `${name} could not be written`, { file: name, cause });
  }
}
