/**
 * What the suites expect of an object under test.
 *
 * All types are structural: an object under test imports and extends nothing. Each suite has a `Supports` type that
 * lists the optional features. Declare a missing feature with `false`, and the suite leaves out its commands and rules.
 */
import type { Signal } from './abort-signal.js';
import type { MemoryFiles } from './memory-files.js';

/** What an entry says about its key, in LevelDB's numbers: it deletes the key, or sets it to a value. */
export const ValueType = { Deletion: 0, Value: 1 } as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** The number of a write. Later writes have higher numbers. Entries have whole numbers from 0 to 2^53 - 1. */
export type Sequence = number | bigint;

/** LevelDB's highest sequence, 2^56 - 1. A read at this sequence sees the newest version. */
export const SEQUENCE_MAX = (1n << 56n) - 1n;

/** An order of keys: below 0 if `a` comes first, above 0 if `b` does, 0 if they are the same key. */
export type Comparator = (a: Uint8Array, b: Uint8Array) => number;

/** One version of a key. */
export interface Entry {
  /** The key, in bytes. */
  readonly key: Uint8Array;
  /** The number of the write that made this version. */
  readonly sequence: Sequence;
  /** Whether the version sets or deletes the key. */
  readonly type: ValueType;
  /** The value; empty for a deletion. */
  readonly value: Uint8Array;
}

/**
 * A position in something sorted: on an item, or on none. A suite positions each cursor before it uses it. It calls
 * `next` and `prev`, and reads the item, only while the cursor is `valid`.
 */
export interface Cursor {
  /** Whether the cursor stands on an item. */
  readonly valid: boolean;
  /** Moves to the first item. Not `valid` afterwards if there is none. */
  seekToFirst(): void;
  /** Moves to the last item. Needed with `supports.backward`. */
  seekToLast?(): void;
  /** Moves to the next item. Not `valid` afterwards if it stood on the last. */
  next(): void;
  /** Moves to the item before. Not `valid` afterwards if it stood on the first. Needed with `supports.backward`. */
  prev?(): void;
}

/** One write of a batch: it sets a key, or deletes it. */
export type WriteOperation =
  | { readonly type: typeof ValueType.Value; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: typeof ValueType.Deletion; readonly key: Uint8Array };

// A memtable

/** A cursor over all versions in a memtable. */
export interface MemtableCursor extends Cursor, Entry {
  /** Moves to the first entry at or after (key, sequence). Without `sequence` that is the newest version of `key`. */
  seek(key: Uint8Array, sequence?: Sequence): void;
}

/**
 * A sorted table of versions. Keys ascend. Versions of one key descend by sequence. Of two versions with the same
 * sequence the value comes before the deletion.
 */
export interface Memtable {
  /** Adds one version. A deletion comes without a value. */
  add(sequence: number, type: ValueType, key: Uint8Array, value?: Uint8Array): void;
  /**
   * Finds the newest version of `key` whose sequence is not above `sequence`, or the newest of all without `sequence`.
   * @returns the version, which may be a deletion; undefined if there is none
   */
  get(key: Uint8Array, sequence?: Sequence): { readonly type: ValueType; readonly value: Uint8Array } | undefined;
  /** A cursor over all versions. */
  iterator(): MemtableCursor;
  /** Makes the table read-only, for good. A second call has no effect. */
  freeze?(): void;
  /** Gives the memory back. */
  drop?(): void;
  /** Where the table is in its life. */
  readonly state?: 'active' | 'frozen' | 'dropped';
  /** Number of versions in the table. */
  readonly entryCount?: number;
  /** Memory in use, in bytes. */
  approximateMemoryUsage?(): number;
  /** Throws if the structure of the table is broken. */
  verify?(): void;
}

