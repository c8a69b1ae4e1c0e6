import { type Addr, NIL } from '@memtable/arena';
import { type MemTableEntry, MemTableError } from '@memtable/memtable';
import { type FlushSource, keyLengthOf, keyStartOf, valueLengthOf, valueStartOf } from '@memtable/memtable/internal';
import type { Pin } from '../pins.js';
import type { StoreTable } from '../table.js';
import { Renewal } from './renewal.js';

/**
 * The renewal that writes a table to its target. When the target has everything, the successor takes over, with what
 * has been written since. The memory of the old table is dropped as soon as no snapshot and no iterator reads in it
 * any more.
 *
 * Invariants:
 * F1. The pin keeps the newest versions up to its sequence, deletions too. These are written to the target.
 * F2. The successor has the newest versions of the keys written since. `keyCount` counts these keys, `entryCount` and
 *     `liveBytes` their values. If `isBroken`, the successor is empty and cannot take over.
 */
export class Flush extends Renewal {
  readonly pin: Pin;
  /** What is written to the target. */
  readonly source: FlushSource;
  keyCount = 0;
  entryCount = 0;
  liveBytes = 0;
  isBroken = false;

  /** @param keyCount - keys in `from`, deleted ones too. To count them takes as long as to read the table */
  constructor(from: StoreTable, to: StoreTable, pin: Pin, keyCount: number) {
    super(from, to);
    this.pin = pin;
    this.source = {
      lastSequence: pin.sequence,
      entryCount: keyCount,
      memoryUsage: from.memoryUsage(),
      entries: () => this.#copies(),
    };
  }

  written(entry: Addr): boolean {
    if (this.isBroken) return true;
    const { to } = this;
    const older = to.findCopy(this.from, entry);
    const oldBytes = to.isValue(older) ? to.bytesOf(older) : -1;
    // Nobody reads in the successor yet.
    const copy = this.repeat(older, entry, true);
    if (copy === NIL) return false;
    const newBytes = to.isValue(copy) ? to.bytesOf(copy) : -1;
    if (older === NIL) this.keyCount++;
    this.entryCount += +(newBytes >= 0) - +(oldBytes >= 0);
    this.liveBytes += Math.max(newBytes, 0) - Math.max(oldBytes, 0);
    return true;
  }

  /** The successor cannot have everything: all has to be written to the target once more. */
  break(): void {
    this.isBroken = true;
    this.to.arena.drop();
  }

  /** Checks F2 too. */
  override verify(): void {
    if (this.isBroken) return;
    super.verify();
    const { to } = this;
    let keyCount = 0;
    let entryCount = 0;
    let liveBytes = 0;
    let last: Addr = NIL;
    const cursor = to.index.cursor();
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const isNewest = last === NIL || !to.haveSameKey(last, cursor.entry);
      last = cursor.entry;
      if (!isNewest) continue;
      keyCount++;
      if (!to.isValue(last)) continue;
      entryCount++;
      liveBytes += to.bytesOf(last);
    }
    const found = [keyCount, entryCount, liveBytes].join(', ');
    const counted = [this.keyCount, this.entryCount, this.liveBytes].join(', ');
    if (found === counted) return;
    throw new MemTableError('MEMTABLE_MALFORMED', `F2: keys, values, bytes are ${found}, counted ${counted}`);
  }

  /**
   * The newest versions up to the pin's sequence, in order: copies, since the memory may move while the target has
   * them.
   */
  *#copies(): Generator<MemTableEntry> {
    const { from } = this;
    const pinned = this.pin.sequence;
    const cursor = from.index.cursor();
    let last: Addr = NIL;
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const entry = cursor.entry;
      const sequence = from.sequenceOf(entry);
      if (sequence > pinned || (last !== NIL && from.haveSameKey(last, entry))) continue;
      last = entry;
      const { u8, view } = from.arena.memory;
      const key = keyStartOf(view, entry);
      const value = valueStartOf(view, entry);
      yield {
        key: u8.slice(key, key + keyLengthOf(view, entry)),
        value: u8.slice(value, value + valueLengthOf(view, entry)),
        sequence,
        type: from.typeOf(entry),
      };
    }
  }
}
