/**
 * The one place where a write of a store happens. The call has already encoded its data. Here the write gets a
 * sequence, goes into the table, is counted, and is repeated in the successor of the table if there is one.
 *
 * Invariants, which `verify()` of the store checks:
 * T1. `liveBytes` and `entryCount` count the newest versions of keys that are values. With a target, `keyCount` counts
 *     all keys, deleted ones included.
 * T2. `heldBytes` of the pins counts the older versions that are values and that pins see.
 *
 * A write overwrites the newest version of its key in place, if no pin sees that version and the new value is no longer
 * [D22]. That takes no memory and leaves no garbage. A value does not overwrite a tombstone: a compaction may hold that
 * back until it has looked at the older versions.
 *
 * With a log, a write goes there when it has all memory that it needs and nothing else can fail. A log that throws
 * leaves the store as it was. Sequences have no gaps then: each write takes the next one, and each is in the log.
 */
import { type Addr, MARK_WORDS, NIL } from '@memtable/arena';
import { ValueType, WriteBatch } from '@memtable/memtable';
import {
  BulkLoad,
  entryBytes,
  keyLengthOf,
  keyStartOf,
  LookupKey,
  tagHigh,
  tagLow,
  textBytes,
  textBytesMax,
  valueStartOf,
  type WriteLog,
  writeText,
} from '@memtable/memtable/internal';
import type { Pin, Pins } from './pins.js';
import type { Renewal } from './renewal/renewal.js';
import type { Retention } from './retention.js';
import type { StoreTable } from './table.js';

/** The driver of a store, as a commit uses it: it makes room in the table. */
export interface Room {
  /** While a table takes no more memory than this, puts need not ask for room. */
  readonly roomyBytesMax: number;
  /**
   * Makes room for a put when little is left.
   * @returns whether the store has another table now, or has deleted entries
   * @throws MemTableError `MEMTABLE_FULL`
   */
  make(bytes: number): boolean;
  /** A write found no room and throws `error`. Begins to make room for the next one, if it can. */
  begin(error: unknown): void;
  /** The successor lost a write: it was full, or the comparator threw `error`. */
  lost(error: unknown): void;
}

const EMPTY = new Uint8Array(0);
/** Longer strings are encoded in memory of their own, so that the scratch memory stays small. */
const TEXT_LENGTH_MAX = 64 << 10;
/** Upper bound on the bytes that the index, and the header of a dedicated block, take for an entry. */
export const INDEX_BYTES = 12;

/** The key of an option of a store: a function that is given the commit of the store, and may give that a log. */
export const COMMIT = Symbol('commit');
/** The option whose key is {@link COMMIT}. */
export interface CommitOption {
  readonly [COMMIT]?: (commit: Commit) => void;
}

/** A record of a log with more memory than this is not kept for the next write. */
const RECORD_BYTES_MAX = 64 << 10;

/** The writes of a store. */
export class Commit {
  table: StoreTable;
  pins: Pins;
  /** The running replacement of the table. */
  renewal: Renewal | undefined;
  /** Takes each write before it is made. */
  log: WriteLog | undefined;
  /** Number of the table in events. A flush raises it. The successor of a compaction keeps it. */
  tableNumber = 1;
  /** Sequence of the last write. */
  sequence: number;
  /** With a target: number of keys in the table, deleted ones included. A flush writes that many keys. */
  keyCount = 0;
  /** Keys that have a value. */
  entryCount = 0;
  /** Bytes of their entries. */
  liveBytes = 0;
  /** The lookup key of the last search. */
  readonly key = new LookupKey();

  /** What makes the store a cache. */
  retention: Retention | undefined;
  /** The driver of the store, which sets this itself. */
  room!: Room;
  readonly #tableBytesMax: number;
  #text = new Uint8Array(1024);
  #textView = new DataView(this.#text.buffer);
  #textLength = 0;
  readonly #mark = new Int32Array(MARK_WORDS);
  #record = new WriteBatch();

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

  /** Bytes of the memory that each write reuses. */
  get scratchBytes(): number {
    return this.#text.length + this.key.u8.length + this.#record.capacityBytes;
  }

