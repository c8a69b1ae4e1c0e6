/**
 * What is tested against: sorted arrays, written so that one sees that they are right. Nothing here is shared with the
 * code under test, and nothing is clever; a search is a walk.
 */
import { type Comparator, type Entry, type Range, type Sequence, SEQUENCE_MAX, ValueType } from './contract.js';

/** Keys as bytes: unsigned, and a prefix comes before what continues it. */
export function bytewise(a: Uint8Array, b: Uint8Array): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return a.length - b.length;
}

/** The place of a cursor: on an item, or on none. */
export interface Place<Item> {
  readonly item: Item | undefined;
}

/** A sorted list without equals, and cursors over it that stay where they are while it grows. */
export abstract class SortedModel<Item> {
  items: Item[] = [];
  /** Cursors by number; undefined for one that has not been made yet. */
  cursors: (Place<Item> | undefined)[] = [];

  /** Below 0 when `a` comes first, above 0 when `b` does, 0 when they are equal. */
  abstract order(a: Item, b: Item): number;

  /** Whether there is an item equal to this one. O(n). */
  has(item: Item): boolean {
    return this.items.some((other) => this.order(other, item) === 0);
  }

  /** Adds an item at its place; none may be equal to it. O(n). */
  insert(item: Item): void {
    const after = this.items.findIndex((other) => this.order(other, item) > 0);
    if (after === -1) this.items.push(item);
    else this.items.splice(after, 0, item);
  }

  /** The first that is not before `item`, which need not be in the list. */
  seek(item: Item): Item | undefined {
    return this.items.find((other) => this.order(other, item) >= 0);
  }

  /** The one after (1) or before (-1) an item of the list. */
  neighbour(item: Item, step: 1 | -1): Item | undefined {
    return this.items[this.items.indexOf(item) + step];
  }

  /** Everything gone, as in a fresh one. */
  clear(): void {
    this.items = [];
  }
}

/** A set of keys. */
export class IndexModel extends SortedModel<{ readonly key: Uint8Array }> {
  readonly compareKeys: Comparator;

  constructor(compareKeys: Comparator = bytewise) {
    super();
    this.compareKeys = compareKeys;
  }

  order(a: { readonly key: Uint8Array }, b: { readonly key: Uint8Array }): number {
    return this.compareKeys(a.key, b.key);
  }

  /** What a seek to `key` looks for. */
  target(key: Uint8Array): { readonly key: Uint8Array } {
    return { key };
  }
}

/** A memtable: many versions of each key. */
export class MemtableModel extends SortedModel<Entry> {
  state: 'active' | 'frozen' = 'active';
  /** Whether there has been a table before this one. */
  droppedBefore = false;
  /** Sequences that are held for reading, by number. */
  snapshots: (Sequence | undefined)[] = [];
  readonly compareKeys: Comparator;
  readonly #refusesDuplicates: boolean;

  /** @param refusesDuplicates - else writes of an entry that is there already are never made */
  constructor(compareKeys: Comparator = bytewise, refusesDuplicates = true) {
    super();
    this.compareKeys = compareKeys;
    this.#refusesDuplicates = refusesDuplicates;
  }

  /** Keys ascend; of one key the newest version comes first, and of one sequence the value before the deletion. */
  order(a: Entry, b: Entry): number {
    const keys = this.compareKeys(a.key, b.key);
    if (keys !== 0) return keys;
    if (a.sequence !== b.sequence) return a.sequence > b.sequence ? -1 : 1;
    return b.type - a.type;
  }

  /** Why a write of these entries has to be refused; undefined when it has to succeed. */
  refusalOf(entries: readonly Entry[]): 'frozen' | 'duplicate' | undefined {
    if (this.state === 'frozen') return 'frozen';
    return entries.some((entry) => this.has(entry)) ? 'duplicate' : undefined;
  }

  /** Whether it is known what a write of these entries has to do. */
  canWrite(entries: readonly Entry[]): boolean {
    return this.#refusesDuplicates || this.refusalOf(entries) !== 'duplicate';
  }

  /** {@link MemtableModel.get} for every key that there is. */
  getAll(sequence: Sequence = SEQUENCE_MAX): { key: Uint8Array; found: Entry | undefined }[] {
    const all: { key: Uint8Array; found: Entry | undefined }[] = [];
    for (const entry of this.items) {
      const last = all.at(-1);
      const found = entry.sequence <= sequence ? entry : undefined;
      if (last === undefined || this.compareKeys(last.key, entry.key) !== 0) all.push({ key: entry.key, found });
      else last.found ??= found;
    }
    return all;
  }

