import type { IndexCursor, OrderedIndex, OrderedIndexHarness } from '../../contract.js';
import { expectSame } from '../../expect.js';
import type { IndexModel } from '../../model.js';
import type { AnyCommand } from '../command.js';
import { expectWalks } from '../cursors.js';

/** @internal An ordered index in a run of commands. */
export class OrderedIndexSubject {
  readonly executed: AnyCommand[] = [];
  readonly harness: OrderedIndexHarness;
  readonly index: OrderedIndex;
  cursors: (IndexCursor | undefined)[] = [];

  constructor(harness: OrderedIndexHarness, index: OrderedIndex) {
    this.harness = harness;
    this.index = index;
  }

  openCursor(): IndexCursor {
    return this.index.iterator();
  }

  /** Compares everything, both ways. */
  compare(model: IndexModel): void {
    const { backward, entryCount, verify } = this.harness.supports;
    expectWalks(this.index.iterator(), model.items, backward);
    const cursor = this.index.iterator();
    for (const { key } of model.items) {
      cursor.seek(key);
      expectSame('the key at a seek', cursor.valid && cursor.key, key);
    }
    if (entryCount) expectSame('entryCount', this.index.entryCount, model.items.length);
    if (verify) this.index.verify!();
  }

  /** Inserts a key; one that is there already has to be refused. */
  insert(model: IndexModel, key: Uint8Array): void {
    const isNew = !model.has({ key });
    if (isNew) model.insert({ key });
    expectSame('insert()', this.index.insert(key), isNew);
    this.afterWrite(model);
  }

  /** Counts, and lets go of the cursors when they do not outlive a write. */
  afterWrite(model: IndexModel): void {
    const { entryCount, liveCursors } = this.harness.supports;
    if (entryCount) expectSame('entryCount', this.index.entryCount, model.items.length);
    if (liveCursors) return;
    this.cursors = [];
    model.cursors = [];
  }
}
