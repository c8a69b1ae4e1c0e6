/**
 * The entries of a table, by address. The arena holds their bytes, the index their order. `MemTable` and the store both
 * stand on it: they know sequences and states, keys and values; here an entry is a place in the arena.
 *
 * Invariants, which `verifyEntries` checks:
 * M1. Every entry is sound: its type is known, its lengths stay inside the used memory.
 * M2. `KeyBytes`, `ValueBytes` and `Deletions` add up over the entries.
 *
 * An entry comes into being in two steps. `prepare` and `allocate` take memory, and can find none; `insert` and
 * `insertFound` link the entry, and cannot fail for want of memory. So a batch can take all its memory before any of it
 * shows.
 */
import { type Addr, type Arena, type ArenaStats, Line, NIL } from '@memtable/arena';
import type { OrderedIndex } from '@memtable/skiplist';
import { MemTableError } from './errors.js';
import { copyBytes, copyPart, copyView, equalBytes } from './format/copy.js';
import {
  entryBytes,
  keyLengthOf,
  keyStartOf,
  tagHighOf,
  tagLowOf,
  tagStartOf,
  valueLengthOf,
  valueStartOf,
  writeValue,
} from './format/entry.js';
import { TAG_BYTES, tagHigh, tagLow, ValueType } from './format/internal-key.js';
import type { LookupKey } from './format/lookup-key.js';
import { writeVarint32 } from './format/varint.js';
import { ComparatorOrder, type EntryOrder } from './order.js';
import type { BatchReader } from './write-batch.js';

/** Words of the table's line in the superblock. */
export const TableWord = {
  /** A {@link TableState}. */
  State: 0,
  /** 1 when a comparator orders the keys, 0 when their bytes do. */
  Comparator: 1,
  Deletions: 2,
  KeyBytes: 3,
  ValueBytes: 4,
} as const;

/** Values of the word `State`; 0 is no table. A dropped table has no words any more. */
export const TableState = { Active: 1, Frozen: 2 } as const;

/** Up to this size memory doubles, which costs about a millisecond in all. */
const SMALL_BYTES = 4 << 20;
/** Beyond it memory grows by this factor: on the way to 256 MiB 36 MiB are copied. */
const GROWTH = 8;
/** Upper bound on the room the index makes sure of for one entry: a block on each level, of which there are six at most. */
const ENTRY_ROOM_BYTES = 6144;

/** Figures of the entries of a table; bytes unless it says count. */
export interface EntryTableStats {
  /** Versions of keys, deletions included. */
  readonly entryCount: number;
  readonly deletionCount: number;
  /** Sum of the user keys. */
  readonly keyBytes: number;
  /** Sum of the values. */
  readonly valueBytes: number;
  /** Levels in use by the index: the tallest tower. */
  readonly height: number;
  readonly arena: ArenaStats;
}

export interface EntryTableOptions {
  /** The arena holds a table already: its words stay as they are. */
  readonly attached?: boolean;
  /** Address space, in bytes, up to which memory that has passed 4 MiB grows eightfold instead of doubling. */
  readonly reserveBytes?: number;
}

export class EntryTable<Index extends OrderedIndex = OrderedIndex> {
  readonly arena: Arena;
  readonly index: Index;
  readonly order: EntryOrder;
  /** The order, where a comparator of the user's makes it. */
  readonly #comparatorOrder: ComparatorOrder | undefined;
  readonly #line: number;
  readonly #reserveBytes: number;
  /** Room the index may claim after the last entry; added so that `mayMove` never promises too much. */
  readonly #roomBytes: number;
  #memory: Uint8Array;
  /** Bytes of all entries that {@link EntryTable.allocate} has made room for, overwritten and removed ones included. */
  entryBytes = 0;

