import { type Addr, Arena, NIL } from '@memtable/arena';
import { bytewise, type Comparator, type OrderedIndexHarness } from '@memtable/testing';
import type { IndexCursor, Order, OrderedIndex } from '../src/index.js';

/** An entry is the length of its key in four bytes, little-endian, then the key. */
const LENGTH_BYTES = 4;

/** Wraps an index of entries in an arena as an index of keys, the form that `@memtable/testing` tests. */
export class KeyIndex {
  readonly #index: OrderedIndex;
  readonly #mark = new Int32Array(64);

  constructor(index: OrderedIndex) {
    this.#index = index;
  }

  insert(key: Uint8Array): boolean {
    this.#index.arena.mark(this.#mark);
    const isNew = this.#index.insert(this.#allocate(key));
    if (!isNew) this.#index.arena.rewind(this.#mark);
    return isNew;
  }

  /** Inserts keys and takes them out again, as a memtable undoes a failed batch. */
  rollBack(keys: readonly Uint8Array[]): void {
    this.#index.arena.mark(this.#mark);
    const inserted = keys.map((key) => this.#allocate(key)).filter((node) => this.#index.insert(node));
    this.#index.unlink(inserted, this.#mark);
    this.#index.arena.rewind(this.#mark);
  }

  iterator(): KeyCursor {
    return new KeyCursor(this.#index);
  }

  get entryCount(): number {
    return this.#index.entryCount;
  }

  verify(): void {
    this.#index.arena.verify();
    this.#index.verify();
  }

  #allocate(key: Uint8Array): Addr {
    const node = this.#index.allocate(LENGTH_BYTES + key.length);
    write(this.#index.arena.memory.view, this.#index.entryOf(node), key);
    return node;
  }
}

class KeyCursor {
  readonly #index: OrderedIndex;
  readonly #cursor: IndexCursor;

  constructor(index: OrderedIndex) {
    this.#index = index;
    this.#cursor = index.cursor();
  }

  get valid(): boolean {
    return this.#cursor.entry !== NIL;
  }

  get key(): Uint8Array {
    return keyAt(this.#index.arena.memory.view, this.#cursor.entry);
  }

  seekToFirst(): void {
    this.#cursor.seekToFirst();
  }

  seekToLast(): void {
    this.#cursor.seekToLast();
  }

  seek(key: Uint8Array): void {
    const scratch = new DataView(new ArrayBuffer(LENGTH_BYTES + key.length));
    write(scratch, 0, key);
    this.#cursor.seek(scratch, 0);
  }

  next(): void {
    this.#cursor.next();
  }

  prev(): void {
    this.#cursor.prev();
  }
}

class KeyOrder implements Order {
  constructor(readonly comparator: Comparator) {}

  compare(a: DataView, aAt: number, b: DataView, bAt: number): number {
    return this.comparator(keyAt(a, aAt), keyAt(b, bAt));
  }
}

/** The order by bytes, which has heads. */
class BytewiseKeyOrder extends KeyOrder {
  constructor() {
    super(bytewise);
  }

  keyStart(_: DataView, at: number): number {
    return at + LENGTH_BYTES;
  }

  keyLength(bytes: DataView, at: number): number {
    return bytes.getUint32(at, true);
  }
}

function write(to: DataView, at: number, key: Uint8Array): void {
  to.setUint32(at, key.length, true);
  new Uint8Array(to.buffer, to.byteOffset + at + LENGTH_BYTES, key.length).set(key);
}

function keyAt(from: DataView, at: number): Uint8Array {
  return new Uint8Array(from.buffer, from.byteOffset + at + LENGTH_BYTES, from.getUint32(at, true));
}

/** Harness with which `orderedIndexConformance` tests an index of this package. */
export function indexHarness(make: (arena: Arena, order: Order) => OrderedIndex): OrderedIndexHarness<KeyIndex> {
  return {
    // Little memory at first, so that it moves while entries are inserted.
    factory: ({ comparator }) => {
      const order = comparator === undefined ? new BytewiseKeyOrder() : new KeyOrder(comparator);
      return new KeyIndex(make(new Arena({ reserveBytes: 4096 }), order));
    },
    supports: {
      backward: true,
      liveCursors: true,
      comparators: true,
      entryCount: true,
      verify: true,
      rollBack: (index, keys) => index.rollBack(keys),
    },
  };
}
