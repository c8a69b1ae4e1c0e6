import { type Addr, NIL } from '@memtable/arena';
import type { BlockSkipList } from '@memtable/skiplist';
import { MemTableError } from '../errors.js';
import { copyBytes, copyView } from '../format/copy.js';
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
} from '../format/entry.js';
import { TAG_BYTES, tagHigh, tagLow, ValueType } from '../format/internal-key.js';
import { MemTable, type MemTableOptions } from '../memtable.js';
import type { LookupKey } from './lookup-key.js';

/** The address space that a table takes when it is not small any more. */
const RESERVE_BYTES = 256 << 20;
/** Growing to this takes about a millisecond. */
const SMALL_BYTES = 4 << 20;

/**
 * The memtable of a store. It differs from one that is filled by sequence numbers alone in that an entry which no pin
 * sees may be overwritten where it lies, if its new value is no longer: that takes no memory and leaves no garbage.
 */
export class StoreTable {
  readonly table: MemTable;
  readonly index: BlockSkipList;
  readonly #comparator: MemTableOptions['comparator'];
  readonly #reserveBytes: number;
  #memory: Uint8Array;
  /** Bytes of all entries that were ever made in it. */
  entryBytes = 0;

  /**
   * @param options - `reserveBytes`: so much address space it takes when it has become large, at once; a small one costs
   * next to nothing to make
   * @param size - bytes to begin with
   */
  constructor({ reserveBytes = RESERVE_BYTES, ...options }: MemTableOptions, size: number) {
    this.table = new MemTable({ ...options, reserveBytes: size, layout: 'compact', index: 'block' });
    this.index = this.table.index as BlockSkipList;
    this.#comparator = options.comparator;
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

  /** The memory has grown. Growing copies, so that beyond a few MiB it is better to have done with it. */
  #reserve(): void {
    const { memory } = this.table.arena;
    const capacity = memory.capacityBytes;
    if (capacity > SMALL_BYTES && capacity < this.#reserveBytes) memory.ensure(this.#reserveBytes - memory.usedBytes);
    this.#memory = memory.u8;
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
    const { u8, view: own } = this.table.arena.memory;
    const ownLength = keyLengthOf(own, entry);
    const ownStart = keyStartOf(own, entry);
    if (this.#comparator !== undefined) {
      const key = u8.subarray(ownStart, ownStart + ownLength);
      return this.#comparator(key, bytes.subarray(start, start + length)) === 0;
    }
    if (ownLength !== length) return false;
    let i = 0;
    for (const words = length & ~3; i < words; i += 4) {
      if (own.getInt32(ownStart + i) !== view.getInt32(start + i)) return false;
    }
    for (; i < length; i++) if (own.getUint8(ownStart + i) !== view.getUint8(start + i)) return false;
    return true;
  }

  #count(entry: Addr, times: 1 | -1): void {
    const { view } = this.table.arena.memory;
    const deletion = this.typeOf(entry) === ValueType.Deletion ? 1 : 0;
    this.table.count(times * keyLengthOf(view, entry), times * valueLengthOf(view, entry), times * deletion);
  }
}
