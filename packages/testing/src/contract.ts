/**
 * What the suites expect of what they test: structural types, so that nothing has to be imported or extended to be
 * tested, and a manifest for each suite that says which optional features are there. A feature that is missing is
 * declared with `false`; its commands and rules are then left out.
 */

/** What an entry says of its key. LevelDB's numbers. */
export const ValueType = { Deletion: 0, Value: 1 } as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** The number of a write; later ones are higher. Entries have numbers up to 2^53 - 1. */
export type Sequence = number | bigint;

/** LevelDB's highest sequence, 2^56 - 1: a read with it sees the newest version. */
export const SEQUENCE_MAX = (1n << 56n) - 1n;

/** An order of keys: below 0 when `a` comes first, above 0 when `b` does, 0 when they are the same key. */
export type Comparator = (a: Uint8Array, b: Uint8Array) => number;

/** One version of a key. The value of a deletion is empty. */
export interface Entry {
  readonly key: Uint8Array;
  readonly sequence: Sequence;
  readonly type: ValueType;
  readonly value: Uint8Array;
}

/** A place in something sorted. `next`, `prev` and what it stands on are only asked for while it is `valid`. */
export interface Cursor {
  readonly valid: boolean;
  /** To the first entry; not `valid` when there is none. */
  seekToFirst(): void;
  /** To the last entry. Needed with `supports.backward`. */
  seekToLast?(): void;
  /** To the next entry; not `valid` after the last. */
  next(): void;
  /** To the entry before; not `valid` before the first. Needed with `supports.backward`. */
  prev?(): void;
}

/** One write of a batch. */
export type WriteOperation =
  | { readonly type: typeof ValueType.Value; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: typeof ValueType.Deletion; readonly key: Uint8Array };

// A memtable

/** A place among the versions of a memtable, with the entry that it stands on. */
export interface MemtableCursor extends Cursor, Entry {
  /** To the first entry at or after (key, sequence); the newest version of `key` when `sequence` is left out. */
  seek(key: Uint8Array, sequence?: Sequence): void;
}

/**
 * Versions of keys in order: keys ascend, versions of one key descend by sequence, and of two with the same sequence
 * the value comes before the deletion.
 */
export interface Memtable {
  /** Adds one version; deletions come without a value. */
  add(sequence: number, type: ValueType, key: Uint8Array, value?: Uint8Array): void;
  /** The newest version of `key` that `sequence` may see, of all when it is left out; deletions are an answer too. */
  get(key: Uint8Array, sequence?: Sequence): { readonly type: ValueType; readonly value: Uint8Array } | undefined;
  /** A cursor over all versions. */
  iterator(): MemtableCursor;
  /** Makes it read-only, for good. */
  freeze?(): void;
  /** Gives its memory back. */
  drop?(): void;
  readonly state?: 'active' | 'frozen' | 'dropped';
  readonly entryCount?: number;
  /** Bytes of memory in use; see `supports.memoryUsage`. */
  approximateMemoryUsage?(): number;
  /** Throws when anything inside is not as it should be. */
  verify?(): void;
}

/** What a memtable can do beyond `add`, `get` and a cursor that walks forward. */
export interface MemtableSupports<T = Memtable> {
  /** Cursors have `seekToLast` and `prev`. */
  backward: boolean;
  /** A cursor stays where it is while entries are added, and sees them when it comes by. */
  liveCursors: boolean;
  /** Bytes are copied in and out: the caller may write to its own buffers, and to those it is given. */
  copies: boolean;
  /** A second entry with the same key, sequence and type is refused, and nothing changes. */
  duplicates: boolean;
  /** `get` and `seek` take bigints up to 2^56 - 1. */
  wideSequences: boolean;
  /** The factory honours `comparator`. */
  comparators: boolean;
  entryCount: boolean;
  state: boolean;
  /** `approximateMemoryUsage()` covers at least the bytes of the entries, and only grows, until `drop()` makes it 0. */
  memoryUsage: boolean;
  verify: boolean;
  /** After `freeze()` writes are refused and reads go on. */
  freeze: boolean;
  /** After `drop()` everything is refused, but for `drop()` itself, and figures say that nothing is there. */
  drop: boolean;
  /**
   * How a LevelDB write batch is applied: the first write with `sequence`, each further one with the next, or, when it
   * is malformed or anything is in its way, none of them. It throws then.
   */
  batches: false | ((table: T, batch: Uint8Array, sequence: number) => void);
  /** How a second table is made of a copy of the bytes of the first; the options are those of the factory. */
  attach: false | ((table: T, options: { comparator?: Comparator }) => T);
  /** The object that the table gets its memory from, so that it can be made to fail; the table then refuses. */
  allocator: false | ((table: T) => Allocator);
  /**
   * A comparator that uses the table, but for its figures, is refused there, and one that answers with anything but a
   * number fails the call that compares; nothing has changed then. Left out it counts as `false`.
   */
  comparatorChecks?: boolean;
  /** `code` of the errors with which the table refuses; for what is left out any error will do. */
  errorCodes: Partial<Record<MemtableRefusal, string>>;
}