  constructor(arena: Arena, index: Index, order: EntryOrder, { attached, reserveBytes = 0 }: EntryTableOptions = {}) {
    this.arena = arena;
    this.index = index;
    this.order = order;
    this.#comparatorOrder = order instanceof ComparatorOrder ? order : undefined;
    this.#line = arena.lineOf(Line.Table);
    this.#reserveBytes = reserveBytes;
    this.#roomBytes = 65536 + 4 * arena.stats().blockBytes;
    this.#memory = arena.memory.u8;
    if (attached === true) return;
    this.setWord(TableWord.State, TableState.Active);
    this.setWord(TableWord.Comparator, this.#comparatorOrder === undefined ? 0 : 1);
  }

  // Searching

  /** The newest version of the key that its tag may see, a deletion too; NIL when there is none. */
  seek(key: LookupKey): Addr {
    const entry = this.index.seek(key.view, key.at);
    return entry !== NIL && this.isSameKey(entry, key) ? entry : NIL;
  }

  /** As {@link EntryTable.seek}; the index keeps the place for {@link EntryTable.insertFound}. */
  find(key: LookupKey): Addr {
    const entry = this.index.find(key.view, key.at);
    return entry !== NIL && this.isSameKey(entry, key) ? entry : NIL;
  }

  /** As {@link EntryTable.find}, for the key of another table's entry. */
  findCopy(from: EntryTable, entry: Addr): Addr {
    const { u8, view } = from.arena.memory;
    const next = this.index.find(view, entry);
    if (next === NIL) return NIL;
    return this.#isEqual(next, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry)) ? next : NIL;
  }

  isSameKey(entry: Addr, key: LookupKey): boolean {
    return this.#isEqual(entry, key.u8, key.view, key.keyAt, key.keyLength);
  }

  /** Whether two entries are versions of one key. */
  haveSameKey(a: Addr, b: Addr): boolean {
    const { u8, view } = this.arena.memory;
    return this.#isEqual(a, u8, view, keyStartOf(view, b), keyLengthOf(view, b));
  }

  // Making entries

  /** Room for an entry, in a node of the index; NIL when the memory is at its limit. Nothing has changed then. */
  allocate(bytes: number): Addr {
    const { arena } = this;
    const node = bytes > arena.memory.maxBytes ? NIL : this.index.allocate(bytes);
    if (node !== NIL) this.entryBytes += bytes;
    if (arena.memory.u8 !== this.#memory) this.#grow();
    return node;
  }

  /** The memory has moved. Each move copies all of it, so a large one reserves more than was asked. */
  #grow(): void {
    const { memory } = this.arena;
    const capacity = memory.capacityBytes;
    const wanted = Math.min((capacity / 2) * GROWTH, this.#reserveBytes);
    if (capacity > SMALL_BYTES && capacity < wanted) memory.ensure(wanted - memory.usedBytes);
    this.#memory = memory.u8;
  }

  /** Whether the memory may move while `entryCount` entries of `bytes` bytes in all are added; true when in doubt. */
  mayMove(entryCount: number, bytes: number): boolean {
    return !this.arena.hasLeft(2 * bytes + entryCount * ENTRY_ROOM_BYTES + this.#roomBytes);
  }

  /** Writes an entry that is not linked yet. @returns its node; NIL when the memory is at its limit: nothing has changed */
  prepare(key: LookupKey, value: Uint8Array, valueLength: number): Addr {
    const { byteOffset } = value;
    const node = this.allocate(entryBytes(key.keyLength, valueLength));
    if (node === NIL) return NIL;
    const { u8, view } = this.arena.memory;
    const entry = this.index.entryOf(node);
    copyView(view, entry, key.view, key.at, key.byteLength);
    const at = entry + key.byteLength;
    // A view of this very memory is empty once that has moved; its bytes have the same address in the new memory.
    if (value.length < valueLength) writeValue(u8, view, at, u8, byteOffset, valueLength);
    else writeValue(u8, view, at, value, 0, valueLength);
    return node;
  }

  /** As {@link EntryTable.prepare}, for a record of a batch. */
  prepareRecord(record: BatchReader, sequence: number): Addr {
    const { type, bytes, keyAt, keyLength, valueAt, valueLength } = record;
    const node = this.allocate(entryBytes(keyLength, valueLength));
    if (node === NIL) return NIL;
    const { u8, view } = this.arena.memory;
    const key = writeVarint32(view, this.index.entryOf(node), keyLength + TAG_BYTES);
    copyPart(u8, view, key, bytes, record.view, keyAt, keyLength);
    const tag = key + keyLength;
    view.setUint32(tag, tagLow(sequence, type), true);
    view.setUint32(tag + 4, tagHigh(sequence), true);
    const value = writeVarint32(view, tag + TAG_BYTES, valueLength);
    copyPart(u8, view, value, bytes, record.view, valueAt, valueLength);
    return node;
  }

  /** As {@link EntryTable.prepare}, for a copy of another table's entry. */
  copy(from: EntryTable, entry: Addr): Addr {
    const source = from.arena.memory;
    const end = valueStartOf(source.view, entry) + valueLengthOf(source.view, entry);
    const node = this.allocate(end - entry);
    if (node !== NIL) copyBytes(this.arena.memory.u8, this.index.entryOf(node), source.u8, entry, end - entry);
    return node;
  }

  // Linking and changing them

  /** Links an entry at the place that the last `find` was for. */
  insertFound(node: Addr): void {
    this.index.insertFound(node);
    this.#countEntry(this.index.entryOf(node), 1);
  }

  /** Links an entry. @returns the next older version of its key, or NIL. @throws what the order throws */
  insert(node: Addr): Addr {
    const entry = this.index.entryOf(node);
    const next = this.index.find(this.arena.memory.view, entry);
    const older = next !== NIL && this.haveSameKey(next, entry) ? next : NIL;
    this.insertFound(node);
    return older;
  }

  /** Links a copy of another table's entry. @returns false when the memory is at its limit. @throws what the order throws */
  insertCopy(from: EntryTable, entry: Addr): boolean {
    const node = this.copy(from, entry);
    if (node === NIL) return false;
    this.index.find(this.arena.memory.view, this.index.entryOf(node));
    this.insertFound(node);
    return true;
  }

  /** Takes out the nodes that were linked since a mark, and gives their memory back. */
  unlink(nodes: readonly Addr[], mark: Int32Array, entryBytesThen: number): void {
    for (const node of nodes) this.#countEntry(this.index.entryOf(node), -1);
    if (nodes.length > 0) this.index.unlink(nodes, mark);
    this.arena.rewind(mark);
    this.entryBytes = entryBytesThen;
  }

  /**
   * Whether a write of a key can overwrite an older version in place: the value fits, and the key is the same to the byte,
   * because the newest spelling of a key stays.
   */
  fits(older: Addr, key: LookupKey, valueLength: number): boolean {
    if (valueLength > this.valueLengthOf(older)) return false;
    return this.#comparatorOrder === undefined || this.#hasBytes(older, key.view, key.keyAt, key.keyLength);
  }

  /** As {@link EntryTable.fits}, for another table's entry. */
  fitsCopy(older: Addr, from: EntryTable, entry: Addr): boolean {
    if (from.valueLengthOf(entry) > this.valueLengthOf(older)) return false;
    const { view } = from.arena.memory;
    return this.#hasBytes(older, view, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** Overwrites an entry that no reader sees with one that is no longer. */
  overwrite(entry: Addr, sequence: number, type: ValueType, value: Uint8Array, valueLength: number): void {
    const { u8, view } = this.arena.memory;
    this.#countEntry(entry, -1);
    const tag = tagStartOf(view, entry);
    view.setUint32(tag, tagLow(sequence, type), true);
    view.setUint32(tag + 4, tagHigh(sequence), true);
    writeValue(u8, view, tag + TAG_BYTES, value, 0, valueLength);
    this.#countEntry(entry, 1);
  }

  /** As {@link EntryTable.overwrite}, with another table's entry. */
  overwriteCopy(older: Addr, from: EntryTable, entry: Addr): void {
    const { u8, view } = from.arena.memory;
    const start = valueStartOf(view, entry);
    const length = valueLengthOf(view, entry);
    this.overwrite(older, from.sequenceOf(entry), from.typeOf(entry), u8.subarray(start, start + length), length);
  }

  // What an entry says

  typeOf(entry: Addr): ValueType {
    return (tagLowOf(this.arena.memory.view, entry) & 0xff) as ValueType;
  }

  /** Whether there is an entry, and it is a value. */
  isValue(entry: Addr): boolean {
    return entry !== NIL && this.typeOf(entry) === ValueType.Value;
  }

  sequenceOf(entry: Addr): number {
    const { view } = this.arena.memory;
    return tagHighOf(view, entry) * 0x1000000 + (tagLowOf(view, entry) >>> 8);
  }

  valueLengthOf(entry: Addr): number {
    return valueLengthOf(this.arena.memory.view, entry);
  }

  /** Bytes the entry needs; it may lie in more. */
  bytesOf(entry: Addr): number {
    const { view } = this.arena.memory;
    return entryBytes(keyLengthOf(view, entry), valueLengthOf(view, entry));
  }

  // Its figures

  /** Bytes of all blocks of the arena; 0 once dropped. O(1). */
  memoryUsage(): number {
    return this.arena.memoryUsage();
  }

  /** All of its figures, from the buffer. O(1). */
  stats(): EntryTableStats {
    return {
      entryCount: this.index.entryCount,
      deletionCount: this.word(TableWord.Deletions),
      keyBytes: this.word(TableWord.KeyBytes),
      valueBytes: this.word(TableWord.ValueBytes),
      height: this.index.height,
      arena: this.arena.stats(),
    };
  }

  word(word: number): number {
    return this.arena.memory.i32[this.#line + word] ?? 0;
  }

  setWord(word: number, value: number): void {
    this.arena.memory.i32[this.#line + word] = value;
  }

  /** Counts what entries hold; M2. */
  count(keyBytes: number, valueBytes: number, deletions: number): void {
    const words = this.arena.memory.i32;
    const line = this.#line;
    words[line + TableWord.KeyBytes] += keyBytes;
    words[line + TableWord.ValueBytes] += valueBytes;
    words[line + TableWord.Deletions] += deletions;
  }

  /** Uncounts an entry that has left the index, or is about to. */
  uncount(entry: Addr): void {
    this.#countEntry(entry, -1);
  }

  /** The error of a write for which there is no room. */
  full(bytes: number): MemTableError {
    const { arena } = this;
    return new MemTableError(
      'MEMTABLE_FULL',
      `no room for ${bytes} bytes: ${arena.memoryUsage()} of ${arena.memory.maxBytes} bytes are in use`,
    );
  }

  #isEqual(entry: Addr, bytes: Uint8Array, view: DataView, start: number, length: number): boolean {
    if (this.#comparatorOrder === undefined) return this.#hasBytes(entry, view, start, length);
    const { u8, view: own } = this.arena.memory;
    const ownStart = keyStartOf(own, entry);
    const key = u8.subarray(ownStart, ownStart + keyLengthOf(own, entry));
    return this.#comparatorOrder.compareKeys(key, bytes.subarray(start, start + length)) === 0;
  }

  /** Whether these are the bytes of the entry's key. */
  #hasBytes(entry: Addr, view: DataView, start: number, length: number): boolean {
    const { view: own } = this.arena.memory;
    return keyLengthOf(own, entry) === length && equalBytes(own, keyStartOf(own, entry), view, start, length);
  }

  #countEntry(entry: Addr, times: 1 | -1): void {
    const { view } = this.arena.memory;
    const deletion = this.typeOf(entry) === ValueType.Deletion ? 1 : 0;
    this.count(times * keyLengthOf(view, entry), times * valueLengthOf(view, entry), times * deletion);
  }
}