  /**
   * Finds the newest version of a key, tombstones included, or NIL. {@link Commit.set} and {@link Commit.put} write
   * there.
   */
  find(key: string | Uint8Array): Addr {
    if (key.length > this.#tableBytesMax) throw this.table.full(key.length);
    this.key.set(key);
    return this.#findSet();
  }

  /**
   * Sets the key of the last `find` to a value.
   * @param older - the result of that `find`
   * @returns the bytes of the entry
   * @throws MemTableError `MEMTABLE_FULL`
   */
  put(older: Addr, value: string | Uint8Array): number {
    const { key } = this;
    const bytesMin = key.keyLength + value.length;
    if (bytesMin > this.#tableBytesMax) throw this.table.full(bytesMin);
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const view = bytes === this.#text ? this.#textView : undefined;
    const newBytes = entryBytes(key.keyLength, length);
    if (this.#isInPlace(older, length)) {
      if (this.log !== undefined) this.#logWrite(this.log, ValueType.Value, bytes, 0, length);
      this.#overwrite(older, ValueType.Value, bytes, length, view);
      return newBytes;
    }
    if (this.table.memoryUsage() + newBytes > this.room.roomyBytesMax && this.room.make(newBytes)) {
      older = this.#findSet();
    }
    const entry = this.#prepare(bytes, length, view);
    if (entry === NIL) throw this.#refusal(newBytes);
    this.#add(entry, older, newBytes, 1);
    return newBytes;
  }

  /** Like {@link Commit.put}; undefined deletes the key. */
  set(older: Addr, value: string | Uint8Array | undefined): number {
    if (value !== undefined) return this.put(older, value);
    if (this.table.isValue(older)) this.#delete(older);
    return 0;
  }

  /**
   * Deletes a key, mostly in place, which needs no search for the place of a new entry.
   * @param isTold - whether to keep tombstones of keys that are not here: the target may have the key
   * @returns whether the key had a value in the table
   */
  delete(key: string | Uint8Array, isTold: boolean): boolean {
    if (key.length > this.#tableBytesMax) return false; // Neither the store nor the target can have it.
    this.key.set(key).beforeAll();
    const older = this.table.seek(this.key);
    const hadValue = this.hasValue(older);
    if (this.table.isValue(older)) this.#delete(this.#isInPlace(older, 0) ? older : this.#findSet());
    else if (isTold && older === NIL) this.#delete(this.#findSet());
    return hadValue;
  }

  /**
   * Deletes keys in place, given their newest versions, which no pin may see. Nothing in it can fail, so it is atomic.
   */
  deleteUnseen(entries: readonly Addr[]): number {
    if (this.log !== undefined) this.#logDeletions(this.log, entries);
    for (const entry of entries) this.#overwrite(entry, ValueType.Deletion, EMPTY, 0);
    return 0;
  }

  /** Deletes keys by new tombstones, because pins may see their versions. Deletes none when memory runs out. */
  deleteSeen(entries: readonly Addr[], pin: Pin | undefined): number {
    return this.batch(deletionsOf(pin === undefined ? this.table : pin.home.table, entries));
  }

  /** Makes all writes of a batch or none: it takes all memory before the first entry shows. @returns the bytes added */
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
      if (nodes.length > 0) this.log?.append(batch.recordAt(this.sequence + 1));
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

  /**
   * Begins a load, which ends with {@link Commit.link} or {@link Commit.abandon}. Meanwhile nobody may write. It does
   * not go to the log.
   */
  load(): BulkLoad {
    return new BulkLoad(this.table);
  }

  /**
   * Writes an entry of a load.
   * @param index - how many there were before
   * @throws MemTableError `MEMTABLE_FULL`: the room for puts is used up
   */
  addTo(load: BulkLoad, index: number, key: string | Uint8Array, value: string | Uint8Array): void {
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const sequence = this.sequence + 1 + index;
    this.key.set(key).setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    load.add(this.key, ValueType.Value, bytes, length, bytes === this.#text ? this.#textView : undefined);
    if (this.table.memoryUsage() > this.#tableBytesMax) throw this.table.full(load.bytes);
  }

  /**
   * Makes all writes of a load, or none.
   * @param count - of its writes, those included that a later one of the load replaces
   * @returns the bytes added
   * @throws MemTableError `MEMTABLE_FULL`; the comparator's errors. The caller abandons the load then
   */
  link(load: BulkLoad, count: number): number {
    const olders = load.link(true);
    const { entries } = load;
    this.sequence += count;
    this.liveBytes += load.liveBytes;
    this.entryCount += entries.length - load.deletions;
    for (const older of olders as Iterable<unknown> as Iterable<Addr>) {
      if (older === NIL) this.keyCount++;
      else this.#countReplaced(older);
    }
    if (this.renewal !== undefined) for (const entry of entries) this.#mirror(entry as Addr);
    return load.bytes;
  }

  /** Ends a load that has failed. Nothing of it is left. */
  abandon(load: BulkLoad, error: unknown): void {
    load.undo();
    this.room.begin(error);
  }

  /**
   * Deletes all keys: replaces the table, which must have no pins, by an empty one.
   * @param live - finds the newest versions of all keys that have a value, for the log
   * @returns the bytes given back
   */
  clear(fresh: StoreTable, live: () => readonly Addr[]): number {
    const { table } = this;
    const bytes = table.memoryUsage();
    if (this.log === undefined) this.sequence++;
    else this.sequence += this.#logDeletions(this.log, live());
    this.table = fresh;
    this.pins.table = fresh;
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
    this.table.entryBytes = this.pins.heldBytes; // So that no garbage is counted.
  }

  /** Whether there is an entry, and it is a value that reads see. */
  hasValue(entry: Addr): boolean {
    const { table, retention } = this;
    return table.isValue(entry) && (retention === undefined || !retention.isHidden(table, entry));
  }

  /** Whether an entry has this value, byte for byte but for its head. Undefined means no value. */
  isEqual(entry: Addr, value: string | Uint8Array | undefined): boolean {
    const { table } = this;
    if (!this.hasValue(entry)) return value === undefined;
    if (value === undefined) return false;
    const bytes = typeof value === 'string' ? this.#encodeText(value) : value;
    const length = typeof value === 'string' ? this.#textLength : value.length;
    const { u8, view } = table.arena.memory;
    if (table.valueLengthOf(entry) !== length) return false;
    const start = valueStartOf(view, entry);
    for (let i = this.retention?.headBytes ?? 0; i < length; i++) if (u8[start + i] !== bytes[i]) return false;
    return true;
  }

  /** Finds the place for a new version of the key in `key`. @returns its newest version, or NIL */
  #findSet(): Addr {
    const sequence = this.sequence + 1;
    this.key.setTag(tagLow(sequence, ValueType.Value), tagHigh(sequence));
    return this.table.find(this.key);
  }

  #delete(older: Addr): void {
    if (this.#isInPlace(older, 0)) {
      if (this.log !== undefined) this.#logWrite(this.log, ValueType.Deletion, EMPTY, 0, 0);
      this.#overwrite(older, ValueType.Deletion, EMPTY, 0);
      return;
    }
    const { key } = this;
    const sequence = this.sequence + 1;
    key.setTag(tagLow(sequence, ValueType.Deletion), tagHigh(sequence));
    const entry = this.#prepare(EMPTY, 0);
    if (entry === NIL) throw this.#refusal(entryBytes(key.keyLength, 0));
    this.#add(entry, older, 0, 0);
  }

  /** Writes an entry for the key in `key`, and gives it to the log. NIL when the memory is at its limit. */
  #prepare(value: Uint8Array, valueLength: number, valueView?: DataView): Addr {
    const { key, log, table } = this;
    if (log === undefined) return table.prepare(key, value, valueLength, valueView);
    const bytesBefore = table.entryBytes;
    table.arena.mark(this.#mark);
    const node = table.prepare(key, value, valueLength, valueView);
    if (node === NIL) return NIL;
    try {
      // If the memory has moved, `value` may be gone. The entry has it.
      const entry = table.index.entryOf(node);
      const { u8, view } = table.arena.memory;
      this.#logWrite(log, table.typeOf(entry), u8, valueStartOf(view, entry), valueLength);
    } catch (error) {
      table.unlink([], this.#mark, bytesBefore);
      throw error;
    }
    return node;
  }

  /** Gives a write of the key in `key` to the log. */
  #logWrite(log: WriteLog, type: ValueType, value: Uint8Array, valueAt: number, valueLength: number): void {
    const { u8, keyAt, keyLength } = this.key;
    const record = this.#record.clear().addParts(type, u8, keyAt, keyLength, value, valueAt, valueLength);
    if (record.capacityBytes > RECORD_BYTES_MAX) this.#record = new WriteBatch();
    log.append(record.recordAt(this.sequence + 1));
  }

  /** Gives deletions of the keys of entries to the log, in one record. @returns how many */
  #logDeletions(log: WriteLog, entries: readonly Addr[]): number {
    if (entries.length > 0) log.append(deletionsOf(this.table, entries).recordAt(this.sequence + 1));
    return entries.length;
  }

  /** Whether a write of the key in `key`, with a value of this length, can overwrite its older version in place. */
  #isInPlace(older: Addr, valueLength: number): boolean {
    const { table } = this;
    if (!table.isValue(older)) return false;
    return table.sequenceOf(older) > this.pins.newest && table.fits(older, this.key, valueLength);
  }

  /** Overwrites the newest version of a key, which no pin may see. */
  #overwrite(entry: Addr, type: ValueType, value: Uint8Array, valueLength: number, view?: DataView): void {
    const { table } = this;
    const wasValue = table.isValue(entry);
    const oldBytes = wasValue ? table.bytesOf(entry) : 0;
    this.sequence++;
    table.overwrite(entry, this.sequence, type, value, valueLength, view);
    const isValue = type === ValueType.Value;
    this.liveBytes += (isValue ? table.bytesOf(entry) : 0) - oldBytes;
    this.entryCount += +isValue - +wasValue;
    this.#mirror(entry);
  }

