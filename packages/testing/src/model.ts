/**
 * The models that objects under test are compared with: sorted arrays, simple enough to be seen to be right. They share
 * no code with the objects under test, and a search is a walk.
 */
import { type Comparator, type Entry, type Range, type Sequence, SEQUENCE_MAX, ValueType } from './contract.js';

/** The order of keys as unsigned bytes. A prefix comes before every longer key that starts with it. */
export function bytewise(a: Uint8Array, b: Uint8Array): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return a.length - b.length;
}

/** The position of a cursor. */
export interface Place<Item> {
  /** The item under the cursor; undefined if it stands on none. */
  readonly item: Item | undefined;
}

/** A sorted list without equal items. Cursors over it keep their position while it grows. */
export abstract class SortedModel<Item> {
  /** All items, in order. */
  items: Item[] = [];
  /** Cursors by number; undefined before a cursor is made. */
  cursors: (Place<Item> | undefined)[] = [];

  /** Below 0 if `a` comes first, above 0 if `b` does, 0 if they are equal. */
  abstract order(a: Item, b: Item): number;

  /** Whether an equal item is in the list. O(n). */
  has(item: Item): boolean {
    return this.items.some((other) => this.order(other, item) === 0);
  }

  /** Adds an item, which must not equal one of the list. O(n). */
  insert(item: Item): void {
    const after = this.items.findIndex((other) => this.order(other, item) > 0);
    if (after === -1) this.items.push(item);
    else this.items.splice(after, 0, item);
  }

  /** The first item at or after `item`, which need not be in the list. */
  seek(item: Item): Item | undefined {
    return this.items.find((other) => this.order(other, item) >= 0);
  }

  /** The item after (1) or before (-1) an item of the list. */
  neighbour(item: Item, step: 1 | -1): Item | undefined {
    return this.items[this.items.indexOf(item) + step];
  }

  /** Removes all items. */
  clear(): void {
    this.items = [];
  }
}

/** The model of an ordered index: a set of keys. */
export class IndexModel extends SortedModel<{ readonly key: Uint8Array }> {
  /** The order of the keys. */
  readonly compareKeys: Comparator;

  /** @param compareKeys - the order of the keys */
  constructor(compareKeys: Comparator = bytewise) {
    super();
    this.compareKeys = compareKeys;
  }

  /** The order of the keys. */
  order(a: { readonly key: Uint8Array }, b: { readonly key: Uint8Array }): number {
    return this.compareKeys(a.key, b.key);
  }

  /** The item that a seek to `key` looks for. */
  target(key: Uint8Array): { readonly key: Uint8Array } {
    return { key };
  }
}

/** The model of a memtable: versions of keys, in the order of the table. */
export class MemtableModel extends SortedModel<Entry> {
  /** Whether the table takes writes. */
  state: 'active' | 'frozen' = 'active';
  /** Whether the run has dropped a table before. */
  droppedBefore = false;
  /** Sequences that the run keeps for reads, by number; undefined for none. */
  snapshots: (Sequence | undefined)[] = [];
  /** The order of the keys. */
  readonly compareKeys: Comparator;
  readonly #refusesDuplicates: boolean;

  /** @param refusesDuplicates - if false, a run never adds an entry that equals one of the table */
  constructor(compareKeys: Comparator = bytewise, refusesDuplicates = true) {
    super();
    this.compareKeys = compareKeys;
    this.#refusesDuplicates = refusesDuplicates;
  }

  /** Keys ascend, then sequences descend, then the value comes before the deletion. */
  order(a: Entry, b: Entry): number {
    const keys = this.compareKeys(a.key, b.key);
    if (keys !== 0) return keys;
    if (a.sequence !== b.sequence) return a.sequence > b.sequence ? -1 : 1;
    return b.type - a.type;
  }

  /** Why the table must refuse these entries; undefined if it must add them. */
  refusalOf(entries: readonly Entry[]): 'frozen' | 'duplicate' | undefined {
    if (this.state === 'frozen') return 'frozen';
    return entries.some((entry) => this.has(entry)) ? 'duplicate' : undefined;
  }

