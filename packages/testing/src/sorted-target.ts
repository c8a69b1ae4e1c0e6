import { type Comparator, type FlushRun, type FlushTarget, ValueType } from './contract.js';
import { bytewise, StoreModel } from './model.js';

/**
 * A flush target that keeps the newest version of each key, as a database does. If two keys compare as equal, the bytes
 * of the newest write stay, and a deletion of one deletes the other.
 */
export class SortedTarget implements FlushTarget {
  /** Keys and values after the runs so far. */
  readonly content: StoreModel;

  /** @param compareKeys - the order of the keys that are flushed to it */
  constructor(compareKeys: Comparator = bytewise) {
    this.content = new StoreModel(compareKeys);
  }

  /** Applies a run. */
  async write(run: FlushRun): Promise<void> {
    const { compareKeys } = this.content;
    let last: Uint8Array | undefined;
    // A run has the newest version of a key first, so skip the others.
    for (const { key, type, value } of run) {
      if (last !== undefined && compareKeys(last, key) === 0) continue;
      last = key.slice();
      this.content.set(last, type === ValueType.Value ? value.slice() : undefined);
    }
  }
}
