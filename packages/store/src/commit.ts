/**
 * The one place where a write of a store happens. A call of the store has encoded its data by then; here it gets a sequence,
 * goes into the table, is counted, and is repeated in the successor of the table when there is one.
 *
 * Invariants, which `verify()` of the store checks:
 * T1. `liveBytes` and `entryCount` are those of the newest versions that are values. With a target, `keyCount` counts all
 *     keys, deleted ones too.
 * T2. `heldBytes` of the pins are those of the older versions that pins see.
 *
 * An entry that no pin sees is overwritten where it lies, if its new value is no longer: that takes no memory and leaves no
 * garbage. A deletion is not overwritten by a value, because a compaction may wait with it for the versions below it.
 */
import { type Addr, MARK_WORDS, NIL } from '@memtable/arena';
import { ValueType, WriteBatch } from '@memtable/memtable';
import {
  entryBytes,
  keyLengthOf,
  keyStartOf,
  LookupKey,
  tagHigh,
  tagLow,
  textBytes,
  textBytesMax,
  valueStartOf,
  writeText,
} from '@memtable/memtable/internal';
import type { Pin, Pins } from './pins.js';
import type { Renewal } from './renewal/renewal.js';
import type { StoreTable } from './table.js';

/** What a commit asks of those who make room in the table. */
export interface Room {
  /** Upper bound on the memory of a table that has room for any put without asking. */
  readonly roomyBytesMax: number;
  /**
   * Makes room for a put where little is left.
   * @returns whether the table is another one now
   * @throws MemTableError `MEMTABLE_FULL`
   */
  make(bytes: number): boolean;
  /** Begins to make room, if some can be made: a write has found none, and throws this. */
  begin(error: unknown): void;
  /** The successor could not take a write: it was full, or the comparator threw `error`. */
  lost(error: unknown): void;
}

const EMPTY = new Uint8Array(0);
/** Longer strings are encoded in memory of their own, so that the memory that is kept stays small. */
const TEXT_LENGTH_MAX = 64 << 10;
/** Upper bound on what the index and the header of a block of its own take for an entry. */
export const INDEX_BYTES = 12;

export class Commit {
  table: StoreTable;
  pins: Pins;
  /** The replacement of the table that is running. */
  renewal: Renewal | undefined;
  /** Number of the table in events: a flush is followed by the next one, a compaction by a copy with the same number. */
  tableNumber = 1;
  /** Sequence of the last write. */
  sequence: number;
  /** With a target: keys in the table, deleted ones too. This is what a flush writes, so that it need not count. */
  keyCount = 0;
  /** Keys that have a value. */
  entryCount = 0;
  /** Bytes of their entries. */
  liveBytes = 0;
  /** The lookup key of the last search. */
  readonly key = new LookupKey();

  /** Set by the driver of the store, whose part this is. */
  room!: Room;
  readonly #tableBytesMax: number;
  #text = new Uint8Array(1024);
  #textLength = 0;
  readonly #mark = new Int32Array(MARK_WORDS);

  constructor(table: StoreTable, pins: Pins, tableBytesMax: number, lastSequence: number) {
    this.table = table;
    this.pins = pins;
    this.sequence = lastSequence;
    this.#tableBytesMax = tableBytesMax;
  }

  /** Bytes of entries that nobody needs. */
  get garbageBytes(): number {
    return this.table.entryBytes - this.liveBytes - this.pins.heldBytes;
  }

  /** Memory that every write uses again. */
  get scratchBytes(): number {
    return this.#text.length + this.key.u8.length;
  }

