import type { Sequence } from '../../contract.js';
import { expectSame } from '../../expect.js';
import type { MemtableModel } from '../../model.js';
import { contentOf } from '../../traits/methods.js';
import { Command } from '../command.js';
import type { MemtableSubject } from './subject.js';

/** Number of snapshots in a run. */
export const SNAPSHOTS = 2;

/** Looks up a key. */
export class Get extends Command<MemtableModel, MemtableSubject, [key: Uint8Array, sequence?: Sequence]> {
  readonly kind = 'get';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [key, sequence] = this.args;
    subject.expectGet(key, sequence, model.get(key, sequence));
  }

  toString(): string {
    return `table.get(${this.code()});`;
  }
}

/** Keeps a sequence for later reads. */
export class TakeSnapshot extends Command<MemtableModel, MemtableSubject, [snapshot: number, sequence: Sequence]> {
  readonly kind = 'takeSnapshot';

  protected execute(model: MemtableModel): void {
    const [snapshot, sequence] = this.args;
    model.snapshots[snapshot] = sequence;
  }

  toString(): string {
    return `snapshots[${this.args[0]}] = ${this.code(1)};`;
  }
}

/** Reads all keys at a sequence that was kept. */
export class ReadSnapshot extends Command<MemtableModel, MemtableSubject, [snapshot: number]> {
  readonly kind = 'readSnapshot';

  override check(model: Readonly<MemtableModel>): boolean {
    return model.snapshots[this.args[0]] !== undefined;
  }

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const sequence = model.snapshots[this.args[0]];
    expectSame('the content', contentOf(subject.table), model.items);
    for (const { key, found } of model.getAll(sequence)) subject.expectGet(key, sequence, found);
  }

  toString(): string {
    return `contentOf(table).map(({ key }) => table.get(key, snapshots[${this.args[0]}]));`;
  }
}

/** Forgets a sequence that was kept. */
export class ReleaseSnapshot extends Command<MemtableModel, MemtableSubject, [snapshot: number]> {
  readonly kind = 'releaseSnapshot';

  override check(model: Readonly<MemtableModel>): boolean {
    return model.snapshots[this.args[0]] !== undefined;
  }

  protected execute(model: MemtableModel): void {
    model.snapshots[this.args[0]] = undefined;
  }

  toString(): string {
    return `snapshots[${this.args[0]}] = undefined;`;
  }
}