  /** Links an entry at the place that the last search found. */
  #add(entry: Addr, older: Addr, liveBytes: number, values: 0 | 1): void {
    this.table.insertFound(entry);
    this.#countAdded(older, liveBytes, values);
    this.#mirror(entry);
  }

  /** Counts a new newest version of a key: its live bytes, and 1 if it is a value. */
  #countAdded(older: Addr, liveBytes: number, values: 0 | 1): void {
    this.sequence++;
    this.liveBytes += liveBytes;
    this.entryCount += values;
    if (older === NIL) this.keyCount++;
    else this.#countReplaced(older);
  }

  /** Counts a version that is no longer the newest of its key. */
  #countReplaced(older: Addr): void {
    const { table } = this;
    if (!table.isValue(older)) return;
    const oldBytes = table.bytesOf(older);
    this.liveBytes -= oldBytes;
    this.entryCount--;
    this.pins.replaced(table.sequenceOf(older), oldBytes);
  }

  /** Repeats a write in the successor table, if a renewal is running. A failure ends the renewal, not the write. */
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

  /** Encodes a string to `#text`, or to an array of its own if it is long. Its length in bytes is in `#textLength`. */
  #encodeText(text: string): Uint8Array {
    if (text.length > TEXT_LENGTH_MAX) {
      const bytes = textBytes(text);
      this.#textLength = bytes.length;
      return bytes;
    }
    const bytes = textBytesMax(text);
    if (bytes > this.#text.length) {
      this.#text = new Uint8Array(bytes);
      this.#textView = new DataView(this.#text.buffer);
    }
    this.#textLength = writeText(this.#text, 0, text);
    return this.#text;
  }
}

/** Deletions of the keys of entries. */
function deletionsOf(table: StoreTable, entries: readonly Addr[]): WriteBatch {
  const batch = new WriteBatch();
  const { u8, view } = table.arena.memory;
  for (const entry of entries) {
    batch.addParts(ValueType.Deletion, u8, keyStartOf(view, entry), keyLengthOf(view, entry), EMPTY, 0, 0);
  }
  return batch;
}

/** Whether a batch has a put. Puts must leave room that deletions may take. */
function hasPut(batch: WriteBatch): boolean {
  const record = batch.reader();
  while (record.next()) if (record.type === ValueType.Value) return true;
  return false;
}
