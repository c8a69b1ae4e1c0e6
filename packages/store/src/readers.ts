import type { LifecycleEvent } from '@memtable/memtable';
import type { Commit } from './commit.js';
import { PinWatch } from './pin-watch.js';
import { Pin, type PinKind, type PinOwner, type Pins } from './pins.js';

/** The open snapshots and iterators of a store, those in flushed tables included. */
export class Readers {
  readonly #commit: Commit;
  readonly #withStacks: boolean;
  readonly #onRelease: (drop: LifecycleEvent | undefined) => void;
  readonly #watch: PinWatch;
  /** Pins of flushed tables in which snapshots and iterators still read, with the numbers of the tables. */
  readonly #retired = new Map<Pins, number>();

  /** @param onRelease - called when a pin has gone; with the event, if its table was flushed and has gone with it */
  constructor(
    commit: Commit,
    pinWarningMs: number,
    withStacks: boolean,
    onRelease: (drop: LifecycleEvent | undefined) => void,
  ) {
    this.#commit = commit;
    this.#withStacks = withStacks;
    this.#onRelease = onRelease;
    this.#watch = new PinWatch(pinWarningMs, () => this.figures());
  }

  /** Pins the store as it is now. The caller has the first use of the pin. */
  pin(kind: PinKind): Pin {
    const { pins, sequence } = this.#commit;
    const stack = this.#withStacks ? new Error(`${kind} made here`).stack : undefined;
    const pin = new Pin(pins, kind, sequence, performance.now(), stack);
    if (kind === 'flush') pin.warned = true; // A flush ends by itself.
    pins.use(pin);
    this.#watch.start();
    return pin;
  }

  /** Begins a use of a pin for an iterator. @param pin - that of its snapshot; undefined to make a new one */
  use(pin: Pin | undefined, owner: PinOwner): Pin {
    if (pin === undefined) pin = this.pin('iterator');
    else pin.home.use(pin);
    pin.home.owners.add(owner);
    return pin;
  }

  /** Ends a use of a pin. The last pin of a flushed table drops the table. */
  release(pin: Pin, owner?: PinOwner): void {
    const { home } = pin;
    if (owner !== undefined) home.owners.delete(owner);
    home.release(pin);
    const number = home.newest === -1 ? this.#retired.get(home) : undefined;
    if (number === undefined) return this.#onRelease(undefined);
    this.#retired.delete(home);
    const bytes = home.table.memoryUsage();
    home.table.arena.drop();
    this.#onRelease({ type: 'drop', table: number, bytes });
  }

  /** The table of these pins has been flushed. It goes with the last of them. @param number - that of the table */
  retire(pins: Pins, number: number): void {
    this.#retired.set(pins, number);
  }

  /** Bytes of all blocks of the flushed tables. */
  memoryUsage(): number {
    let bytes = 0;
    for (const { table } of this.#retired.keys()) bytes += table.memoryUsage();
    return bytes;
  }

  get heldBytes(): number {
    let bytes = this.#commit.pins.heldBytes;
    for (const { table } of this.#retired.keys()) bytes += table.entryBytes;
    return bytes;
  }

  /** All pins, oldest first, with the bytes that each holds. A pin of a flushed table holds the whole table. */
  figures(): { pin: Pin; heldBytes: number }[] {
    return [...this.#retired.keys(), this.#commit.pins].flatMap((home) => {
      const held = home === this.#commit.pins ? home.heldBytesOfEach() : undefined;
      return home.all.map((pin, i) => ({ pin, heldBytes: held?.[i] ?? home.table.entryBytes }));
    });
  }

  /** The store closes. Drops the flushed tables. */
  end(): void {
    this.#watch.stop();
    for (const { table } of this.#retired.keys()) table.arena.drop();
    this.#retired.clear();
  }
}
