/// <reference lib="esnext.disposable" preserve="true" />
/** LevelDB's memtable (db/memtable.h, db/memtable.cc): versions of keys, in order, in an arena of their own. */
import { type Addr, Arena, type ArenaOptions, INSPECT, Line, MARK_WORDS, NIL, printed, show } from '@memtable/arena';
import { attachIndex, BlockSkipList, type OrderedIndex, SkipList, type SkipListOptions } from '@memtable/skiplist';
import { BulkLoad } from './bulk-load.js';
import { MemTableCursor } from './cursor.js';
import { MemTableError } from './errors.js';
import { EntryTable, type EntryTableStats, TableState, TableWord } from './entry-table.js';
import { checkBytes, checkKind, checkThere } from './format/bytes.js';
import { copyOut } from './format/copy.js';
import { entryBytes, tagHighOf, tagLowOf, valueLengthOf, valueStartOf, writeEntry } from './format/entry.js';
import { type Sequence, SEQUENCE_MAX, tagHigh, tagLow, tagSequence, ValueType } from './format/internal-key.js';
import { LookupKey } from './format/lookup-key.js';
import { verifyEntries } from './inspect/verify-entries.js';
import { checkNotComparing, type Comparator, orderOf } from './order.js';
import { WriteBatch } from './write-batch.js';

/** Options of a memtable and of its arena. */
export interface MemTableOptions extends ArenaOptions {
  /**
   * An arena for this memtable alone, one with guard bytes for example. `drop()` drops it too. The other options of the
   * arena do not count then.
   * @defaultValue an arena made by the other options
   */
  arena?: Arena;
  /**
   * Size of the arena's regular blocks in bytes, a multiple of 8 from 64 to 2^28.
   * @defaultValue 16384, which wastes less than 1 % at the ends of blocks; 4096 in the layout `leveldb`
   */
  blockBytes?: number;
  /**
   * `leveldb`: allocations, tower heights and `approximateMemoryUsage()` are LevelDB's, byte for byte.
   * `compact`: the same entries, with links of half the size.
   * @defaultValue 'compact'
   */
  layout?: 'compact' | 'leveldb';
  /**
   * The index that keeps the entries in order. `skiplist` is LevelDB's. `block` is a skip list of blocks, several times
   * as fast, for the compact layout only. Readers in other threads need `skiplist`: an add moves the slots of blocks,
   * so a table in shared memory refuses `block`.
   * @defaultValue 'block'; 'skiplist' in the layout `leveldb`
   */
  index?: 'skiplist' | 'block';
  /** The order of user keys. @defaultValue the order of their bytes, unsigned */
  comparator?: Comparator;
  /** Shape of the skip list. @defaultValue LevelDB's: branching 4, 12 levels, seed 0xdeadbeef */
  skiplist?: Omit<SkipListOptions, 'layout'>;
}

/** The states of a memtable, in order: it takes writes, it is read-only, its memory is gone. There is no way back. */
export type MemTableState = 'active' | 'frozen' | 'dropped';

/** A version of a key: its value, or its deletion. */
export interface MemTableValue {
  /** `ValueType.Value`, or `ValueType.Deletion` for a tombstone. */
  readonly type: ValueType;
  /**
   * The value; empty for a tombstone. The caller owns this copy. A short copy shares its `ArrayBuffer` with others,
   * like Node's `Buffer`s. The value of {@link MemTable.getView} is a view, not a copy.
   */
  readonly value: Uint8Array;
}

/** One version of a key, with the key and its sequence. */
export interface MemTableEntry extends MemTableValue {
  /** The user key. The caller owns this copy; see {@link MemTableValue.value}. */
  readonly key: Uint8Array;
  /** The sequence of the write. */
  readonly sequence: Sequence;
}

