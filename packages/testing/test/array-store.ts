import { bytewise, type Range, type Store, type StoreOperation, type StoreSnapshot } from '../src/index.js';

type Item = readonly [key: Uint8Array, value: Uint8Array];

interface ArraySnapshot extends StoreSnapshot {
  readonly items: readonly Item[];
}

/** The simplest store: a sorted array that is made anew by each write, so that a snapshot is the old one. */
export class ArrayStore implements Store<ArraySnapshot> {
  items: readonly Item[] = [];

  put(key: Uint8Array, value: Uint8Array): void {
    this.items = [...this.#without(key), [key.slice(), value.slice()] as const].sort(([a], [b]) => bytewise(a, b));
  }

  del(key: Uint8Array): void {
    this.items = this.#without(key);
  }

  batch(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      if (operation.type === 'put') this.put(operation.key, operation.value);
      else this.del(operation.key);
    }
  }

  get(key: Uint8Array, options: { snapshot?: ArraySnapshot } = {}): Uint8Array | undefined {
    const { items } = options.snapshot ?? this;
    return items.find(([other]) => bytewise(other, key) === 0)?.[1].slice();
  }

  *iterator(range: Range & { snapshot?: ArraySnapshot } = {}): Generator<[Uint8Array, Uint8Array]> {
    const { gt, gte, lt, lte, reverse, limit = Infinity, snapshot } = range;
    let inside = (snapshot ?? this).items.filter(([key]) => {
      if (gt !== undefined && bytewise(key, gt) <= 0) return false;
      if (gte !== undefined && bytewise(key, gte) < 0) return false;
      if (lt !== undefined && bytewise(key, lt) >= 0) return false;
      return lte === undefined || bytewise(key, lte) <= 0;
    });
    if (reverse) inside = inside.toReversed();
    for (const [key, value] of inside.slice(0, limit)) yield [key.slice(), value.slice()];
  }

  snapshot(): ArraySnapshot {
    return { items: this.items, close: () => undefined };
  }

  flush(): void {
    // Everything is where it stays.
  }

  #without(key: Uint8Array): Item[] {
    return this.items.filter(([other]) => bytewise(other, key) !== 0);
  }
}
