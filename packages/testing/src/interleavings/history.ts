import { type Entry, ValueType, type WriteOperation } from '../contract.js';
import { mismatch, same } from '../expect.js';
import { code } from '../notation.js';

/** One batch that a caller asked a list to write. */
export interface Write {
  /** The number of the action that asked for it. */
  readonly number: number;
  readonly operations: readonly WriteOperation[];
  /** Undefined while its promise is pending. */
  outcome: 'accepted' | 'refused' | undefined;
  /** Writes that the list had accepted before the call. */
  readonly after: ReadonlySet<Write>;
}

/** All writes in the order of their calls. They must explain the entries that are found. */
export class History {
  readonly writes: Write[] = [];

  /** The writes that the list has accepted. */
  accepted(): Set<Write> {
    return new Set(this.writes.filter(({ outcome }) => outcome === 'accepted'));
  }

  /**
   * Explains entries as writes applied one after the other. Each write is whole, and its entries have the next
   * sequences. No write is applied twice. Every accepted write is applied, and no refused one. No write is applied
   * before one that the list had accepted before its call.
   * @param found - all entries, in any order. The same entry may be in two places.
   * @param ordered - whether writes must be applied in the order of their calls
   * @returns the entries, oldest first
   * @throws TestingError `TESTING_MISMATCH` if there is no explanation
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
      if (write === undefined) mismatch(`no write begins with ${code(entries[next])}`);
      if (applied.has(write)) mismatch(`write ${write.number} was applied twice`);
      if (write.outcome === 'refused') mismatch(`write ${write.number} was refused, but its entries are there`);
      for (const operation of write.operations) {
        const entry = entries[next];
        if (entry === undefined || !same(operationOf(entry), operation)) {
          mismatch(`write ${write.number} was applied in part: ${code(operation)} is missing`);
        }
        if (Number(entry.sequence) !== next + 1) {
          mismatch(`sequence ${next + 1} is missing, the next entry is ${code(entry)}`);
        }
        next++;
      }
      for (const earlier of write.after) {
        if (!applied.has(earlier))
          mismatch(`write ${write.number} is older than write ${earlier.number}, which was accepted before its call`);
      }
      applied.add(write);
    }
    for (const write of this.accepted()) {
      if (!applied.has(write)) mismatch(`write ${write.number} was accepted, but its entries are lost`);
    }
    if (ordered) {
      const order = this.writes.filter((write) => applied.has(write));
      [...applied].forEach((write, i) => {
        if (write !== order[i]) mismatch(`write ${write.number} overtook write ${order[i].number}`);
      });
    }
    return entries;
  }
}

function operationOf({ key, type, value }: Entry): WriteOperation {
  return type === ValueType.Value ? { type, key, value } : { type, key };
}
