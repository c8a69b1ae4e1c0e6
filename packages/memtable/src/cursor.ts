import { type Addr, type Arena, INSPECT, NIL, show } from '@memtable/arena';
import type { IndexCursor } from '@memtable/skiplist';
import type { EntryTable } from './entry-table.js';
import { MemTableError } from './errors.js';
import { copyOut } from './format/copy.js';
import { keyLengthOf, keyStartOf, tagHighOf, tagLowOf, valueLengthOf, valueStartOf } from './format/entry.js';
import type { LookupKey } from './format/lookup-key.js';
import { type Sequence, SEQUENCE_MAX, TAG_BYTES, tagSequence, type ValueType } from './format/internal-key.js';
import { checkNotComparing, type EntryOrder } from './order.js';

/**
 * A place among the versions of a memtable. It sees entries added after it was made. Stepping or reading while it is not `valid`
 * throws `MEMTABLE_NOT_POSITIONED`; every use after the table was dropped `MEMTABLE_DROPPED`, but for the four numbers.
 *
 * A step takes the entry apart, and `valid` and the four numbers are so small, at most 27 bytes of bytecode, that V8 makes them
 * part of any loop that asks for them: a scan takes half the time. That is why the numbers only look whether there is an entry.
 */
export class MemTableCursor {
  readonly #arena: Arena;
  readonly #cursor: IndexCursor;
  readonly #order: EntryOrder;
  readonly #key: LookupKey;
  #valid = false;
  #entry: Addr = NIL;
  #keyStart = 0;
  #keyLength = 0;
  #valueStart = 0;
  #valueLength = 0;

  /** @internal */
  constructor(table: EntryTable, key: LookupKey) {
    this.#arena = table.arena;
    this.#cursor = table.index.cursor();
    this.#order = table.order;
    this.#key = key;
  }

  /** Whether it stands on an entry. */
  get valid(): boolean {
    if (this.#arena.dropped) dropped();
    return this.#valid;
  }

  seekToFirst(): void {
    checkNotComparing(this.#order);
    this.#checkNotDropped();
    this.#cursor.seekToFirst();
    this.#arrive();
  }

  seekToLast(): void {
    checkNotComparing(this.#order);
    this.#checkNotDropped();
    this.#cursor.seekToLast();
    this.#arrive();
  }

  /** To the first entry at or after (key, sequence): the newest version of `key` that `sequence` sees, or what follows. */
  seek(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): void {
    checkNotComparing(this.#order);
    this.#checkNotDropped();
    const lookupKey = this.#key.setFor(key, sequence);
    this.#cursor.seek(lookupKey.view, lookupKey.at);
    this.#arrive();
  }

  next(): void {
    checkNotComparing(this.#order);
    this.#check();
    this.#cursor.next();
    this.#arrive();
  }

  prev(): void {
    checkNotComparing(this.#order);
    this.#check();
    this.#cursor.prev();
    this.#arrive();
  }

  /** The user key; a copy. */
  get key(): Uint8Array {
    this.#check();
    const { u8, view } = this.#arena.memory;
    return copyOut(u8, view, this.#keyStart, this.#keyLength);
  }

  /** The value, empty for a deletion; a copy. */
  get value(): Uint8Array {
    this.#check();
    const { u8, view } = this.#arena.memory;
    return copyOut(u8, view, this.#valueStart, this.#valueLength);
  }

  /** The user key in the arena: while the table is active until the next write, else until it is dropped. */
  get keyView(): Uint8Array {
    this.#check();
    return new Uint8Array(this.#arena.memory.buffer, this.#keyStart, this.#keyLength);
  }

  /** The value in the arena, for as long as {@link MemTableCursor.keyView}. */
  get valueView(): Uint8Array {
    this.#check();
    return new Uint8Array(this.#arena.memory.buffer, this.#valueStart, this.#valueLength);
  }

  /**
   * Where the value starts in `table.arena.memory.u8`, for reading it without a view: a scan that makes none is several
   * times as fast. Good for as long as {@link MemTableCursor.keyView}.
   */
  get valueStart(): number {
    if (!this.#valid) notPositioned();
    return this.#valueStart;
  }

  /** Length of the value in bytes. */
  get valueLength(): number {
    if (!this.#valid) notPositioned();
    return this.#valueLength;
  }

  /** Where the user key starts, as {@link MemTableCursor.valueStart}. */
  get keyStart(): number {
    if (!this.#valid) notPositioned();
    return this.#keyStart;
  }

  /** Length of the user key in bytes. */
  get keyLength(): number {
    if (!this.#valid) notPositioned();
    return this.#keyLength;
  }

  get sequence(): Sequence {
    this.#check();
    const { view } = this.#arena.memory;
    return tagSequence(tagLowOf(view, this.#entry), tagHighOf(view, this.#entry));
  }

  get type(): ValueType {
    this.#check();
    return (tagLowOf(this.#arena.memory.view, this.#entry) & 0xff) as ValueType;
  }

  [INSPECT](): object {
    return show(this, () => {
      if (this.#arena.dropped) return { dropped: true };
      if (!this.#valid) return { valid: false };
      const { key, sequence, type, valueLength } = this;
      return { key, sequence, type, valueLength };
    });
  }

  /** Takes apart the entry that the index has come to. */
  #arrive(): void {
    const entry = this.#cursor.entry;
    this.#entry = entry;
    this.#valid = entry !== NIL;
    if (entry === NIL) return;
    const { view } = this.#arena.memory;
    const keyStart = keyStartOf(view, entry);
    const keyLength = keyLengthOf(view, entry);
    const length = keyStart + keyLength + TAG_BYTES;
    const valueLength = view.getUint8(length);
    this.#keyStart = keyStart;
    this.#keyLength = keyLength;
    this.#valueLength = valueLength < 0x80 ? valueLength : valueLengthOf(view, entry);
    this.#valueStart = valueLength < 0x80 ? length + 1 : valueStartOf(view, entry);
  }

  #check(): void {
    this.#checkNotDropped();
    if (!this.#valid) notPositioned();
  }

  #checkNotDropped(): void {
    if (this.#arena.dropped) dropped();
  }
}

function dropped(): never {
  throw new MemTableError('MEMTABLE_DROPPED', 'the memtable has been dropped');
}

function notPositioned(): never {
  throw new MemTableError('MEMTABLE_NOT_POSITIONED', 'the cursor stands on no entry');
}
