import { writeFileSync } from 'node:fs';
import type { MemTable, MemTableStats } from '@memtable/memtable';
import { systemReason } from '../sources/system-reason.js';

/** The memtable in a dump. */
export type DumpedTable = Pick<MemTableStats, 'layout' | 'index' | 'entryCount'> & {
  readonly path: string;
  /** Bytes of the file. */
  readonly bytes: number;
};

/** Writes the bytes of the first frozen memtable to a file. The page opens it, and `inspectMemTable` reads it. */
export class Dump {
  readonly #path: string;
  #written: DumpedTable | undefined;
  #error: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Call this for every frozen table, before its memory is freed. Only the first call writes. */
  take(table: MemTable): void {
    if (this.#written !== undefined || this.#error !== undefined) return;
    const { u8, usedBytes } = table.arena.memory;
    const { layout, index, entryCount } = table.stats();
    try {
      writeFileSync(this.#path, u8.subarray(0, usedBytes));
      this.#written = { path: this.#path, layout, index, entryCount, bytes: usedBytes };
    } catch (error) {
      this.#error = `cannot write the dump to ${this.#path}: ${systemReason(error)}`;
    }
  }

  /** What was written; undefined if nothing was. */
  get written(): DumpedTable | undefined {
    return this.#written;
  }

  /** Why no dump was written; undefined if one was. */
  get error(): string | undefined {
    if (this.#error !== undefined || this.#written !== undefined) return this.#error;
    return `no dump in ${this.#path}: there was no entry, so no memtable was frozen`;
  }
}
