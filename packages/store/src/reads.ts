import { type Addr, NIL } from '@memtable/arena';
import { MemTableError, ValueType } from '@memtable/memtable';
import { LookupKey, tagHigh, tagLow, valueLengthOf, valueStartOf } from '@memtable/memtable/internal';
import type { Codecs } from './codecs.js';
import type { Commit } from './commit.js';
import { type Codec, kindOf } from './encoding.js';
import { type IteratorHost, StoreIterator } from './iterator.js';
import type { RangeReadOptions, ReadOptions } from './options.js';
import { KeyRange } from './range.js';
import type { Readers } from './readers.js';
import { StoreSnapshot } from './snapshot.js';
import type { StoreState } from './state.js';
import type { StoreTable } from './table.js';

/** The checked options of a range. */
interface RangeRead {
  readonly range: KeyRange;
  readonly snapshot: StoreSnapshot | undefined;
  readonly keyCodec: Codec;
}

/** The reads of a store, of single keys and of ranges. */
export class Reads<K, V> {
  readonly #store: object;
  readonly #state: StoreState;
  readonly #codecs: Codecs;
  readonly #commit: Commit;
  readonly #readers: Readers;
  readonly #host: IteratorHost;
  /** The lookup key, whose memory each search reuses. */
  readonly #key = new LookupKey();

  /** @param removes - whether walks may take deleted keys out of the index. With a target they must not */
  constructor(store: object, state: StoreState, codecs: Codecs, commit: Commit, readers: Readers, removes: boolean) {
    this.#store = store;
    this.#state = state;
    this.#codecs = codecs;
    this.#commit = commit;
    this.#readers = readers;
    this.#host = {
      current: () => {
        state.checkOpen();
        return commit.table;
      },
      isPlain: (table, sequence) =>
        table === commit.table && sequence === commit.sequence && table.index.entryCount === commit.entryCount,
      checkNotComparing: () => state.checkNotComparing(),
      release: (pin, owner) => readers.release(pin, owner),
      removes,
      isSeen: (sequence, by) => commit.pins.sees(sequence, by),
      remove: (table, entries) => {
        if (table === commit.table) for (const entry of entries) if (table.index.remove(entry)) table.uncount(entry);
      },
    };
  }

  /** Bytes of the memory that each search reuses. */
  get scratchBytes(): number {
    return this.#key.u8.length;
  }

  get(key: K, options: ReadOptions | undefined): V | undefined {
    const valueCodec = this.#codecs.valueOf(options);
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    const table = this.#tableOf(snapshot);
    return this.#valueAt(table, this.#seek(table, storedKey, snapshot), valueCodec);
  }

  /** The current value of an encoded key. */
  current(storedKey: string | Uint8Array): V | undefined {
    const { table } = this.#commit;
    return this.#valueAt(table, this.#seek(table, storedKey, undefined), this.#codecs.value);
  }

  getView(key: K, options: ReadOptions | undefined): Uint8Array | undefined {
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    if (!table.isValue(entry)) return undefined;
    const { buffer, view } = table.arena.memory;
    return new Uint8Array(buffer, valueStartOf(view, entry), valueLengthOf(view, entry));
  }

  /** The type of the newest version of a key that the read sees. Undefined when there is none. */
  typeOf(key: K, options: ReadOptions | undefined): ValueType | undefined {
    const snapshot = options?.snapshot;
    const storedKey = this.#codecs.encodeKey(key, this.#codecs.keyOf(options));
    const table = this.#tableOf(snapshot);
    const entry = this.#seek(table, storedKey, snapshot);
    return entry === NIL ? undefined : table.typeOf(entry);
  }

  /** The entries of the keys in a range, in order. */
  entriesOf(read: RangeRead): Addr[] {
    const entries: Addr[] = [];
    const iterator = this.#walk(read);
    while (iterator.step()) entries.push(iterator.entry);
    return entries;
  }

  /** The number of keys in a range. */
  count(options: RangeReadOptions<K>): number {
    const iterator = this.#walk(this.rangeOf(options));
    let count = 0;
    while (iterator.step()) count++;
    return count;
  }

  iterator<T>(yields: 'entries' | 'keys' | 'values', options: RangeReadOptions<K>): StoreIterator<T> {
    const valueCodec = this.#codecs.valueOf(options);
    const { range, snapshot, keyCodec } = this.rangeOf(options);
    const table = this.#tableOf(snapshot);
    const sequence = this.#sequenceOf(snapshot);
    const iterator = new StoreIterator<T>(this.#host, { table, range, sequence, keyCodec, valueCodec, yields });
    return iterator.hold(this.#readers.use(snapshot?.pin, iterator));
  }

  snapshot(): StoreSnapshot {
    this.#state.checkOpen();
    const pin = this.#readers.pin('snapshot');
    return new StoreSnapshot(this.#store, pin, this.#state, this.#readers);
  }

  /** Checks the options of a range. It searches nothing, but may compare bounds. */
  rangeOf(options: RangeReadOptions<K>): RangeRead {
    const { snapshot } = options;
    const keyCodec = this.#codecs.keyOf(options);
    this.#state.checkOpen(); // The constructor of a range with several bounds calls the comparator.
    return { range: new KeyRange(options, keyCodec, this.#commit.table.order), snapshot, keyCodec };
  }

  /** An iterator without a pin. Nothing may be written while it is used. */
  #walk({ range, snapshot }: RangeRead): StoreIterator<unknown> {
    const { key: keyCodec, value: valueCodec } = this.#codecs;
    const table = this.#tableOf(snapshot);
    const sequence = this.#sequenceOf(snapshot);
    return new StoreIterator(this.#host, { table, range, sequence, keyCodec, valueCodec, yields: 'keys' });
  }

  /** The table that a read searches. */
  #tableOf(snapshot: StoreSnapshot | undefined): StoreTable {
    this.#state.checkOpen();
    if (snapshot === undefined) return this.#commit.table;
    if (!(snapshot instanceof StoreSnapshot))
      throw new TypeError(`the snapshot must be a snapshot of a store, not ${kindOf(snapshot)}`);
    if (snapshot.store !== this.#store) throw new TypeError('the snapshot is of another store');
    if (!snapshot.isOpen) throw new MemTableError('MEMTABLE_SNAPSHOT_CLOSED', 'the snapshot has been closed');
    return snapshot.pin.home.table;
  }

  /** The last write that a read sees. */
  #sequenceOf(snapshot: StoreSnapshot | undefined): number {
    return snapshot === undefined ? this.#commit.sequence : snapshot.sequence;
  }

  /** The newest version of a key that a read sees, or NIL. */
  #seek(table: StoreTable, key: string | Uint8Array, snapshot: StoreSnapshot | undefined): Addr {
    this.#key.set(key);
    if (snapshot === undefined) this.#key.beforeAll();
    else this.#key.setTag(tagLow(snapshot.sequence, ValueType.Value), tagHigh(snapshot.sequence));
    return table.seek(this.#key);
  }

  #valueAt(table: StoreTable, entry: Addr, codec: Codec): V | undefined {
    return table.isValue(entry) ? (this.#codecs.decodeValue(table, entry, codec) as V) : undefined;
  }
}
