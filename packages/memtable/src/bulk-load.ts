import { type Addr, MARK_WORDS, NIL } from '@memtable/arena';
import type { BlockSkipList } from '@memtable/skiplist';
import type { EntryTable } from './entry-table.js';
import { entryBytes, keyLengthOf, valueLengthOf } from './format/entry.js';
import { ValueType } from './format/internal-key.js';
import type { LookupKey } from './format/lookup-key.js';

/** Fewer entries are inserted one by one. */
const REBUILD_COUNT_MIN = 256;
/** So are those into a table that has more than this many for each of them: a rebuild reads and writes all leaves. */
const REBUILD_RATIO_MAX = 8;

/**
 * Many writes that are added to a table at once. Their entries are written first, sorted, and linked at the end, so
 * nothing shows before and an error leaves nothing [D37]. Meanwhile nobody else may write to the table.
 */
export class BulkLoad {
  readonly #table: EntryTable<BlockSkipList>;
  readonly #mark = new Int32Array(MARK_WORDS);
  readonly #entryBytesBefore: number;
  #entries = new Int32Array(64);
  #count = 0;
  #keyBytes = 0;
  #valueBytes = 0;
  /** Number of entries that are tombstones. */
  deletions = 0;
  /** Bytes of the entries that are values. */
  liveBytes = 0;

  constructor(table: EntryTable<BlockSkipList>) {
    this.#table = table;
    this.#entryBytesBefore = table.entryBytes;
    table.arena.mark(this.#mark);
  }

  /** The entries, in the order of the table once they are linked. */
  get entries(): Int32Array {
    return this.#entries.subarray(0, this.#count);
  }

  /** Bytes of the entries, those that `keepNewest` left out included. */
  get bytes(): number {
    return this.#table.entryBytes - this.#entryBytesBefore;
  }

  /**
   * Writes an entry.
   * @param key - with its tag, whose sequence is above those of the entries before and of all versions in the table
   * @throws MemTableError `MEMTABLE_FULL`
   */
  add(key: LookupKey, type: ValueType, value: Uint8Array, valueLength: number, valueView?: DataView): void {
    const entry = this.#table.prepareUnlinked(key, value, valueLength, valueView);
    if (entry === NIL) throw this.#table.full(entryBytes(key.keyLength, valueLength));
    if (this.#count === this.#entries.length) this.#makeRoom();
    this.#entries[this.#count++] = entry;
    this.#sum(type, key.keyLength, valueLength, 1);
  }

  /**
   * Sorts the entries and links them.
   * @param isNewest - whether to leave out all but the newest version of each key
   * @returns for each entry the version of its key that is now behind it and was in the table before, or NIL
   * @throws MemTableError `MEMTABLE_FULL`; what the comparator throws. Nothing is linked then
   */
  link(isNewest: boolean): Int32Array {
    const table = this.#table;
    if (!this.#isAscending()) {
      const ties = table.index.sort(this.entries);
      if (isNewest) this.#keepNewest(ties);
    }
    const { entries } = this;
    const isRebuild =
      entries.length >= REBUILD_COUNT_MIN && table.index.entryCount <= entries.length * REBUILD_RATIO_MAX;
    return isRebuild ? this.#rebuild() : this.#insert();
  }

  /** Gives the memory of all entries back. Nothing may have been linked. */
  undo(): void {
    this.#table.unlink([], this.#mark, this.#entryBytesBefore);
  }

  /**
   * Entries that ascend as they were written are sorted, and have different keys: of equal keys the newer goes first.
   */
  #isAscending(): boolean {
    const { arena, order } = this.#table;
    const { view } = arena.memory;
    const { entries } = this;
    for (let i = 1; i < entries.length; i++) {
      if (order.compare(view, entries[i - 1], view, entries[i]) > 0) return false;
    }
    return true;
  }

  /** @param ties - pairs of indexes: where keys may be equal, as `sort` returns them */
  #keepNewest(ties: readonly number[]): void {
    const table = this.#table;
    const { view } = table.arena.memory;
    const entries = this.#entries;
    let kept = 0;
    let at = 0;
    for (let tie = 0; tie < ties.length; tie += 2) {
      entries.copyWithin(kept, at, ties[tie]);
      kept += ties[tie] - at;
      for (at = ties[tie]; at < ties[tie + 1]; at++) {
        const entry = entries[at] as Addr;
        if (at > ties[tie] && table.haveSameKey(entries[kept - 1] as Addr, entry)) {
          this.#sum(table.typeOf(entry), keyLengthOf(view, entry), valueLengthOf(view, entry), -1);
        } else entries[kept++] = entry;
      }
    }
    entries.copyWithin(kept, at, this.#count);
    this.#count += kept - at;
  }

  #rebuild(): Int32Array {
    const table = this.#table;
    const older = new Int32Array(this.#count).fill(NIL);
    const { entries } = this;
    if (!table.index.load(entries, older)) throw table.full(0);
    table.count(this.#keyBytes, this.#valueBytes, this.deletions);
    for (let i = 0; i < older.length; i++) {
      if (older[i] !== NIL && !table.haveSameKey(older[i] as Addr, entries[i] as Addr)) older[i] = NIL;
    }
    return older;
  }

  #insert(): Int32Array {
    const table = this.#table;
    const { entries } = this;
    const older = new Int32Array(this.#count);
    let inserted = 0;
    try {
      for (; inserted < entries.length; inserted++) {
        if (!table.index.adopt()) throw table.full(0);
        older[inserted] = table.insert(entries[inserted] as Addr);
      }
    } catch (error) {
      const nodes = Array.from(entries.subarray(0, inserted)) as unknown as Addr[];
      table.unlink(nodes, this.#mark, this.#entryBytesBefore);
      throw error;
    }
    return older;
  }

  #makeRoom(): void {
    const old = this.#entries;
    this.#entries = new Int32Array(2 * old.length);
    this.#entries.set(old);
  }

  #sum(type: ValueType, keyLength: number, valueLength: number, times: 1 | -1): void {
    this.#keyBytes += times * keyLength;
    this.#valueBytes += times * valueLength;
    if (type === ValueType.Deletion) this.deletions += times;
    else this.liveBytes += times * entryBytes(keyLength, valueLength);
  }
}