/** What a memtable can do beyond `add`, `get` and a cursor that walks forward. */
export interface MemtableSupports<T = Memtable> {
  /** Cursors have `seekToLast` and `prev`. */
  backward: boolean;
  /** A cursor keeps its position while entries are added, and later visits the new entries. */
  liveCursors: boolean;
  /** Bytes are copied in and out: callers may overwrite their own buffers and those they are given. */
  copies: boolean;
  /** A second entry with the same key, sequence and type is refused, and changes nothing. */
  duplicates: boolean;
  /** `get` and `seek` take bigints up to 2^56 - 1. */
  wideSequences: boolean;
  /** The factory honours `comparator`. */
  comparators: boolean;
  /** The table has `entryCount`. */
  entryCount: boolean;
  /** The table has `state`. */
  state: boolean;
  /** `approximateMemoryUsage()` covers the bytes of all entries. It never falls until `drop()` makes it 0. */
  memoryUsage: boolean;
  /** The table has `verify()`. */
  verify: boolean;
  /** After `freeze()` the table refuses writes and answers reads. */
  freeze: boolean;
  /** After `drop()` the table refuses everything but `drop()`, and its figures say that it is empty. */
  drop: boolean;
  /**
   * Applies a LevelDB write batch. Its first write has the number `sequence`, and each further one the next number. If
   * the batch is malformed, or one of its writes is refused, it throws and applies none.
   */
  batches: false | ((table: T, batch: Uint8Array, sequence: number) => void);
  /** Makes a second table of a copy of the bytes of the first. `options` are those of the factory. */
  attach: false | ((table: T, options: { comparator?: Comparator }) => T);
  /** The object that the table takes its memory from. The suite makes it fail, and the table then refuses the write. */
  allocator: false | ((table: T) => Allocator);
  /**
   * The table checks its comparator. Inside a comparison it refuses every call but its figures. If the comparator
   * returns anything but a number, the call that compares fails and changes nothing. Left out it counts as `false`.
   */
  comparatorChecks?: boolean;
  /** The `code` of the error with which the table refuses something. Without a code any error will do. */
  errorCodes: Partial<Record<MemtableRefusal, string>>;
}

/** The features of a memtable with `add`, `get` and a forward cursor only. Spread it and add what yours can do. */
export const supportsNothing = {
  backward: false,
  liveCursors: false,
  copies: false,
  duplicates: false,
  wideSequences: false,
  comparators: false,
  entryCount: false,
  state: false,
  memoryUsage: false,
  verify: false,
  freeze: false,
  drop: false,
  batches: false,
  attach: false,
  allocator: false,
  errorCodes: {},
} as const satisfies MemtableSupports<never>;

/** Why a memtable refuses something. */
export type MemtableRefusal = 'frozen' | 'dropped' | 'duplicate' | 'full' | 'malformedBatch' | StoreRefusal;

/** Hands out memory. */
export interface Allocator {
  /** @returns the address of `bytes` bytes; 0 if no memory is left */
  allocate(bytes: number): number;
  /** As `allocate`, at a multiple of `alignment`. */
  allocateAligned?(bytes: number, alignment?: number): number;
}

/** How the suite makes memtables, and what they can do. */
export interface MemtableHarness<T extends Memtable = Memtable> {
  /** Makes an empty table. `comparator` is given only with `supports.comparators`. */
  factory: (options: { comparator?: Comparator }) => T;
  /** The features to test. */
  supports: MemtableSupports<T>;
}

// An ordered index

/** A cursor over the keys of an index. */
export interface IndexCursor extends Cursor {
  /** The key under the cursor. */
  readonly key: Uint8Array;
  /** Moves to the first key at or after `key`. */
  seek(key: Uint8Array): void;
}

/** A sorted set of keys, as it lies under a memtable. */
export interface OrderedIndex {
  /** Adds a key. @returns false if it is present already; nothing changes then */
  insert(key: Uint8Array): boolean;
  /** A cursor over all keys. */
  iterator(): IndexCursor;
  /** Number of keys. */
  readonly entryCount?: number;
  /** Throws if the structure of the index is broken. */
  verify?(): void;
}

/** What an index can do beyond `insert` and a cursor that walks forward. */
export interface OrderedIndexSupports<T = OrderedIndex> {
  /** Cursors have `seekToLast` and `prev`. */
  backward: boolean;
  /** A cursor keeps its position while keys are inserted, and later visits the new keys. */
  liveCursors: boolean;
  /** The factory honours `comparator`. */
  comparators: boolean;
  /** The index has `entryCount`. */
  entryCount: boolean;
  /** The index has `verify()`. */
  verify: boolean;
  /** Inserts keys and then removes those that were new, as a failed batch does. */
  rollBack: false | ((index: T, keys: readonly Uint8Array[]) => void);
}

/** The features of an index with `insert` and a forward cursor only. Spread it and add what yours can do. */
export const indexSupportsNothing = {
  backward: false,
  liveCursors: false,
  comparators: false,
  entryCount: false,
  verify: false,
  rollBack: false,
} as const satisfies OrderedIndexSupports<never>;

