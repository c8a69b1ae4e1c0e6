/** LevelDB's memtable (db/memtable.h, db/memtable.cc): versions of keys in order, in an arena of their own. */
import { type Addr, Arena, type ArenaOptions, INSPECT, Line, MARK_WORDS, NIL, show } from '@memtable/arena';
import { attachIndex, BlockSkipList, type OrderedIndex, SkipList, type SkipListOptions } from '@memtable/skiplist';
import { MemTableCursor } from './cursor.js';
import { MemTableError } from './errors.js';
import { EntryTable, type EntryTableStats, TableState, TableWord } from './entry-table.js';
import { checkKind, checkThere } from './format/bytes.js';
import { copyOut } from './format/copy.js';
import { entryBytes, tagHighOf, tagLowOf, valueLengthOf, valueStartOf, writeEntry } from './format/entry.js';
import { type Sequence, SEQUENCE_MAX, tagHigh, tagLow, tagSequence, ValueType } from './format/internal-key.js';
import { LookupKey } from './format/lookup-key.js';
import { verifyEntries } from './inspect/verify-entries.js';
import { checkNotComparing, type Comparator, orderOf } from './order.js';
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
export interface MemTableStats extends EntryTableStats {
  readonly state: MemTableState;
  readonly layout: 'compact' | 'leveldb';
  readonly index: 'skiplist' | 'block';
}

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
  /** The arena and the index as one; the two are here too, for the way of `add` that is hot. */
  readonly #entries: EntryTable;
  /** No comparator of the user's runs in a search. */
  readonly #isBytewise: boolean;
  /** The word of the arena's memory that has the state. */
  readonly #stateAt: number;

  /** No entry has a higher sequence; not known of a table that is attached. */
  #newest: number;

  // Reused by every call.
  readonly #mark = new Int32Array(MARK_WORDS);
  readonly #key = new LookupKey();

  /** @throws MemTableError, ArenaError, SkipListError: an option is out of range */
  constructor(options?: MemTableOptions);
  /** @internal The table that the arena holds already. */
  constructor(options: MemTableOptions, attached: Arena);
  constructor(options: MemTableOptions = {}, attached?: Arena) {
    const { layout = 'compact' } = options;
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
    const state = arena.memory.i32[line + TableWord.State];
    if (state !== TableState.Active && state !== TableState.Frozen) {
      throw new MemTableError('MEMTABLE_MALFORMED', `this arena holds no memtable: its state is ${state}`);
    }
    const custom = arena.memory.i32[line + TableWord.Comparator] === 1;
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
    if (sequence > this.#newest && this.#isBytewise && !this.#entries.mayMove(1, bytes)) {
      // Nothing can refuse the entry: none is equal, no comparator throws, and there is room. So it is written first.
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

  /** Adds an entry that may be refused. Its place is found first: then there is nothing to undo. */
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
   * Adds all writes of a batch, the first with `sequence`, each further one with the next; or none of them.
   * @param sequence - from 0 to 2^53 - 1
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
      // All memory is taken before the first entry shows.
      const record = batch.reader();
      while (record.next()) {
        const node = entries.prepareRecord(record, sequence + nodes.length);
        if (node === NIL) throw entries.full(entryBytes(record.keyLength, record.valueLength));
        nodes.push(node);
      }
      // Readers in other threads must never stand on an entry that is taken back.
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
   * The newest version of `key` that `sequence` may see: the value, or that it was deleted.
   * @param sequence - from 0 to 2^56 - 1; the newest version of all when left out
   * @returns undefined when the table knows nothing of the key at that sequence
   * @throws MemTableError `MEMTABLE_DROPPED`, `MEMTABLE_INVALID_SEQUENCE`
   */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    const entry = this.#seek(key, sequence);
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
    const entry = this.#seek(key, sequence);
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
    return new MemTableCursor(this.#entries, this.#key);
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
    const state = this.#entries.word(TableWord.State);
    return state === TableState.Active ? 'active' : state === TableState.Frozen ? 'frozen' : 'dropped';
  }

  /** All of its figures, from the buffer. O(1). */
  stats(): MemTableStats {
    return {
      state: this.state,
      layout: this.index instanceof SkipList ? this.index.layout : 'compact',
      index: this.index instanceof SkipList ? 'skiplist' : 'block',
      ...this.#entries.stats(),
    };
  }

  /** Makes it read-only, for good. Does nothing when it is frozen already. @throws MemTableError `MEMTABLE_DROPPED` */
  freeze(): void {
    this.#checkNotDropped();
    this.#entries.setWord(TableWord.State, TableState.Frozen);
  }

  /** Gives all of its memory back at once. Views of it read as empty. Idempotent. */
  drop(): void {
    checkNotComparing(this.#entries.order);
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
    verifyEntries(this.#entries);
  }

  /** @internal */
  get entries(): EntryTable {
    return this.#entries;
  }

  /** @internal Whether two user keys are the same key by the table's order, though their bytes may differ. */
  isSameKey(a: Uint8Array, b: Uint8Array): boolean {
    return this.#entries.order.isSameKey(a, b);
  }

  /** Finds the place of a node's entry. @throws MemTableError `MEMTABLE_DUPLICATE`; what the comparator throws */
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
    return new MemTableError('MEMTABLE_FROZEN', 'the memtable has been frozen');
  }

  #checkNotDropped(): void {
    if (!this.#isBytewise) checkNotComparing(this.#entries.order);
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
