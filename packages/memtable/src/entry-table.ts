/**
 * The entries of a table, by address. The arena holds their bytes, the index their order. `MemTable` and the store both
 * stand on it. They know sequences, states, keys and values; here an entry is an address in the arena.
 *
 * Invariants, which `verifyEntries` checks:
 * M1. Every entry is sound: its type is known, and its lengths stay inside the used memory.
 * M2. `KeyBytes`, `ValueBytes` and `Deletions` are the sums over all entries.
 *
 * An entry is made in two steps. `allocate` and `prepare` take memory, and may find none. `insert` and `insertFound`
 * link the entry, and never lack memory. So a batch takes all its memory before any of it shows.
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
  /** One of {@link TableState}. */
  State: 0,
  /** 1 when a comparator orders the keys, 0 when their bytes do. */
  Comparator: 1,
  Deletions: 2,
  KeyBytes: 3,
  ValueBytes: 4,
} as const;

/**
 * Values of the word `State`. `Loading` stands for active while a load reads its entries. 0 means that there is no
 * table. A dropped table has no words any more.
 */
export const TableState = { Active: 1, Frozen: 2, Loading: 3 } as const;

/** Up to this size memory doubles: the copies are small. Beyond it memory grows to marks [D38]. */
const SMALL_BYTES = 8 << 20;
/** Upper bound on the room that the index sets aside for one entry: a block on each of at most six levels. */
const ENTRY_ROOM_BYTES = 6144;

/** The figures of the entries of a table. Sizes are in bytes. */
export interface EntryTableStats {
  /** Number of versions, tombstones included. */
  readonly entryCount: number;
  /** Number of tombstones. */
  readonly deletionCount: number;
  /** Bytes of all user keys. */
  readonly keyBytes: number;
  /** Bytes of all values. */
  readonly valueBytes: number;
  /** Levels of the index that are in use; in a skip list the height of the tallest tower. */
  readonly height: number;
  /** The figures of the arena of the table. */
  readonly arena: ArenaStats;
}

export interface EntryTableOptions {
  /** The arena already holds a table. Its words stay as they are. */
  readonly attached?: boolean;
  /**
   * Address space of a large table. Memory beyond 8 MiB grows to an eighth of this, then to all of it, then doubles.
   */
  readonly reserveBytes?: number;
}

/** The entries in one arena, ordered by one index. */
export class EntryTable<Index extends OrderedIndex = OrderedIndex> {
  readonly arena: Arena;
  readonly index: Index;
  readonly order: EntryOrder;
  /** The same order when a comparator makes it; undefined when keys are ordered by their bytes. */
  readonly #comparatorOrder: ComparatorOrder | undefined;
  readonly #line: number;
  readonly #reserveBytes: number;
  /** Room the index may claim after the last entry; added so that `mayMove` never promises too much. */
  readonly #roomBytes: number;
  /** The memory's bytes after the last {@link EntryTable.allocate}. The memory has moved when it has other bytes. */
  #memory: Uint8Array;
  /** Bytes of all entries that {@link EntryTable.allocate} made room for, overwritten and removed ones included. */
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

  /** Finds the newest version of the key that its tag may see, tombstones included. NIL when there is none. */
  seek(key: LookupKey): Addr {
    const entry = this.index.seek(key.view, key.at);
    return entry !== NIL && this.isSameKey(entry, key) ? entry : NIL;
  }

  /** Like {@link EntryTable.seek}. The index also keeps the place, for {@link EntryTable.insertFound}. */
  find(key: LookupKey): Addr {
    const entry = this.index.find(key.view, key.at);
    return entry !== NIL && this.isSameKey(entry, key) ? entry : NIL;
  }

  /** Like {@link EntryTable.find}, for the key and tag of an entry of another table. */
  findCopy(from: EntryTable, entry: Addr): Addr {
    const { u8, view } = from.arena.memory;
    const next = this.index.find(view, entry);
    if (next === NIL) return NIL;
    return this.#isEqual(next, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry)) ? next : NIL;
  }

  /** Whether the entry is a version of this key. */
  isSameKey(entry: Addr, key: LookupKey): boolean {
    return this.#isEqual(entry, key.u8, key.view, key.keyAt, key.keyLength);
  }

  /** Whether two entries are versions of one key. */
  haveSameKey(a: Addr, b: Addr): boolean {
    const { u8, view } = this.arena.memory;
    return this.#isEqual(a, u8, view, keyStartOf(view, b), keyLengthOf(view, b));
  }

  // Making entries

