import type {
  Comparator,
  Entry,
  Memtable,
  MemtableCursor,
  MemtableHarness,
  MemtableRefusal,
  Sequence,
} from '../../contract.js';
import { expectRefused, expectSame, mismatch, outcomeOf, same } from '../../expect.js';
import type { MemtableModel } from '../../model.js';
import { code } from '../../notation.js';
import { expectAllDropped } from '../../traits/after-drop.js';
import { contentOf } from '../../traits/methods.js';
import type { AnyCommand } from '../command.js';
import { expectWalks } from '../cursors.js';

/** What a caller writes over bytes that are its own. */
export const SCRIBBLE = 0xcc;

/** A memtable in a run of commands. */
export class MemtableSubject {
  readonly executed: AnyCommand[] = [];
  readonly harness: MemtableHarness;
  /** What the factory is called with. */
  readonly options: { comparator?: Comparator };
  table: Memtable;
  cursors: (MemtableCursor | undefined)[] = [];
  /** The table that was dropped last. */
  dropped: Memtable | undefined;
  /** The table of which the present one was made as a copy, and what it held then. */
  copied: { readonly table: Memtable; readonly entries: readonly Entry[] } | undefined;

  constructor(harness: MemtableHarness, comparator: Comparator | undefined) {
    this.harness = harness;
    this.options = comparator === undefined ? {} : { comparator };
    this.table = harness.factory(this.options);
  }

  openCursor(): MemtableCursor {
    return this.table.iterator();
  }

  /**
   * Makes a write. It has to be refused, and must not have changed anything then, when `refusal` says so afterwards;
   * else the entries are there.
   */
  write(
    model: MemtableModel,
    entries: readonly Entry[],
    call: () => unknown,
    refusal: () => MemtableRefusal | undefined = () => model.refusalOf(entries),
  ): void {
    const { supports } = this.harness;
    const before = this.#figures();
    const outcome = outcomeOf(call);
    const reason = refusal();
    if (reason !== undefined) {
      expectRefused(`a write (${reason})`, supports.errorCodes[reason], outcome);
      expectSame('the figures after a refused write', this.#figures(), before);
      return;
    }
    outcome();
    for (const entry of entries) model.insert(entry);
    if (supports.entryCount) expectSame('entryCount', this.table.entryCount, model.items.length);
    if (!supports.liveCursors) this.closeCursors(model);
  }

  /** Looks a key up, and compares what comes out with an entry, or with undefined. */
  expectGet(key: Uint8Array, sequence: Sequence | undefined, expected: Entry | undefined): void {
    const found = this.table.get(key, sequence);
    if (found?.type !== expected?.type || !same(found?.value, expected?.value)) {
      mismatch(`get() should find ${code(expected)}, found ${code(found)}`);
    }
    // What is given out is the caller's own, to write to.
    if (this.harness.supports.copies) found?.value.fill(SCRIBBLE);
  }

  /** Compares everything: what the model has is in the table, what the table has is in the model. */
  compare(model: MemtableModel): void {
    const { supports } = this.harness;
    const { table } = this;
    expectWalks(table.iterator(), model.items, supports.backward);
    for (const { key, found } of model.getAll()) this.expectGet(key, undefined, found);
    if (supports.entryCount) expectSame('entryCount', table.entryCount, model.items.length);
    if (supports.state) expectSame('state', table.state, model.state);
    if (supports.memoryUsage) {
      const bytes = model.items.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      const usage = table.approximateMemoryUsage!();
      if (usage < bytes) mismatch(`the memory usage is ${usage}, the entries have ${bytes} bytes`);
    }
    if (supports.verify) table.verify!();
    if (this.copied !== undefined) {
      expectSame('the table that was copied', contentOf(this.copied.table), this.copied.entries);
    }
  }

  /** Ends the table, and goes on with a fresh one. */
  renew(model: MemtableModel): void {
    const { supports } = this.harness;
    this.compare(model);
    if (supports.drop) {
      this.table.drop!();
      expectAllDropped(this.table, this.cursors, supports);
      this.dropped = this.table;
      model.droppedBefore = true;
    }
    this.table = this.harness.factory(this.options);
    this.copied = undefined;
    model.clear();
    this.closeCursors(model);
  }

  /** Lets go of all cursors. */
  closeCursors(model: MemtableModel): void {
    this.cursors = [];
    model.cursors = [];
  }

  #figures(): unknown[] {
    const { supports } = this.harness;
    return [
      supports.entryCount && this.table.entryCount,
      supports.memoryUsage && this.table.approximateMemoryUsage!(),
      supports.state && this.table.state,
    ];
  }
}