/** Of a memtable with `add`, `get` and a cursor that walks forward, and nothing else. To be spread and added to. */
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

/** Hands out memory; 0 says that there is none left. */
export interface Allocator {
  /** The address of `bytes` bytes, or 0. */
  allocate(bytes: number): number;
  /** The same, at a multiple of `alignment`. */
  allocateAligned?(bytes: number, alignment?: number): number;
}

/** Makes what is to be tested. */
export interface MemtableHarness<T extends Memtable = Memtable> {
  /** A fresh, empty table. `comparator` is only given with `supports.comparators`. */
  factory: (options: { comparator?: Comparator }) => T;
  supports: MemtableSupports<T>;
}

// An ordered index

/** A place among the keys of an ordered index, with the key that it stands on. */
export interface IndexCursor extends Cursor {
  readonly key: Uint8Array;
  /** To the first key at or after `key`. */
  seek(key: Uint8Array): void;
}

/** A sorted set of keys; what lies under a memtable. */
export interface OrderedIndex {
  /** Adds a key; false when it is there already, and nothing changes. */
  insert(key: Uint8Array): boolean;
  /** A cursor over all keys. */
  iterator(): IndexCursor;
  readonly entryCount?: number;
  /** Throws when anything inside is not as it should be. */
  verify?(): void;
}

/** What an ordered index can do beyond `insert` and a cursor that walks forward. */
export interface OrderedIndexSupports<T = OrderedIndex> {
  /** Cursors have `seekToLast` and `prev`. */
  backward: boolean;
  /** A cursor stays where it is while keys are inserted, and sees them when it comes by. */
  liveCursors: boolean;
  /** The factory honours `comparator`. */
  comparators: boolean;
  entryCount: boolean;
  verify: boolean;
  /** How keys are inserted and those that were new are taken out again, as a batch that fails needs it. */
  rollBack: false | ((index: T, keys: readonly Uint8Array[]) => void);
}

/** Makes the index that is to be tested. */
export interface OrderedIndexHarness<T extends OrderedIndex = OrderedIndex> {
  /** A fresh, empty index. `comparator` is only given with `supports.comparators`. */
  factory: (options: { comparator?: Comparator }) => T;
  supports: OrderedIndexSupports<T>;
}

// A store

