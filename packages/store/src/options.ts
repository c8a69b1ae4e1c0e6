import type { ArenaStats } from '@memtable/arena';
import {
  type Comparator,
  type FlushOptions,
  type FlushStats,
  type LifecycleEvent,
  MemTableError,
  type WaitingStats,
} from '@memtable/memtable';
import type { AnyEncoding, EncodingOption } from './encoding.js';
import type { PinKind } from './pins.js';
import type { RangeOptions } from './range.js';
import type { StoreSnapshot } from './snapshot.js';

/**
 * With a `target` the store is a write buffer: what has been flushed to it is no longer here. Deletions are kept until then,
 * of keys that are not here too.
 */
export interface MemStoreOptions<K, V> extends Partial<FlushOptions> {
  /** @defaultValue 'utf8': keys are strings, in the order of their UTF-8 bytes */
  keyEncoding?: EncodingOption<K> | undefined;
  /** @defaultValue 'utf8' */
  valueEncoding?: EncodingOption<V> | undefined;
  /** An order of encoded keys other than that of their bytes. */
  comparator?: Comparator | undefined;
  /**
   * The memory of the store never takes more than this, in bytes. One half is for entries, of which puts may fill fifteen
   * sixteenths; the other is for what a compaction writes to, and for deletions, so that there is always a way to get rid of
   * garbage. What a deletion frees can be used by the next put, which has it collected then. From 128 KiB to 2^32 - 16.
   * @defaultValue 2^32 - 16
   */
  maxBytes?: number | undefined;
  /**
   * Address space that a store takes when it has become large, in bytes; memory is only used as entries come. Up to 4 MiB it
   * doubles, then it grows eightfold up to this, then it doubles again; each time memory is moved, which takes about 0.2 ms a
   * MiB. @defaultValue 256 MiB, or half of `maxBytes`
   */
  reserveBytes?: number | undefined;
  /** Size of the arena's regular blocks in bytes. @defaultValue 16384 */
  blockBytes?: number | undefined;
  /** A compaction begins when more than this part of the entries' bytes is garbage. @defaultValue 0.5 */
  garbageRatioMax?: number | undefined;
  /** And not before there is so much of it, in bytes. @defaultValue 1 MiB */
  garbageBytesMin?: number | undefined;
  /**
   * After how many milliseconds a snapshot or iterator that is still open is taken for a forgotten one, and
   * `process.emitWarning` is called, or `console.warn` where there is no process. 0 for never. @defaultValue 60000
   */
  pinWarningMs?: number | undefined;
  /** Keeps with each snapshot and iterator the stack of its creation, for `stats()` and the warning. @defaultValue false */
  pinStacks?: boolean | undefined;
  /**
   * With a target: a table that takes more than this is flushed, and as much more can be written meanwhile. Bytes, from 1 to
   * 2^30. @defaultValue 4 MiB
   */
  writeBufferBytes?: number | undefined;
  /**
   * Sequence of the last write before the first one of this store, from 0 to 2^52. With it the runs of a flush go on from
   * the numbers that another process had reached. @defaultValue 0
   */
  lastSequence?: number | undefined;
  /** Told of everything that happens. What it throws is reported as an uncaught error and disturbs nothing. */
  onEvent?: ((event: LifecycleEvent) => void) | undefined;
}

/** Encodings of one call, instead of the store's own; what they yield has to be of the store's types. */
export interface EncodingOptions {
  keyEncoding?: AnyEncoding | undefined;
  valueEncoding?: AnyEncoding | undefined;
}

export interface ReadOptions extends EncodingOptions {
  /** Reads what was there when it was made. */
  snapshot?: StoreSnapshot | undefined;
}

export interface RangeReadOptions<K> extends RangeOptions<K>, ReadOptions {}

/** One write of a batch, in abstract-level's words. */
export type BatchOperation<K, V> = EncodingOptions &
  ({ readonly type: 'put'; readonly key: K; readonly value: V } | { readonly type: 'del'; readonly key: K });

/** An open snapshot or iterator. */
export interface PinStats {
  readonly kind: PinKind;
  /** Number of the last write that it sees. */
  readonly sequence: number;
  readonly ageMs: number;
  /** Bytes of old entries that it sees and that are there for snapshots and iterators only. */
  readonly heldBytes: number;
  /** With `pinStacks`: where it was made. */
  readonly stack: string | undefined;
}

/** A store's figures; bytes unless it says count. */
export interface MemStoreStats {
  readonly state: 'open' | 'frozen' | 'closed';
  /** Keys that have a value. */
  readonly entryCount: number;
  /** Number of the last write. */
  readonly lastSequence: number;
  /** Bytes of all blocks, of a running compaction too; what `maxBytes` bounds, but for flushed tables that are held. */
  readonly memoryUsage: number;
  /** Of these: entries with the newest values. */
  readonly liveBytes: number;
  /** Old entries that snapshots, iterators and a flush need; all of a flushed table. */
  readonly heldBytes: number;
  /**
   * Entries that nobody needs: what a compaction gives back, besides their places in the index. With a target these are
   * counted too: deletions that have not been flushed.
   */
  readonly garbageBytes: number;
  readonly compaction: {
    readonly running: boolean;
    readonly finished: number;
    /** Given up: there was no memory for it, or the comparator threw. It is tried again when there is more garbage. */
    readonly abandoned: number;
    /** Why the last one was given up, if none has ended well since. */
    readonly lastError: unknown;
  };
  readonly flush: FlushStats;
  readonly waiting: WaitingStats;
  /** Memory that calls use again, for keys and strings on their way in; not part of `memoryUsage`. */
  readonly scratchBytes: number;
  /** Oldest first. */
  readonly pins: readonly PinStats[];
  readonly arena: ArenaStats;
}

/** @internal */
export function checkOption(name: string, value: number, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return;
  throw new MemTableError(
    'MEMTABLE_INVALID_OPTION',
    `${name} must be a number from ${min} to ${max}: ${String(value)}`,
  );
}
