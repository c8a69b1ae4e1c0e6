import type { Entry, Memtable } from '../../contract.js';
import { expectRefused, expectSame } from '../../expect.js';
import { InjectedFault } from '../../faults.js';
import type { MemtableModel } from '../../model.js';
import { expectDropped } from '../../traits/after-drop.js';
import { entryAt, tableMethods } from '../../traits/methods.js';
import { Command } from '../command.js';
import type { MemtableSubject } from './subject.js';

const RENEW = 'table.drop?.(); dropped = table; table = factory(options); cursors = [];';

/** Makes the table read-only. A frozen table stays as it is. */
export class Freeze extends Command<MemtableModel, MemtableSubject, []> {
  readonly kind = 'freeze';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    subject.table.freeze!();
    model.state = 'frozen';
    if (subject.harness.supports.state) expectSame('state', subject.table.state, 'frozen');
  }

  toString(): string {
    return 'table.freeze();';
  }
}

/**
 * Flushes the table and replaces it by a new one. With `failAt` the first flush fails before that entry. The table must
 * not have changed then, and is flushed again.
 */
export class Flush extends Command<MemtableModel, MemtableSubject, [failAt?: number]> {
  readonly kind = 'flush';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [failAt] = this.args;
    const { supports } = subject.harness;
    if (supports.freeze) {
      subject.table.freeze!();
      model.state = 'frozen';
    }
    if (failAt !== undefined && failAt < model.items.length) {
      expectRefused('the flush', undefined, () => flushTable(subject.table, failAt));
      subject.compare(model);
    }
    expectSame('what was flushed', flushTable(subject.table), model.items);
    subject.renew(model);
  }

  toString(): string {
    const [failAt] = this.args;
    const failure = failAt === undefined ? '' : `try { flushTable(table, ${failAt}); } catch {} `;
    return `table.freeze?.(); ${failure}flushTable(table); ${RENEW}`;
  }
}

/**
 * All entries of a table in order, as a flush target gets them.
 * @param failAt - number of the entry, from 0, before which the flush fails. @defaultValue never
 * @throws InjectedFault if the flush reaches that entry
 */
export function flushTable(table: Memtable, failAt = Infinity): Entry[] {
  const written: Entry[] = [];
  const cursor = table.iterator();
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
    if (written.length === failAt) throw new InjectedFault(`the target fails after ${failAt} entries`);
    written.push(entryAt(cursor));
  }
  return written;
}

/** Drops the table, which must then refuse everything, and replaces it by a new one. */
export class Drop extends Command<MemtableModel, MemtableSubject, []> {
  readonly kind = 'drop';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    subject.renew(model);
  }

  toString(): string {
    return RENEW;
  }
}

/** Calls a method, by its number, of the last dropped table. */
export class UseAfterDrop extends Command<MemtableModel, MemtableSubject, [method: number]> {
  readonly kind = 'useAfterDrop';

  override check(model: Readonly<MemtableModel>): boolean {
    return model.droppedBefore;
  }

  protected execute(_model: MemtableModel, { dropped, harness }: MemtableSubject): void {
    expectDropped(tableMethods[this.args[0]], dropped!, harness.supports);
  }

  toString(): string {
    return `${tableMethods[this.args[0]].name.replace('table', 'dropped')};`;
  }
}

/** Replaces the table by one attached to a copy of its bytes. The original must not change from then on. */
export class Attach extends Command<MemtableModel, MemtableSubject, []> {
  readonly kind = 'attach';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const { attach } = subject.harness.supports;
    if (attach === false) return;
    subject.copied = { table: subject.table, entries: [...model.items] };
    subject.table = attach(subject.table, subject.options);
    subject.closeCursors(model);
    subject.compare(model);
  }

  toString(): string {
    return 'table = supports.attach(table, options); cursors = [];';
  }
}