  /** Whether a run may write these entries: the model knows what must happen. */
  canWrite(entries: readonly Entry[]): boolean {
    return this.#refusesDuplicates || this.refusalOf(entries) !== 'duplicate';
  }

  /** The result of {@link MemtableModel.get} for every key of the table. */
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

  /** The entry that a seek to (key, sequence) looks for. */
  target(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): Entry {
    return { key, sequence, type: ValueType.Value, value: NOTHING };
  }

  /** The newest version of `key` whose sequence is not above `sequence`. */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): Entry | undefined {
    return this.items.find((entry) => this.compareKeys(entry.key, key) === 0 && entry.sequence <= sequence);
  }

  /** Becomes the model of a new table. */
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

/** The model of a store: one value a key. If two keys compare as equal, the bytes of the newest write stay. */
export class StoreModel extends SortedModel<StoreItem> {
  /** Open snapshots by number. */
  snapshots: (StoreModel | undefined)[] = [];
  /** Open iterators by number. */
  iterators: (IteratorModel | undefined)[] = [];
  /** The order of the keys. */
  readonly compareKeys: Comparator;

  /** @param compareKeys - the order of the keys */
  constructor(compareKeys: Comparator = bytewise) {
    super();
    this.compareKeys = compareKeys;
  }

  /** Whether a snapshot or an iterator is open. */
  get isHeld(): boolean {
    return [...this.snapshots, ...this.iterators].some((open) => open !== undefined);
  }

  /** The order of the keys. */
  order(a: StoreItem, b: StoreItem): number {
    return this.compareKeys(a.key, b.key);
  }

  /** The value of a key, not a copy; undefined if it has none. O(n). */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.items.find((item) => this.compareKeys(item.key, key) === 0)?.value;
  }

  /** Sets a key. The model keeps both arrays, so do not overwrite them. O(n). */
  put(key: Uint8Array, value: Uint8Array): void {
    this.del(key);
    this.insert({ key, value });
  }

  /** Deletes a key, which may be absent. */
  del(key: Uint8Array): void {
    this.items = this.items.filter((item) => this.compareKeys(item.key, key) !== 0);
  }

  /** Sets a key, or deletes it if `value` is undefined. */
  set(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.del(key);
    else this.put(key, value);
  }

  /** Deletes the keys of a range. */
  clearRange(range: Range): void {
    for (const [key] of this.range(range)) this.del(key);
  }

  /** Keys and values of a range, in its direction. */
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

  /** A model with the same content, which later writes to this one do not change. */
  copy(): StoreModel {
    const copy = new StoreModel(this.compareKeys);
    copy.items = [...this.items];
    return copy;
  }
}

/** The model of an open iterator: the entries that its range had when it was made, and a position among them. */
export class IteratorModel {
  /** The method that made it: `iterator` yields keys and values, the others one of them. */
  readonly yields: 'iterator' | 'keys' | 'values';
  readonly #entries: readonly [Uint8Array, Uint8Array][];
  readonly #range: Range;
  readonly #compareKeys: Comparator;
  #at = 0;
  #left: number;

  /** @param model - the state that it reads */
  constructor(model: StoreModel, range: Range, yields: 'iterator' | 'keys' | 'values') {
    const { limit = Infinity, ...unlimited } = range;
    this.yields = yields;
    this.#entries = model.range(unlimited);
    this.#range = range;
    this.#compareKeys = model.compareKeys;
    this.#left = limit;
  }

  /** Number of entries that the limit still allows. */
  get left(): number {
    return this.#left;
  }

  /** The next entries, `size` of them; fewer only at the end. */
  take(size: number): [Uint8Array, Uint8Array][] {
    const taken = this.#entries.slice(this.#at, this.#at + Math.min(size, this.#left));
    this.#at += taken.length;
    this.#left -= taken.length;
    return taken;
  }

  /** Moves to the first entry at or after `key` in its direction, or to the end if `key` is outside the range. */
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
