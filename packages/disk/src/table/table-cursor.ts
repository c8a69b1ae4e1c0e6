import { encodeInternalKey, parseInternalKey, type Sequence, SEQUENCE_MAX, type ValueType } from '@memtable/memtable';
import { TAG_BYTES } from '@memtable/memtable/internal';
import { DiskError } from '../errors.js';
import type { BlockCursor } from './block-cursor.js';
import type { TableFile } from './table-file.js';

/**
 * A place among the versions of a table, as a MemTableCursor is one of a memtable: stepping or reading while it is not
 * `valid` throws `DISK_NOT_POSITIONED`. After `DISK_TABLE_CORRUPT` its place is not defined; it can be sought again.
 *
 * It has one data block at a time. Two levels, as in LevelDB's table/two_level_iterator.cc: the index says which block.
 */
export class TableCursor {
  readonly #table: TableFile;
  readonly #index: BlockCursor;
  readonly #data: BlockCursor;

  /** @internal */
  constructor(table: TableFile) {
    this.#table = table;
    this.#index = table.indexCursor();
    this.#data = table.blockCursor();
  }

  /** Whether it stands on an entry. */
  get valid(): boolean {
    return this.#data.valid;
  }

  /** To the first entry of the table. @throws DiskError `DISK_TABLE_CORRUPT`, `DISK_UNSUPPORTED`, `DISK_IO` */
  seekToFirst(): void {
    this.#index.seekToFirst();
    this.#load();
    this.#data.seekToFirst();
    this.#skipForwards();
  }

  /** To the last entry of the table. @throws as `seekToFirst` */
  seekToLast(): void {
    this.#index.seekToLast();
    this.#load();
    this.#data.seekToLast();
    this.#skipBackwards();
  }

  /** To the first entry at or after (key, sequence): the newest version of `key` that it sees, or what follows. */
  seek(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): void {
    const target = encodeInternalKey(key, sequence);
    this.#index.seek(target);
    this.#load();
    this.#data.seek(target);
    this.#skipForwards();
  }

  /** One entry on. @throws as `seekToFirst`; `DISK_NOT_POSITIONED` */
  next(): void {
    this.#check();
    this.#data.next();
    this.#skipForwards();
  }

  /** One entry back. @throws as `seekToFirst`; `DISK_NOT_POSITIONED` */
  prev(): void {
    this.#check();
    this.#data.prev();
    this.#skipBackwards();
  }

  /** The user key; a copy. */
  get key(): Uint8Array {
    return this.keyView.slice();
  }

  /** The value, empty for a deletion; a copy. */
  get value(): Uint8Array {
    return this.valueView.slice();
  }

  /** The user key; a view that is good until the cursor moves. */
  get keyView(): Uint8Array {
    this.#check();
    return this.#data.key.subarray(0, this.#data.keyLength - TAG_BYTES);
  }

  /** The key with its tag; a view that is good until the cursor moves. */
  get internalKeyView(): Uint8Array {
    this.#check();
    return this.#data.key.subarray(0, this.#data.keyLength);
  }

  /** The value; a view that is good for as long as somebody has it. */
  get valueView(): Uint8Array {
    this.#check();
    const { bytes, valueStart, valueLength } = this.#data;
    return bytes.subarray(valueStart, valueStart + valueLength);
  }

  /** The sequence of the write that made the entry. */
  get sequence(): Sequence {
    return parseInternalKey(this.internalKeyView)!.sequence;
  }

  /** Whether the entry is a put or a deletion. */
  get type(): ValueType {
    this.#check();
    return this.#data.key[this.#data.keyLength - TAG_BYTES] as ValueType;
  }

  #check(): void {
    if (this.#data.valid) return;
    throw new DiskError('DISK_NOT_POSITIONED', 'the cursor stands on no entry');
  }

  /** Gets the data block that the index stands on; none when it stands on none. */
  #load(): void {
    if (this.#index.valid) this.#data.load(this.#table.readBlock(this.#table.handleAt(this.#index)));
    else this.#data.load(EMPTY_BLOCK);
  }

  #skipForwards(): void {
    while (!this.#data.valid && this.#index.valid) {
      this.#index.next();
      this.#load();
      this.#data.seekToFirst();
    }
  }

  #skipBackwards(): void {
    while (!this.#data.valid && this.#index.valid) {
      this.#index.prev();
      this.#load();
      this.#data.seekToLast();
    }
  }
}

/** A block without entries: no restart, and their number. */
const EMPTY_BLOCK = new Uint8Array(4);
