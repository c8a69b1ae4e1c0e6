import { encodeInternalKey, type MemTable } from '@memtable/memtable';
import { DiskError } from '../errors.js';
import type { AppendFile, Files } from '../files.js';
import { fileName } from '../manifest/file-names.js';
import type { Version } from '../manifest/version.js';
import type { TableMeta } from '../manifest/version-edit.js';
import { TableBuilder, type TableBuilderOptions } from '../table/builder.js';
import { MemTableRun } from './memtable-run.js';
import type { LiveEntry } from './newest-entries.js';

/** How tables are written. */
export interface TableOptions extends TableBuilderOptions {
  /** A table ends when it has this many bytes. @defaultValue 33554432, 32 MiB */
  readonly tableBytesMax?: number;
}

const TABLE_BYTES_MAX = 32 << 20;

/**
 * Writes entries to tables of level 1, which do not overlap. They and their names are durable when this resolves.
 * @param entries - in the order of their keys, each key once
 * @throws DiskError `DISK_IO`, `DISK_INVALID_KEY`; what was written is removed then, as far as that goes
 */
export async function writeTables(
  files: Files,
  version: Version,
  entries: Iterable<readonly LiveEntry[]> | AsyncIterable<readonly LiveEntry[]>,
  { tableBytesMax = TABLE_BYTES_MAX, ...options }: TableOptions = {},
): Promise<TableMeta[]> {
  const tables = new NewTables(files, version, 1, options);
  return tables.write(async () => {
    for await (const chunk of entries) {
      for (const { key, value, sequence } of chunk) {
        await tables.add(encodeInternalKey(key, sequence), value, tableBytesMax);
      }
    }
  });
}

/**
 * Writes a memtable, all versions of all keys, to one table of level 0, as LevelDB does.
 * @throws as `writeTables`
 */
export async function writeMemTable(
  files: Files,
  version: Version,
  table: MemTable,
  options: TableBuilderOptions = {},
): Promise<TableMeta[]> {
  const tables = new NewTables(files, version, 0, options);
  return tables.write(async () => {
    const run = new MemTableRun(table);
    for (await run.advance(); run.valid; run.next()) await tables.add(run.key, run.value, Infinity);
  });
}

/** Tables that are being written, one after the other. */
class NewTables {
  readonly #files: Files;
  readonly #version: Version;
  readonly #level: number;
  readonly #options: TableBuilderOptions;
  readonly #written: TableMeta[] = [];
  readonly #names: string[] = [];
  #number = 0;
  #file: AppendFile | undefined;
  #builder: TableBuilder | undefined;

  constructor(files: Files, version: Version, level: number, options: TableBuilderOptions) {
    this.#files = files;
    this.#version = version;
    this.#level = level;
    this.#options = options;
  }

  /** Runs what adds the entries, and makes everything durable. */
  async write(addAll: () => Promise<void>): Promise<TableMeta[]> {
    try {
      await addAll();
      if (this.#builder !== undefined) await this.#end();
      if (this.#names.length > 0) await this.#files.syncDirectory();
      return this.#written;
    } catch (cause) {
      await this.#file?.close().catch(() => {});
      for (const name of this.#names) await this.#files.remove(name).catch(() => {});
      if (cause instanceof DiskError) throw cause;
      throw new DiskError('DISK_IO', `a table could not be written: ${this.#names.at(-1)}`, { cause });
    }
  }

  async add(key: Uint8Array, value: Uint8Array, tableBytesMax: number): Promise<void> {
    if (this.#builder === undefined) await this.#begin();
    this.#builder!.add(key, value);
    if (this.#builder!.sizeBytes >= tableBytesMax) await this.#end();
  }

  async #begin(): Promise<void> {
    this.#number = this.#version.takeFileNumber();
    const name = fileName('table', this.#number);
    this.#file = await this.#files.create(name);
    this.#names.push(name);
    this.#builder = new TableBuilder(this.#file, this.#options);
  }

  async #end(): Promise<void> {
    const { sizeBytes, smallest, largest } = this.#builder!.finish();
    await this.#file!.sync();
    await this.#file!.close();
    this.#builder = this.#file = undefined;
    this.#written.push({ level: this.#level, number: this.#number, sizeBytes, smallest, largest });
  }
}
