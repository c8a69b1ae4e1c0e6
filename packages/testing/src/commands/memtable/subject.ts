import type {
  Comparator,
  Entry,
  Memtable,
  MemtableCursor,
  MemtableHarness,
  MemtableRefusal,
  Sequence,
} from '../../contract.js';
import { expectRead, expectRefused, expectSame, Mismatch, mismatch, outcomeOf, same } from '../../expect.js';
import type { MemtableModel } from '../../model.js';
import { code } from '../../notation.js';
import { expectAllDropped } from '../../traits/after-drop.js';
import { contentOf } from '../../traits/methods.js';
import type { AnyCommand } from '../command.js';
import { expectWalks } from '../cursors.js';

/** The byte with which a caller overwrites its own buffers. */
export const SCRIBBLE = 0xcc;

/** @internal A memtable in a run of commands. */
export class MemtableSubject {
  /** The commands of the run, in order. */
  readonly executed: AnyCommand[] = [];
  /** Makes the tables. */
  readonly harness: MemtableHarness;
  /** Options of the factory. */
  readonly options: { comparator?: Comparator };
  /** The table that commands use. */
  table: Memtable;
  /** Open cursors by number. */
  cursors: (MemtableCursor | undefined)[] = [];
  /** The last dropped table. */
  dropped: Memtable | undefined;
  /** The table that `table` was copied from, and its entries at that moment. */
  copied: { readonly table: Memtable; readonly entries: readonly Entry[] } | undefined;

  /** Makes the first table. */
  constructor(harness: MemtableHarness, comparator: Comparator | undefined) {
    this.harness = harness;
    this.options = comparator === undefined ? {} : { comparator };
    this.table = harness.factory(this.options);
  }

  /** Makes a cursor of the table. */
  openCursor(): MemtableCursor {
    return this.table.iterator();
  }

  /**
   * Makes a write. If `refusal` gives a reason, the table must have refused it and changed nothing. If not, the entries
   * are added to the model.
   * @param refusal - called after the write
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

  /** Looks up a key, and compares the result with an entry, or with undefined. */
  expectGet(key: Uint8Array, sequence: Sequence | undefined, expected: Entry | undefined): void {
    const found = this.table.get(key, sequence);
    if (found?.type !== expected?.type || !same(found?.value, expected?.value)) {
      const args = sequence === undefined ? code(key) : `${code(key)}, ${code(sequence)}`;
      const field = same(found?.value, expected?.value) ? 'type' : 'value';
      mismatch(
        `get() should find ${code(expected)}, found ${code(found)}`,
        `expectSame('get()', table.get(${args})?.${field}, ${code(expected?.[field])});`,
      );
    }
    // The caller owns the returned bytes, so it may overwrite them.
    if (this.harness.supports.copies) found?.value.fill(SCRIBBLE);
  }

  /** Compares table and model: entries, reads of every key, figures. Also the table that `table` was copied from. */
  compare(model: MemtableModel): void {
    const { supports } = this.harness;
    const { table } = this;
    expectWalks(table.iterator(), model.items, supports.backward, 'table');
    for (const { key, found } of model.getAll()) this.expectGet(key, undefined, found);
    if (supports.entryCount) expectRead('entryCount', table.entryCount, model.items.length, () => 'table.entryCount');
    if (supports.state) expectRead('state', table.state, model.state, () => 'table.state');
    if (supports.memoryUsage) {
      const bytes = model.items.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      const usage = table.approximateMemoryUsage!();
      if (usage < bytes) {
        mismatch(
          `the memory usage is ${usage} bytes, but the entries have ${bytes}`,
          `expectSame('enough memory', table.approximateMemoryUsage() >= ${bytes}, true);`,
        );
      }
    }
    if (supports.verify) table.verify!();
    if (this.copied !== undefined) {
      expectSame('the table that was copied', contentOf(this.copied.table), this.copied.entries);
    }
  }

  /** Compares and drops the table, and makes a new one. */
  renew(model: MemtableModel): void {
    const { supports } = this.harness;
    try {
      this.compare(model);
    } catch (error) {
      // The code of the command goes on with the new table.
      if (error instanceof Mismatch) error.step = undefined;
      throw error;
    }
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

  /** Forgets all cursors. */
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
