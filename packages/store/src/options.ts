import { type ArenaStats, MEMORY_BYTES_MAX, printed } from '@memtable/arena';
import {
  type Comparator,
  type FlushOptions,
  type FlushStats,
  type LifecycleEvent,
  MemTableError,
  type WaitingStats,
} from '@memtable/memtable';
import { checkWhole } from '@memtable/memtable/internal';
import type { AnyEncoding, EncodingOption } from './encoding.js';
import type { PinKind } from './pins.js';
import type { RangeOptions } from './range.js';
import type { StoreSnapshot } from './snapshot.js';

/**
 * Options of a store but its encodings. With a `target` the store is a write buffer: entries leave it when they have
 * been flushed. Until then it keeps tombstones too, also of keys that it never had, because the target may have them.
 */
export interface MemStoreSettings extends Partial<FlushOptions> {
  /** The order of encoded keys. @defaultValue the order of their bytes, unsigned */
  comparator?: Comparator | undefined;
  /**
   * What happens to a string, key or value, that is not well-formed: half of a surrogate pair has no UTF-8. `refuse`:
   * the call throws `MEMTABLE_ENCODING_FAILED` with the position. `replace`: it becomes U+FFFD, so that several keys
   * become one.
   * @defaultValue 'refuse'
   */
  illFormed?: 'refuse' | 'replace' | undefined;
  /**
   * Upper bound on the memory of the store, in bytes, from 128 KiB to 2^32 - 2^21.
   *
   * Entries can use 47 % of it: puts may fill fifteen sixteenths of one half. The other half is for compactions and
   * deletions, so that a full store can always get rid of garbage. The next put can use the memory that a deletion
   * frees, because it runs a compaction when it has to.
   *
   * To choose it, add up keys and values, and 22 bytes for each entry; then take two and a quarter times that. 100,000
   * entries of 16-byte keys and 100-byte values are 13.8 MB, and fit into 31 MB. Values of kilobytes need up to a
   * quarter more, because they leave the ends of blocks empty.
   * @defaultValue 2^32 - 2^21
   */
  maxBytes?: number | undefined;
  /**
   * Address space of a large store, in bytes, from 4096 to 2^31 - 2^20. Memory is used only as entries come. Address
   * space doubles up to 8 MiB, grows to an eighth of this, then to all of it, then doubles again. Each growth moves the
   * whole memory, in the middle of a put.
   * @defaultValue 256 MiB, or half of `maxBytes` if that is less
   */
  reserveBytes?: number | undefined;
  /**
   * Size of the arena's regular blocks in bytes, a multiple of 8 from 64 to a sixteenth of `maxBytes`.
   * @defaultValue 16384; less if `maxBytes` is small
   */
  blockBytes?: number | undefined;
  /** A compaction begins when more than this part of all entry bytes is garbage, 0.01 to 0.99. @defaultValue 0.5 */
  garbageRatioMax?: number | undefined;
  /** No compaction begins with less garbage than this, in bytes, unless room is scarce. @defaultValue 1 MiB */
  garbageBytesMin?: number | undefined;
  /**
   * Age in milliseconds at which the store warns once of an open snapshot or iterator, by `process.emitWarning`, or by
   * `console.warn` where there is no process. From 0 to 2^31 - 1; 0 means never. @defaultValue 60000
   */
  pinWarningMs?: number | undefined;
  /** Records where each snapshot and iterator is made, for `stats()` and for the warning. @defaultValue false */
  pinStacks?: boolean | undefined;
  /**
   * With a target: a table with more memory than this is flushed. As much again can be written meanwhile. Bytes, from 1
   * to 2^30. @defaultValue 4 MiB
   */
  writeBufferBytes?: number | undefined;
  /**
   * Sequence of the last write before the first one of this store, a whole number from 0 to 2^52. With it, flush runs
   * continue the numbers of another process. @defaultValue 0
   */
  lastSequence?: number | undefined;
  /**
   * Called with each event. It may use the store. An error that it throws is reported as uncaught and changes nothing.
   */
  onEvent?: ((event: LifecycleEvent) => void) | undefined;
}

/**
 * The encodings of a store. `keyEncoding` is that of keys, by default `utf8`: strings, in the order of their UTF-8
 * bytes. `valueEncoding` is that of values, by default `utf8` too. A type that strings do not fit needs an encoding.
 */
export type StoreEncoding<Name extends keyof EncodingOptions, T> = [T] extends [string]
  ? { [N in Name]?: EncodingOption<T> | undefined }
  : string extends T
    ? { [N in Name]?: EncodingOption<T> | undefined }
    : { [N in Name]: EncodingOption<T> };

/** Options of a store with keys `K` and values `V`: its settings and its encodings. */
export type MemStoreOptions<K, V> = MemStoreSettings &
  StoreEncoding<'keyEncoding', K> &
  StoreEncoding<'valueEncoding', V>;

/** Options of a store as arguments. They may be left out if none is required. */
export type MemStoreArguments<K, V> =
  Record<never, never> extends StoreEncoding<'keyEncoding', K> & StoreEncoding<'valueEncoding', V>
    ? [options?: MemStoreOptions<K, V>]
    : [options: MemStoreOptions<K, V>];

/** Encodings of one call, in place of the store's own. They must yield the types of the store. */
export interface EncodingOptions {
  /** The encoding of keys. @defaultValue that of the store */
  keyEncoding?: AnyEncoding | undefined;
  /** The encoding of values. @defaultValue that of the store */
  valueEncoding?: AnyEncoding | undefined;
}