/** The figures of a memtable. Sizes are in bytes. */
export interface MemTableStats extends EntryTableStats {
  /** Where the table is in its life. */
  readonly state: MemTableState;
  /** See {@link MemTableOptions.layout}. */
  readonly layout: 'compact' | 'leveldb';
  /** See {@link MemTableOptions.index}. */
  readonly index: 'skiplist' | 'block';
}

const BLOCK_BYTES = 16384;

/** Without it a clone would arrive as an object that has no methods. */
const UNCLONEABLE = Symbol('a MemTable: post table.arena.memory.buffer, and call MemTable.attach() there');

/**
 * A sorted table that maps (key, sequence) to a value or a deletion. `add` and `get` take O(log n) comparisons. Keys
 * and values are copied in. Reads copy out, except those with *view* in their name. One thread writes.
 *
 * An *active* table takes entries. `freeze()` makes it read-only, so that it can be flushed. `drop()` gives all of its
 * memory back at once. There is no way back. Single entries cannot be removed: a deletion adds an entry, a tombstone.
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
 * Source: LevelDB db/memtable.cc. Deviations: an entry with equal key, sequence and type is refused. A batch is applied
 * as a whole or not at all.
 */
export class MemTable implements Disposable, Iterable<MemTableEntry> {
  /** @internal `structuredClone` and `postMessage` refuse an object with a symbol in it, and print its text. */
  readonly uncloneable: symbol = UNCLONEABLE;

  // Fixed by the constructor.
  /** The arena that holds the table. It is for reading only: `table.arena.memory` has the bytes. */
  readonly arena: Arena;
  /** The index that orders the entries. It is for reading only. */
  readonly index: OrderedIndex;
  /** Arena and index together. Both are fields of the table too, because the hot path of `add` uses them. */
  readonly #entries: EntryTable;
  /** Keys are ordered by their bytes, so a search runs no comparator. */
  readonly #isBytewise: boolean;
  /** The word of the arena's memory that holds the state. */
  readonly #stateAt: number;

  /** The highest sequence. Infinity in an attached table, where it is not known. */
  #newest: number;

  // Scratch memory that each call reuses.
  readonly #mark = new Int32Array(MARK_WORDS);
  readonly #key = new LookupKey();

  /**
   * Makes an empty table, active.
   * @throws MemTableError `MEMTABLE_INVALID_OPTION`; ArenaError, SkipListError: an option of theirs is out of range, or
   * the system has no memory; TypeError: the comparator is no function
   */
  constructor(options?: MemTableOptions);
  /** @internal Takes the table that the arena already holds. */
  constructor(options: MemTableOptions, attached: Arena);
  constructor(options: MemTableOptions = {}, attached?: Arena) {
    const { layout = 'compact' } = options;
    const { index = layout === 'compact' ? 'block' : 'skiplist' } = options;
    if (layout !== 'compact' && layout !== 'leveldb') {
      throw invalidOption(`layout must be 'compact' or 'leveldb': ${printed(layout)}`);
    }
    if (index !== 'skiplist' && index !== 'block') {
      throw invalidOption(`index must be 'skiplist' or 'block': ${printed(index)}`);
    }
    if (layout === 'leveldb' && index === 'block')
      throw invalidOption("layout 'leveldb' has the index 'skiplist' only");
    const { arena, source, shared } = options;
    if (attached === undefined && index === 'block' && ((arena ?? source)?.memory.shared ?? shared)) {
      throw invalidOption(BLOCKS_SHARED);
    }
    const order = orderOf(options.comparator);
    this.arena = attached ?? arena ?? new Arena({ blockBytes: layout === 'compact' ? BLOCK_BYTES : 4096, ...options });
    if (attached !== undefined) this.index = attachIndex(attached, order);
    else if (index === 'block') this.index = new BlockSkipList(this.arena, order);
    else this.index = new SkipList(this.arena, order, { ...options.skiplist, layout });
    this.#entries = new EntryTable(this.arena, this.index, order, { attached: attached !== undefined });
    this.#isBytewise = options.comparator === undefined;
    this.#stateAt = this.arena.lineOf(Line.Table) + TableWord.State;
    this.#newest = attached === undefined ? -1 : Infinity;
  }

