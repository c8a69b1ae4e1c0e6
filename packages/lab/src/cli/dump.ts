import { writeFileSync } from 'node:fs';
import type { MemTable } from '@memtable/memtable';
import { systemReason } from '../sources/system-reason.js';

/** Writes the first memtable that is frozen to a file, as it lies in memory, for the lab's page and for `inspect`. */
export class Dump {
  readonly #path: string;
  #written = false;
  #error: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** To be called with every table that has been frozen, before its memory is given back. */
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

  /** Why there is no dump, or undefined. */
  get error(): string | undefined {
    if (this.#error !== undefined || this.#written) return this.#error;
    return `no dump in ${this.#path}: there was no entry, so no memtable was frozen`;
  }
}
