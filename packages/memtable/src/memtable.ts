/**
 * LevelDB's memtable (db/memtable.h, db/memtable.cc): versions of keys in order, in an arena of their own.
 *
 * Invariants, which `verify()` checks, besides those of its arena and its index:
 * M1. Every entry is sound: its type is known, its lengths stay inside the used memory.
 * M2. `KEY_BYTES`, `VALUE_BYTES` and `DELETIONS` add up over the entries.
 */
import {
  type Addr,
  Arena,
  type ArenaOptions,
  type ArenaStats,
  INSPECT,
  Line,
  MARK_WORDS,
  NIL,
  show,
} from '@memtable/arena';
import { attachIndex, BlockSkipList, type OrderedIndex, SkipList, type SkipListOptions } from '@memtable/skiplist';
import { MemTableCursor } from './cursor.js';
import { MemTableError } from './errors.js';
import { checkKind, checkThere } from './format/bytes.js';
import { copyOut, copyView, equalBytes } from './format/copy.js';
import {
  entryBytes,
  keyLengthOf,
  keyStartOf,
  lookupKeyBytes,
  tagHighOf,
  tagLowOf,
  valueLengthOf,
  valueStartOf,
  writeEntry,
  writeLookupKey,
  writeValue,
} from './format/entry.js';
import {
  checkSequence,
  type Sequence,
  SEQUENCE_MAX,
  tagHigh,
  tagLow,
  TAG_BYTES,
  tagSequence,
  ValueType,
} from './format/internal-key.js';
import { checkNotComparing, type Comparator, ComparatorOrder, type EntryOrder, orderOf } from './order.js';
import type { WriteBatch } from './write-batch.js';

export interface MemTableOptions extends ArenaOptions {
  /**
   * The arena that it lies in and that is dropped with it, in place of one made by the other options: one with guard
   * bytes, say. Nothing else lies in it.
   */
  arena?: Arena;
  /**
   * Size of the arena's regular blocks in bytes.
   * @defaultValue 16384, which loses under 1 % at the ends of blocks; 4096 in the layout `leveldb`
   */
  blockBytes?: number;
  /**
   * `leveldb`: allocations, tower heights and `approximateMemoryUsage()` are LevelDB's, byte for byte.
   * `compact`: the same entries with links of half the size.
   * @defaultValue 'compact'
   */
  layout?: 'compact' | 'leveldb';
  /**
   * What keeps the entries in order: LevelDB's skip list, or a skip list of blocks, which is several times as fast and
   * only there in the compact layout. Readers in other threads need `skiplist`: blocks move entries while one is added,
   * so that a table in shared memory refuses them.
   * @defaultValue 'block', or 'skiplist' in the layout `leveldb`
   */
  index?: 'skiplist' | 'block';
  /** An order of user keys other than that of their bytes. */
  comparator?: Comparator;
  /** Shape of the skip list. @defaultValue LevelDB's: branching 4, 12 levels, seed 0xdeadbeef */
  skiplist?: Omit<SkipListOptions, 'layout'>;
}

/** One way only: active, frozen, dropped. */
export type MemTableState = 'active' | 'frozen' | 'dropped';

/** What a key is at some sequence. */
export interface MemTableValue {
  readonly type: ValueType;
  /**
   * Empty for a deletion. The caller's own copy; like a `Buffer` of Node's it may share its `ArrayBuffer` with others.
   */
  readonly value: Uint8Array;
}

/** One version of a key. */
export interface MemTableEntry extends MemTableValue {
  readonly key: Uint8Array;
  readonly sequence: Sequence;
}

