import { AbstractIterator, AbstractKeyIterator, AbstractValueIterator } from 'abstract-level';
import type { StoreIterator } from '@memtable/store';

type Data = string | Uint8Array;
// Abstract-level types the constructors for users, not for implementers, who pass any database and any options.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Base = new (db: any, options: any) => object;

/** Makes an iterator class of abstract-level read from an iterator of the store. The three kinds share this. */
const over = <T>(Class: Base) =>
  class extends Class {
    readonly inner: StoreIterator<T>;

    constructor(db: object, options: object, inner: StoreIterator<T>) {
      super(db, options);
      this.inner = inner;
    }

    async _next(): Promise<T | undefined> {
      return this.inner.page(1)[0]; // page() does not close at the end, so seek() may go back.
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

/** The iterator behind `iterator()`. */
export class MemtableEntryIterator extends over<[Data, Data]>(AbstractIterator) {}
/** The iterator behind `keys()`. */
export class MemtableKeyIterator extends over<Data>(AbstractKeyIterator) {}
/** The iterator behind `values()`. */
export class MemtableValueIterator extends over<Data>(AbstractValueIterator) {}