  /** The newest version of a key, a deletion too, or NIL. {@link Commit.set} and {@link Commit.put} write at its place. */
  find(key: string | Uint8Array): Addr {
    if (key.length > this.#tableBytesMax) throw this.table.full(key.length);
    this.key.set(key);
    return this.#findSet();
  }

  /** Sets the key that was found to a value. @returns how many bytes it takes. @throws MemTableError `MEMTABLE_FULL` */
  put(older: Addr, value: string | Uint8Array): number {
    const { key } = this;
    const bytesMin = key.keyLength + value.length;
    if (bytesMin > this.#tableBytesMax) throw this.table.full(bytesMin);
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const newBytes = entryBytes(key.keyLength, length);
    if (this.#isInPlace(older, length)) {
      this.#overwrite(older, ValueType.Value, bytes, length);
      return newBytes;
    }
    if (this.table.memoryUsage() + newBytes > this.room.roomyBytesMax && this.room.make(newBytes)) {
      older = this.table.find(key);
    }
    const entry = this.table.prepare(key, bytes, length);
    if (entry === NIL) throw this.#refusal(newBytes);
    this.#add(entry, older, newBytes, 1);
    return newBytes;
  }

  /** Sets the key that was found to a value, or to none. @returns as {@link Commit.put} */
  set(older: Addr, value: string | Uint8Array | undefined): number {
    if (value !== undefined) return this.put(older, value);
    if (this.table.isValue(older)) this.#delete(older);
    return 0;
  }

  /**
   * Deletes a key; most often where its value lies, without a search for the place of another entry.
   * @param isTold - a deletion of a key that is not here is kept too: the target may have it
   */
  delete(key: string | Uint8Array, isTold: boolean): void {
    if (key.length > this.#tableBytesMax) return; // It was never there, nor in the target.
    this.key.set(key).beforeAll();
    const older = this.table.seek(this.key);
    if (this.table.isValue(older)) this.#delete(this.#isInPlace(older, 0) ? older : this.#findSet());
    else if (isTold && older === NIL) this.#delete(this.#findSet());
  }

  /**
   * Deletes keys in place, at the addresses of their newest versions, none of which a pin sees. It is one write: nothing in it
   * can fail.
   */
  deleteUnseen(entries: readonly Addr[]): number {
    for (const entry of entries) this.#overwrite(entry, ValueType.Deletion, EMPTY, 0);
    return 0;
  }

  /** Deletes keys beside versions that somebody needs. That takes memory, which may run out: then none is deleted. */
  deleteSeen(entries: readonly Addr[], pin: Pin | undefined): number {
    const { table } = pin === undefined ? this : pin.home;
    const batch = new WriteBatch();
    const { u8, view } = table.arena.memory;
    for (const entry of entries) {
      const start = keyStartOf(view, entry);
      batch.del(u8.subarray(start, start + keyLengthOf(view, entry)));
    }
    return this.batch(batch);
  }

  /** Makes all writes of a batch, or none: all memory is taken before the first entry shows. @returns bytes added */
  batch(batch: WriteBatch): number {
    const bytes = batch.byteLength + batch.count * INDEX_BYTES;
    if (this.table.memoryUsage() + bytes > this.room.roomyBytesMax && hasPut(batch)) this.room.make(bytes);
    const { table } = this;
    const bytesBefore = table.entryBytes;
    const nodes: Addr[] = [];
    const olders: Addr[] = [];
    table.arena.mark(this.#mark);
    try {
      const record = batch.reader();
      while (record.next()) {
        const node = table.prepareRecord(record, this.sequence + 1 + nodes.length);
        if (node === NIL) throw table.full(entryBytes(record.keyLength, record.valueLength));
        nodes.push(node);
      }
      for (const node of nodes) olders.push(table.insert(node));
    } catch (error) {
      table.unlink(nodes.slice(0, olders.length), this.#mark, bytesBefore);
      this.room.begin(error);
      throw error;
    }
    nodes.forEach((node, i) => {
      const isValue = table.isValue(node);
      this.#countAdded(olders[i], isValue ? table.bytesOf(node) : 0, isValue ? 1 : 0);
    });
    const added = table.entryBytes - bytesBefore;
    for (const node of nodes) this.#mirror(node);
    return added;
  }

  /** Deletes all keys: replaces the table, which has no pins, by an empty one. @returns bytes of memory given back */
  clear(fresh: StoreTable): number {
    const { table } = this;
    const bytes = table.memoryUsage();
    this.table = fresh;
    this.pins.table = fresh;
    this.sequence++;
    this.entryCount = 0;
    this.liveBytes = 0;
    table.arena.drop();
    return bytes;
  }

  /** Gives the memory back, for good. */
  close(): void {
    this.table.arena.drop();
    this.entryCount = 0;
    this.liveBytes = 0;
    this.table.entryBytes = this.pins.heldBytes; // None is garbage.
  }

  /** Whether an entry's value is this one, byte for byte; undefined stands for no value. */
  isEqual(entry: Addr, value: string | Uint8Array | undefined): boolean {
    const { table } = this;
    if (!table.isValue(entry)) return value === undefined;
    if (value === undefined) return false;
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const { u8, view } = table.arena.memory;
    if (table.valueLengthOf(entry) !== length) return false;
    const start = valueStartOf(view, entry);
    for (let i = 0; i < length; i++) if (u8[start + i] !== bytes[i]) return false;
    return true;
  }

  /** The place for a new version of the key that is set. */
  #findSet(): Addr {
    const sequence = this.sequence + 1;
    this.key.setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    return this.table.find(this.key);
  }

  #delete(older: Addr): void {
    if (this.#isInPlace(older, 0)) {
      this.#overwrite(older, ValueType.Deletion, EMPTY, 0);
      return;
    }
    const { key } = this;
    const sequence = this.sequence + 1;
    key.setTag(tagLow(sequence, ValueType.Deletion), tagHigh(sequence));
    const entry = this.table.prepare(key, EMPTY, 0);
    if (entry === NIL) throw this.#refusal(entryBytes(key.keyLength, 0));
    this.#add(entry, older, 0, 0);
  }

  /** Whether a write of the lookup key, with a value of this length, goes where its older version lies. */
  #isInPlace(older: Addr, valueLength: number): boolean {
    const { table } = this;
    if (!table.isValue(older)) return false;
    return table.sequenceOf(older) > this.pins.newest && table.fits(older, this.key, valueLength);
  }

  /** Overwrites the newest version of a key, which no pin sees. */
  #overwrite(entry: Addr, type: ValueType, value: Uint8Array, valueLength: number): void {
    const { table } = this;
    const wasValue = table.isValue(entry);
    const oldBytes = wasValue ? table.bytesOf(entry) : 0;
    this.sequence++;
    table.overwrite(entry, this.sequence, type, value, valueLength);
    const isValue = type === ValueType.Value;
    this.liveBytes += (isValue ? table.bytesOf(entry) : 0) - oldBytes;
    this.entryCount += +isValue - +wasValue;
    this.#mirror(entry);
  }

  /** Links an entry at the place that was found for it. */
  #add(entry: Addr, older: Addr, liveBytes: number, values: 0 | 1): void {
    this.table.insertFound(entry);
    this.#countAdded(older, liveBytes, values);
    this.#mirror(entry);
  }

