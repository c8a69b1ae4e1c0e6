import type { MemTable, MemTableCursor } from '@memtable/memtable';
import { TAG_BYTES } from '@memtable/memtable/internal';
import type { EntryRun } from './entry-run.js';

/** The entries of a memtable, which must not change meanwhile. */
export class MemTableRun implements EntryRun {
  readonly #table: MemTable;
  readonly #cursor: MemTableCursor;
  #begun = false;

  constructor(table: MemTable) {
    this.#table = table;
    this.#cursor = table.iterator();
  }

  get valid(): boolean {
    return this.#cursor.valid;
  }

  get key(): Uint8Array {
    // In an entry the tag follows the user key.
    const { keyStart, keyLength } = this.#cursor;
    return this.#table.arena.memory.u8.subarray(keyStart, keyStart + keyLength + TAG_BYTES);
  }

  get value(): Uint8Array {
    return this.#cursor.valueView;
  }

  next(): void {
    this.#cursor.next();
  }

  async advance(): Promise<void> {
    if (!this.#begun) this.#cursor.seekToFirst();
    this.#begun = true;
  }

  async close(): Promise<void> {}
}