/** How the suite makes indexes, and what they can do. */
export interface OrderedIndexHarness<T extends OrderedIndex = OrderedIndex> {
  /** Makes an empty index. `comparator` is given only with `supports.comparators`. */
  factory: (options: { comparator?: Comparator }) => T;
  /** The features to test. */
  supports: OrderedIndexSupports<T>;
}

// A store

/** A range of keys, in abstract-level's words. */
export interface Range {
  /** Keys above this one only. */
  readonly gt?: Uint8Array;
  /** Keys from this one on only. */
  readonly gte?: Uint8Array;
  /** Keys below this one only. */
  readonly lt?: Uint8Array;
  /** Keys up to this one only. */
  readonly lte?: Uint8Array;
  /** From the last key to the first. @defaultValue false */
  readonly reverse?: boolean;
  /** At most this many keys. @defaultValue Infinity */
  readonly limit?: number;
}

/** One write of a batch, in abstract-level's words. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** A view of a store at one moment. */
export interface StoreSnapshot {
  /** Releases what the snapshot holds. */
  close(): Promise<void> | void;
}

/** A range of keys, of the store or of a snapshot. */
export type RangeRead<S extends StoreSnapshot = StoreSnapshot> = Range & { readonly snapshot?: S };

/** Reads a range. It releases what it holds when it ends, for whatever reason. */
export interface StoreIterator<T> extends IterableIterator<T> {
  /** The next items, `size` of them; fewer only at the end. */
  nextv(size: number): T[];
  /** Moves to the first item at or after `key` in its direction, or to the end if `key` is outside the range. */
  seek(key: Uint8Array): void;
  /** Ends the iterator. It yields nothing more. */
  close(): void;
}

