import { type AbstractDatabaseOptions, type AbstractSnapshot } from 'abstract-level';
import {
  type BatchOperation,
  MemStore,
  type MemStoreOptions,
  type RangeReadOptions,
  type ReadOptions,
} from '@memtable/store';
import { MemtableEntryIterator, MemtableKeyIterator, MemtableValueIterator } from './iterator.js';
import { OwningLevel } from './owned-bytes.js';
import { MemtableSnapshot } from './snapshot.js';

/** The formats that keys and values pass through on their way to the store, which has bytes only. */
export type StoreEncoding = 'buffer' | 'view' | 'utf8';

/** Keys and values as abstract-level hands them over: encoded. */
type Data = string | Uint8Array;

/** The options of abstract-level, and those of {@link MemStore} but its encodings, which abstract-level applies. */
export interface MemtableLevelOptions<K, V>
  extends AbstractDatabaseOptions<K, V>, Omit<MemStoreOptions<never, never>, 'keyEncoding' | 'valueEncoding'> {
  /**
   * As with memory-level: everything is turned into this format first. The store keeps bytes anyway, so it is best left
   * out; strings are then written as they are, without a `Buffer` in between.
   * @defaultValue all three, each as it comes
   */
  storeEncoding?: StoreEncoding | undefined;
}

/** Options of a read, as abstract-level hands them over: with an encoding's format for its name. */
interface Read {
  readonly keyEncoding: StoreEncoding;
  readonly valueEncoding: StoreEncoding;
  readonly snapshot?: AbstractSnapshot | undefined;
}

/**
 * A database of the `level` family in memory: abstract-level 3 over a {@link MemStore}. It can stand wherever memory-level
 * does. What differs: keys and values are copied in and out, the memory in use is known and can be bounded, and there are
 * no objects for the garbage collector.
 *
 * Like memory-level it keeps its content when it is closed and opened again. `store.close()` gives the memory back.
 *
 * @example
 * ```ts
 * import { MemtableLevel } from 'memtable-level';
 *
 * const db = new MemtableLevel<string, { name: string }>({ valueEncoding: 'json' });
 * await db.put('b', { name: 'Bea' });
 * await db.batch([{ type: 'put', key: 'a', value: { name: 'Al' } }]);
 * await db.keys({ gte: 'a', limit: 10 }).all(); // ['a', 'b']
 * db.getSync('a')?.name; // 'Al'
 * await db.close();
 * ```
 */
export class MemtableLevel<K = string, V = string> extends OwningLevel<Data, K, V> {
  /** Where everything is: its figures, and reads and writes without promises. */
  readonly store: MemStore<Data, Data>;

  constructor(options?: MemtableLevelOptions<K, V>);
  /** @param location - is not used; other databases of the family have one */
  constructor(location: string, options?: MemtableLevelOptions<K, V>);
  constructor(location?: string | MemtableLevelOptions<K, V>, options?: MemtableLevelOptions<K, V>) {
    const all = (typeof location === 'object' && location !== null ? location : options) ?? {};
    const { storeEncoding, ...forward } = all;
    if (storeEncoding !== undefined && !['buffer', 'view', 'utf8'].includes(storeEncoding)) {
      const error = new Error(`storeEncoding must be 'buffer', 'view' or 'utf8': ${String(storeEncoding)}`);
      throw Object.assign(error, { code: 'LEVEL_ENCODING_NOT_SUPPORTED' });
    }
    super({ ...MANIFEST, encodings: storeEncoding === undefined ? FORMATS : { [storeEncoding]: true } }, forward);
    // Every option goes to the store, so that none is forgotten, but the encodings, which abstract-level applies.
    this.store = new MemStore<Data, Data>({ ...forward, keyEncoding: undefined, valueEncoding: undefined });
  }

  protected async _put(key: Data, value: Data): Promise<void> {
    this.store.put(key, value);
  }

  protected async _del(key: Data): Promise<void> {
    this.store.del(key);
  }

  protected async _batch(operations: BatchOperation<Data, Data>[]): Promise<void> {
    this.store.batch(operations);
  }

  protected async _clear(options: RangeReadOptions<Data> & Read): Promise<void> {
    this.store.clear(rangeOptions(options));
  }

  protected async _get(key: Data, options: Read): Promise<Data | undefined> {
    return this.store.get(key, readOptions(options));
  }

  protected _getSync(key: Data, options: Read): Data | undefined {
    return this.store.get(key, readOptions(options));
  }

  protected async _getMany(keys: Data[], options: Read): Promise<(Data | undefined)[]> {
    return this.store.getMany(keys, readOptions(options));
  }

  protected async _has(key: Data, options: Read): Promise<boolean> {
    return this.store.has(key, readOptions(options));
  }

  protected async _hasMany(keys: Data[], options: Read): Promise<boolean[]> {
    const read = readOptions(options);
    return keys.map((key) => this.store.has(key, read));
  }

  protected _iterator(options: RangeReadOptions<Data> & Read): MemtableEntryIterator {
    return new MemtableEntryIterator(this, options, this.store.iterator(rangeOptions(options)));
  }

  protected _keys(options: RangeReadOptions<Data> & Read): MemtableKeyIterator {
    return new MemtableKeyIterator(this, options, this.store.keys(rangeOptions(options)));
  }

  protected _values(options: RangeReadOptions<Data> & Read): MemtableValueIterator {
    return new MemtableValueIterator(this, options, this.store.values(rangeOptions(options)));
  }

  protected _snapshot(options: object): AbstractSnapshot {
    return new MemtableSnapshot(options, this.store.snapshot());
  }
}

const MANIFEST = {
  seek: true,
  has: true,
  getSync: true,
  explicitSnapshots: true,
  permanence: false,
  createIfMissing: false,
  errorIfExists: false,
  signals: { iterators: false }, // Nothing that could be aborted: reads are synchronous.
};

const FORMATS =
  (globalThis as { Buffer?: unknown }).Buffer === undefined
    ? { view: true, utf8: true }
    : { buffer: true, view: true, utf8: true };

/** The same options for the store: its own snapshot in the place of abstract-level's. */
function readOptions<T extends Read>({ snapshot, ...options }: T): Omit<T, 'snapshot'> & ReadOptions {
  if (!(snapshot instanceof MemtableSnapshot)) return options;
  if (!snapshot.inner.isOpen) snapshot.ref(); // Throws, with abstract-level's code.
  return { ...options, snapshot: snapshot.inner };
}

/** Where both are given, abstract-level has the inclusive bound count. */
function rangeOptions(options: RangeReadOptions<Data> & Read): RangeReadOptions<Data> {
  const range = readOptions(options);
  if (range.gte !== undefined) range.gt = undefined;
  if (range.lte !== undefined) range.lt = undefined;
  return range;
}