  /**
   * Takes the memtable that a buffer holds, in the state it was in. The buffer is used, not copied. Attaching checks
   * the arena's blocks and the words of table and index, O(blocks). For bytes that you have not written, call
   * `verify()` before anything else: if it succeeds, all calls work.
   *
   * Over a `SharedArrayBuffer` another thread may add to the table meanwhile. Reads see what it has added so far. Only
   * one thread adds.
   * @param from - the table's buffer, or a copy of it. For a memtable over a source, an arena of
   * `Arena.attachAll(source)`
   * @param options - `comparator`: required if the table was made with one, and then the same one
   * @throws MemTableError `MEMTABLE_MALFORMED`: no memtable, or another order; `MEMTABLE_INVALID_OPTION`: shared memory
   * with an active table whose index is `block`; ArenaError, SkipListError: damage in arena or index
   */
  static attach(
    from: ArrayBuffer | SharedArrayBuffer | Arena,
    options: Pick<MemTableOptions, 'comparator'> = {},
  ): MemTable {
    const arena = from instanceof Arena ? from : Arena.attach(from);
    const line = arena.lineOf(Line.Table);
    const state = arena.memory.i32[line + TableWord.State];
    if (state !== TableState.Active && state !== TableState.Frozen) {
      throw new MemTableError('MEMTABLE_MALFORMED', `this arena holds no memtable: its state is ${state}`);
    }
    const comparator = arena.memory.i32[line + TableWord.Comparator];
    if (comparator !== 0 && comparator !== 1) {
      throw new MemTableError('MEMTABLE_MALFORMED', `a memtable has one comparator or none, not ${comparator}`);
    }
    const custom = comparator === 1;
    if (custom !== (options.comparator !== undefined)) {
      throw new MemTableError(
        'MEMTABLE_MALFORMED',
        `the memtable orders its keys ${custom ? 'by a comparator, and none' : 'bytewise, and a comparator'} was given`,
      );
    }
    const table = new MemTable(options, arena);
    if (arena.memory.shared && state === TableState.Active && !(table.index instanceof SkipList)) {
      throw invalidOption(`${BLOCKS_SHARED}, or attach to it when it is frozen`);
    }
    return table;
  }

