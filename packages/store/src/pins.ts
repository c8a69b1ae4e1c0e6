/**
 * Counts, to the byte, the old versions that open snapshots and iterators need. Each of them has a pin, which sees the
 * writes up to its sequence.
 *
 * A write with sequence `n` replaces a version with sequence `o`. The pins from `o` to before `n` see that version.
 * They are neighbours, and no new pin comes between them, because a new pin is newer than all others. So two names
 * suffice: the newest of these pins *holds* the version, and `from` is the sequence of the oldest.
 *
 * ```
 *    pins by sequence      p1      p2          p3     p4            a new pin comes after all
 *    the version             o |-----------------------------| n
 *                                  ^ from             ^ holder
 *
 *    release of p4         from p2, held by p3                       the neighbour before takes it over
 *    release of p3         from p2, held by p2
 *    release of p2         garbage                                   p1 is older than `from`: it never saw it
 *
 *    release of p3 first   from p2, held by p4                       a pin in between changes nothing
 * ```
 *
 * A released pin hands its versions to the neighbour before it, if that neighbour's sequence is `from` or higher. Its
 * other versions become garbage. One heap a pin, with the highest `from` on top, finds these first.
 *
 * Invariants, which `verify()` checks:
 * P1. Pins ascend by number, and by sequence.
 * P2. `heldBytes` is the sum over all versions that pins hold. The `from` of a version is not above the sequence of
 *     its holder.
 */
import { MemTableError } from '@memtable/memtable';
import type { StoreTable } from './table.js';

/** What keeps old versions in memory: a snapshot, an iterator, or a flush, which needs the versions that it writes. */
export type PinKind = 'snapshot' | 'iterator' | 'flush';

/** A reader that must follow when its table is replaced. */
export interface PinOwner {
  /** @internal A compaction has moved the entries to another table. */
  tableReplaced(): void;
}

/** Versions with the same holder and the same `from`. A node of the holder's pairing heap, highest `from` on top. */
interface Held {
  readonly from: number;
  bytes: number;
  child: Held | undefined;
  sibling: Held | undefined;
}

/** A reader's claim on the versions that it sees. */
export class Pin {
  /** The pins of its table. */
  readonly home: Pins;
  readonly kind: PinKind;
  /** The last write that it sees. */
  readonly sequence: number;
  /** Pins of a table are numbered in the order in which they are made. */
  readonly number: number;
  /** Its users. The last one releases it. An iterator over a snapshot uses the snapshot's pin. */
  users = 0;
  /** When it was made, by `performance.now()`. */
  readonly since: number;
  readonly stack: string | undefined;
  warned = false;
  /** The heap of versions that it holds. */
  held: Held | undefined;
  /** By `from`: nodes of the versions that were replaced while it was the newest pin. */
  heldByFrom: Map<number, Held> | undefined;

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
  /** The table that the pins see. A compaction replaces it. */
  table: StoreTable;
  /** Readers that must follow when the table is replaced. */
  readonly owners = new Set<PinOwner>();
  readonly #pins: Pin[] = [];
  /** Pins made so far. */
  made = 0;
  /** The sequence of the newest pin. -1 when there is none. */
  newest = -1;
  /** Bytes of all replaced versions that a pin sees. */
  heldBytes = 0;

  constructor(table: StoreTable) {
    this.table = table;
  }

  /** All pins, oldest first. */
  get all(): readonly Pin[] {
    return this.#pins;
  }

  /** Begins a use of a pin. The first use adds the pin. */
  use(pin: Pin): void {
    if (pin.users++ > 0) return;
    this.#pins.push(pin);
    this.newest = pin.sequence;
  }

  /** Ends a use of a pin. The last use removes it: O(log pins), and amortised O(log n) for its n held versions. */
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
    pin.heldByFrom = undefined;
    if (at === pins.length - 1) pins.pop();
    else pins.splice(at, 1);
    this.newest = pins.length === 0 ? -1 : pins[pins.length - 1].sequence;
  }

  /** A version of `bytes` bytes, written with `sequence`, has been replaced just now. If a pin sees it, it is held. */
  replaced(sequence: number, bytes: number): void {
    if (this.newest < sequence) return;
    const newest = this.#pins[this.#pins.length - 1];
    const from = this.#pins[this.#firstFrom(sequence)].sequence;
    this.heldBytes += bytes;
    newest.heldByFrom ??= new Map();
    const held = newest.heldByFrom.get(from);
    if (held !== undefined) held.bytes += bytes;
    else {
      const first: Held = { from, bytes, child: undefined, sibling: undefined };
      newest.heldByFrom.set(from, first);
      newest.held = meld(newest.held, first);
    }
  }

  /** Whether any pin sees a version written with `sequence` and replaced by the write with sequence `by`. */
  sees(sequence: number, by: number): boolean {
    if (this.newest < sequence) return false;
    const pin = this.#pins[this.#firstFrom(sequence)];
    return pin.sequence < by;
  }

  /** For each pin, oldest first: the bytes of the held versions that it sees. O(pins + versions). */
  heldBytesOfEach(): number[] {
    // A version adds its bytes at its oldest pin and subtracts them after its holder. The running sum is the answer.
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

  /** The index of the oldest pin whose sequence is not below this one. */
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

/** Merges two heaps. Source: Fredman, Sedgewick, Sleator and Tarjan, "The pairing heap" (1986). */
function meld(a: Held | undefined, b: Held | undefined): Held | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const [top, below] = a.from < b.from ? [b, a] : [a, b];
  below.sibling = top.child;
  top.child = below;
  return top;
}

/** Removes the top of a heap: melds its children in pairs, then the pairs from the last to the first. */
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

/** Calls `visit` for each node of the versions that a pin holds. */
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
