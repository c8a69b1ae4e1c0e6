import type { Entry, Memtable } from '../../contract.js';
import { expectRefused, expectSame } from '../../expect.js';
import { InjectedFault } from '../../faults.js';
import type { MemtableModel } from '../../model.js';
import { expectDropped } from '../../traits/after-drop.js';
import { entryAt, tableMethods } from '../../traits/methods.js';
import { Command } from '../command.js';
import type { MemtableSubject } from './subject.js';

const RENEW = 'table.drop?.(); dropped = table; table = factory(options); cursors = [];';

/** Makes the table read-only; again and again does no harm. */
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
 * Writes a table out: twice when the target fails before the entry number `failAt`, which must leave everything as it
 * was. Then the table has had its day, and a fresh one follows.
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
 * @throws InjectedFault before the entry number `failAt`, from 0
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

/** Gives the memory of the table back, after which nothing of it can be used; a fresh one follows. */
export class Drop extends Command<MemtableModel, MemtableSubject, []> {
  readonly kind = 'drop';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    subject.renew(model);
  }

  toString(): string {
    return RENEW;
  }
}

/** Uses a method, by its number, of the table that was dropped last. */
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

/** Goes on with a table made of a copy of the bytes; the one that was copied must not change any more. */
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