/** Options of a read. */
export interface ReadOptions extends EncodingOptions {
  /** An open snapshot of this store. The read sees the store as it was then. @defaultValue reads see all writes */
  snapshot?: StoreSnapshot | undefined;
}

/** Options of a read of many keys: the range, the snapshot, the encodings. */
export interface RangeReadOptions<K> extends RangeOptions<K>, ReadOptions {}

/** One write of a batch, in abstract-level's words. Its encodings count before those of the call. */
export type BatchOperation<K, V> = EncodingOptions &
  (
    | {
        /** Sets the key. */
        readonly type: 'put';
        /** The key. */
        readonly key: K;
        /** Its new value. */
        readonly value: V;
      }
    | {
        /** Deletes the key. */
        readonly type: 'del';
        /** The key, which need not exist. */
        readonly key: K;
      }
  );

/** An open snapshot or iterator, or a running flush. */
export interface PinStats {
  /** The kind of reader. */
  readonly kind: PinKind;
  /** Sequence of the last write that it sees. */
  readonly sequence: number;
  /** Milliseconds since it was made. */
  readonly ageMs: number;
  /** Bytes of old entries that it sees and that only snapshots, iterators and flushes keep in memory. */
  readonly heldBytes: number;
  /** The stack of the call that made it. Undefined without `pinStacks`. */
  readonly stack: string | undefined;
}

/** The figures of a store. Sizes are in bytes. */
export interface MemStoreStats {
  /** Where the store is in its life. */
  readonly state: 'open' | 'frozen' | 'closed';
  /** Number of keys that have a value. */
  readonly entryCount: number;
  /** Sequence of the last write. */
  readonly lastSequence: number;
  /**
   * Bytes of all blocks: the table, its successor, and flushed tables with readers, which `maxBytes` does not count.
   */
  readonly memoryUsage: number;
  /** Bytes of the newest entries of keys that have a value. */
  readonly liveBytes: number;
  /** Bytes of old entries that snapshots, iterators and a flush need, and of flushed tables with readers. */
  readonly heldBytes: number;
  /**
   * Bytes of entries that nobody needs. A compaction gives them back. With a target, tombstones that are not flushed
   * yet count as garbage too.
   */
  readonly garbageBytes: number;
  /** Compactions. They do not run with a target. */
  readonly compaction: {
    /** Whether one is running. */
    readonly running: boolean;
    /** Number of those that have ended well. */
    readonly finished: number;
    /**
     * Number of those that ended early: no memory, an error of the comparator, `clear()` or `close()`.
     */
    readonly abandoned: number;
    /** Error of the last abandoned one. Undefined when one has ended well since. */
    readonly lastError: unknown;
  };
  /** Flushes to the target. */
  readonly flush: FlushStats;
  /** Writers that wait for room. */
  readonly waiting: WaitingStats;
  /** Bytes of scratch memory that calls reuse to encode keys and strings. Not part of `memoryUsage`. */
  readonly scratchBytes: number;
  /** All open snapshots and iterators, and a running flush, oldest first. */
  readonly pins: readonly PinStats[];
  /** The figures of the arena of the current table. */
  readonly arena: ArenaStats;
}

/** @internal @throws MemTableError `MEMTABLE_INVALID_OPTION` */
function checkIllFormed(value: unknown): void {
  if (value === 'refuse' || value === 'replace') return;
  throw new MemTableError('MEMTABLE_INVALID_OPTION', `illFormed must be 'refuse' or 'replace': ${printed(value)}`);
}

/** @internal Checks the range of an option. @throws MemTableError `MEMTABLE_INVALID_OPTION` */
function checkOption(name: string, value: number, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return;
  throw new MemTableError(
    'MEMTABLE_INVALID_OPTION',
    `${name} must be a number from ${min} to ${max}: ${printed(value)}`,
  );
}

const MIB = 1 << 20;
/** Upper bound on `maxBytes`: half of it for entries, the other for compactions and deletions. */
const BYTES_MAX = 2 * MEMORY_BYTES_MAX;
const BYTES_MIN = 128 << 10;

interface Settings {
  readonly maxBytes: number;
  readonly garbageRatioMax: number;
  readonly garbageBytesMin: number;
  readonly pinWarningMs: number;
  readonly writeBufferBytes: number;
  readonly lastSequence: number;
  /** Lone surrogates become U+FFFD. */
  readonly replaces: boolean;
}

/** @internal The checked options of a store, with their defaults. @throws MemTableError `MEMTABLE_INVALID_OPTION` */
export function settingsOf(options: MemStoreSettings & { readonly illFormed?: unknown }): Settings {
  const { maxBytes = BYTES_MAX, garbageRatioMax = 0.5, garbageBytesMin = MIB } = options;
  const { pinWarningMs = 60_000, writeBufferBytes = 4 * MIB, lastSequence = 0, illFormed = 'refuse' } = options;
  checkOption('maxBytes', maxBytes, BYTES_MIN, BYTES_MAX);
  checkOption('garbageRatioMax', garbageRatioMax, 0.01, 0.99);
  checkOption('garbageBytesMin', garbageBytesMin, 0, MEMORY_BYTES_MAX);
  checkOption('pinWarningMs', pinWarningMs, 0, 0x7fffffff);
  checkWhole('writeBufferBytes', writeBufferBytes, 1, 1 << 30);
  checkWhole('lastSequence', lastSequence, 0, 2 ** 52);
  checkIllFormed(illFormed);
  const replaces = illFormed === 'replace';
  return { maxBytes, garbageRatioMax, garbageBytesMin, pinWarningMs, writeBufferBytes, lastSequence, replaces };
}
