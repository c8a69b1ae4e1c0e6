import { NIL } from '@memtable/arena';
import { type EntryTable, TableWord } from '../entry-table.js';
import { MemTableError } from '../errors.js';
import { keyLengthOf, keyStartOf, tagLowOf, valueLengthOf, valueStartOf } from '../format/entry.js';
import { ValueType } from '../format/internal-key.js';

/**
 * Checks M1 and M2 of a table, and every invariant of its arena and index. O(entries).
 * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: the message names the invariant and the place
 */
export function verifyEntries(table: EntryTable): void {
  const { arena, index } = table;
  arena.verify();
  const { view, usedBytes } = arena.memory;
  let deletions = 0;
  let keyBytes = 0;
  let valueBytes = 0;
  let count = 0;
  const cursor = index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
    const entry = cursor.entry;
    // Damaged links may form a ring. The index is checked last, because it compares entries, which must be sound.
    if (++count > index.entryCount) malformed(`M1: more than the ${index.entryCount} entries counted`);
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
  const words = [TableWord.KeyBytes, TableWord.ValueBytes, TableWord.Deletions];
  const counted = words.map((word) => table.word(word)).join(', ');
  const found = [keyBytes, valueBytes, deletions].join(', ');
  if (found !== counted) malformed(`M2: key bytes, value bytes, deletions are ${found}, counted ${counted}`);
  index.verify();
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
