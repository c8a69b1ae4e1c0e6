import { type Addr, NIL } from '@memtable/arena';
import { MemTableError } from '@memtable/memtable';
import { verifyEntries } from '@memtable/memtable/internal';
import type { Commit } from './commit.js';

/**
 * Checks T1 and T2 of a store, its pins, its table, and the arena and index of that. O(entries).
 * @param hasTarget - whether the store has a target, so that its commit counts keys
 * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError, SkipListError: the message names the invariant and the place
 */
export function verifyStore(commit: Commit, hasTarget: boolean): void {
  const { table, pins } = commit;
  verifyEntries(table);
  pins.verify();
  let liveBytes = 0;
  let keyCount = 0;
  let entryCount = 0;
  let heldBytes = 0;
  let last: Addr = NIL;
  const cursor = table.index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
    const entry = cursor.entry;
    const isNewest = last === NIL || !table.haveSameKey(last, entry);
    const newer = isNewest ? Infinity : table.sequenceOf(last);
    last = entry;
    if (isNewest) keyCount++;
    if (!table.isValue(entry)) continue;
    if (isNewest) {
      liveBytes += table.bytesOf(entry);
      entryCount++;
    } else if (pins.sees(table.sequenceOf(entry), newer)) heldBytes += table.bytesOf(entry);
  }
  if (liveBytes !== commit.liveBytes || entryCount !== commit.entryCount) {
    malformed(`T1: ${liveBytes} bytes in ${entryCount} entries, counted ${commit.liveBytes} in ${commit.entryCount}`);
  }
  if (hasTarget && keyCount !== commit.keyCount) malformed(`T1: ${keyCount} keys, counted ${commit.keyCount}`);
  if (heldBytes !== pins.heldBytes) malformed(`T2: ${heldBytes} bytes are held, counted ${pins.heldBytes}`);
  if (commit.garbageBytes < 0) malformed(`T2: ${commit.garbageBytes} bytes of garbage`);
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
