import { type Entry, ValueType } from '../../contract.js';
import type { MemtableModel } from '../../model.js';
import { code } from '../../notation.js';
import { Command } from '../command.js';
import { expectAt } from '../cursors.js';
import type { MemtableSubject } from './subject.js';
import { addedEntry, addTo } from './writes.js';

/** Walks over the table with a new cursor, and adds an entry before each step. */
export class WalkWhileWriting extends Command<
  MemtableModel,
  MemtableSubject,
  [sequence: number, keys: readonly Uint8Array[]]
> {
  readonly kind = 'walkWhileWriting';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [sequence, keys] = this.args;
    const cursor = subject.openCursor();
    cursor.seekToFirst();
    let entry: Entry | undefined = model.items[0];
    expectAt(cursor, entry);
    for (const [i, key] of keys.entries()) {
      if (entry === undefined) return;
      const added = addedEntry(sequence + i, ValueType.Value, key);
      if (model.canWrite([added])) subject.write(model, [added], () => addTo(subject, sequence + i, 1, key));
      expectAt(cursor, entry);
      cursor.next();
      entry = model.neighbour(entry, 1);
      expectAt(cursor, entry);
    }
  }

  toString(): string {
    const [sequence, keys] = this.args;
    const walk = `const walker = table.iterator(); walker.seekToFirst();`;
    const step = `if (!walker.valid) break; try { table.add(${sequence} + i, 1, key); } catch {} walker.next();`;
    return `{ ${walk} for (const [i, key] of ${code(keys)}.entries()) { ${step} } }`;
  }
}
