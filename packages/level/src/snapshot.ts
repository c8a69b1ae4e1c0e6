import { AbstractSnapshot } from 'abstract-level';
import type { StoreSnapshot } from '@memtable/store';

// The types of abstract-level leave out the constructor's options, which every implementation has to pass on.
const Base = AbstractSnapshot as new (options: object) => AbstractSnapshot;

/** A snapshot of the store. Abstract-level closes it when the database closes. */
export class MemtableSnapshot extends Base {
  readonly inner: StoreSnapshot;

  constructor(options: object, inner: StoreSnapshot) {
    super(options);
    this.inner = inner;
  }

  protected async _close(): Promise<void> {
    this.inner.close();
  }
}