  /**
   * Adds one version of a key. Key and value are copied. O(log n) comparisons.
   * @param sequence - from 0 to 2^53 - 1, in any order. A sequence above all others is added faster
   * @param type - `ValueType.Value`, or `ValueType.Deletion` for a tombstone
   * @param value - empty by default, as it is for a tombstone
   * @throws MemTableError `MEMTABLE_FULL`, `MEMTABLE_DUPLICATE`, `MEMTABLE_FROZEN`, `MEMTABLE_DROPPED`,
   * `MEMTABLE_INVALID_SEQUENCE`, `MEMTABLE_REENTERED`, `MEMTABLE_INVALID_COMPARATOR`; TypeError: key or value is not
   * bytes, or the type is unknown; the comparator's errors. After an error nothing has changed
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
    if (sequence > this.#newest && this.#isBytewise && !this.#entries.mayMove(1, bytes)) {
      // Nothing can refuse the entry: no other is equal, no comparator throws, there is room. So write it first [D6].
      const node = this.index.allocate(bytes);
      if (node === NIL) throw this.#entries.full(bytes);
      const { u8, view } = this.arena.memory;
      writeEntry(u8, view, this.index.entryOf(node), sequence, type, key, 0, keyLength, value, 0, valueLength);
      this.index.insert(node);
      this.#entries.count(keyLength, valueLength, type === ValueType.Deletion ? 1 : 0);
    } else {
      this.#addFound(sequence, type, key, value);
    }
    if (sequence > this.#newest) this.#newest = sequence;
  }

  /** Adds an entry that may be refused. It finds the place first, so that a refusal has nothing to undo. */
  #addFound(sequence: number, type: ValueType, key: Uint8Array, value: Uint8Array): void {
    const entries = this.#entries;
    const lookupKey = this.#key.set(key).setTag(tagLow(sequence, type), tagHigh(sequence));
    this.index.find(lookupKey.view, lookupKey.at);
    if (this.index.foundEqual) throw duplicate(sequence);
    const node = entries.prepare(lookupKey, value, value.length);
    if (node === NIL) throw entries.full(entryBytes(key.length, value.length));
    entries.insertFound(node);
  }

  /**
   * Adds all writes of a batch or none. The first gets `sequence`, each further one the next. O(k log n) comparisons
   * for k writes.
   * @param sequence - from 0 to 2^53 - 1, that of the last write included. @defaultValue the batch's own sequence
   * @throws as {@link MemTable.add}
   */
  apply(batch: WriteBatch, sequence: Sequence = batch.sequence): void {
    checkWriteSequence(sequence);
    checkWriteSequence(sequence + Math.max(batch.count - 1, 0));
    this.#checkActive();
    const entries = this.#entries;
    const bytesBefore = entries.entryBytes;
    const nodes: Addr[] = [];
    let inserted = 0;
    this.arena.mark(this.#mark);
    try {
      // Take all memory before the first entry shows.
      const record = batch.reader();
      while (record.next()) {
        const node = entries.prepareRecord(record, sequence + nodes.length);
        if (node === NIL) throw entries.full(entryBytes(record.keyLength, record.valueLength));
        nodes.push(node);
      }
      // A reader in another thread must never see an entry that is taken out again. So find what may throw first.
      if (this.arena.memory.shared) for (const node of nodes) this.#find(node);
      for (; inserted < nodes.length; inserted++) {
        this.#find(nodes[inserted]);
        entries.insertFound(nodes[inserted]);
      }
    } catch (error) {
      entries.unlink(nodes.slice(0, inserted), this.#mark, bytesBefore);
      throw error;
    }
    if (sequence + nodes.length - 1 > this.#newest) this.#newest = sequence + nodes.length - 1;
  }

  /**
   * Adds many values, all or none. With the index `block`, and sequences above all others, this is faster than adds: it
   * sorts the entries and writes the index at once. O(entries), and O(versions) more for a table that has not many more
   * versions than that.
   * @param sequence - that of the first entry. Each further one gets the next
   * @param entries - keys and values, in any order, copied as they come. The table takes reads only meanwhile
   * @returns the number of entries
   * @throws as {@link MemTable.add}; the errors of `entries`; MemTableError `MEMTABLE_REENTERED`: `entries` changed the
   * table
   *
   * @example
   * ```ts
   * const utf8 = new TextEncoder();
   * const table = new MemTable();
   * table.load(1, [[utf8.encode('b'), utf8.encode('2')], [utf8.encode('a'), utf8.encode('1')]]); // 2
   * ```
   */
  load(sequence: number, entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): number {
    checkWriteSequence(sequence);
    this.#checkActive();
    if (!(this.index instanceof BlockSkipList) || sequence <= this.#newest) {
      const batch = new WriteBatch();
      for (const [key, value] of entries) batch.put(key, value);
      this.apply(batch, sequence);
      return batch.count;
    }
    const load = new BulkLoad(this.#entries as EntryTable<BlockSkipList>);
    let next = sequence;
    this.#entries.setWord(TableWord.State, TableState.Loading);
    try {
      for (const [key, value] of entries) {
        checkKind('the key', key);
        checkBytes('the value', value);
        checkWriteSequence(next);
        this.#key.set(key).setTag(tagLow(next, ValueType.Value), tagHigh(next));
        load.add(this.#key, ValueType.Value, value, value.length);
        next++;
      }
      load.link(false);
    } catch (error) {
      load.undo();
      throw error;
    } finally {
      this.#entries.setWord(TableWord.State, TableState.Active);
    }
    if (next > sequence) this.#newest = next - 1;
    return next - sequence;
  }

  /**
   * The newest version of `key` that `sequence` may see: one with the same or a lower sequence. O(log n) comparisons.
   * @param sequence - from 0 to 2^56 - 1. By default the highest, which sees the newest version
   * @returns a copy that the caller owns: a value, or a tombstone if the key was deleted. Undefined if there is none
   * @throws MemTableError `MEMTABLE_DROPPED`, `MEMTABLE_INVALID_SEQUENCE`, `MEMTABLE_REENTERED`; TypeError: the key is
   * not bytes; the comparator's errors
   */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    const entry = this.#seek(key, sequence);
    if (entry === NIL) return undefined;
    const { u8, view } = this.arena.memory;
    const value = copyOut(u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
    return { type: (tagLowOf(view, entry) & 0xff) as ValueType, value };
  }

  /**
   * Like {@link MemTable.get}, but `value` is a view of the arena. In an active table the view is valid until the next
   * write, and reads as empty once the memory has grown. In a frozen table it is valid until `drop()`. Do not write to
   * it.
   * @throws as {@link MemTable.get}
   */
  getView(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    const entry = this.#seek(key, sequence);
    if (entry === NIL) return undefined;
    const { buffer, view } = this.arena.memory;
    return {
      type: (tagLowOf(view, entry) & 0xff) as ValueType,
      value: new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry)),
    };
  }

  /**
   * Makes a cursor over all versions. Keys ascend; the versions of one key go from the newest to the oldest. The cursor
   * stands on no entry yet. It holds no memory, so it need not be closed.
   * @throws MemTableError `MEMTABLE_DROPPED`, `MEMTABLE_REENTERED`
   */
  iterator(): MemTableCursor {
    this.#checkNotDropped();
    return new MemTableCursor(this.#entries, this.#key);
  }

  /** All versions, in the order of {@link MemTable.iterator}. The caller owns the copies. @throws as the cursor does */
  *[Symbol.iterator](): Generator<MemTableEntry> {
    const cursor = this.iterator();
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      yield { key: cursor.key, value: cursor.value, sequence: cursor.sequence, type: cursor.type };
    }
  }

  /** LevelDB's `ApproximateMemoryUsage()`: bytes of all blocks of the arena. 0 once dropped. O(1). */
  approximateMemoryUsage(): number {
    return this.arena.memoryUsage();
  }

  /** Number of versions, tombstones included. 0 once dropped. O(1). */
  get entryCount(): number {
    return this.index.entryCount;
  }

  /** Where the table is in its life: active, frozen or dropped. O(1). */
  get state(): MemTableState {
    const state = this.#entries.word(TableWord.State);
    if (state === TableState.Frozen) return 'frozen';
    return state === TableState.Active || state === TableState.Loading ? 'active' : 'dropped';
  }

  /** All figures of the table, read from its buffer. O(1). */
  stats(): MemTableStats {
    return {
      state: this.state,
      layout: this.index instanceof SkipList ? this.index.layout : 'compact',
      index: this.index instanceof SkipList ? 'skiplist' : 'block',
      ...this.#entries.stats(),
    };
  }

  /** Makes the table read-only, for good. Idempotent. @throws MemTableError `MEMTABLE_DROPPED`, `MEMTABLE_REENTERED` */
  freeze(): void {
    this.#checkNotDropped();
    this.#checkNotLoading();
    this.#entries.setWord(TableWord.State, TableState.Frozen);
  }

  /**
   * Gives all memory back at once. Views of it read as empty. Idempotent.
   * @throws MemTableError `MEMTABLE_REENTERED`
   */
  drop(): void {
    checkNotComparing(this.#entries.order);
    this.#checkNotLoading();
    this.arena.drop();
  }

  /** Calls {@link MemTable.drop}. */
  [Symbol.dispose](): void {
    this.drop();
  }

  /** The fields that `console.log` prints. */
  [INSPECT](): object {
    return show(this, () => {
      const { state, entryCount } = this;
      if (state === 'dropped') return { state };
      const { layout, index, deletionCount } = this.stats();
      return { state, entryCount, deletionCount, memoryUsage: this.approximateMemoryUsage(), layout, index };
    });
  }

  /**
   * Checks every invariant of the table, of its arena and of its index. The bytes may be damaged in any way: it
   * checks a link before it follows it, and visits no byte twice, so a ring of links or a false count ends at once.
   * If it succeeds, all calls work. Damage that stays unseen, such as another byte in a value, changes what they
   * return. O(bytes); with a comparator O(log n) more for each entry.
   * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError `ARENA_MALFORMED`, SkipListError `SKIPLIST_MALFORMED`: the
   * message names the invariant and the place; MemTableError `MEMTABLE_DROPPED`; what the comparator throws
   */
  verify(): void {
    this.#checkNotDropped();
    verifyEntries(this.#entries);
  }

  /** @internal The table by address. */
  get entries(): EntryTable {
    return this.#entries;
  }

  /** @internal Whether two user keys are equal in the table's order. Their bytes may differ. */
  isSameKey(a: Uint8Array, b: Uint8Array): boolean {
    return this.#entries.order.isSameKey(a, b);
  }

  /** Finds the place of a node's entry. @throws MemTableError `MEMTABLE_DUPLICATE`; the comparator's errors */
  #find(node: Addr): void {
    const { view } = this.arena.memory;
    const entry = this.index.entryOf(node);
    this.index.find(view, entry);
    if (this.index.foundEqual) throw duplicate(tagSequence(tagLowOf(view, entry), tagHighOf(view, entry)));
  }

  /** The newest version of `key` that `sequence` may see, or NIL. */
  #seek(key: Uint8Array, sequence: Sequence): Addr {
    this.#checkNotDropped();
    return this.#entries.seek(this.#key.setFor(key, sequence));
  }

  #checkActive(): void {
    if (!this.#isBytewise) checkNotComparing(this.#entries.order);
    if (this.arena.memory.i32[this.#stateAt] !== TableState.Active) throw this.#notActive();
  }

  #notActive(): MemTableError {
    this.#checkNotDropped();
    this.#checkNotLoading();
    return new MemTableError('MEMTABLE_FROZEN', 'the memtable has been frozen');
  }

  #checkNotLoading(): void {
    if (this.#entries.word(TableWord.State) !== TableState.Loading) return;
    throw new MemTableError('MEMTABLE_REENTERED', 'the entries of a load must not change the memtable');
  }

  #checkNotDropped(): void {
    if (!this.#isBytewise) checkNotComparing(this.#entries.order);
    if (this.arena.dropped) throw new MemTableError('MEMTABLE_DROPPED', 'the memtable has been dropped');
  }
}

const EMPTY = new Uint8Array(0);

const BLOCKS_SHARED =
  "the index 'block' moves entries, and readers in other threads would miss some: " +
  "a memtable in shared memory needs index: 'skiplist'";

function checkWriteSequence(sequence: Sequence): asserts sequence is number {
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0) throw invalidWriteSequence(sequence);
}

function invalidWriteSequence(sequence: Sequence): MemTableError {
  return new MemTableError(
    'MEMTABLE_INVALID_SEQUENCE',
    `the sequence of a write is a whole number from 0 to 2^53 - 1: ${printed(sequence)}`,
  );
}

function invalidType(type: unknown): TypeError {
  return new TypeError(`the type must be 0 (deletion) or 1 (value): ${printed(type)}`);
}

function duplicate(sequence: Sequence): MemTableError {
  return new MemTableError('MEMTABLE_DUPLICATE', `the table already has this key with sequence ${sequence}`);
}

function invalidOption(message: string): MemTableError {
  return new MemTableError('MEMTABLE_INVALID_OPTION', message);
}
