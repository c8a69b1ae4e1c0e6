import type { LifecycleEvent } from '@memtable/memtable';
import type {
  EncodingOptions,
  MemStoreSettings,
  MemStoreStats,
  RangeReadOptions,
  StoreEncoding,
} from '@memtable/store';
import { DiskError } from '../errors.js';
import type { RecoveryOptions } from '../directory/recovery.js';
import type { TableOptions } from '../directory/write-tables.js';
import type { NodeFilesOptions } from '../node-files.js';
import type { Latencies } from './latency-histogram.js';

/**
 * What a write survives.
 *
 * - `memory`: nothing for certain. It goes to the log with a later write, when 64 KiB have come together, or with
 *   `durable()`
 * - `os`: the end of the process, `kill -9` too, from the moment when the call returns: the system has it
 * - `disk`: as `os`, and a sync begins at once. `await store.durable()` resolves when it survives a power cut
 *
 * At every level a crash leaves a prefix: no write is there without all writes before it.
 */
export type Durability = 'memory' | 'os' | 'disk';

/** What happens to a store in a directory: the events of a store in memory, and those of its files. */
export type DiskStoreEvent =
  | LifecycleEvent
  /**
   * The directory is being read: first its logs, then all entries, tables and logs together. Sizes are in bytes; with
   * `entries` those of the files, about. The last one has `readBytes` equal to `totalBytes`.
   */
  | Readonly<{ type: 'recover'; stage: 'logs' | 'entries'; readBytes: number; totalBytes: number; entryCount: number }>
  /** All writes up to `sequence` are in tables, which have `entryCount` entries. The logs before have gone. */
  | Readonly<{ type: 'checkpoint'; sequence: number; entryCount: number; ms: number }>
  /** A checkpoint failed. The next attempt begins after `retryMs`; undefined when none is needed. */
  | Readonly<{ type: 'checkpoint-error'; error: unknown; retryMs: number | undefined }>
  /** The log failed. Writes are refused until a checkpoint has healed the store. */
  | Readonly<{ type: 'log-error'; error: unknown }>
  /** A checkpoint has healed the store: it takes writes again. */
  | Readonly<{ type: 'log-healed'; sequence: number; ms: number }>;

/** Settings of a store in a directory, of any keys and values. Keys are in the order of their bytes, as in LevelDB. */
export interface DiskStoreSettings
  extends
    Omit<MemStoreSettings, 'comparator' | 'target' | 'flushMsMax' | 'writeBufferBytes' | 'lastSequence' | 'onEvent'>,
    Omit<RecoveryOptions, 'onReplay'>,
    NodeFilesOptions {
  /** What a write survives whose call does not say. @defaultValue 'os' */
  readonly durability?: Durability | undefined;
  /**
   * A checkpoint begins when the logs have more bytes than this. From 1.
   * @defaultValue the larger of 16 MiB and the bytes of all live entries
   */
  readonly logBytesMax?: number | undefined;
  /** How tables are written. */
  readonly tables?: TableOptions | undefined;
  /**
   * Called with each event. It may use the store. An error that it throws is reported as uncaught and changes nothing.
   */
  readonly onEvent?: ((event: DiskStoreEvent) => void) | undefined;
}

/** Options of a store in a directory with keys `K` and values `V`: its settings and its encodings. */
export type DiskStoreOptions<K, V> = DiskStoreSettings &
  StoreEncoding<'keyEncoding', K> &
  StoreEncoding<'valueEncoding', V>;

/** Options of a store as arguments. They may be left out if none is required. */
export type DiskStoreArguments<K, V> =
  Record<never, never> extends StoreEncoding<'keyEncoding', K> & StoreEncoding<'valueEncoding', V>
    ? [options?: DiskStoreOptions<K, V>]
    : [options: DiskStoreOptions<K, V>];

/** What one write survives. */
export interface DurabilityOption {
  /** What the write survives. @defaultValue that of the store */
  readonly durability?: Durability | undefined;
}

/** Options of a write. */
export interface DiskWriteOptions extends EncodingOptions, DurabilityOption {}

/** Options of `clear`. */
export interface DiskClearOptions<K> extends RangeReadOptions<K>, DurabilityOption {}

/** The figures of a log. */
export interface LogStats {
  /** Sequence of the last write that was given to the log. */
  readonly writtenSequence: number;
  /** Writes up to this one survive a power cut. */
  readonly syncedSequence: number;
  /** Bytes of all logs that an open would read. */
  readonly bytes: number;
  /** Bytes at which a checkpoint begins. */
  readonly bytesMax: number;
  /** The error because of which writes are refused. Undefined while they are taken. */
  readonly failure: unknown;
  /** How long syncs took. */
  readonly syncs: Latencies;
  /** Checkpoints since the store was opened. */
  readonly checkpoint: {
    /** Whether one is running. */
    readonly running: boolean;
    /** Number of those that ended well. */
    readonly finished: number;
    /** Number of those that failed. */
    readonly failures: number;
    /** Error of the last one that failed. Undefined when one has ended well since. */
    readonly lastError: unknown;
  };
}

/** The figures of a store in a directory. */
export interface DiskStoreStats extends MemStoreStats {
  /** The figures of its log. */
  readonly log: LogStats;
}

/** @throws DiskError `DISK_INVALID_OPTION` */
export function checkDurability(durability: Durability): Durability {
  if (durability === 'os' || durability === 'disk' || durability === 'memory') return durability;
  const why = `durability must be 'memory', 'os' or 'disk': ${String(durability)}`;
  throw new DiskError('DISK_INVALID_OPTION', why);
}