  /** What a seek to (key, sequence) looks for. */
  target(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): Entry {
    return { key, sequence, type: ValueType.Value, value: NOTHING };
  }

  /** The newest version of `key` that `sequence` may see. */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): Entry | undefined {
    return this.items.find((entry) => this.compareKeys(entry.key, key) === 0 && entry.sequence <= sequence);
  }

  override clear(): void {
    super.clear();
    this.state = 'active';
  }
}

/** A key and its value in a store. */
export interface StoreItem {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A store: of each key one value. Of keys that its order takes for equal, the bytes of the newest write are there. */
export class StoreModel extends SortedModel<StoreItem> {
  snapshots: (StoreModel | undefined)[] = [];
  iterators: (IteratorModel | undefined)[] = [];
  readonly compareKeys: Comparator;

  constructor(compareKeys: Comparator = bytewise) {
    super();
    this.compareKeys = compareKeys;
  }

  /** Whether a snapshot or an iterator may hold something. */
  get isHeld(): boolean {
    return [...this.snapshots, ...this.iterators].some((open) => open !== undefined);
  }

  order(a: StoreItem, b: StoreItem): number {
    return this.compareKeys(a.key, b.key);
  }

  /** The value of a key, not a copy. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.items.find((item) => this.compareKeys(item.key, key) === 0)?.value;
  }

  /** Sets a key. The model keeps both arrays. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.del(key);
    this.insert({ key, value });
  }

  /** Deletes a key, if it is there. */
  del(key: Uint8Array): void {
    this.items = this.items.filter((item) => this.compareKeys(item.key, key) !== 0);
  }

  /** Sets `key`, or deletes it when there is no value. */
  set(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.del(key);
    else this.put(key, value);
  }

  /** Deletes the keys of a range. */
  clearRange(range: Range): void {
    for (const [key] of this.range(range)) this.del(key);
  }

  /** What a range of it holds, in the range's direction. */
  range({ gt, gte, lt, lte, reverse = false, limit = Infinity }: Range): [Uint8Array, Uint8Array][] {
    const inside = this.items.filter(
      ({ key }) =>
        (gt === undefined || this.compareKeys(key, gt) > 0) &&
        (gte === undefined || this.compareKeys(key, gte) >= 0) &&
        (lt === undefined || this.compareKeys(key, lt) < 0) &&
        (lte === undefined || this.compareKeys(key, lte) <= 0),
    );
    if (reverse) inside.reverse();
    return inside.slice(0, limit).map(({ key, value }) => [key, value]);
  }

  /** The same content, which later writes do not change. */
  copy(): StoreModel {
    const copy = new StoreModel(this.compareKeys);
    copy.items = [...this.items];
    return copy;
  }
}

/** An open iterator: what its range held when it was made, and what comes next. */
export class IteratorModel {
  readonly yields: 'iterator' | 'keys' | 'values';
  readonly #entries: readonly [Uint8Array, Uint8Array][];
  readonly #range: Range;
  readonly #compareKeys: Comparator;
  #at = 0;
  #left: number;

  constructor(model: StoreModel, range: Range, yields: 'iterator' | 'keys' | 'values') {
    const { limit = Infinity, ...unlimited } = range;
    this.yields = yields;
    this.#entries = model.range(unlimited);
    this.#range = range;
    this.#compareKeys = model.compareKeys;
    this.#left = limit;
  }

  /** How many more may come. */
  get left(): number {
    return this.#left;
  }

  /** Up to `size` more. */
  take(size: number): [Uint8Array, Uint8Array][] {
    const taken = this.#entries.slice(this.#at, this.#at + Math.min(size, this.#left));
    this.#at += taken.length;
    this.#left -= taken.length;
    return taken;
  }

  /** To the first at or after `key` in its direction; to the end when that lies outside of the range. */
  seek(key: Uint8Array): void {
    const { gt, gte, lt, lte, reverse = false } = this.#range;
    const compare = this.#compareKeys;
    const isBefore = (gt !== undefined && compare(key, gt) <= 0) || (gte !== undefined && compare(key, gte) < 0);
    const isBehind = (lt !== undefined && compare(key, lt) >= 0) || (lte !== undefined && compare(key, lte) > 0);
    const found = this.#entries.findIndex(([other]) => (reverse ? compare(other, key) <= 0 : compare(other, key) >= 0));
    this.#at = isBefore || isBehind || found === -1 ? this.#entries.length : found;
  }
}

const NOTHING = new Uint8Array(0);