  /** Takes room for an entry, in a node of the index. NIL when the memory is at its limit; then nothing has changed. */
  allocate(bytes: number): Addr {
    const { arena } = this;
    const node = bytes > arena.memory.maxBytes ? NIL : this.index.allocate(bytes);
    if (node !== NIL) this.entryBytes += bytes;
    if (arena.memory.u8 !== this.#memory) this.#grow();
    return node;
  }

  /** The memory has moved. A move copies all of it, so a large memory reserves more than was asked for. */
  #grow(): void {
    const { memory } = this.arena;
    const capacity = memory.capacityBytes;
    const eighth = this.#reserveBytes / 8;
    const wanted = capacity <= eighth ? eighth : this.#reserveBytes;
    if (capacity > SMALL_BYTES && capacity < wanted) memory.ensure(wanted - memory.usedBytes);
    this.#memory = memory.u8;
  }

  /** Whether the memory may move while `entryCount` entries of `bytes` bytes in all are added. True when in doubt. */
  mayMove(entryCount: number, bytes: number): boolean {
    return !this.arena.hasLeft(2 * bytes + entryCount * ENTRY_ROOM_BYTES + this.#roomBytes);
  }

  /**
   * Writes an entry without linking it.
   * @param valueView - of the bytes of `value`, if that has more bytes than the value
   * @returns its node; NIL as {@link EntryTable.allocate}
   */
  prepare(key: LookupKey, value: Uint8Array, valueLength: number, valueView?: DataView): Addr {
    const { byteOffset } = value;
    const node = this.allocate(entryBytes(key.keyLength, valueLength));
    if (node !== NIL) this.#write(this.index.entryOf(node), key, value, byteOffset, valueLength, valueView);
    return node;
  }

  /** Like {@link EntryTable.prepare}, without a node in the index. @returns the entry */
  prepareUnlinked(key: LookupKey, value: Uint8Array, valueLength: number, valueView?: DataView): Addr {
    const { byteOffset } = value;
    const bytes = entryBytes(key.keyLength, valueLength);
    const entry = this.arena.allocate(bytes);
    if (entry === NIL) return NIL;
    this.entryBytes += bytes;
    if (this.arena.memory.u8 !== this.#memory) this.#grow();
    this.#write(entry, key, value, byteOffset, valueLength, valueView);
    return entry;
  }

  /** @param byteOffset - where the value lay before the entry was allocated */
  #write(
    entry: Addr,
    key: LookupKey,
    value: Uint8Array,
    byteOffset: number,
    valueLength: number,
    valueView: DataView | undefined,
  ): void {
    const { u8, view } = this.arena.memory;
    copyView(view, entry, key.view, key.at, key.byteLength);
    const at = entry + key.byteLength;
    // A move empties all views of this memory. If the value was one, its bytes have the same address in the new memory.
    if (value.length < valueLength) writeValue(u8, view, at, u8, byteOffset, valueLength);
    else writeValue(u8, view, at, value, 0, valueLength, valueView);
  }

  /** Like {@link EntryTable.prepare}, for a record of a batch. */
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

  /** Like {@link EntryTable.prepare}, for a copy of an entry of another table. */
  copy(from: EntryTable, entry: Addr): Addr {
    const source = from.arena.memory;
    const end = valueStartOf(source.view, entry) + valueLengthOf(source.view, entry);
    const node = this.allocate(end - entry);
    if (node !== NIL) copyBytes(this.arena.memory.u8, this.index.entryOf(node), source.u8, entry, end - entry);
    return node;
  }

  // Linking and changing entries

  /** Links an entry at the place that the last `find` found for it. */
  insertFound(node: Addr): void {
    this.index.insertFound(node);
    this.#countEntry(this.index.entryOf(node), 1);
  }

  /** Links an entry. @returns the next older version of its key, or NIL. @throws the comparator's errors */
  insert(node: Addr): Addr {
    const entry = this.index.entryOf(node);
    const next = this.index.find(this.arena.memory.view, entry);
    const older = next !== NIL && this.haveSameKey(next, entry) ? next : NIL;
    this.insertFound(node);
    return older;
  }

  /**
   * Links a copy of an entry of another table.
   * @returns false when the memory is at its limit
   * @throws the comparator's errors
   */
  insertCopy(from: EntryTable, entry: Addr): boolean {
    const node = this.copy(from, entry);
    if (node === NIL) return false;
    this.index.find(this.arena.memory.view, this.index.entryOf(node));
    this.insertFound(node);
    return true;
  }

  /** Takes out all nodes that were linked since a mark, and gives back all memory that was taken since. */
  unlink(nodes: readonly Addr[], mark: Int32Array, entryBytesThen: number): void {
    for (const node of nodes) this.#countEntry(this.index.entryOf(node), -1);
    if (nodes.length > 0) this.index.unlink(nodes, mark);
    this.arena.rewind(mark);
    this.entryBytes = entryBytesThen;
  }

  /**
   * Whether a write of a key can overwrite an older version in place. The value must fit. The key must be the same to
   * the byte, because the newest spelling of a key stays.
   */
  fits(older: Addr, key: LookupKey, valueLength: number): boolean {
    if (valueLength > this.valueLengthOf(older)) return false;
    return this.#comparatorOrder === undefined || this.#hasBytes(older, key.view, key.keyAt, key.keyLength);
  }

  /** Like {@link EntryTable.fits}, for a write that repeats an entry of another table. */
  fitsCopy(older: Addr, from: EntryTable, entry: Addr): boolean {
    if (from.valueLengthOf(entry) > this.valueLengthOf(older)) return false;
    const { view } = from.arena.memory;
    return this.#hasBytes(older, view, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** Overwrites an entry in place: its tag and its value, which must fit. No reader may see the old version. */
  overwrite(
    entry: Addr,
    sequence: number,
    type: ValueType,
    value: Uint8Array,
    valueLength: number,
    valueView?: DataView,
  ): void {
    const { u8, view } = this.arena.memory;
    this.#countEntry(entry, -1);
    const tag = tagStartOf(view, entry);
    view.setUint32(tag, tagLow(sequence, type), true);
    view.setUint32(tag + 4, tagHigh(sequence), true);
    writeValue(u8, view, tag + TAG_BYTES, value, 0, valueLength, valueView);
    this.#countEntry(entry, 1);
  }

  /** Like {@link EntryTable.overwrite}, with the tag and value of an entry of another table. */
  overwriteCopy(older: Addr, from: EntryTable, entry: Addr): void {
    const { u8, view } = from.arena.memory;
    const start = valueStartOf(view, entry);
    const length = valueLengthOf(view, entry);
    this.overwrite(older, from.sequenceOf(entry), from.typeOf(entry), u8.subarray(start, start + length), length);
  }

  // Reading entries

  /** Whether the entry is a value or a tombstone. */
  typeOf(entry: Addr): ValueType {
    return (tagLowOf(this.arena.memory.view, entry) & 0xff) as ValueType;
  }

  /** Whether there is an entry and it is a value, not a tombstone. */
  isValue(entry: Addr): boolean {
    return entry !== NIL && this.typeOf(entry) === ValueType.Value;
  }

  /** The sequence of the entry, as a number: sequences of writes stay below 2^53. */
  sequenceOf(entry: Addr): number {
    const { view } = this.arena.memory;
    return tagHighOf(view, entry) * 0x1000000 + (tagLowOf(view, entry) >>> 8);
  }

  valueLengthOf(entry: Addr): number {
    return valueLengthOf(this.arena.memory.view, entry);
  }

  /** Bytes that the entry needs. It lies in more after an in-place update by a shorter value. */
  bytesOf(entry: Addr): number {
    const { view } = this.arena.memory;
    return entryBytes(keyLengthOf(view, entry), valueLengthOf(view, entry));
  }

  // Figures

  /** Bytes of all blocks of the arena. 0 once dropped. O(1). */
  memoryUsage(): number {
    return this.arena.memoryUsage();
  }

  /** All figures of the entries, read from the buffer. O(1). */
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

  /** One of {@link TableWord}; 0 once dropped. */
  word(word: number): number {
    return this.arena.memory.i32[this.#line + word] ?? 0;
  }

  setWord(word: number, value: number): void {
    this.arena.memory.i32[this.#line + word] = value;
  }

  /** Adds to the sums of M2. */
  count(keyBytes: number, valueBytes: number, deletions: number): void {
    const words = this.arena.memory.i32;
    const line = this.#line;
    words[line + TableWord.KeyBytes] += keyBytes;
    words[line + TableWord.ValueBytes] += valueBytes;
    words[line + TableWord.Deletions] += deletions;
  }

  /** Subtracts an entry that has left the index, or is about to, from the sums of M2. */
  uncount(entry: Addr): void {
    this.#countEntry(entry, -1);
  }

  /** The error of a write that found no room. @param bytes - those of its entry; 0 if they do not matter */
  full(bytes: number): MemTableError {
    const { memory } = this.arena;
    const inUse = `${this.arena.memoryUsage()} of ${memory.maxBytes} bytes are in use`;
    // The memory keeps an older refusal until it tries to grow again. That is no reason for what never has room.
    const cause = memory.usedBytes + bytes <= memory.maxBytes ? memory.refusal : undefined;
    const why = cause === undefined ? inUse : `${cause.message} to move to, though only ${inUse}`;
    const what = bytes === 0 ? 'more' : `${bytes} bytes`;
    return new MemTableError('MEMTABLE_FULL', `no room for ${what}: ${why}`, { cause });
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
