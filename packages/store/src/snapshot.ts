import { INSPECT, show } from '@memtable/arena';
import type { Pin } from './pins.js';
import type { Readers } from './readers.js';
import type { StoreState } from './state.js';

/**
 * A store as it was when `store.snapshot()` was called: to be passed as the option `snapshot` of its reads. Old versions
 * stay in memory for as long as it is open, so close it: `using snapshot = store.snapshot()` does.
 */
export class StoreSnapshot implements Disposable {
  /** @internal */
  readonly pin: Pin;
  /** @internal The store that it is of. */
  readonly store: object;
  readonly #state: StoreState;
  readonly #readers: Readers;
  #open = true;

  /** @internal */
  constructor(store: object, pin: Pin, state: StoreState, readers: Readers) {
    this.store = store;
    this.pin = pin;
    this.#state = state;
    this.#readers = readers;
  }

  /** Number of the last write that it sees. */
  get sequence(): number {
    return this.pin.sequence;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Lets go of the old versions. Idempotent. @throws MemTableError `MEMTABLE_REENTERED` from a comparator of the store */
  close(): void {
    if (!this.#open) return;
    this.#state.checkNotComparing();
    this.#open = false;
    this.#readers.release(this.pin);
  }

  /** What `console.log` prints of it. */
  [INSPECT](): object {
    return show(this, () => ({ isOpen: this.#open, sequence: this.sequence }));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
