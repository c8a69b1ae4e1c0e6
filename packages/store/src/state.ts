import { MemTableError } from '@memtable/memtable';
import { checkNotComparing, type EntryOrder } from '@memtable/memtable/internal';

/** Where a store is in its life, and the checks of calls against that. */
export class StoreState {
  readonly #order: EntryOrder;
  /** `loading` stands for open while a load runs: reads work, and everything else is refused. */
  current: 'open' | 'loading' | 'frozen' | 'closed' = 'open';

  constructor(order: EntryOrder) {
    this.#order = order;
  }

  /** @throws MemTableError `MEMTABLE_REENTERED`: the comparator is running */
  checkNotComparing(): void {
    checkNotComparing(this.#order);
  }

  /** @throws MemTableError `MEMTABLE_REENTERED`, `MEMTABLE_CLOSED` */
  checkOpen(): void {
    checkNotComparing(this.#order);
    if (this.current === 'closed') throw closedError();
  }

  /** @throws MemTableError `MEMTABLE_REENTERED`, `MEMTABLE_CLOSED`, `MEMTABLE_FROZEN` */
  checkNotFrozen(): void {
    checkNotComparing(this.#order);
    if (this.current === 'open') return;
    this.checkNotLoading();
    throw this.current === 'closed' ? closedError() : frozenError();
  }

  /** @throws MemTableError `MEMTABLE_REENTERED`: the entries of a load are being read */
  checkNotLoading(): void {
    if (this.current !== 'loading') return;
    const message = 'the entries of a load must not write to the store, freeze, flush, compact or close it';
    throw new MemTableError('MEMTABLE_REENTERED', message);
  }
}

export function closedError(): MemTableError {
  return new MemTableError('MEMTABLE_CLOSED', 'the store has been closed');
}

export function frozenError(): MemTableError {
  return new MemTableError('MEMTABLE_FROZEN', 'the store has been frozen');
}
