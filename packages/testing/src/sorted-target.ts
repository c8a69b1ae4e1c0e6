import { type Comparator, type FlushRun, type FlushTarget, ValueType } from './contract.js';
import { bytewise, StoreModel } from './model.js';

/**
 * A flush target that has of each key the newest version, as a database has. Of keys that its order takes for equal the
 * bytes of the newest write stay, and a deletion deletes them, however it is spelt.
 */
export class SortedTarget implements FlushTarget {
  readonly content: StoreModel;

  /** @param compareKeys - the order of what is flushed to it */
  constructor(compareKeys: Comparator = bytewise) {
    this.content = new StoreModel(compareKeys);
  }

  /** Stores the newest version of each key of the run. */
  async write(run: FlushRun): Promise<void> {
    const { compareKeys } = this.content;
    let last: Uint8Array | undefined;
    // Versions of a key come newest first.
    for (const { key, type, value } of run) {
      if (last !== undefined && compareKeys(last, key) === 0) continue;
      last = key.slice();
      this.content.set(last, type === ValueType.Value ? value.slice() : undefined);
    }
  }
}
