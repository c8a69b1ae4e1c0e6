/**
 * Who still needs old versions: open snapshots and iterators, each of which sees the writes up to a sequence.
 *
 * A version that was written with sequence `o` and replaced with sequence `n` is seen by the pins from `o` to before `n`:
 *
 * ```
 *    pins by sequence      p1      p2          p3     p4        (a new pin comes after all)
 *    the version             o |-----------------------------| n     seen by p2, p3, p4: held by p4, from p2 on
 *    p4 is released                                                  held by p3, from p2 on
 *    p3, then p2                                                     garbage
 * ```
 *
 * The newest pin that sees a version *holds* it. With it goes `from`, the sequence of the oldest pin that sees it: a pin
 * in between can go and changes nothing, and no new one can come there. When a pin is released, the pin before it takes over
 * the versions that it sees, those with `from` up to its own sequence; the others are garbage. So it is known at any time, to
 * the byte, what is held.
 *
 * Invariants, which `verify()` checks:
 * P1. Pins ascend by number, and by sequence.
 * P2. `heldBytes` is the sum over all versions that pins hold, and `from` of each is not above its pin's sequence.
 */
import { MemTableError } from '@memtable/memtable';
import type { StoreTable } from './table.js';

/** What holds old versions back. A flush needs those that it writes. */
export type PinKind = 'snapshot' | 'iterator' | 'flush';

/** What is told when its memtable was rewritten to another one. */
export interface PinOwner {
  tableReplaced(): void;
}

/** Versions that one pin holds and that the same older pins see. They are nodes of a pairing heap, the highest `from` on top. */
interface Held {
  readonly from: number;
  bytes: number;
  child: Held | undefined;
  sibling: Held | undefined;
}

export class Pin {
  /** The pins that it is among, and with them its table. */
  readonly home: Pins;
  readonly kind: PinKind;
  readonly sequence: number;
  /** Its place in the order in which the pins of a table were made. */
  readonly number: number;
  /** It is released by the last one. An iterator over a snapshot uses the snapshot's pin. */
  users = 0;
  /** When it was made, by `performance.now()`. */
  readonly since: number;
  readonly stack: string | undefined;
  warned = false;
  /** The versions that it holds. */
  held: Held | undefined;
  /** Those that were replaced while it was the newest pin, by `from`. */
  booked: Map<number, Held> | undefined;

  constructor(home: Pins, kind: PinKind, sequence: number, since: number, stack: string | undefined) {
    this.home = home;
    this.kind = kind;
    this.sequence = sequence;
    this.number = home.made++;
    this.since = since;
    this.stack = stack;
  }
}

/** The pins of one table. */
export class Pins {
  /** Where the versions lie; another one after a compaction. */
  table: StoreTable;
  /** Who reads in the table and has to follow it. */
  readonly owners = new Set<PinOwner>();
  readonly #pins: Pin[] = [];
  /** Pins made so far. */
  made = 0;
  /** The sequence of the newest pin; -1 when there is none. */
  newest = -1;
  /** Bytes of all versions that only pins need. */
  heldBytes = 0;

  constructor(table: StoreTable) {
    this.table = table;
  }

  /** Oldest first. */
  get all(): readonly Pin[] {
    return this.#pins;
  }

  /** Begins a use of a pin; the first one adds it. */
  use(pin: Pin): void {
    if (pin.users++ > 0) return;
    this.#pins.push(pin);
    this.newest = pin.sequence;
  }

  /** Ends a use. O(log pins), and amortised O(log n) for the versions that it held. */
  release(pin: Pin): void {
    if (--pin.users > 0) return;
    const pins = this.#pins;
    const at = this.#indexOf(pin);
    const older = at === 0 ? undefined : pins[at - 1];
    let { held } = pin;
    while (held !== undefined && (older === undefined || held.from > older.sequence)) {
      this.heldBytes -= held.bytes;
      held = withoutTop(held);
    }
    if (older !== undefined) older.held = meld(older.held, held);
    pin.held = undefined;
    pin.booked = undefined;
    if (at === pins.length - 1) pins.pop();
    else pins.splice(at, 1);
    this.newest = pins.length === 0 ? -1 : pins[pins.length - 1].sequence;
  }

