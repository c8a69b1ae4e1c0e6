import { type AbstractDatabaseOptions, type AbstractSnapshot } from 'abstract-level';
import {
  type BatchOperation,
  MemStore,
  type MemStoreSettings,
  type RangeReadOptions,
  type ReadOptions,
} from '@memtable/store';
import { MemtableEntryIterator, MemtableKeyIterator, MemtableValueIterator } from './iterator.js';
import { OwningLevel } from './owned-bytes.js';
import { MemtableSnapshot } from './snapshot.js';

/** A format in which abstract-level may pass keys and values to the store. The store keeps all of them as bytes. */
export type StoreEncoding = 'buffer' | 'view' | 'utf8';

/** An encoded key or value, as abstract-level passes it to the methods that begin with `_`. */
type Data = string | Uint8Array;

/**
 * Options of a {@link MemtableLevel}: those of abstract-level, every option of {@link MemStore} but its two encodings,
 * and `storeEncoding`. Abstract-level applies the encodings.
 */
export interface MemtableLevelOptions<K, V> extends AbstractDatabaseOptions<K, V>, MemStoreSettings {
  /**
   * Converts all keys and values to this format before they reach the store, as in memory-level. Best left out: the
   * store keeps bytes in any case, and without this option it writes strings directly, with no `Buffer` in between.
   * @defaultValue undefined: each key and value keeps the format of its own encoding
   */
  storeEncoding?: StoreEncoding | undefined;
}

/** Options of a read, as abstract-level passes them on: it has replaced each encoding by the name of its format. */
interface Read {
  readonly keyEncoding: StoreEncoding;
  readonly valueEncoding: StoreEncoding;
  readonly snapshot?: AbstractSnapshot | undefined;
}

/**
 * A database of the `level` family in memory: abstract-level 3 over a {@link MemStore}. It can replace memory-level.
 *
 * Three things differ from memory-level. Keys and values are copied in and out, so callers may reuse their buffers.
 * The memory in use is known (`store.memoryUsage()`) and can be bounded (`maxBytes`). Entries are bytes in an arena, so
 * the garbage collector has no objects to visit.
 *
 * As in memory-level, the content survives `close()` and a later `open()`. `store.close()` gives the memory back.
 *
 * A write that finds no room rejects with the code `MEMTABLE_FULL`. All other codes are those of abstract-level, which
 * begin with `LEVEL_`, and of {@link MemStore}.
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
  /** The store below. It has the figures and events, and reads and writes without promises. */
  readonly store: MemStore<Data, Data>;

  /**
   * @throws Error `LEVEL_ENCODING_NOT_SUPPORTED` for an unknown `storeEncoding`
   * @throws MemTableError `MEMTABLE_INVALID_OPTION`, ArenaError `ARENA_INVALID_OPTION` for an option of the store that
   * is out of range
   */
  constructor(options?: MemtableLevelOptions<K, V>);
  /** @param location - not used. Other databases of the family have one. */
  constructor(location: string, options?: MemtableLevelOptions<K, V>);
  constructor(location?: string | MemtableLevelOptions<K, V>, options?: MemtableLevelOptions<K, V>) {
    const all = (typeof location === 'object' && location !== null ? location : options) ?? {};
    const { storeEncoding, ...forward } = all;
    if (storeEncoding !== undefined && !['buffer', 'view', 'utf8'].includes(storeEncoding)) {
      const error = new Error(`storeEncoding must be 'buffer', 'view' or 'utf8': '${String(storeEncoding)}'`);
      throw Object.assign(error, { code: 'LEVEL_ENCODING_NOT_SUPPORTED' });
    }
    super({ ...MANIFEST, encodings: storeEncoding === undefined ? FORMATS : { [storeEncoding]: true } }, forward);
    // Pass all options on, so that the store gets new ones too. The encodings are abstract-level's to apply.
    const illFormed = forward.illFormed ?? 'replace'; // As every database of the family does.
    this.store = new MemStore<Data, Data>({ ...forward, illFormed, keyEncoding: undefined, valueEncoding: undefined });
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
  signals: { iterators: false }, // Reads are synchronous, so a signal could not abort one.
};

const FORMATS =
  (globalThis as { Buffer?: unknown }).Buffer === undefined
    ? { view: true, utf8: true }
    : { buffer: true, view: true, utf8: true };

/** The same options for the store: abstract-level's snapshot is replaced by the store's. */
function readOptions<T extends Read>({ snapshot, ...options }: T): Omit<T, 'snapshot'> & ReadOptions {
  if (!(snapshot instanceof MemtableSnapshot)) return options;
  if (!snapshot.inner.isOpen) snapshot.ref(); // Throws abstract-level's error for a closed snapshot.
  return { ...options, snapshot: snapshot.inner };
}

/** The same range for the store. If two bounds limit one end, abstract-level lets the inclusive one win. */
function rangeOptions(options: RangeReadOptions<Data> & Read): RangeReadOptions<Data> {
  const range = readOptions(options);
  if (range.gte !== undefined) range.gt = undefined;
  if (range.lte !== undefined) range.lt = undefined;
  return range;
}
