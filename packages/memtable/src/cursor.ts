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
 * A position among the versions of a memtable. The cursor sees entries that are added after it was made.
 *
 * Stepping or reading while the cursor is not `valid` throws `MEMTABLE_NOT_POSITIONED`. Every use after the table was
 * dropped throws `MEMTABLE_DROPPED`; only `keyStart`, `keyLength`, `valueStart` and `valueLength` do not notice. A
 * comparator that moves a cursor of its own table gets `MEMTABLE_REENTERED`.
 *
 * @example
 * ```ts
 * const utf8 = new TextEncoder();
 * const table = new MemTable();
 * table.add(1, ValueType.Value, utf8.encode('b'), utf8.encode('2'));
 * table.add(2, ValueType.Value, utf8.encode('a'), utf8.encode('1'));
 * const keys: string[] = [];
 * const cursor = table.iterator();
 * for (cursor.seekToFirst(); cursor.valid; cursor.next()) keys.push(new TextDecoder().decode(cursor.key));
 * keys; // ['a', 'b']
 * ```
 *
 * Source: LevelDB's `MemTableIterator` (db/memtable.cc).
 */
export class MemTableCursor {
  readonly #arena: Arena;
  readonly #cursor: IndexCursor;
  readonly #order: EntryOrder;
  readonly #key: LookupKey;

  // A step decodes the entry once. `valid` and the four numbers stay at 27 bytes of bytecode or less: V8 always inlines
  // such getters into the loop of a scan. So the numbers check only whether the cursor is valid [D17].
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

  /** Whether the cursor stands on an entry. @throws MemTableError `MEMTABLE_DROPPED` */
  get valid(): boolean {
    if (this.#arena.dropped) dropped();
    return this.#valid;
  }

  /** Moves to the first entry. Not valid when the table is empty. O(1). */
  seekToFirst(): void {
    checkNotComparing(this.#order);
    this.#checkNotDropped();
    this.#cursor.seekToFirst();
    this.#arrive();
  }

  /** Moves to the last entry. Not valid when the table is empty. O(log n) steps. */
  seekToLast(): void {
    checkNotComparing(this.#order);
    this.#checkNotDropped();
    this.#cursor.seekToLast();
    this.#arrive();
  }

  /**
   * Moves to the first entry at or after (key, sequence): the newest version of `key` that `sequence` may see. Without
   * one, to the first entry of the next key. O(log n) comparisons.
   * @param sequence - from 0 to 2^56 - 1. By default the highest, which sees the newest version
   * @throws MemTableError `MEMTABLE_INVALID_SEQUENCE`; TypeError: the key is not bytes; the comparator's errors
   */
  seek(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): void {
    checkNotComparing(this.#order);
    this.#checkNotDropped();
    const lookupKey = this.#key.setFor(key, sequence);
    this.#cursor.seek(lookupKey.view, lookupKey.at);
    this.#arrive();
  }

  /** Moves to the next entry. Not valid after the last one. O(1). */
  next(): void {
    checkNotComparing(this.#order);
    this.#check();
    this.#cursor.next();
    this.#arrive();
  }

  /** Moves to the entry before. Not valid before the first one. O(log n) comparisons in a skip list, else O(1). */
  prev(): void {
    checkNotComparing(this.#order);
    this.#check();
    this.#cursor.prev();
    this.#arrive();
  }

  /** A copy of the user key. The caller owns it; see {@link MemTableEntry.key}. */
  get key(): Uint8Array {
    this.#check();
    const { u8, view } = this.#arena.memory;
    return copyOut(u8, view, this.#keyStart, this.#keyLength);
  }

  /** A copy of the value, empty for a tombstone. The caller owns it; see {@link MemTableValue.value}. */
  get value(): Uint8Array {
    this.#check();
    const { u8, view } = this.#arena.memory;
    return copyOut(u8, view, this.#valueStart, this.#valueLength);
  }

  /**
   * A view of the user key in the arena. In an active table it is valid until the next write, in a frozen one until
   * `drop()`. Do not write to it.
   */
  get keyView(): Uint8Array {
    this.#check();
    return new Uint8Array(this.#arena.memory.buffer, this.#keyStart, this.#keyLength);
  }

  /** A view of the value in the arena, valid as long as {@link MemTableCursor.keyView}. Do not write to it. */
  get valueView(): Uint8Array {
    this.#check();
    return new Uint8Array(this.#arena.memory.buffer, this.#valueStart, this.#valueLength);
  }

  /**
   * Where the value starts in `table.arena.memory.u8`. A scan that reads bytes there is several times as fast as one
   * that makes a view of each value. Valid as long as {@link MemTableCursor.keyView}.
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

  /** Where the user key starts in `table.arena.memory.u8`, as {@link MemTableCursor.valueStart}. */
  get keyStart(): number {
    if (!this.#valid) notPositioned();
    return this.#keyStart;
  }

  /** Length of the user key in bytes. */
  get keyLength(): number {
    if (!this.#valid) notPositioned();
    return this.#keyLength;
  }

  /** The sequence of the write that made this version. */
  get sequence(): Sequence {
    this.#check();
    const { view } = this.#arena.memory;
    return tagSequence(tagLowOf(view, this.#entry), tagHighOf(view, this.#entry));
  }

  /** `ValueType.Value`, or `ValueType.Deletion` for a tombstone. */
  get type(): ValueType {
    this.#check();
    return (tagLowOf(this.#arena.memory.view, this.#entry) & 0xff) as ValueType;
  }

  /** The fields that `console.log` prints. */
  [INSPECT](): object {
    return show(this, () => {
      if (this.#arena.dropped) return { dropped: true };
      if (!this.#valid) return { valid: false };
      const { key, sequence, type, valueLength } = this;
      return { key, sequence, type, valueLength };
    });
  }

  /** Decodes the entry that the index has come to. */
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
