import { AbstractSnapshot } from 'abstract-level';
import type { StoreSnapshot } from '@memtable/store';

// The types of abstract-level do not tell of the options that its snapshots are made with.
const Base = AbstractSnapshot as new (options: object) => AbstractSnapshot;

/** A store's snapshot that closes with its database. */
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
