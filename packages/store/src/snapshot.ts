/// <reference lib="esnext.disposable" preserve="true" />
import { INSPECT, show } from '@memtable/arena';
import type { Pin } from './pins.js';
import type { Readers } from './readers.js';
import type { StoreState } from './state.js';

/** Without it a clone would arrive as an object that has no methods. */
const UNCLONEABLE = Symbol(
  'a StoreSnapshot: post toBytes(store, { snapshot }), and call fromBytes() there, both of @memtable/store/bytes',
);

/**
 * The state of a store at the time of `store.snapshot()`. Pass it to reads of that store as their option `snapshot`. It
 * keeps old versions in memory while it is open, so close it. `using snapshot = store.snapshot()` closes it too.
 */
export class StoreSnapshot implements Disposable {
  /** @internal `structuredClone` and `postMessage` refuse an object with a symbol in it, and print its text. */
  readonly uncloneable: symbol = UNCLONEABLE;

  /** @internal Its claim on the versions that it sees. */
  readonly pin: Pin;
  /** @internal The store that made it. */
  readonly store: object;
  readonly #state: StoreState;
  readonly #readers: Readers;
  #open = true;

  /** @internal The store makes snapshots. */
  constructor(store: object, pin: Pin, state: StoreState, readers: Readers) {
    this.store = store;
    this.pin = pin;
    this.#state = state;
    this.#readers = readers;
  }

  /** Sequence of the last write that it sees. 0 when it was taken before the first one. */
  get sequence(): number {
    return this.pin.sequence;
  }

  /** Whether it can be read. False after `close()`. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Lets go of old versions. Idempotent. O(log snapshots). @throws MemTableError `MEMTABLE_REENTERED` */
  close(): void {
    if (!this.#open) return;
    this.#state.checkNotComparing();
    this.#open = false;
    this.#readers.release(this.pin);
  }

  /** The fields that `console.log` prints. */
  [INSPECT](): object {
    return show(this, () => ({ isOpen: this.#open, sequence: this.sequence }));
  }

  /** Calls {@link StoreSnapshot.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
