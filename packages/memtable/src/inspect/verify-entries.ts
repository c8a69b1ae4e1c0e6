import { type EntryTable, TableWord } from '../entry-table.js';
import { MemTableError } from '../errors.js';
import { ValueType } from '../format/internal-key.js';
import { EntryReader } from './entry-reader.js';

/**
 * Checks M1 and M2 of a table, and every invariant of its arena and index. The bytes may be damaged in any way.
 * O(bytes).
 * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: the message names the invariant and the place;
 * what the comparator throws
 */
export function verifyEntries(table: EntryTable): void {
  const reader = new EntryReader(table.arena.memory);
  const sums = new EntrySums();
  table.index.verify((entry) => {
    const end = reader.read(entry);
    sums.add(reader);
    return end;
  });
  sums.check(table);
}

/** Adds up what the superblock of a table counts (M2). */
export class EntrySums {
  #keyBytes = 0;
  #valueBytes = 0;
  #deletions = 0;

  add({ keyLength, valueLength, type }: EntryReader): void {
    this.#keyBytes += keyLength;
    this.#valueBytes += valueLength;
    if (type === ValueType.Deletion) this.#deletions++;
  }

  /** @throws MemTableError `MEMTABLE_MALFORMED` unless the table has counted the same */
  check(table: Pick<EntryTable, 'word'>): void {
    const found = [this.#keyBytes, this.#valueBytes, this.#deletions].join(', ');
    const words = [TableWord.KeyBytes, TableWord.ValueBytes, TableWord.Deletions];
    const counted = words.map((word) => table.word(word)).join(', ');
    if (found === counted) return;
    throw new MemTableError(
      'MEMTABLE_MALFORMED',
      `M2: key bytes, value bytes, deletions are ${found}, counted ${counted}`,
    );
  }
}