/** Converts keys or values to bytes or text for the store, and back. */
export interface StoreEncoding {
  /** The name of the encoding. */
  readonly name: string;
  /** What `encode` returns and `decode` is given: bytes (`view`) or text (`utf8`). */
  readonly format: 'view' | 'utf8';
  /** Converts a key or value to what the store keeps. */
  encode(data: Uint8Array): Uint8Array | string;
  /** Converts it back. The type of `data` follows from the format. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  decode(data: any): Uint8Array;
}

/** Code of the user that a store is made with. */
export interface StoreOptions {
  /** The order of the keys. Given only with `supports.comparators`. */
  readonly comparator?: Comparator;
  /** Given only with `supports.encodings`. */
  readonly keyEncoding?: StoreEncoding;
  /** Given only with `supports.encodings`. */
  readonly valueEncoding?: StoreEncoding;
}

/** A sorted key-value store, in abstract-level's words. It may return values or promises. */
export interface Store<S extends StoreSnapshot = StoreSnapshot> {
  /** Sets a key. */
  put(key: Uint8Array, value: Uint8Array): Promise<void> | void;
  /** Deletes a key, which may be absent. */
  del(key: Uint8Array): Promise<void> | void;
  /** The value of a key, or undefined. */
  get(key: Uint8Array, options?: { snapshot?: S }): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Whether a key has a value. */
  has?(key: Uint8Array): Promise<boolean> | boolean;
  /** Makes all writes or none. Of two writes to one key the later one wins. */
  batch?(operations: StoreOperation[]): Promise<void> | void;
  /** Sets a key that has no value. @returns whether it did */
  putIfAbsent?(key: Uint8Array, value: Uint8Array): Promise<boolean> | boolean;
  /** Sets or deletes a key whose value is `expected`; undefined means no value. @returns whether it did */
  compareAndSet?(
    key: Uint8Array,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): Promise<boolean> | boolean;
  /** Sets a key to the result of `fn`, called with its value; undefined means no value. @returns the new value */
  update?(key: Uint8Array, fn: (value: Uint8Array | undefined) => Uint8Array | undefined): Uint8Array | undefined;
  /** Deletes the keys of a range. */
  clear?(range?: Range): Promise<void> | void;
  /** Keys and values in order. With `supports.iterators` a {@link StoreIterator}. */
  iterator?(range?: RangeRead<S>): AsyncIterable<[Uint8Array, Uint8Array]> | Iterable<[Uint8Array, Uint8Array]>;
  /** Keys in order. Needed with `supports.iterators`. */
  keys?(range?: RangeRead<S>): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Values in the order of their keys. Needed with `supports.iterators`. */
  values?(range?: RangeRead<S>): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Number of keys in a range. */
  count?(range?: RangeRead<S>): Promise<number> | number;
  /** A view of the store as it is now. */
  snapshot?(): S;
  /** Moves the content of the memory to where it is kept. Reads find the same before and after. */
  flush?(): Promise<void> | void;
  /** Throws if the structure of the store is broken. */
  verify?(): void;
  /** Ends the store and releases what it holds. */
  close?(): Promise<void> | void;
}

/**
 * What a store can do beyond `put`, `del` and `get`. A feature that is left out counts as `false`.
 *
 * `update`, `iterators`, `encodings` and `comparators` are for stores that return no promises. Such a store calls code
 * of the user: the function of an update, encodings, and getters of its arguments. The suite expects three things of
 * these calls. User code may use the store. Its writes come before the write of the call around it. An error that it
 * throws ends that call, which then changes nothing.
 */
export interface StoreSupports<T = Store> {
  /** The store has `batch(operations)`. */
  batches: boolean;
  /** The store has `iterator(range)`. */
  ranges: boolean;
  /** The store has `snapshot()`. */
  snapshots: boolean;
  /** Bytes are copied in and out: callers may overwrite their own buffers and those they are given. */
  copies: boolean;
  /** The store has `flush()`. */
  flush: boolean;
  /** The store has `has(key)`. */
  has?: boolean;
  /** The store has `count(range)`. */
  count?: boolean;
  /** The store has `clear(range)`. */
  clear?: boolean;
  /** The store has `putIfAbsent(key, value)`. */
  putIfAbsent?: boolean;
  /** The store has `compareAndSet(key, expected, value)`. */
  compareAndSet?: boolean;
  /** The store has `update(key, fn)`. */
  update?: boolean;
  /** `iterator`, `keys` and `values` return a {@link StoreIterator}. */
  iterators?: boolean;
  /** The store has `verify()`. */
  verify?: boolean;
  /** The factory honours `keyEncoding` and `valueEncoding`. */
  encodings?: boolean;
  /** The factory honours `comparator`. If two keys compare as equal, the bytes of the newest write stay. */
  comparators?: boolean;
  /**
   * The store checks its comparator. Inside a comparison it refuses every call. If the comparator returns anything but
   * a number, the call that compares fails and changes nothing.
   */
  comparatorChecks?: boolean;
  /** Number of snapshots and iterators that hold something. It must be 0 once all have been closed or have ended. */
  pins?: false | ((store: T) => number);
  /** The `code` of the error with which the store refuses something. Without a code any error will do. */
  errorCodes?: Partial<Record<StoreRefusal, string>>;
}

/** The features of a store with `put`, `del` and `get` only. Spread it and add what yours can do. */
export const storeSupportsNothing = {
  batches: false,
  ranges: false,
  snapshots: false,
  copies: false,
  flush: false,
} as const satisfies StoreSupports<never>;

/** Why a store refuses something: a call inside its comparator, or an answer of the comparator that is no number. */
export type StoreRefusal = 'reentered' | 'invalidComparator';

/** How the suite makes stores, and what they can do. */
export interface StoreHarness<T = Store> {
  /** Makes an empty, open store. After the run the suite calls its `close`, if it has one. */
  factory: (options: StoreOptions) => T | Promise<T>;
  /** The features to test. */
  supports: StoreSupports<T>;
}

// A list of memtables

/** The entries that a list hands to its flush target. */
export interface FlushRun extends Iterable<Entry> {
  /** Number of entries. */
  readonly entryCount: number;
}

/** Where a list flushes to. */
export interface FlushTarget {
  /**
   * Writes all entries of a run. Once the promise resolves the entries are safe. If it rejects, `write` is called again
   * with the same entries. An aborted `signal` asks it to give up.
   */
  write(run: FlushRun, options: { readonly signal: Signal }): Promise<void>;
}

/** Takes writes into memory and flushes them to a target. Every entry stays readable, in the list or in the target. */
export interface MemtableList {
  /** As `get` of a {@link Memtable}, of entries that are still in memory. */
  get(key: Uint8Array, sequence?: Sequence): { readonly type: ValueType; readonly value: Uint8Array } | undefined;
  /** Resolves when the target has every write accepted before the call. */
  flush(options?: { signal?: Signal }): Promise<void>;
  /** Ends writing and flushes. It rejects if a flush failed, and can then be called again. */
  close(options?: { signal?: Signal }): Promise<void>;
}

/** What a list of memtables can do, and how the suite uses it. */
export interface MemtableListSupports<T = MemtableList> {
  /** Makes several writes as one. The promise resolves when the list has accepted them. */
  write: (list: T, operations: readonly WriteOperation[], options: { signal: Signal }) => Promise<void>;
  /** How a caller waits for its turn and then writes. */
  admit:
    | false
    | {
        /** Resolves when it is the caller's turn. The turn ends if the caller does not write at once. */
        wait: (list: T, options: { signal: Signal }) => Promise<void>;
        /** Makes several writes as one. The suite calls it right after `wait` has resolved, or not at all. */
        apply: (list: T, operations: readonly WriteOperation[]) => void;
      };
  /** All entries still in memory, of all memtables, in any order. */
  remaining: (list: T) => Iterable<Entry>;
  /** Writes get their sequences in the order of their calls, even if they have to wait. */
  ordered: boolean;
  /** A timer aborts a flush that takes too long. Needed for targets that hang. */
  timeouts: boolean;
  /** The factory honours `comparator`. Left out it counts as `false`. */
  comparators?: boolean;
  /** A value of this many bytes fits no memtable, so its write is refused. */
  valueBytesMax: false | number;
}

/** How the suite makes lists, and what they can do. */
export interface MemtableListHarness<T extends MemtableList = MemtableList> {
  /** Makes an empty list over a target. A few writes should fill one of its memtables. */
  factory: (options: { target: FlushTarget; comparator?: Comparator }) => T;
  /** The features to test. */
  supports: MemtableListSupports<T>;
}

// A store in front of a flush target

/** A store that keeps writes until a flush target has them. Writes are synchronous; only flushes take time. */
export interface WriteBuffer {
  /** Resolves when the target has every write made before the call. */
  flush(options?: { signal?: Signal }): Promise<void>;
}

/** How the suite uses a write buffer. */
export interface WriteBufferSupports<T = WriteBuffer> {
  /** Makes several writes as one, or throws and makes none. Each gets the next sequence, the first of all 1. */
  write: (buffer: T, operations: readonly WriteOperation[]) => void;
  /** Whether an error of `write` means that there was no room. The caller then waits for `admit`. */
  isFull: (error: unknown) => boolean;
  /** Resolves when there is room for a write of `bytes` bytes. */
  admit: (buffer: T, bytes: number, options: { signal: Signal }) => Promise<void>;
  /** The newest version of a key in the buffer; undefined if only the target may have one. */
  get: (buffer: T, key: Uint8Array) => { readonly type: ValueType; readonly value: Uint8Array } | undefined;
  /** Ends the buffer, even if the target does not have everything. Callers that wait are refused. */
  discard: (buffer: T) => void;
  /** A timer aborts a flush that takes too long. Needed for targets that hang. */
  timeouts: boolean;
  /** Bytes of a long value. A few of them fill the buffer, and then no other long value finds room. */
  longValueBytes: number;
}

/** How the suite makes write buffers, and how it uses them. */
export interface WriteBufferHarness<T extends WriteBuffer = WriteBuffer> {
  /** Makes an empty buffer over a target. */
  factory: (options: { target: FlushTarget }) => T;
  /** The features to test. */
  supports: WriteBufferSupports<T>;
}

// A store in files

/** A store that keeps its writes in files, where they survive the end of its process, and of the power. */
export interface DurableStore {
  /** Resolves when all writes so far survive a power cut. */
  durable(): Promise<void>;
  /** Keys and values in order. */
  iterator(): AsyncIterable<[Uint8Array, Uint8Array]> | Iterable<[Uint8Array, Uint8Array]>;
  /** Makes all writes durable and ends the store. */
  close(): Promise<void>;
}

/** What a store in files can do, and how the suite uses it. */
export interface DurableStoreSupports<T = DurableStore> {
  /** Makes several writes as one, in the order of the calls. The suite waits for the promise, if there is one. */
  write: (store: T, operations: readonly StoreOperation[]) => Promise<void> | void;
  /** Writes survive the end of the process as soon as they are made, without `durable()`. */
  survivesKill: boolean;
  /** Writes the whole content to new files, so that older ones can go. Writes go on meanwhile. */
  checkpoint: false | ((store: T) => Promise<void>);
}

/** How the suite opens stores, and how it uses them. */
export interface DurableStoreHarness<T extends DurableStore = DurableStore> {
  /** Opens the store that the files have, or makes a new one. */
  open: (files: MemoryFiles) => Promise<T>;
  /** The features to test. */
  supports: DurableStoreSupports<T>;
}