/** A memtable's figures; bytes unless it says count. */
export interface MemTableStats {
  readonly state: MemTableState;
  readonly layout: 'compact' | 'leveldb';
  readonly index: 'skiplist' | 'block';
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

/** Words of the table's line in the superblock. */
const STATE = 0;
const COMPARATOR = 1;
const DELETIONS = 2;
const KEY_BYTES = 3;
const VALUE_BYTES = 4;

/** Values of the word `STATE`; 0 is no memtable. A dropped one has no words any more. */
const ACTIVE = 1;
const FROZEN = 2;
/** Values of the word `COMPARATOR`. */
const BYTEWISE = 0;
const CUSTOM = 1;

/** The words of the tag that a key is looked up with when no sequence is given. */
const TAG_LOW_MAX = 0xffffff01;
const TAG_HIGH_MAX = 0xffffffff;

/** Upper bound on what the index makes sure of for an entry: a block on every level, of which there are six at most. */
const ENTRY_ROOM_BYTES = 6144;
const SCRATCH_BYTES = 200;
const BLOCK_BYTES = 16384;

/**
 * A sorted table of (key, sequence) -> value or deletion. `add` and `get` take O(log n) comparisons. Everything is
 * copied in, and copied out unless a *view* is asked for. One thread writes.
 *
 * Its life: *active*, it takes entries; `freeze()` makes it read-only, so that it can be flushed; `drop()` gives all of
 * its memory back at once. There is no way back, and no way to remove a single entry: a deletion is an entry too.
 *
 * @example
 * ```ts
 * const utf8 = new TextEncoder();
 * const table = new MemTable();
 * table.add(1, ValueType.Value, utf8.encode('fruit'), utf8.encode('apple'));
 * table.add(2, ValueType.Value, utf8.encode('fruit'), utf8.encode('pear'));
 * const text = new TextDecoder();
 * text.decode(table.get(utf8.encode('fruit'))?.value); // 'pear'
 * text.decode(table.get(utf8.encode('fruit'), 1)?.value); // 'apple'
 * table.freeze();
 * table.drop();
 * table.state; // 'dropped'
 * ```
 *
 * Source: LevelDB db/memtable.cc. Deviations: an equal entry is refused; a batch is applied as a whole or not at all.
 */
export class MemTable implements Disposable, Iterable<MemTableEntry> {
  // Fixed by the constructor.
  readonly arena: Arena;
  readonly index: OrderedIndex;
  readonly #order: EntryOrder;
  /** The order, where code of the user's makes it. */
  readonly #comparatorOrder: ComparatorOrder | undefined;
  readonly #line: number;

  /** More than the index makes sure of for what may happen after the last entry. */
  readonly #roomBytes: number;
  /** No entry has a higher sequence; not known of a table that is attached. */
  #newest: number;

  // Reused by every call.
  readonly #mark = new Int32Array(MARK_WORDS);
  #scratch = new Uint8Array(SCRATCH_BYTES);
  #scratchView = new DataView(this.#scratch.buffer);

