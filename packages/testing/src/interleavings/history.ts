import { type Entry, ValueType, type WriteOperation } from '../contract.js';
import { mismatch, same } from '../expect.js';
import { code } from '../notation.js';

/** One batch that somebody asked a list to write. */
export interface Write {
  /** Its number among the actions. */
  readonly number: number;
  readonly operations: readonly WriteOperation[];
  /** Undefined while its promise is pending. */
  outcome: 'accepted' | 'refused' | undefined;
  /** Writes that had been accepted when it was asked for. */
  readonly after: ReadonlySet<Write>;
}

/** Every write in the order in which it was asked for, and whether what is found can be explained by them. */
export class History {
  readonly writes: Write[] = [];

  accepted(): Set<Write> {
    return new Set(this.writes.filter(({ outcome }) => outcome === 'accepted'));
  }

  /**
   * Explains entries as writes done one after the other: each one whole, its entries numbered by the next sequences,
   * none twice, all that were accepted, none that was refused, and no write before one that had been accepted when it
   * was asked for.
   * @param found - all entries that there are, in any order; the same one may be found in two places
   * @param ordered - whether writes have to be in the order in which they were asked for
   * @returns the entries by sequence, oldest first
   * @throws TestingError `TESTING_MISMATCH` when there is no explanation
   */
  explain(found: Iterable<Entry>, ordered: boolean): Entry[] {
    const bySequence = new Map<number, Entry>();
    for (const entry of found) {
      const sequence = Number(entry.sequence);
      const other = bySequence.get(sequence);
      if (other !== undefined && !same(other, entry)) {
        mismatch(`two entries have the sequence ${sequence}: ${code(other)} and ${code(entry)}`);
      }
      bySequence.set(sequence, entry);
    }
    const entries = [...bySequence.values()].sort((a, b) => Number(a.sequence) - Number(b.sequence));
    const applied = new Set<Write>();
    let next = 0;
    while (next < entries.length) {
      const write = this.writes.find(({ operations }) => same(operations[0], operationOf(entries[next])));
      if (write === undefined) mismatch(`nobody wrote ${code(entries[next])}, or it was not whole`);
      if (applied.has(write)) mismatch(`write ${write.number} is there twice`);
      if (write.outcome === 'refused') mismatch(`write ${write.number} was refused, and is there`);
      for (const operation of write.operations) {
        const entry = entries[next];
        if (entry === undefined || !same(operationOf(entry), operation)) {
          mismatch(`write ${write.number} is not whole: ${code(operation)} is missing`);
        }
        if (Number(entry.sequence) !== next + 1) {
          mismatch(`sequence ${next + 1} is missing, the next entry is ${code(entry)}`);
        }
        next++;
      }
      for (const earlier of write.after) {
        if (!applied.has(earlier)) mismatch(`write ${write.number} is numbered before write ${earlier.number}`);
      }
      applied.add(write);
    }
    for (const write of this.accepted()) {
      if (!applied.has(write)) mismatch(`write ${write.number} was accepted, and is lost`);
    }
    if (ordered) {
      const order = this.writes.filter((write) => applied.has(write));
      [...applied].forEach((write, i) => {
        if (write !== order[i]) mismatch(`write ${write.number} has passed write ${order[i].number}`);
      });
    }
    return entries;
  }
}

function operationOf({ key, type, value }: Entry): WriteOperation {
  return type === ValueType.Value ? { type, key, value } : { type, key };
}
