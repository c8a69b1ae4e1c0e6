import type { IndexCursor, OrderedIndex, OrderedIndexHarness } from '../../contract.js';
import { expectRead, expectSame } from '../../expect.js';
import type { IndexModel } from '../../model.js';
import { code } from '../../notation.js';
import type { AnyCommand } from '../command.js';
import { expectWalks } from '../cursors.js';

/** @internal An ordered index in a run of commands. */
export class OrderedIndexSubject {
  /** The commands of the run, in order. */
  readonly executed: AnyCommand[] = [];
  /** Made the index, and says what it can do. */
  readonly harness: OrderedIndexHarness;
  /** The index that commands use. */
  readonly index: OrderedIndex;
  /** Open cursors by number. */
  cursors: (IndexCursor | undefined)[] = [];

  /** @param index - an empty index of the harness */
  constructor(harness: OrderedIndexHarness, index: OrderedIndex) {
    this.harness = harness;
    this.index = index;
  }

  /** Makes a cursor of the index. */
  openCursor(): IndexCursor {
    return this.index.iterator();
  }

  /** Compares index and model: walks in both directions, a seek of every key, figures. */
  compare(model: IndexModel): void {
    const { backward, entryCount, verify } = this.harness.supports;
    expectWalks(this.index.iterator(), model.items, backward, 'index');
    const cursor = this.index.iterator();
    for (const { key } of model.items) {
      cursor.seek(key);
      expectRead('the key at a seek', cursor.valid && cursor.key, key, () => {
        return `((at) => (at.seek(${code(key)}), at.valid && at.key))(index.iterator())`;
      });
    }
    if (entryCount) expectRead('entryCount', this.index.entryCount, model.items.length, () => 'index.entryCount');
    if (verify) this.index.verify!();
  }

  /** Inserts a key into index and model. The index must refuse one that is present. */
  insert(model: IndexModel, key: Uint8Array): void {
    const isNew = !model.has({ key });
    if (isNew) model.insert({ key });
    expectSame('insert()', this.index.insert(key), isNew);
    this.afterWrite(model);
  }

  /** Compares the count. Forgets the cursors unless they outlive a write. */
  afterWrite(model: IndexModel): void {
    const { entryCount, liveCursors } = this.harness.supports;
    if (entryCount) expectSame('entryCount', this.index.entryCount, model.items.length);
    if (liveCursors) return;
    this.cursors = [];
    model.cursors = [];
  }
}
