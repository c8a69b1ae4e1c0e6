import type { Range, RangeRead, Store, StoreIterator } from '../../contract.js';
import { expectRead, expectSame } from '../../expect.js';
import type { StoreModel } from '../../model.js';
import { code } from '../../notation.js';
import { readAll, type Steps, wait } from './steps.js';
import { StoreCommand, type StoreSubject } from './subject.js';

/** Number of snapshots in a run. */
export const SNAPSHOTS = 2;

/** Looks up a key. */
export class Get extends StoreCommand<[key: Uint8Array]> {
  readonly kind = 'get';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key] = this.args;
    subject.beginCall();
    const found = yield* wait(subject.store.get(key));
    expectRead('get()', found, subject.seen(model).get(key), () => `await store.get(${code(key)})`);
    if (found !== undefined) subject.scribble(found);
  }

  toString(): string {
    return `await store.get(${this.code()});`;
  }
}

/** Asks whether a key has a value. */
export class Has extends StoreCommand<[key: Uint8Array]> {
  readonly kind = 'has';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key] = this.args;
    subject.beginCall();
    const found = yield* wait(subject.store.has!(key));
    const isThere = subject.seen(model).get(key) !== undefined;
    expectRead('has()', found, isThere, () => `await store.has(${code(key)})`);
  }

  toString(): string {
    return `await store.has(${this.code()});`;
  }
}

/** Counts the keys of a range. */
export class Count extends StoreCommand<[range: Range]> {
  readonly kind = 'count';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [range] = this.args;
    subject.beginCall();
    const found = yield* wait(subject.store.count!({ ...range }));
    expectRead('count()', found, subject.seen(model).range(range).length, () => `await store.count(${code(range)})`);
  }

  toString(): string {
    return `await store.count(${this.code()});`;
  }
}

/** The method that makes an iterator: `iterator` yields keys and values, the others one of them. */
export type Yields = 'iterator' | 'keys' | 'values';

/** Calls that method with a copy of the range. */
export function open(store: Store, yields: Yields, range: RangeRead): Iterable<unknown> | AsyncIterable<unknown> {
  const own = { ...range };
  if (yields === 'iterator') return store.iterator!(own);
  return yields === 'keys' ? store.keys!(own) : store.values!(own);
}

/** The items that such an iterator must yield for these entries. */
export function yielded(yields: Yields, entries: readonly [Uint8Array, Uint8Array][]): unknown[] {
  if (yields === 'iterator') return [...entries];
  return entries.map(([key, value]) => (yields === 'keys' ? key : value));
}

/** Reads a range to its end, or leaves the loop after `size` items. */
export class ReadRange extends StoreCommand<[range: Range, yields?: Yields, size?: number]> {
  readonly kind = 'readRange';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [range, yields = 'iterator', size = Infinity] = this.args;
    subject.beginCall();
    const found = yield* readAll(open(subject.store, yields, range), size);
    const expected = yielded(yields, subject.seen(model).range(range));
    expectRead(`${yields}()`, found, expected.slice(0, size), () => {
      return size === Infinity ? `await itemsOf(store.${yields}(${code(range)}))` : undefined;
    });
  }

  toString(): string {
    const [range, yields = 'iterator', size] = this.args;
    if (size === undefined) return `for await (const item of store.${yields}(${code(range)}));`;
    return `{ let n = 0; for await (const item of store.${yields}(${code(range)})) if (++n >= ${size}) break; }`;
  }
}

/** Reads a range to its end or its limit, in pages of `size` items. */
export class ReadPages extends StoreCommand<[range: Range, yields: Yields, size: number]> {
  readonly kind = 'readPages';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [range, yields, size] = this.args;
    subject.beginCall();
    const iterator = open(subject.store, yields, range) as StoreIterator<unknown>;
    const found: unknown[] = [];
    for (;;) {
      const page = yield* wait(iterator.nextv(size));
      found.push(...page);
      if (page.length < size || found.length === range.limit) break;
    }
    expectSame(`nextv() of ${yields}()`, found, yielded(yields, subject.seen(model).range(range)));
  }

  toString(): string {
    const [range, yields, size] = this.args;
    return `{ const pages = store.${yields}(${code(range)}); while (pages.nextv(${size}).length === ${size}); }`;
  }
}

/** Makes a snapshot, and closes the one with the same number. */
export class TakeSnapshot extends StoreCommand<[snapshot: number]> {
  readonly kind = 'takeSnapshot';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [number] = this.args;
    const before = subject.snapshots[number];
    subject.snapshots[number] = subject.store.snapshot!();
    model.snapshots[number] = model.copy();
    yield* wait(before?.close());
  }

  toString(): string {
    const snapshot = `snapshots[${this.args[0]}]`;
    return `{ const before = ${snapshot}; ${snapshot} = store.snapshot(); await before?.close(); }`;
  }
}

/** Reads a key and a range of a snapshot. */
export class ReadSnapshot extends StoreCommand<[snapshot: number, key: Uint8Array, range: Range]> {
  readonly kind = 'readSnapshot';

  override check(model: Readonly<StoreModel>): boolean {
    return model.snapshots[this.args[0]] !== undefined;
  }

  override get needs(): string {
    return `snapshots[${this.args[0]}]`;
  }

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [number, key, range] = this.args;
    const snapshot = subject.snapshots[number]!;
    const then = model.snapshots[number]!;
    expectSame('get() of the snapshot', yield* wait(subject.store.get(key, { snapshot })), then.get(key));
    if (!subject.supports.ranges) return;
    expectSame('iterator() of the snapshot', yield* subject.read({ ...range, snapshot }), then.range(range));
  }

  toString(): string {
    const [number, key, range] = this.args;
    const options = `{ ...${code(range)}, snapshot: snapshots[${number}] }`;
    return (
      `await store.get(${code(key)}, { snapshot: snapshots[${number}] }); ` +
      `for await (const [key, value] of store.iterator(${options}));`
    );
  }
}

/** Closes a snapshot. */
export class ReleaseSnapshot extends StoreCommand<[snapshot: number]> {
  readonly kind = 'releaseSnapshot';

  override check(model: Readonly<StoreModel>): boolean {
    return model.snapshots[this.args[0]] !== undefined;
  }

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [number] = this.args;
    yield* wait(subject.snapshots[number]!.close());
    subject.snapshots[number] = undefined;
    model.snapshots[number] = undefined;
  }

  toString(): string {
    return `await snapshots[${this.args[0]}]?.close(); snapshots[${this.args[0]}] = undefined;`;
  }
}
