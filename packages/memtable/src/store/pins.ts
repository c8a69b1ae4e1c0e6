/**
 * Who still needs old versions: open snapshots and iterators, each of which sees the writes up to a sequence.
 *
 * A version with sequence `o` that a write with sequence `n` has replaced is seen by the pins from `o` to before `n`. New
 * pins have the highest sequences, so these are neighbours; the version is booked with the newest of them under the
 * oldest. When one is released, what it was the newest or the oldest of goes over to its neighbour, and what it was both of
 * is garbage. So it is known at any time, to the byte, what is held back by whom.
 *
 * Invariants:
 * P1. Pins ascend by sequence.
 * P2. A version is booked once, with the newest pin that sees it, under the oldest one.
 */

import type { StoreTable } from './store-table.js';

/** What holds old versions back. A flush needs those that it writes. */
export type PinKind = 'snapshot' | 'iterator' | 'flush';

/** What is told when its memtable was rewritten to another one. */
export interface PinOwner {
  tableReplaced(): void;
}

export class Pin {
  /** The pins that it is among, and with them its table. */
  readonly home: Pins;
  readonly kind: PinKind;
  readonly sequence: number;
  /** The iterators among its users. */
  readonly owners: PinOwner[] = [];
  /** It is released by the last one. An iterator over a snapshot uses the snapshot's pin. */
  users = 0;
  /** When it was made, by `performance.now()`. */
  readonly since: number;
  readonly stack: string | undefined;
  warned = false;
  /** Bytes of versions that this is the newest pin of, by the oldest. */
  held: Map<Pin, number> | undefined;

  constructor(home: Pins, kind: PinKind, sequence: number, since: number, stack: string | undefined) {
    this.home = home;
    this.kind = kind;
    this.sequence = sequence;
    this.since = since;
    this.stack = stack;
  }
}

/** The pins of one table. */
export class Pins {
  /** Where the versions lie; another one after a compaction. */
  table: StoreTable;
  readonly #pins: Pin[] = [];
  /** The sequence of the newest pin; -1 when there is none. */
  newest = -1;
  /** Bytes of all versions that only pins need. */
  heldBytes = 0;

  constructor(table: StoreTable) {
    this.table = table;
  }

  get all(): readonly Pin[] {
    return this.#pins;
  }

  /** Begins a use of a pin; the first one adds it. */
  use(pin: Pin, owner: PinOwner | undefined): void {
    if (owner !== undefined) pin.owners.push(owner);
    if (pin.users++ > 0) return;
    this.#pins.push(pin);
    this.newest = pin.sequence;
  }

  /** Ends a use. O(pins), and O(1) for the one that was made last and holds nothing. */
  release(pin: Pin, owner: PinOwner | undefined): void {
    if (owner !== undefined) pin.owners.splice(pin.owners.indexOf(owner), 1);
    if (--pin.users > 0) return;
    const pins = this.#pins;
    const at = pins.lastIndexOf(pin);
    const older = pins[at - 1];
    const newer = pins[at + 1];
    for (let i = at + 1; i < pins.length; i++) {
      const bytes = pins[i].held?.get(pin);
      if (bytes === undefined) continue;
      pins[i].held!.delete(pin);
      book(pins[i], newer, bytes);
    }
    if (pin.held !== undefined) {
      for (const [oldest, bytes] of pin.held) {
        if (oldest === pin) this.heldBytes -= bytes;
        else book(older, oldest, bytes);
      }
    }
    pins.splice(at, 1);
    this.newest = pins.length === 0 ? -1 : pins[pins.length - 1].sequence;
  }

  /** The version with `sequence`, of `bytes` bytes, has been replaced; if a pin sees it, it is held back. */
  replaced(sequence: number, bytes: number): void {
    if (this.newest < sequence) return;
    book(this.#pins[this.#pins.length - 1], this.#pins[this.#firstFrom(sequence)], bytes);
    this.heldBytes += bytes;
  }

  /** Whether any pin sees a version that has been replaced by the one with sequence `by`. */
  sees(sequence: number, by: number): boolean {
    if (this.newest < sequence) return false;
    const pin = this.#pins[this.#firstFrom(sequence)];
    return pin.sequence < by;
  }

  /** Bytes of the versions that this pin sees and that are there for pins only. O(pins^2). */
  heldBytesOf(pin: Pin): number {
    const at = this.#pins.indexOf(pin);
    let sum = 0;
    for (let i = at; i < this.#pins.length; i++) {
      for (const [oldest, bytes] of this.#pins[i].held ?? []) if (this.#pins.indexOf(oldest) <= at) sum += bytes;
    }
    return sum;
  }

  /** The oldest pin whose sequence is not below this one. */
  #firstFrom(sequence: number): number {
    let low = 0;
    let high = this.#pins.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pins[middle].sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function book(newest: Pin, oldest: Pin, bytes: number): void {
  newest.held ??= new Map();
  newest.held.set(oldest, (newest.held.get(oldest) ?? 0) + bytes);
}
