import type { LifecycleEvent } from '@memtable/memtable';
import type { Commit } from './commit.js';
import { PinWatch } from './pin-watch.js';
import { Pin, type PinKind, type PinOwner, type Pins } from './pins.js';

/** The open snapshots and iterators of a store: those of its table, and those of tables that have been flushed. */
export class Readers {
  readonly #commit: Commit;
  readonly #withStacks: boolean;
  readonly #onRelease: (drop: LifecycleEvent | undefined) => void;
  readonly #watch: PinWatch;
  /** Flushed tables that snapshots and iterators still read in, with their numbers. */
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

  /** A pin on the store as it is now, in use. */
  pin(kind: PinKind): Pin {
    const { pins, sequence } = this.#commit;
    const stack = this.#withStacks ? new Error(`${kind} made here`).stack : undefined;
    const pin = new Pin(pins, kind, sequence, performance.now(), stack);
    if (kind === 'flush') pin.warned = true; // A flush ends by itself.
    pins.use(pin);
    this.#watch.start();
    return pin;
  }

  /** A use of a pin for an iterator: of its snapshot's, or a new one. */
  use(pin: Pin | undefined, owner: PinOwner): Pin {
    if (pin === undefined) pin = this.pin('iterator');
    else pin.home.use(pin);
    pin.home.owners.add(owner);
    return pin;
  }

  /** Ends a use of a pin. A flushed table goes with its last pin. */
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

  /** Memory of the tables that have been flushed. */
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

  /** Oldest first, with the bytes that each holds; of a flushed table that is all. */
  figures(): { pin: Pin; heldBytes: number }[] {
    return [...this.#retired.keys(), this.#commit.pins].flatMap((home) => {
      const held = home === this.#commit.pins ? home.heldBytesOfEach() : undefined;
      return home.all.map((pin, i) => ({ pin, heldBytes: held?.[i] ?? home.table.entryBytes }));
    });
  }

  /** The store closes: nobody reads any more. */
  end(): void {
    this.#watch.stop();
    for (const { table } of this.#retired.keys()) table.arena.drop();
    this.#retired.clear();
  }
}
