import { writeFileSync } from 'node:fs';
import type { MemTable } from '@memtable/memtable';
import { systemReason } from '../sources/system-reason.js';

/** Writes the bytes of the first frozen memtable to a file. The page opens it, and `inspectMemTable` reads it. */
export class Dump {
  readonly #path: string;
  #written = false;
  #error: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Call this for every frozen table, before its memory is freed. Only the first call writes. */
  take(table: MemTable): void {
    if (this.#written || this.#error !== undefined) return;
    const { u8, usedBytes } = table.arena.memory;
    try {
      writeFileSync(this.#path, u8.subarray(0, usedBytes));
      this.#written = true;
    } catch (error) {
      this.#error = `cannot write the dump to ${this.#path}: ${systemReason(error)}`;
    }
  }

  /** Why no dump was written; undefined if one was. */
  get error(): string | undefined {
    if (this.#error !== undefined || this.#written) return this.#error;
    return `no dump in ${this.#path}: there was no entry, so no memtable was frozen`;
  }
}
