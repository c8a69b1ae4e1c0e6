import { NIL } from '@memtable/arena';
import { ValueType } from '@memtable/memtable';
import { keyLengthOf, keyStartOf, LookupKey, valueLengthOf, valueStartOf } from '@memtable/memtable/internal';
import type { StoreSnapshot } from '@memtable/store';
import type { LiveEntry } from '../directory/newest-entries.js';
import { pause } from './pause.js';

/** An entry with its object counts this much besides its bytes. */
const ENTRY_BYTES = 100;
/** Bytes of entries of one slice, which takes a few milliseconds to read and to write. */
const SLICE_BYTES = 256 << 10;

/**
 * All entries that a snapshot sees, in order, slice by slice. Between slices the store goes on: its table may change,
 * move and be replaced, so each slice searches its place anew and copies what it finds.
 * @param check - called before each slice; what it throws ends the walk
 */
export async function* snapshotEntries(
  { pin, sequence }: StoreSnapshot,
  check: () => void,
): AsyncGenerator<LiveEntry[], void, void> {
  const last = new LookupKey();
  for (let isFirst = true; ; isFirst = false) {
    check();
    const { table } = pin.home;
    const { u8, view } = table.arena.memory;
    const cursor = table.index.cursor();
    if (isFirst) cursor.seekToFirst();
    else cursor.seek(last.view, last.at);
    const slice: LiveEntry[] = [];
    let older = NIL;
    for (let left = SLICE_BYTES; cursor.entry !== NIL; cursor.next()) {
      const { entry } = cursor;
      const written = table.sequenceOf(entry);
      if (written > sequence || (older !== NIL && table.haveSameKey(older, entry))) continue;
      if (left <= 0) break;
      older = entry;
      const key = keyStartOf(view, entry);
      const value = valueStartOf(view, entry);
      const keyLength = keyLengthOf(view, entry);
      const valueLength = valueLengthOf(view, entry);
      left -= ENTRY_BYTES + keyLength + valueLength;
      if (table.typeOf(entry) === ValueType.Deletion) continue;
      slice.push({
        key: u8.slice(key, key + keyLength),
        value: u8.slice(value, value + valueLength),
        sequence: written,
      });
    }
    if (older === NIL) return;
    // Behind all versions of the last key that was looked at.
    last.setBytes(u8, keyStartOf(view, older), keyLengthOf(view, older)).afterAll();
    if (slice.length > 0) yield slice;
    await pause();
  }
}
