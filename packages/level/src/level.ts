import { type AbstractDatabaseOptions, type AbstractSnapshot } from 'abstract-level';
import type { DiskStore, DiskStoreOptions } from '@memtable/disk';
import {
  type BatchOperation,
  type EncodingOptions,
  MemStore,
  type MemStoreOptions,
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
  /**
   * With a location: what a write survives whose call does not say. `memory`: nothing for certain. `os`: the end of the
   * process. `disk`: a power cut, from the moment when its promise resolves. @defaultValue 'os'
   */
  durability?: 'memory' | 'os' | 'disk' | undefined;
  /** With a location: a checkpoint begins when the logs have more bytes. @defaultValue as of `openStore` */
  logBytesMax?: number | undefined;
  /** With a location: what a flaw of a log means, see `@memtable/disk`. @defaultValue 'prefix' */
  recovery?: 'prefix' | 'tail' | 'strict' | 'salvage' | undefined;
}

/** Options of a write: `durability`, and classic-level's `sync`, which means `disk`. */
interface Write {
  readonly durability?: 'memory' | 'os' | 'disk' | undefined;
  readonly sync?: boolean | undefined;
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
 * Without a location the content survives `close()` and a later `open()`, as in memory-level; `store.close()` gives the
 * memory back. With a location, a path, the content is in that directory, which is a LevelDB database: classic-level
 * opens it too, but not at the same time. That needs the package `@memtable/disk`. All of it is read into memory when
 * the database opens. Writes take the options `durability` and, as in classic-level, `sync`.
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
  /** The directory; undefined in memory. */
  readonly #location: string | undefined;
  readonly #options: MemStoreOptions<Data, Data>;
  #store: MemStore<Data, Data> | undefined;

  /**
   * @throws Error `LEVEL_ENCODING_NOT_SUPPORTED` for an unknown `storeEncoding`
   * @throws MemTableError `MEMTABLE_INVALID_OPTION`, ArenaError `ARENA_INVALID_OPTION` for an option of the store that
   * is out of range
   */
  constructor(options?: MemtableLevelOptions<K, V>);
  /** @param location - the path of the directory; an empty one means memory */
  constructor(location: string, options?: MemtableLevelOptions<K, V>);
  constructor(location?: string | MemtableLevelOptions<K, V>, options?: MemtableLevelOptions<K, V>) {
    const all = (typeof location === 'object' && location !== null ? location : options) ?? {};
    const { storeEncoding, ...forward } = all;
    if (storeEncoding !== undefined && !['buffer', 'view', 'utf8'].includes(storeEncoding)) {
      const error = new Error(`storeEncoding must be 'buffer', 'view' or 'utf8': '${String(storeEncoding)}'`);
      throw Object.assign(error, { code: 'LEVEL_ENCODING_NOT_SUPPORTED' });
    }
    const path = typeof location === 'string' && location !== '' ? location : undefined;
    const encodings = storeEncoding === undefined ? FORMATS : { [storeEncoding]: true };
    super({ ...MANIFEST, permanence: path !== undefined, encodings }, forward);
    this.#location = path;
    // Pass all options on, so that the store gets new ones too. The encodings are abstract-level's to apply.
    const illFormed = forward.illFormed ?? 'replace'; // As every database of the family does.
    this.#options = { ...forward, illFormed, keyEncoding: undefined, valueEncoding: undefined };
    if (path === undefined) this.#store = new MemStore<Data, Data>(this.#options);
  }

  /**
   * The store below. It has the figures and events, and reads and writes without promises. With a location it is a
   * `DiskStore`, and another one after each `open()`.
   * @throws Error `LEVEL_DATABASE_NOT_OPEN`: with a location, before the database is open
   */
  get store(): MemStore<Data, Data> {
    if (this.#store !== undefined) return this.#store;
    throw Object.assign(new Error('Database is not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' });
  }

  protected async _open(): Promise<void> {
    if (this.#location === undefined) return;
    const { openStore } = await import('@memtable/disk');
    this.#store = await openStore<Data, Data>(this.#location, this.#options as DiskStoreOptions<Data, Data>);
  }

  protected async _close(): Promise<void> {
    if (this.#location === undefined) return;
    const store = this.#store as DiskStore<Data, Data> | undefined;
    this.#store = undefined;
    await store?.close();
  }

  protected async _put(key: Data, value: Data, options: Write): Promise<void> {
    const level = this.#levelOf(options);
    this.store.put(key, value, level);
    await this.#written(level);
  }

  protected async _del(key: Data, options: Write): Promise<void> {
    const level = this.#levelOf(options);
    this.store.del(key, level);
    await this.#written(level);
  }

  protected async _batch(operations: BatchOperation<Data, Data>[], options: Write): Promise<void> {
    const level = this.#levelOf(options);
    this.store.batch(operations, level);
    await this.#written(level);
  }

  protected async _clear(options: RangeReadOptions<Data> & Read & Write): Promise<void> {
    const level = this.#levelOf(options);
    this.store.clear({ ...rangeOptions(options), ...level });
    await this.#written(level);
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

  /** The options of a write for the store; undefined in memory. */
  #levelOf({ durability, sync }: Write): (EncodingOptions & Write) | undefined {
    if (this.#location === undefined) return undefined;
    return { durability: sync === true ? 'disk' : (durability ?? (this.#options as Write).durability) };
  }

  /** A write has been made. Resolves when it survives what it has to. */
  async #written(level: Write | undefined): Promise<void> {
    if (level?.durability === 'disk') await (this.#store as DiskStore<Data, Data>).durable();
  }
}

const MANIFEST = {
  seek: true,
  has: true,
  getSync: true,
  explicitSnapshots: true,
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
