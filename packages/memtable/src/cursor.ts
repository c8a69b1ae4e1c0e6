import { type Addr, NIL } from '@memtable/arena';
import type { IndexCursor } from '@memtable/skiplist';
import { MemTableError } from './errors.js';
import { copyOut } from './format/copy.js';
import { keyLengthOf, keyStartOf, tagHighOf, tagLowOf, valueLengthOf, valueStartOf } from './format/entry.js';
import { type Sequence, SEQUENCE_MAX, tagSequence, type ValueType } from './format/internal-key.js';
import type { MemTable } from './memtable.js';

/**
 * A place among the versions of a memtable. It sees entries added after it was made. Every use of it after the table
 * was dropped throws `MEMTABLE_DROPPED`; reading or stepping while it is not `valid`, `MEMTABLE_NOT_POSITIONED`.
 */
export class MemTableCursor {
  readonly #table: MemTable;
  readonly #cursor: IndexCursor;

  /** @internal */
  constructor(table: MemTable, cursor: IndexCursor) {
    this.#table = table;
    this.#cursor = cursor;
  }

  /** Whether it stands on an entry. */
  get valid(): boolean {
    this.#checkNotDropped();
    return this.#cursor.entry !== NIL;
  }

  seekToFirst(): void {
    this.#checkNotDropped();
    this.#cursor.seekToFirst();
  }

  seekToLast(): void {
    this.#checkNotDropped();
    this.#cursor.seekToLast();
  }

  /** To the first entry at or after (key, sequence): the newest version of `key` that `sequence` sees, or what follows. */
  seek(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): void {
    this.#checkNotDropped();
    this.#cursor.seek(this.#table.encodeLookupKey(key, sequence), 0);
  }

  next(): void {
    this.#entry();
    this.#cursor.next();
  }

  prev(): void {
    this.#entry();
    this.#cursor.prev();
  }

  /** The user key; a copy. */
  get key(): Uint8Array {
    const entry = this.#entry();
    const { u8, view } = this.#table.arena.memory;
    return copyOut(u8, view, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** The value, empty for a deletion; a copy. */
  get value(): Uint8Array {
    const entry = this.#entry();
    const { u8, view } = this.#table.arena.memory;
    return copyOut(u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  /** The user key in the arena: while the table is active until the next write, else until it is dropped. */
  get keyView(): Uint8Array {
    const entry = this.#entry();
    const { u8, view } = this.#table.arena.memory;
    const start = keyStartOf(view, entry);
    return u8.subarray(start, start + keyLengthOf(view, entry));
  }

  /** The value in the arena, for as long as {@link MemTableCursor.keyView}. */
  get valueView(): Uint8Array {
    const entry = this.#entry();
    const { u8, view } = this.#table.arena.memory;
    const start = valueStartOf(view, entry);
    return u8.subarray(start, start + valueLengthOf(view, entry));
  }

  /**
   * Where the value starts in `table.arena.memory.u8`, for reading it without a view: a scan that makes none is several
   * times as fast. Good for as long as {@link MemTableCursor.keyView}.
   */
  get valueStart(): number {
    return valueStartOf(this.#table.arena.memory.view, this.#entry());
  }

  /** Length of the value in bytes. */
  get valueLength(): number {
    return valueLengthOf(this.#table.arena.memory.view, this.#entry());
  }

  /** Where the user key starts, as {@link MemTableCursor.valueStart}. */
  get keyStart(): number {
    return keyStartOf(this.#table.arena.memory.view, this.#entry());
  }

  /** Length of the user key in bytes. */
  get keyLength(): number {
    return keyLengthOf(this.#table.arena.memory.view, this.#entry());
  }

  get sequence(): Sequence {
    const entry = this.#entry();
    const { view } = this.#table.arena.memory;
    return tagSequence(tagLowOf(view, entry), tagHighOf(view, entry));
  }

  get type(): ValueType {
    const entry = this.#entry();
    return (tagLowOf(this.#table.arena.memory.view, entry) & 0xff) as ValueType;
  }

  #checkNotDropped(): void {
    if (this.#table.arena.dropped) throw new MemTableError('MEMTABLE_DROPPED', 'the memtable has been dropped');
  }

  #entry(): Addr {
    this.#checkNotDropped();
    const entry = this.#cursor.entry;
    if (entry === NIL) throw new MemTableError('MEMTABLE_NOT_POSITIONED', 'the cursor stands on no entry');
    return entry;
  }
}
