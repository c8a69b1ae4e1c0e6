/** A store as a cache. It is a module of its own, `@memtable/store/cache`. */
import { printed } from '@memtable/arena';
import { MemTableError } from '@memtable/memtable';
import { CacheRetention, type EvictPolicy, type EvictReason, Timed } from './cache-retention.js';
import type { EncodingOptions, MemStoreArguments, MemStoreOptions, StoreEncoding } from './options.js';
import { MemStore } from './store.js';

export type { EvictPolicy, EvictReason } from './cache-retention.js';

/** What a cache has in its options beside those of a store. A cache has no `target`. */
export interface CacheSettings<K> {
  /** Lifetime of entries that are given none, in milliseconds, above 0. @defaultValue Infinity */
  ttlMs?: number | undefined;
  /**
   * The time in milliseconds, from any beginning. It may use the store. Reads and writes call it; there are no timers.
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined;
  /**
   * What goes when a put finds no room: of 16 random entries the one written longest ago (`oldest`), or the one neither
   * written nor read by its key for longest (`lru`). An entry whose time has come goes before. `false`: the put throws
   * `MEMTABLE_FULL` if none has. @defaultValue 'lru'
   */
  evict?: EvictPolicy | undefined;
  /**
   * Called with the key of each entry that the cache has removed on its own, after the write that did it, or in a
   * microtask after a compaction. Not called for entries that are put again or deleted. It may use the store; what its
   * own writes remove, it is told after the next write. An error that it throws is reported as uncaught and changes
   * nothing.
   */
  onEvict?: ((key: K, reason: EvictReason) => void) | undefined;
  /** A cache has none. */
  target?: never;
}

/** Options of a cache. */
export type CacheOptions<K, V> = MemStoreOptions<K, V> & CacheSettings<K>;

/** Options of a cache as arguments. They may be left out if none is required. */
export type CacheArguments<K, V> =
  Record<never, never> extends StoreEncoding<'keyEncoding', K> & StoreEncoding<'valueEncoding', V>
    ? [options?: CacheOptions<K, V>]
    : [options: CacheOptions<K, V>];

/** Options of a put in a cache. */
export interface CachePutOptions extends EncodingOptions {
  /** Lifetime of the entry in milliseconds, above 0. Infinity: it has no end. @defaultValue that of the cache */
  ttlMs?: number | undefined;
}

/**
 * A store whose entries have a lifetime, and which evicts entries when it is full. Choose `maxBytes`: entries get
 * nearly half of it, and each takes its key, its value, some 22 bytes for an entry of a store, and 8 more here, or 12
 * with `lru`.
 *
 * - **Lifetime.** When its time has come, an entry is hidden from every read, by key or in a range, those of snapshots
 *   included. Each write removes due ones among four random entries, and a compaction all, so that about a quarter of
 *   the entries may be hidden ones. `size` and `stats()` count these, and `clear` of a range leaves them.
 * - **Eviction.** It takes no entry that an open snapshot or iterator sees. When these keep all, or when one value has
 *   no room even in an empty cache, puts throw `MEMTABLE_FULL`. `load` evicts nothing.
 *
 * Its stored values begin with the lifetime, but `getView` and `valueView` show the value alone, and `toBytes` writes
 * the value alone. `load` and batches use the lifetime of the cache.
 *
 * @example
 * ```ts
 * import { CacheStore } from '@memtable/store/cache';
 *
 * let now = 0;
 * const cache = new CacheStore({ maxBytes: 8 << 20, ttlMs: 60_000, clock: () => now });
 * cache.put('page', '<html>').put('session', 'Al', { ttlMs: 1000 });
 * now = 1000;
 * cache.get('session'); // undefined
 * [...cache]; // [['page', '<html>']]
 * cache.close();
 * ```
 */
export class CacheStore<K = string, V = string> extends MemStore<K, V> {
  /** Makes an empty cache. @throws as the constructor of {@link MemStore}; MemTableError `MEMTABLE_INVALID_OPTION` */
  constructor(...options: CacheArguments<K, V>) {
    const [settings = {} as CacheOptions<K, V>] = options as [CacheOptions<K, V>?];
    const { ttlMs = Infinity, clock = Date.now, evict = 'lru', onEvict, target } = settings;
    checkTtl(ttlMs);
    if (typeof clock !== 'function') throw new TypeError(`clock must be a function, not ${printed(clock)}`);
    if (onEvict !== undefined && typeof onEvict !== 'function') {
      throw new TypeError(`onEvict must be a function, not ${printed(onEvict)}`);
    }
    if (evict !== 'oldest' && evict !== 'lru' && evict !== false) {
      invalid(`evict must be 'oldest', 'lru' or false: ${printed(evict)}`);
    }
    if (target !== undefined) invalid('a cache has no target: it would lose what has not been flushed');
    super(...([settings] as unknown as MemStoreArguments<K, V>));
    this.adopt((commit, codecs) => new CacheRetention(commit, codecs, { ttlMs, clock, evict, onEvict }));
  }

  /**
   * Makes a cache of entries, which must have room. {@link MemStore.load} says the rest.
   * @throws as the constructor, and {@link MemStore.load}; then there is no cache
   */
  static override from<K = string, V = string>(
    entries: Iterable<readonly [K, V]>,
    ...options: CacheArguments<K, V> | MemStoreArguments<K, V>
  ): CacheStore<K, V> {
    const cache = new CacheStore<K, V>(...(options as CacheArguments<K, V>));
    try {
      cache.load(entries);
    } catch (error) {
      cache.close();
      throw error;
    }
    return cache;
  }

  /**
   * Sets `key` to `value`, for a while. O(log n) comparisons, and as many again for each entry that it evicts.
   * @returns the cache, so that calls can be chained
   * @throws as {@link MemStore.put}; MemTableError `MEMTABLE_INVALID_OPTION`
   */
  override put(key: K, value: V, options?: CachePutOptions): this {
    const ttlMs = options?.ttlMs;
    if (ttlMs === undefined) return super.put(key, value, options);
    checkTtl(ttlMs);
    return super.put(key, new Timed(value, ttlMs) as V, options);
  }
}

function checkTtl(ttlMs: unknown): void {
  if (typeof ttlMs === 'number' && ttlMs > 0) return;
  invalid(`ttlMs must be a number above 0: ${printed(ttlMs)}`);
}

function invalid(message: string): never {
  throw new MemTableError('MEMTABLE_INVALID_OPTION', message);
}
