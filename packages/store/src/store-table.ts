import { type Addr, NIL } from '@memtable/arena';
import type { BlockSkipList } from '@memtable/skiplist';
import { MemTable, MemTableError, type MemTableOptions, ValueType } from '@memtable/memtable';
import {
  type BatchReader,
  type ComparatorOrder,
  copyBytes,
  copyPart,
  copyView,
  entryBytes,
  type EntryOrder,
  equalBytes,
  keyLengthOf,
  keyStartOf,
  type LookupKey,
  TAG_BYTES,
  tagHigh,
  tagHighOf,
  tagLow,
  tagLowOf,
  tagStartOf,
  valueLengthOf,
  valueStartOf,
  writeValue,
  writeVarint32,
} from '@memtable/memtable/internal';

/** The address space that a table takes in the end, when nothing else is said. */
const RESERVE_BYTES = 256 << 20;
/** Up to here memory doubles: that costs about a millisecond in all. */
const SMALL_BYTES = 4 << 20;
/** Beyond it grows by this factor: what is copied on the way to 256 MiB are 36 MiB, and a table reserves at most so much. */
const GROWTH = 8;

/**
 * The memtable of a store. It differs from one that is filled by sequence numbers alone in that an entry which no pin
 * sees may be overwritten where it lies, if its new value is no longer: that takes no memory and leaves no garbage.
 */
export class StoreTable {
  readonly table: MemTable;
  readonly index: BlockSkipList;
  /** The order, where code of the user's makes it. */
  readonly #comparatorOrder: ComparatorOrder | undefined;
  readonly #reserveBytes: number;
  #memory: Uint8Array;
  /** Bytes of all entries that were ever made in it. */
  entryBytes = 0;

  /**
   * @param options - `reserveBytes`: so much address space it takes when it has become large; a small one costs next to
   * nothing to make
   * @param order - one for all tables of the store
   * @param size - bytes to begin with
   */
  constructor({ reserveBytes = RESERVE_BYTES, ...options }: MemTableOptions, order: EntryOrder, size: number) {
    this.table = new MemTable({ ...options, reserveBytes: size, layout: 'compact', index: 'block' }, undefined, order);
    this.index = this.table.index as BlockSkipList;
    this.#comparatorOrder = options.comparator === undefined ? undefined : (order as ComparatorOrder);
    this.#reserveBytes = reserveBytes;
    this.#memory = this.table.arena.memory.u8;
  }

  /** The newest version of a key that the key's tag may see, deletions too; NIL when there is none. */
  seek(key: LookupKey): Addr {
    const entry = this.index.seek(key.view, key.at);
    return entry !== NIL && this.isSameKey(entry, key) ? entry : NIL;
  }

  /** Like {@link StoreTable.seek} before {@link StoreTable.insertFound}. */
  find(key: LookupKey): Addr {
    const entry = this.index.find(key.view, key.at);
    return entry !== NIL && this.isSameKey(entry, key) ? entry : NIL;
  }

  /**
   * Writes an entry with the lookup key; it is not in the index yet.
   * @returns NIL when the memory is at its limit; nothing has changed then
   */
  prepare(key: LookupKey, value: Uint8Array, valueLength: number): Addr {
    const { byteOffset } = value;
    const node = this.allocate(entryBytes(key.keyLength, valueLength));
    if (node === NIL) return NIL;
    const { u8, view } = this.table.arena.memory;
    copyView(view, node, key.view, key.at, key.byteLength);
    const at = node + key.byteLength;
    // A view of this very store ends when its memory moves; the bytes have the same address there.
    if (value.length < valueLength) writeValue(u8, view, at, u8, byteOffset, valueLength);
    else writeValue(u8, view, at, value, 0, valueLength);
    return node;
  }