  /** The version with `sequence`, of `bytes` bytes, has been replaced; if a pin sees it, it is held back. */
  replaced(sequence: number, bytes: number): void {
    if (this.newest < sequence) return;
    const newest = this.#pins[this.#pins.length - 1];
    const from = this.#pins[this.#firstFrom(sequence)].sequence;
    this.heldBytes += bytes;
    newest.booked ??= new Map();
    const held = newest.booked.get(from);
    if (held !== undefined) held.bytes += bytes;
    else {
      const first: Held = { from, bytes, child: undefined, sibling: undefined };
      newest.booked.set(from, first);
      newest.held = meld(newest.held, first);
    }
  }

  /** Whether any pin sees a version that has been replaced by the one with sequence `by`. */
  sees(sequence: number, by: number): boolean {
    if (this.newest < sequence) return false;
    const pin = this.#pins[this.#firstFrom(sequence)];
    return pin.sequence < by;
  }

  /** For each pin, in order, the bytes of the versions that it sees and that are there for pins only. O(pins + versions). */
  heldBytesOfEach(): number[] {
    // What begins to be held, and what no longer is, from one pin to the next.
    const changes = new Array<number>(this.#pins.length + 1).fill(0);
    this.#pins.forEach((pin, at) => {
      forEachHeld(pin, (from, bytes) => {
        changes[this.#firstFrom(from)] += bytes;
        changes[at + 1] -= bytes;
      });
    });
    let sum = 0;
    return this.#pins.map((_, at) => (sum += changes[at]));
  }

  /** Checks P1 and P2. @throws MemTableError `MEMTABLE_MALFORMED` */
  verify(): void {
    let heldBytes = 0;
    let last: Pin | undefined;
    for (const pin of this.#pins) {
      if (last !== undefined && (pin.number <= last.number || pin.sequence < last.sequence)) {
        malformed(`P1: pin ${pin.number} of sequence ${pin.sequence} after ${last.number} of ${last.sequence}`);
      }
      last = pin;
      forEachHeld(pin, (from, bytes) => {
        if (from > pin.sequence) malformed(`P2: the pin of sequence ${pin.sequence} holds versions from ${from} on`);
        heldBytes += bytes;
      });
    }
    if (heldBytes !== this.heldBytes) malformed(`P2: pins hold ${heldBytes} bytes, counted ${this.heldBytes}`);
  }

  #indexOf(pin: Pin): number {
    let low = 0;
    let high = this.#pins.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pins[middle].number < pin.number) low = middle + 1;
      else high = middle;
    }
    return low;
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

/** Makes one heap of two: Fredman, Sedgewick, Sleator and Tarjan, "The pairing heap" (1986). */
function meld(a: Held | undefined, b: Held | undefined): Held | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const [top, below] = a.from < b.from ? [b, a] : [a, b];
  below.sibling = top.child;
  top.child = below;
  return top;
}

/** The heap without its top: children are melded in pairs, then the pairs from the last to the first. */
function withoutTop(top: Held): Held | undefined {
  let pairs: Held | undefined;
  for (let a = top.child; a !== undefined;) {
    const b: Held | undefined = a.sibling;
    const next: Held | undefined = b?.sibling;
    a.sibling = undefined;
    if (b !== undefined) b.sibling = undefined;
    const pair = meld(a, b)!;
    pair.sibling = pairs;
    pairs = pair;
    a = next;
  }
  let heap: Held | undefined;
  while (pairs !== undefined) {
    const next: Held | undefined = pairs.sibling;
    pairs.sibling = undefined;
    heap = meld(heap, pairs);
    pairs = next;
  }
  return heap;
}

/** Calls `visit` for all versions that a pin holds. */
function forEachHeld({ held }: Pin, visit: (from: number, bytes: number) => void): void {
  if (held === undefined) return;
  const left = [held];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    visit(node.from, node.bytes);
    if (node.child !== undefined) left.push(node.child);
    if (node.sibling !== undefined) left.push(node.sibling);
  }
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
