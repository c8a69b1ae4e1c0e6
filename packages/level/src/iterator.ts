import { AbstractIterator, AbstractKeyIterator, AbstractValueIterator } from 'abstract-level';
import type { StoreIterator } from '@memtable/store';

type Data = string | Uint8Array;
// The types of abstract-level tell of what users call; what implementers pass is any database and any options.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Base = new (db: any, options: any) => object;

/** The part that all three kinds of iterators share: an iterator of the store, one by one, by many, or all. */
const over = <T>(Class: Base) =>
  class extends Class {
    readonly inner: StoreIterator<T>;

    constructor(db: object, options: object, inner: StoreIterator<T>) {
      super(db, options);
      this.inner = inner;
    }

    async _next(): Promise<T | undefined> {
      return this.inner.page(1)[0]; // It does not close at the end: seek() may go on from there.
    }

    async _nextv(size: number): Promise<T[]> {
      return this.inner.page(size);
    }

    async _all(): Promise<T[]> {
      return this.inner.page(Infinity);
    }

    _seek(target: Data): void {
      this.inner.seek(target);
    }

    async _close(): Promise<void> {
      this.inner.close();
    }
  };

export class MemtableEntryIterator extends over<[Data, Data]>(AbstractIterator) {}
export class MemtableKeyIterator extends over<Data>(AbstractKeyIterator) {}
export class MemtableValueIterator extends over<Data>(AbstractValueIterator) {}