/** Which keys, in abstract-level's words. */
export interface Range {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** One write of a batch. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** A view of a store as it was when it was made. */
export interface StoreSnapshot {
  /** Lets go of what it holds. */
  close(): Promise<void> | void;
}

/** Which keys of which state. */
export type RangeRead<S extends StoreSnapshot = StoreSnapshot> = Range & { readonly snapshot?: S };

/** What reads a range. It lets go of what it holds when it ends, whatever ends it. */
export interface StoreIterator<T> extends IterableIterator<T> {
  /** Up to `size` more; fewer only at the end. */
  nextv(size: number): T[];
  /** To the first entry at or after `key` in its direction; outside of its range to the end. */
  seek(key: Uint8Array): void;
  /** Ends it. It yields nothing more. */
  close(): void;
}

/** What a store calls to make bytes of a key or value, or text, and what it calls to make the key or value again. */
export interface StoreEncoding {
  readonly name: string;
  /** What `encode` returns, and `decode` is given. */
  readonly format: 'view' | 'utf8';
  /** What is stored for a key or value. */
  encode(data: Uint8Array): Uint8Array | string;
  /** The key or value again, from what was stored. */
  // What it is given follows from its format.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  decode(data: any): Uint8Array;
}

/** The user's code that a store is made with. */
export interface StoreOptions {
  /** With `supports.comparators`: the order of the keys. */
  readonly comparator?: Comparator;
  /** With `supports.encodings`. */
  readonly keyEncoding?: StoreEncoding;
  /** With `supports.encodings`. */
  readonly valueEncoding?: StoreEncoding;
}

/** A sorted key-value store, in abstract-level's words; what it returns may be a promise or not. */
export interface Store<S extends StoreSnapshot = StoreSnapshot> {
  /** Sets a key. */
  put(key: Uint8Array, value: Uint8Array): Promise<void> | void;
  /** Deletes a key; one that is not there is no error. */
  del(key: Uint8Array): Promise<void> | void;
  /** The value of a key, or undefined. */
  get(key: Uint8Array, options?: { snapshot?: S }): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Whether a key has a value. */
  has?(key: Uint8Array): Promise<boolean> | boolean;
  /** All of the operations or none; a later one of the same key wins. */
  batch?(operations: StoreOperation[]): Promise<void> | void;
  /** Sets a key that has no value. Returns whether it did. */
  putIfAbsent?(key: Uint8Array, value: Uint8Array): Promise<boolean> | boolean;
  /** Sets a key whose value is `expected`; undefined stands for no value. Returns whether it was. */
  compareAndSet?(
    key: Uint8Array,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): Promise<boolean> | boolean;
  /** Sets a key to what `fn` makes of its value; undefined stands for no value. Returns the new value. */
  update?(key: Uint8Array, fn: (value: Uint8Array | undefined) => Uint8Array | undefined): Uint8Array | undefined;
  /** Deletes the keys of a range. */
  clear?(range?: Range): Promise<void> | void;
  /** Keys and values in order. With `supports.iterators` it is a {@link StoreIterator}. */
  iterator?(range?: RangeRead<S>): AsyncIterable<[Uint8Array, Uint8Array]> | Iterable<[Uint8Array, Uint8Array]>;
  /** With `supports.iterators`. */
  keys?(range?: RangeRead<S>): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** With `supports.iterators`. */
  values?(range?: RangeRead<S>): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** How many keys a range has. */
  count?(range?: RangeRead<S>): Promise<number> | number;
  /** A view of the store as it is now, to be read with `snapshot` in the options of reads. */
  snapshot?(): S;
  /** Moves what is in memory to wherever it goes. */
  flush?(): Promise<void> | void;
  /** Throws when anything inside is not as it should be. */
  verify?(): void;
  /** Gives back what it holds. */
  close?(): Promise<void> | void;
}

/**
 * What a store can do beyond `put`, `del` and `get`. What is left out counts as `false`.
 *
 * `update`, `iterators`, `encodings` and `comparators` are of stores that return no promises. Of code that such a store
 * calls (the function of an update, encodings, getters of what it is given) the suite expects: it may use the store;
 * what it writes is written before the call that it is part of writes; what it throws ends that call, which then
 * has changed nothing.
 */
export interface StoreSupports<T = Store> {
  batches: boolean;
  /** `iterator(range)` */
  ranges: boolean;
  snapshots: boolean;
  /** Bytes are copied in and out: the caller may write to its own buffers, and to those it is given. */
  copies: boolean;
  flush: boolean;
  has?: boolean;
  count?: boolean;
  clear?: boolean;
  putIfAbsent?: boolean;
  compareAndSet?: boolean;
  update?: boolean;
  /** `iterator`, `keys` and `values` return a {@link StoreIterator}. */
  iterators?: boolean;
  verify?: boolean;
  /** The factory honours `keyEncoding` and `valueEncoding`. */
  encodings?: boolean;
  /** The factory honours `comparator`. Of keys that it takes for equal the bytes of the newest write stay. */
  comparators?: boolean;
  /**
   * A comparator that uses the store is refused there, and one that answers with anything but a number fails the call
   * that compares; nothing has changed then.
   */
  comparatorChecks?: boolean;
  /** How many snapshots and iterators hold something. None may when all of them have been closed or have ended. */
  pins?: false | ((store: T) => number);
  /** `code` of the errors with which the store refuses; for what is left out any error will do. */
  errorCodes?: Partial<Record<StoreRefusal, string>>;
}

/** Why a store refuses something. */
export type StoreRefusal = 'reentered' | 'invalidComparator';

/** Makes the store that is to be tested. */
export interface StoreHarness<T = Store> {
  /** A fresh, empty store, open. It is closed after the run, when it has `close`. */
  factory: (options: StoreOptions) => T | Promise<T>;
  supports: StoreSupports<T>;
}

// A list of memtables

/** The entries that a list hands to its flush target. */
export interface FlushRun extends Iterable<Entry> {
  readonly entryCount: number;
}

/** Where a list flushes to. When `write` resolves the entries are safe there; when it rejects, it is called again. */
export interface FlushTarget {
  /** Stores all entries of the run. When `signal` is aborted it should reject soon. */
  write(run: FlushRun, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Takes writes into memory and flushes them to a target, while everything stays readable. */
export interface MemtableList {
  /** The newest version of `key` in memory that `sequence` may see; undefined when there is none. */
  get(key: Uint8Array, sequence?: Sequence): { readonly type: ValueType; readonly value: Uint8Array } | undefined;
  /** Resolves when everything written before is with the target. */
  flush(options?: { signal?: AbortSignal }): Promise<void>;
  /** Ends writing and flushes; rejects when something could not be flushed, and can be called again then. */
  close(options?: { signal?: AbortSignal }): Promise<void>;
}

/** How a list is written to and read by the suite, and what it can do. */
export interface MemtableListSupports<T = MemtableList> {
  /** How several writes are made as one. The promise resolves when they are accepted. */
  write: (list: T, operations: readonly WriteOperation[], options: { signal: AbortSignal }) => Promise<void>;
  /** How a caller waits until it may write, and then writes at once; its turn is over when it does not. */
  admit:
    | false
    | {
        /** Resolves when it is the caller's turn. */
        wait: (list: T, options: { signal: AbortSignal }) => Promise<void>;
        /** Makes the write. Called right after `wait` has resolved, or not at all. */
        apply: (list: T, operations: readonly WriteOperation[]) => void;
      };
  /** All entries that are still in memory, of all memtables, in any order. */
  remaining: (list: T) => Iterable<Entry>;
  /** Writes are numbered in the order in which they were asked for, also those that have to wait. */
  ordered: boolean;
  /** A flush that takes too long is aborted by a timer; needed for targets that hang. */
  timeouts: boolean;
  /** The factory honours `comparator`. Left out it counts as `false`. */
  comparators?: boolean;
  /** A value of so many bytes is too long for any memtable: its write is refused. */
  valueBytesMax: false | number;
}

/** Makes the list that is to be tested. */
export interface MemtableListHarness<T extends MemtableList = MemtableList> {
  /** A fresh list over a target; its memtables should be full after a few writes. */
  factory: (options: { target: FlushTarget; comparator?: Comparator }) => T;
  supports: MemtableListSupports<T>;
}

// A store in front of a flush target

/** A store that keeps what is written until a flush target has it. Writing is synchronous; only flushing takes time. */
export interface WriteBuffer {
  /** Resolves when everything written before is with the target. */
  flush(options?: { signal?: AbortSignal }): Promise<void>;
}

/** How a write buffer is written to and read by the suite, and what it can do. */
export interface WriteBufferSupports<T = WriteBuffer> {
  /** Makes several writes as one, each with the next sequence, the first of all with 1; or throws, and makes none. */
  write: (buffer: T, operations: readonly WriteOperation[]) => void;
  /** Whether a write was refused for want of room, so that its caller has to be admitted first. */
  isFull: (error: unknown) => boolean;
  /** Resolves when there is room for a write of so many bytes. */
  admit: (buffer: T, bytes: number, options: { signal: AbortSignal }) => Promise<void>;
  /** The newest version of a key; undefined when the target is the one to ask. */
  get: (buffer: T, key: Uint8Array) => { readonly type: ValueType; readonly value: Uint8Array } | undefined;
  /** Ends it though not everything is with the target; whoever waits is refused. */
  discard: (buffer: T) => void;
  /** A flush that takes too long is aborted by a timer; needed for targets that hang. */
  timeouts: boolean;
  /** Bytes of a long value: a few of them fill the buffer, and no other one has room for it. */
  longValueBytes: number;
}

/** Makes the write buffer that is to be tested. */
export interface WriteBufferHarness<T extends WriteBuffer = WriteBuffer> {
  /** A fresh, empty buffer over a target. */
  factory: (options: { target: FlushTarget }) => T;
  supports: WriteBufferSupports<T>;
}