  /** @throws MemTableError, ArenaError, SkipListError: an option is out of range */
  constructor(options?: MemTableOptions);
  /** @internal The table that the arena holds already. */
  constructor(options: MemTableOptions, attached: Arena | undefined, order?: EntryOrder);
  constructor(options: MemTableOptions = {}, attached?: Arena, order = orderOf(options.comparator)) {
    const { layout = 'compact', comparator } = options;
    const { index = layout === 'compact' ? 'block' : 'skiplist' } = options;
    if (layout !== 'compact' && layout !== 'leveldb') {
      throw invalidOption(`layout must be 'compact' or 'leveldb': ${String(layout)}`);
    }
    if (index !== 'skiplist' && index !== 'block') {
      throw invalidOption(`index must be 'skiplist' or 'block': ${String(index)}`);
    }
    if (layout === 'leveldb' && index === 'block')
      throw invalidOption("layout 'leveldb' has the index 'skiplist' only");
    const { arena, source, shared } = options;
    if (attached === undefined && index === 'block' && ((arena ?? source)?.memory.shared ?? shared)) {
      throw invalidOption(BLOCKS_SHARED);
    }
    this.#order = order;
    this.#comparatorOrder = order instanceof ComparatorOrder ? order : undefined;
    this.arena = attached ?? arena ?? new Arena({ blockBytes: layout === 'compact' ? BLOCK_BYTES : 4096, ...options });
    this.#line = this.arena.lineOf(Line.Table);
    this.#roomBytes = 65536 + 4 * this.arena.stats().blockBytes;
    this.#newest = attached === undefined ? -1 : Infinity;
    if (attached !== undefined) this.index = attachIndex(attached, this.#order);
    else if (index === 'block') this.index = new BlockSkipList(this.arena, this.#order);
    else this.index = new SkipList(this.arena, this.#order, { ...options.skiplist, layout });
    if (attached === undefined) {
      this.#setWord(STATE, ACTIVE);
      this.#setWord(COMPARATOR, comparator === undefined ? BYTEWISE : CUSTOM);
    }
  }

  /**
   * The memtable that wrote these bytes, or a copy of it if they are a copy, in the state it was in. `verify()` checks
   * the entries too. Over a `SharedArrayBuffer` another thread may be adding to the table meanwhile: what is read is
   * what that thread has added so far. Only one thread adds.
   * @param from - the buffer; of a memtable over a source, one of `Arena.attachAll(source)`
   * @param options - `comparator` must be the one it was made with, if it had one
   * @throws MemTableError `MEMTABLE_MALFORMED`; `MEMTABLE_INVALID_OPTION` for shared memory with an active table whose
   * index is `block`; ArenaError or SkipListError for damage below
   */
  static attach(
    from: ArrayBuffer | SharedArrayBuffer | Arena,
    options: Pick<MemTableOptions, 'comparator'> = {},
  ): MemTable {
    const arena = from instanceof Arena ? from : Arena.attach(from);
    const line = arena.lineOf(Line.Table);
    const state = arena.memory.i32[line + STATE];
    if (state !== ACTIVE && state !== FROZEN) {
      throw new MemTableError('MEMTABLE_MALFORMED', `this arena holds no memtable: its state is ${state}`);
    }
    const custom = arena.memory.i32[line + COMPARATOR] === CUSTOM;
    if (custom !== (options.comparator !== undefined)) {
      throw new MemTableError(
        'MEMTABLE_MALFORMED',
        `the memtable orders its keys ${custom ? 'by a comparator, and none' : 'bytewise, and a comparator'} was given`,
      );
    }
    const table = new MemTable(options, arena);
    if (arena.memory.shared && state === ACTIVE && !(table.index instanceof SkipList)) {
      throw invalidOption(`${BLOCKS_SHARED}, or attach to it when it is frozen`);
    }
    return table;
  }

  /**
   * Adds one version of a key. Bytes are copied.
   * @param sequence - from 0 to 2^53 - 1
   * @param value - empty when left out, as for deletions
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_DUPLICATE`, `MEMTABLE_FROZEN`, `MEMTABLE_DROPPED`,
   * `MEMTABLE_INVALID_SEQUENCE`; what the comparator throws. Nothing has changed then
   */
  add(sequence: number, type: ValueType, key: Uint8Array, value: Uint8Array = EMPTY): void {
    checkKind('the key', key);
    checkKind('the value', value);
    if (type !== ValueType.Value && type !== ValueType.Deletion) throw invalidType(type);
    checkWriteSequence(sequence);
    this.#checkActive();
    const keyLength = key.length;
    const valueLength = value.length;
    if (keyLength === 0) checkThere('the key', key);
    if (valueLength === 0) checkThere('the value', value);
    const bytes = entryBytes(keyLength, valueLength);
    if (sequence > this.#newest && this.#comparatorOrder === undefined && !this.mayMove(1, bytes)) {
      // Nothing can refuse the entry: none is equal, no comparator throws, and there is room. So it is written first.
      const node = this.index.allocate(bytes);
      if (node === NIL) throw this.#full(bytes);
      const { u8, view } = this.arena.memory;
      writeEntry(u8, view, this.index.entryOf(node), sequence, type, key, 0, keyLength, value, 0, valueLength);
      this.index.insert(node);
    } else {
      this.#addFound(bytes, sequence, type, key, value);
    }
    if (sequence > this.#newest) this.#newest = sequence;
    this.count(keyLength, valueLength, type === ValueType.Deletion ? 1 : 0);
  }

  /** Adds an entry that may be refused. Its place is found first: then there is nothing to undo. */
  #addFound(bytes: number, sequence: number, type: ValueType, key: Uint8Array, value: Uint8Array): void {
    const lookupKey = this.#encode(key, tagLow(sequence, type), tagHigh(sequence));
    this.index.find(lookupKey, 0);
    if (this.index.foundEqual) throw duplicate(sequence);
    const keyBytes = lookupKeyBytes(key.length);
    const { byteOffset, length } = value;
    const node = this.#allocate(bytes);
    const { u8, view } = this.arena.memory;
    const entry = this.index.entryOf(node);
    copyView(view, entry, lookupKey, 0, keyBytes);
    // A view of this very memory is empty once that has moved; its bytes have the same address in the new one.
    const hasMoved = value.length < length;
    writeValue(u8, view, entry + keyBytes, hasMoved ? u8 : value, hasMoved ? byteOffset : 0, length);
    this.index.insertFound(node);
  }

  /**
   * Adds all writes of a batch, the first with `sequence`, each further one with the next; or none of them.
   * @param sequence - from 0 to 2^53 - 1
   * @throws as {@link MemTable.add}
   */
  apply(batch: WriteBatch, sequence: Sequence = batch.sequence): void {
    checkWriteSequence(sequence);
    checkWriteSequence(sequence + Math.max(batch.count - 1, 0));
    this.#checkActive();
    this.arena.mark(this.#mark);
    const nodes: Addr[] = [];
    let inserted = 0;
    let keyBytes = 0;
    let valueBytes = 0;
    let deletions = 0;
    try {
      // All that can run out is taken before the first entry shows.
      const record = batch.reader();
      while (record.next()) {
        const { type, bytes, keyAt, keyLength, valueAt, valueLength } = record;
        const node = this.#allocate(entryBytes(keyLength, valueLength));
        const { u8, view } = this.arena.memory;
        const entry = this.index.entryOf(node);
        writeEntry(
          u8,
          view,
          entry,
          sequence + nodes.length,
          type,
          bytes,
          keyAt,
          keyLength,
          bytes,
          valueAt,
          valueLength,
        );
        nodes.push(node);
        keyBytes += keyLength;
        valueBytes += valueLength;
        if (type === ValueType.Deletion) deletions++;
      }
      // Readers in other threads must never stand on an entry that is taken back.
      if (this.arena.memory.shared) for (const node of nodes) this.#checkNew(node);
      for (; inserted < nodes.length; inserted++) this.#insert(nodes[inserted]);
    } catch (error) {
      if (inserted > 0) this.index.unlink(nodes.slice(0, inserted), this.#mark);
      this.arena.rewind(this.#mark);
      throw error;
    }
    this.count(keyBytes, valueBytes, deletions);
    if (sequence + nodes.length - 1 > this.#newest) this.#newest = sequence + nodes.length - 1;
  }

  /**
   * The newest version of `key` that `sequence` may see: the value, or that it was deleted.
   * @param sequence - from 0 to 2^56 - 1; the newest version of all when left out
   * @returns undefined when the table knows nothing of the key at that sequence
   * @throws MemTableError `MEMTABLE_DROPPED`, `MEMTABLE_INVALID_SEQUENCE`
   */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    const entry = this.#find(key, sequence);
    if (entry === NIL) return undefined;
    const { u8, view } = this.arena.memory;
    const value = copyOut(u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
    return { type: (tagLowOf(view, entry) & 0xff) as ValueType, value };
  }

  /**
   * Like {@link MemTable.get} without the copy: `value` is a view of the arena. In an active table it is only good until
   * the next write (it reads as empty once the memory has grown); in a frozen one until `drop()`. Do not write to it.
   */
  getView(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    const entry = this.#find(key, sequence);
    if (entry === NIL) return undefined;
    const { buffer, view } = this.arena.memory;
    return {
      type: (tagLowOf(view, entry) & 0xff) as ValueType,
      value: new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry)),
    };
  }

  /** A cursor over all versions in order: keys ascend, versions of one key from the newest to the oldest. */
  iterator(): MemTableCursor {
    this.#checkNotDropped();
    return new MemTableCursor(this, this.index.cursor(), this.#order);
  }

  /** All versions in order, as copies. */
  *[Symbol.iterator](): Generator<MemTableEntry> {
    const cursor = this.iterator();
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      yield { key: cursor.key, value: cursor.value, sequence: cursor.sequence, type: cursor.type };
    }
  }

  /** LevelDB's `ApproximateMemoryUsage()`: all blocks of its arena. 0 once dropped. O(1). */
  approximateMemoryUsage(): number {
    return this.arena.memoryUsage();
  }

  /** Versions in it, deletions included. 0 once dropped. */
  get entryCount(): number {
    return this.index.entryCount;
  }

  get state(): MemTableState {
    const state = this.#word(STATE);
    return state === ACTIVE ? 'active' : state === FROZEN ? 'frozen' : 'dropped';
  }

  /** All of its figures, from the buffer. O(1). */
  stats(): MemTableStats {
    return {
      state: this.state,
      layout: this.index instanceof SkipList ? this.index.layout : 'compact',
      index: this.index instanceof SkipList ? 'skiplist' : 'block',
      entryCount: this.entryCount,
      deletionCount: this.#word(DELETIONS),
      keyBytes: this.#word(KEY_BYTES),
      valueBytes: this.#word(VALUE_BYTES),
      height: this.index.height,
      arena: this.arena.stats(),
    };
  }

  /** Makes it read-only, for good. Does nothing when it is frozen already. @throws MemTableError `MEMTABLE_DROPPED` */
  freeze(): void {
    this.#checkNotDropped();
    this.#setWord(STATE, FROZEN);
  }

  /** Gives all of its memory back at once. Views of it read as empty. Idempotent. */
  drop(): void {
    checkNotComparing(this.#order);
    this.arena.drop();
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  [INSPECT](): object {
    return show(this, () => {
      const { state, entryCount } = this;
      if (state === 'dropped') return { state };
      const { layout, index, deletionCount } = this.stats();
      return { state, entryCount, deletionCount, memoryUsage: this.approximateMemoryUsage(), layout, index };
    });
  }

  /**
   * Checks M1 and M2, and the arena and the index below. O(entries).
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: which invariant, and where
   */
  verify(): void {
    this.#checkNotDropped();
    this.arena.verify();
    const { view, usedBytes } = this.arena.memory;
    let deletions = 0;
    let keyBytes = 0;
    let valueBytes = 0;
    let count = 0;
    const cursor = this.index.cursor();
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const entry = cursor.entry;
      // Links may run in a ring; the index can only be checked when its entries are known to be sound.
      if (++count > this.entryCount) malformed(`M1: more than the ${this.entryCount} entries counted`);
      const keyLength = keyLengthOf(view, entry);
      if (keyLength < 0 || keyStartOf(view, entry) + keyLength > usedBytes) {
        malformed(`M1: a key of ${keyLength} bytes in the entry at ${entry}`);
      }
      const type = tagLowOf(view, entry) & 0xff;
      if (type > ValueType.Value) malformed(`M1: type ${type} in the entry at ${entry}`);
      const valueLength = valueLengthOf(view, entry);
      if (valueLength < 0 || valueStartOf(view, entry) + valueLength > usedBytes) {
        malformed(`M1: a value of ${valueLength} bytes in the entry at ${entry}`);
      }
      keyBytes += keyLength;
      valueBytes += valueLength;
      if (type === ValueType.Deletion) deletions++;
    }
    const counted = [this.#word(KEY_BYTES), this.#word(VALUE_BYTES), this.#word(DELETIONS)];
    const found = [keyBytes, valueBytes, deletions];
    if (found.join() !== counted.join()) {
      malformed(`M2: key bytes, value bytes, deletions are ${found.join(', ')}, counted ${counted.join(', ')}`);
    }
    this.index.verify();
  }

  /** @internal Whether two user keys are the same key by the table's order, though their bytes may differ. */
  isSameKey(a: Uint8Array, b: Uint8Array): boolean {
    if (this.#comparatorOrder !== undefined) return this.#comparatorOrder.compareKeys(a, b) === 0;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  /** @internal The lookup key of (key, sequence) in scratch bytes, good until the next call. */
  encodeLookupKey(key: Uint8Array, sequence: Sequence): DataView {
    checkKind('the key', key);
    let low = TAG_LOW_MAX;
    let high = TAG_HIGH_MAX;
    if (sequence !== SEQUENCE_MAX) {
      checkSequence(sequence);
      low = tagLow(sequence, ValueType.Value);
      high = tagHigh(sequence);
    }
    return this.#encode(key, low, high);
  }

  /** A lookup key in scratch bytes, good until the next call. */
  #encode(key: Uint8Array, low: number, high: number): DataView {
    const keyLength = key.length;
    if (keyLength === 0) checkThere('the key', key);
    const length = lookupKeyBytes(keyLength);
    if (length > this.#scratch.length) {
      this.#scratch = new Uint8Array(length);
      this.#scratchView = new DataView(this.#scratch.buffer);
    }
    writeLookupKey(this.#scratch, this.#scratchView, 0, key, 0, keyLength, low, high);
    return this.#scratchView;
  }

  /** Room for an entry, in a node of the index. */
  #allocate(bytes: number): Addr {
    const node = bytes > this.arena.memory.maxBytes ? NIL : this.index.allocate(bytes);
    if (node === NIL) throw this.#full(bytes);
    return node;
  }

  #full(bytes: number): MemTableError {
    return new MemTableError(
      'MEMTABLE_FULL',
      `no room for an entry of ${bytes} bytes: ${this.approximateMemoryUsage()} of ${this.arena.memory.maxBytes} bytes are in use`,
    );
  }

  /** @internal Whether the memory may move while so many entries of `bytes` bytes in all are added; true when in doubt. */
  mayMove(entryCount: number, bytes: number): boolean {
    return !this.arena.hasLeft(2 * bytes + entryCount * ENTRY_ROOM_BYTES + this.#roomBytes);
  }

  /** @internal Counts what an entry holds; M2. */
  count(keyBytes: number, valueBytes: number, deletions: number): void {
    const words = this.arena.memory.i32;
    const line = this.#line;
    words[line + KEY_BYTES] += keyBytes;
    words[line + VALUE_BYTES] += valueBytes;
    words[line + DELETIONS] += deletions;
  }

  #insert(node: Addr): void {
    if (!this.index.insert(node)) throw this.#duplicateOf(node);
  }

  #checkNew(node: Addr): void {
    this.index.find(this.arena.memory.view, this.index.entryOf(node));
    if (this.index.foundEqual) throw this.#duplicateOf(node);
  }

  #duplicateOf(node: Addr): MemTableError {
    const entry = this.index.entryOf(node);
    const { view } = this.arena.memory;
    return duplicate(tagSequence(tagLowOf(view, entry), tagHighOf(view, entry)));
  }

  /** The newest version of `key` that `sequence` may see, or NIL. */
  #find(key: Uint8Array, sequence: Sequence): Addr {
    this.#checkNotDropped();
    const lookupKey = this.encodeLookupKey(key, sequence);
    const entry = this.index.seek(lookupKey, 0);
    return entry !== NIL && this.#isSameKey(entry, lookupKey, key) ? entry : NIL;
  }

  #isSameKey(entry: Addr, lookupKey: DataView, key: Uint8Array): boolean {
    const { u8, view } = this.arena.memory;
    if (this.#comparatorOrder !== undefined) {
      const start = keyStartOf(view, entry);
      return this.#comparatorOrder.compareKeys(u8.subarray(start, start + keyLengthOf(view, entry)), key) === 0;
    }
    // The lookup key begins with the length of the key, as the entry does.
    return equalBytes(view, entry, lookupKey, 0, lookupKeyBytes(key.length) - TAG_BYTES);
  }

  #word(word: number): number {
    return this.arena.memory.i32[this.#line + word] ?? 0;
  }

  #setWord(word: number, value: number): void {
    this.arena.memory.i32[this.#line + word] = value;
  }

  #checkActive(): void {
    checkNotComparing(this.#order);
    if (this.arena.memory.i32[this.#line + STATE] !== ACTIVE) throw this.#notActive();
  }

  #notActive(): MemTableError {
    this.#checkNotDropped();
    return new MemTableError('MEMTABLE_FROZEN', 'the memtable has been frozen');
  }

  #checkNotDropped(): void {
    checkNotComparing(this.#order);
    if (this.arena.dropped) throw new MemTableError('MEMTABLE_DROPPED', 'the memtable has been dropped');
  }
}

const EMPTY = new Uint8Array(0);

const BLOCKS_SHARED =
  "the index 'block' moves entries, so that readers in other threads would miss some: " +
  "a memtable in shared memory needs index: 'skiplist'";

function checkWriteSequence(sequence: Sequence): asserts sequence is number {
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0) throw invalidWriteSequence(sequence);
}

function invalidWriteSequence(sequence: Sequence): MemTableError {
  return new MemTableError(
    'MEMTABLE_INVALID_SEQUENCE',
    `the sequence of a write is a whole number from 0 to 2^53 - 1: ${String(sequence)}`,
  );
}

function invalidType(type: unknown): TypeError {
  return new TypeError(`the type must be 0 (deletion) or 1 (value): ${String(type)}`);
}

function duplicate(sequence: Sequence): MemTableError {
  return new MemTableError('MEMTABLE_DUPLICATE', `this key is there already with sequence ${sequence}`);
}

function invalidOption(message: string): MemTableError {
  return new MemTableError('MEMTABLE_INVALID_OPTION', message);
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
