import { type MemTable, MemTableError, ValueType } from '@memtable/memtable';
import { TAG_BYTES, tagHigh, tagLow } from '@memtable/memtable/internal';
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
  const key = new InternalKeyBytes();
  return tables.write(async () => {
    for await (const chunk of entries) {
      for (const entry of chunk) {
        if (!tables.isOpen) await tables.begin();
        // Nothing is awaited for an entry: that takes longer than adding it.
        if (tables.add(key.of(entry), entry.value) >= tableBytesMax) await tables.end();
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
    await run.advance();
    if (run.valid) await tables.begin();
    for (; run.valid; run.next()) tables.add(run.key, run.value);
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
      if (this.isOpen) await this.end();
      if (this.#names.length > 0) await this.#files.syncDirectory();
      return this.#written;
    } catch (cause) {
      await this.#file?.close().catch(() => {});
      for (const name of this.#names) await this.#files.remove(name).catch(() => {});
      if (cause instanceof DiskError || cause instanceof MemTableError) throw cause;
      throw new DiskError('DISK_IO', `a table could not be written: ${this.#names.at(-1)}`, { cause });
    }
  }

  get isOpen(): boolean {
    return this.#builder !== undefined;
  }

  async begin(): Promise<void> {
    this.#number = this.#version.takeFileNumber();
    const name = fileName('table', this.#number);
    this.#file = await this.#files.create(name);
    this.#names.push(name);
    this.#builder = new TableBuilder(this.#file, this.#options);
  }

  /** Adds to the table that is open. @returns its bytes so far */
  add(key: Uint8Array, value: Uint8Array): number {
    this.#builder!.add(key, value);
    return this.#builder!.sizeBytes;
  }

  async end(): Promise<void> {
    const { sizeBytes, smallest, largest } = this.#builder!.finish();
    await this.#file!.sync();
    await this.#file!.close();
    this.#builder = this.#file = undefined;
    this.#written.push({ level: this.#level, number: this.#number, sizeBytes, smallest, largest });
  }
}

/** Internal keys of entries, one after the other in the same bytes. */
class InternalKeyBytes {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);

  of({ key, sequence }: LiveEntry): Uint8Array {
    const length = key.length + TAG_BYTES;
    if (length > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 * length);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#bytes.set(key);
    this.#view.setUint32(key.length, tagLow(sequence, ValueType.Value), true);
    this.#view.setUint32(key.length + 4, tagHigh(sequence), true);
    return this.#bytes.subarray(0, length);
  }
}