  /** Counts an entry that is the newest version of its key now: its live bytes, and 1 for a value. */
  #countAdded(older: Addr, liveBytes: number, values: 0 | 1): void {
    this.sequence++;
    this.liveBytes += liveBytes;
    this.entryCount += values;
    if (older === NIL) this.keyCount++;
    const { table } = this;
    if (!table.isValue(older)) return;
    const oldBytes = table.bytesOf(older);
    this.liveBytes -= oldBytes;
    this.entryCount--;
    this.pins.replaced(table.sequenceOf(older), oldBytes);
  }

  /** Repeats a write in the successor of the table. Its failure does not concern the write. */
  #mirror(entry: Addr): void {
    if (this.renewal === undefined) return;
    try {
      if (!this.renewal.written(entry)) this.room.lost(this.renewal.to.full(0));
    } catch (error) {
      this.room.lost(error);
    }
  }

  #refusal(bytes: number): Error {
    const error = this.table.full(bytes);
    this.room.begin(error);
    return error;
  }

  /** Writes a string to `#text`, or to bytes of its own when it is long; returns those. `#textLength` says how many count. */
  #encodeText(text: string): Uint8Array {
    if (text.length > TEXT_LENGTH_MAX) {
      const bytes = textBytes(text);
      this.#textLength = bytes.length;
      return bytes;
    }
    const bytes = textBytesMax(text);
    if (bytes > this.#text.length) this.#text = new Uint8Array(bytes);
    this.#textLength = writeText(this.#text, 0, text);
    return this.#text;
  }
}

/** Deletions alone may take the room that puts have to leave. */
function hasPut(batch: WriteBatch): boolean {
  const record = batch.reader();
  while (record.next()) if (record.type === ValueType.Value) return true;
  return false;
}