  /** Room for an entry, or NIL. */
  allocate(bytes: number): Addr {
    const { arena } = this.table;
    const node = bytes > arena.memory.maxBytes ? NIL : this.index.allocate(bytes);
    if (node !== NIL) this.entryBytes += bytes;
    if (arena.memory.u8 !== this.#memory) this.#reserve();
    return node;
  }

  /** The memory has grown. Growing copies, so that beyond a few MiB it is better to do it seldom. */
  #reserve(): void {
    const { memory } = this.table.arena;
    const capacity = memory.capacityBytes;
    const wanted = Math.min((capacity / 2) * GROWTH, this.#reserveBytes);
    if (capacity > SMALL_BYTES && capacity < wanted) memory.ensure(wanted - memory.usedBytes);
    this.#memory = memory.u8;
  }

  /** An entry of a batch, with `sequence`; it is not in the index yet. @returns NIL when the memory is at its limit */
  prepareRecord(record: BatchReader, sequence: number): Addr {
    const { type, bytes, keyAt, keyLength, valueAt, valueLength } = record;
    const node = this.allocate(entryBytes(keyLength, valueLength));
    if (node === NIL) return NIL;
    const { u8, view } = this.table.arena.memory;
    const key = writeVarint32(view, node, keyLength + TAG_BYTES);
    copyPart(u8, view, key, bytes, record.view, keyAt, keyLength);
    const tag = key + keyLength;
    view.setUint32(tag, tagLow(sequence, type), true);
    view.setUint32(tag + 4, tagHigh(sequence), true);
    const value = writeVarint32(view, tag + TAG_BYTES, valueLength);
    copyPart(u8, view, value, bytes, record.view, valueAt, valueLength);
    return node;
  }

  /** Links an entry at the place that the last {@link StoreTable.find} was for. */
  insertFound(node: Addr): void {
    this.index.insertFound(node);
    this.#count(node, 1);
  }

  /** Links an entry at its place. @returns the next older version of its key, or NIL. @throws what the order throws */
  insert(node: Addr): Addr {
    const next = this.index.find(this.table.arena.memory.view, node);
    const older = next !== NIL && this.haveSameKey(next, node) ? next : NIL;
    this.insertFound(node);
    return older;
  }

  /** Takes out what was inserted since a mark, and takes back its memory. */
  unlink(nodes: readonly Addr[], mark: Int32Array, entryBytes: number): void {
    for (const node of nodes) this.#count(node, -1);
    if (nodes.length > 0) this.index.unlink(nodes, mark);
    this.table.arena.rewind(mark);
    this.entryBytes = entryBytes;
  }

  /** Copies an entry of another table, and links it. @returns false when the memory is at its limit */
  insertCopy(from: StoreTable, entry: Addr): boolean {
    const node = this.copy(from, entry);
    if (node === NIL) return false;
    this.index.find(this.table.arena.memory.view, node);
    this.insertFound(node);
    return true;
  }

  /** Copies an entry of another table; it is not in the index yet. @returns NIL when the memory is at its limit */
  copy(from: StoreTable, entry: Addr): Addr {
    const source = from.table.arena.memory;
    const end = valueStartOf(source.view, entry) + valueLengthOf(source.view, entry);
    const node = this.allocate(end - entry);
    if (node !== NIL) copyBytes(this.table.arena.memory.u8, node, source.u8, entry, end - entry);
    return node;
  }

  /** Takes an entry that nobody needs out of the index; it stays counted among the bytes of the table. */
  remove(entry: Addr): void {
    if (this.index.remove(entry)) this.#count(entry, -1);
  }

  /**
   * Whether a write of a key can go where an older version lies: the value has to fit, and the key has to be the same to the
   * byte, since the spelling of the newest write stays.
   */
  fits(older: Addr, key: LookupKey, valueLength: number): boolean {
    if (valueLength > this.valueLengthOf(older)) return false;
    return this.#comparatorOrder === undefined || this.#hasBytes(older, key.view, key.keyAt, key.keyLength);
  }

  /** Like {@link StoreTable.find} for the key of another table's entry. */
  findCopy(from: StoreTable, entry: Addr): Addr {
    const { u8, view } = from.table.arena.memory;
    const next = this.index.find(view, entry);
    if (next === NIL) return NIL;
    return this.#isEqual(next, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry)) ? next : NIL;
  }

  /** Whether another table's entry can go where an older version of its key lies. */
  fitsCopy(older: Addr, from: StoreTable, entry: Addr): boolean {
    if (from.valueLengthOf(entry) > this.valueLengthOf(older)) return false;
    const { view } = from.table.arena.memory;
    return this.#hasBytes(older, view, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** Overwrites an older version with another table's entry. */
  overwriteCopy(older: Addr, from: StoreTable, entry: Addr): void {
    const { u8, view } = from.table.arena.memory;
    const start = valueStartOf(view, entry);
    const length = valueLengthOf(view, entry);
    this.overwrite(older, from.sequenceOf(entry), from.typeOf(entry), u8.subarray(start, start + length), length);
  }

  /** Overwrites an entry that nobody else sees with one that is not longer. */
  overwrite(entry: Addr, sequence: number, type: ValueType, value: Uint8Array, valueLength: number): void {
    const { u8, view } = this.table.arena.memory;
    this.#count(entry, -1);
    const tag = tagStartOf(view, entry);
    view.setUint32(tag, tagLow(sequence, type), true);
    view.setUint32(tag + 4, tagHigh(sequence), true);
    writeValue(u8, view, tag + TAG_BYTES, value, 0, valueLength);
    this.#count(entry, 1);
  }

  typeOf(entry: Addr): ValueType {
    return (tagLowOf(this.table.arena.memory.view, entry) & 0xff) as ValueType;
  }

  sequenceOf(entry: Addr): number {
    const { view } = this.table.arena.memory;
    return tagHighOf(view, entry) * 0x1000000 + (tagLowOf(view, entry) >>> 8);
  }

  valueLengthOf(entry: Addr): number {
    return valueLengthOf(this.table.arena.memory.view, entry);
  }

  /** Bytes that the entry needs; it may lie in more. */
  bytesOf(entry: Addr): number {
    const { view } = this.table.arena.memory;
    return entryBytes(keyLengthOf(view, entry), valueLengthOf(view, entry));
  }

  isSameKey(entry: Addr, key: LookupKey): boolean {
    return this.#isEqual(entry, key.u8, key.view, key.keyAt, key.keyLength);
  }

  /** Whether two entries are versions of one key. */
  haveSameKey(a: Addr, b: Addr): boolean {
    const { u8, view } = this.table.arena.memory;
    return this.#isEqual(a, u8, view, keyStartOf(view, b), keyLengthOf(view, b));
  }

  /** The error of a write for which there is no room. */
  full(bytes: number): MemTableError {
    const { arena } = this.table;
    return new MemTableError(
      'MEMTABLE_FULL',
      `no room for ${bytes} bytes: ${arena.memoryUsage()} of ${arena.memory.maxBytes} bytes are in use`,
    );
  }

  #isEqual(entry: Addr, bytes: Uint8Array, view: DataView, start: number, length: number): boolean {
    if (this.#comparatorOrder === undefined) return this.#hasBytes(entry, view, start, length);
    const { u8, view: own } = this.table.arena.memory;
    const ownStart = keyStartOf(own, entry);
    const key = u8.subarray(ownStart, ownStart + keyLengthOf(own, entry));
    return this.#comparatorOrder.compareKeys(key, bytes.subarray(start, start + length)) === 0;
  }

  /** Whether these are the bytes of the entry's key. */
  #hasBytes(entry: Addr, view: DataView, start: number, length: number): boolean {
    const { view: own } = this.table.arena.memory;
    return keyLengthOf(own, entry) === length && equalBytes(own, keyStartOf(own, entry), view, start, length);
  }

  #count(entry: Addr, times: 1 | -1): void {
    const { view } = this.table.arena.memory;
    const deletion = this.typeOf(entry) === ValueType.Deletion ? 1 : 0;
    this.table.count(times * keyLengthOf(view, entry), times * valueLengthOf(view, entry), times * deletion);
  }
}
