import { DiskError } from '../errors.js';
import type { Files, ReadFile } from '../files.js';
import type { TableMeta } from '../manifest/version-edit.js';
import { compareInternalKeys } from '../table/internal-order.js';
import { TableReader } from '../table/reader.js';
import type { TableCursor } from '../table/table-cursor.js';
import { openFile } from '../open-file.js';
import type { EntryRun } from './entry-run.js';

/** A table, and its name: old databases have another suffix. */
export interface NamedTable {
  readonly name: string;
  readonly meta: TableMeta;
}

/** The entries of tables one behind the other, of which one is open at a time. */
export class TableRun implements EntryRun {
  readonly #files: Files;
  readonly #tables: readonly NamedTable[];
  readonly #checksums: boolean;
  #at = 0;
  #file: ReadFile | undefined;
  #cursor: TableCursor | undefined;

  /** @param tables - in the order of their keys, without overlap */
  constructor(files: Files, tables: readonly NamedTable[], checksums: boolean) {
    this.#files = files;
    this.#tables = tables;
    this.#checksums = checksums;
  }

  get valid(): boolean {
    return this.#cursor?.valid === true;
  }

  get key(): Uint8Array {
    return this.#cursor!.internalKeyView;
  }

  get value(): Uint8Array {
    return this.#cursor!.valueView;
  }

  next(): void {
    this.#cursor!.next();
  }

  async advance(): Promise<void> {
    while (!this.valid && this.#at < this.#tables.length) {
      await this.close();
      const { name, meta } = this.#tables[this.#at++];
      this.#file = await openFile(this.#files, name);
      if (this.#file.size !== meta.sizeBytes) {
        const why = `it has ${this.#file.size} bytes, the MANIFEST says ${meta.sizeBytes}`;
        throw new DiskError('DISK_TABLE_CORRUPT', `${name}: ${why}`, { file: name });
      }
      this.#cursor = TableReader.open(this.#file, { name, checksums: this.#checksums }).iterator();
      this.#cursor.seekToFirst();
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = this.#cursor = undefined;
    await file?.close();
  }
}

/**
 * Deals tables out into as few runs as there are tables over one another. Levels do not matter: the newest version of a
 * key is the one with the highest sequence, wherever it lies.
 */
export function runsOf(tables: Iterable<NamedTable>): NamedTable[][] {
  const runs: NamedTable[][] = [];
  for (const table of [...tables].sort(bySmallest)) {
    const run = runs.find((each) => compare(each.at(-1)!.meta.largest, table.meta.smallest) < 0);
    if (run === undefined) runs.push([table]);
    else run.push(table);
  }
  return runs;
}

function bySmallest(a: NamedTable, b: NamedTable): number {
  return compare(a.meta.smallest, b.meta.smallest);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return compareInternalKeys(a, 0, a.length, b, 0, b.length);
}
