import { type Addr, NIL, printed } from '@memtable/arena';
import { ValueType } from '@memtable/memtable';
import {
  BufferClass,
  keyLengthOf,
  keyStartOf,
  LookupKey,
  readText,
  tagHigh,
  tagLow,
  textBytes,
  valueStartOf,
} from '@memtable/memtable/internal';
import { randomEntry } from '@memtable/skiplist';
import type { Codecs } from './codecs.js';
import type { Commit } from './commit.js';
import { type Codec, decodeStored, encode, read } from './encoding.js';
import type { Retention } from './retention.js';
import type { StoreTable } from './table.js';

/** Random entries among which an eviction chooses. Redis takes 5, and says that 10 come close to exact LRU. */
const SAMPLE = 16;
/** Draws for them. Tombstones, old versions and pinned entries do not count. */
const DRAWS_MAX = 64;
/** Random entries that each write looks at, to delete those whose time has come. */
const SWEEP = 4;
/** A larger value is framed in memory of its own, so that the scratch memory stays small. */
const SCRATCH_BYTES_MAX = 64 << 10;

const EXPIRY_BYTES = 8;
const USE_BYTES = 4;

/** Why the cache has removed an entry: its time had come, or room was needed. */
export type EvictReason = 'expired' | 'full';

/** How a cache chooses what to evict. `false`: it evicts nothing. */
export type EvictPolicy = 'oldest' | 'lru' | false;

/** A value with a lifetime of its own. */
export class Timed {
  readonly value: unknown;
  readonly ttlMs: number;

  constructor(value: unknown, ttlMs: number) {
    this.value = value;
    this.ttlMs = ttlMs;
  }
}

interface RetentionOptions {
  readonly ttlMs: number;
  readonly clock: () => number;
  readonly evict: EvictPolicy;
  readonly onEvict: ((key: never, reason: EvictReason) => void) | undefined;
}

interface Removed {
  readonly key: unknown;
  readonly reason: EvictReason;
}

/**
 * Lifetimes and evictions. A stored value has a head, big-endian, in front of its bytes:
 *
 * ```
 *    |expiry         |use    | value ...
 *
 *    expiry   float64: milliseconds of the clock; from then on the entry is hidden
 *    use      uint32, only with `lru`: number of the last use, modulo 2^32
 * ```
 *
 * Entries go only by in-place deletions of newest versions that no pin sees. These need no memory and cannot fail.
 */
export class CacheRetention implements Retention {
  readonly headBytes: number;
  readonly #commit: Commit;
  readonly #codecs: Codecs;
  readonly #options: RetentionOptions;
  /** The key of an entry that is looked up. The commit's own key may be in use. */
  readonly #key = new LookupKey();
  #scratch = new Uint8Array(256);
  #now = 0;
  /** Uses so far, modulo 2^32. */
  #uses = 0;
  /** Whether any entry has been given an end. */
  #hasEnds = false;
  /** State of the generator of {@link CacheRetention.#random}. */
  #seed = 0x9e3779b9;
  /** Entries that `onEvict` has not been told of. */
  #removed: Removed[] = [];
  /** Whether `onEvict` is running. Its own writes do not call it: that would never end. */
  #isTelling = false;

  constructor(commit: Commit, codecs: Codecs, options: RetentionOptions) {
    this.#commit = commit;
    this.#codecs = codecs;
    this.#options = options;
    this.headBytes = options.evict === 'lru' ? EXPIRY_BYTES + USE_BYTES : EXPIRY_BYTES;
  }

  get evicts(): boolean {
    return this.#options.evict !== false;
  }

  tick(): void {
    const now: unknown = this.#options.clock();
    if (typeof now !== 'number' || Number.isNaN(now)) {
      throw new TypeError(`the clock must return a number of milliseconds, not ${printed(now)}`);
    }
    this.#now = now;
  }

  isHidden(table: StoreTable, entry: Addr): boolean {
    const { view } = table.arena.memory;
    return this.#now >= view.getFloat64(valueStartOf(view, entry));
  }

  isHiddenFromGet(table: StoreTable, entry: Addr): boolean {
    if (this.isHidden(table, entry)) return true;
    if (this.#options.evict === 'lru') {
      const { view } = table.arena.memory;
      view.setUint32(valueStartOf(view, entry) + EXPIRY_BYTES, this.#nextUse());
    }
    return false;
  }

  expire(entry: Addr): void {
    const { table } = this.#commit;
    if (this.#hasEnds && this.#mayGo(table, entry) && this.isHidden(table, entry)) this.#remove(entry, 'expired');
  }

  evict(): boolean {
    const { table } = this.#commit;
    let chosen: Addr = NIL;
    let chosenAge = -1;
    for (let draws = 0, sampled = 0; draws < DRAWS_MAX && sampled < SAMPLE; draws++) {
      const entry = randomEntry(table.index, this.#random);
      if (entry === NIL) return false;
      if (!this.#mayGo(table, entry)) continue;
      sampled++;
      const age = this.#ageOf(table, entry);
      if (age <= chosenAge || !this.#isNewest(table, entry)) continue;
      chosen = entry;
      chosenAge = age;
    }
    if (chosen === NIL) chosen = this.#first(table);
    if (chosen === NIL) return false;
    this.#take(table, chosen, this.isHidden(table, chosen) ? 'expired' : 'full');
    return true;
  }

  afterWrite(): void {
    if (this.#hasEnds) this.#sweep();
    if (this.#removed.length > 0) this.#tell();
  }

  frame(codec: Codec): Codec {
    return {
      name: codec.name,
      format: 'view',
      encode: (value) => this.#encode(codec, value),
      decode: (data) => this.#decode(codec, data as Uint8Array<ArrayBuffer>),
      isFrame: true,
    };
  }

  // The head

  #encode(codec: Codec, value: unknown): Uint8Array {
    const timed = value instanceof Timed ? value : undefined;
    let stored = encode('value', codec, timed === undefined ? value : timed.value);
    if (typeof stored === 'string') stored = textBytes(stored);
    this.tick();
    const { ttlMs, evict } = this.#options;
    const expiry = this.#now + (timed === undefined ? ttlMs : timed.ttlMs);
    const length = this.headBytes + stored.length;
    let u8 = this.#scratch;
    if (length > u8.length) {
      u8 = new Uint8Array(length > SCRATCH_BYTES_MAX ? length : 2 * length);
      if (length <= SCRATCH_BYTES_MAX) this.#scratch = u8;
    }
    u8.set(stored, this.headBytes);
    const view = new DataView(u8.buffer);
    view.setFloat64(0, expiry);
    if (evict === 'lru') view.setUint32(EXPIRY_BYTES, this.#nextUse());
    if (expiry !== Infinity) this.#hasEnds = true;
    return u8.subarray(0, length);
  }

  #decode(codec: Codec, data: Uint8Array<ArrayBuffer>): unknown {
    const { headBytes } = this;
    const length = data.length - headBytes;
    let stored: unknown;
    if (codec.format === 'utf8') stored = readText(data, headBytes, length);
    else if (codec.format === 'view') stored = data.subarray(headBytes);
    else stored = BufferClass!.from(data.buffer, data.byteOffset + headBytes, length);
    return decodeStored(codec, stored);
  }

  #nextUse(): number {
    this.#uses = (this.#uses + 1) >>> 0;
    return this.#uses;
  }

  // Entries that go

  /** How much an entry deserves to go. -1 if it may not. An entry whose time has come deserves it most. */
  #ageOf(table: StoreTable, entry: Addr): number {
    if (this.isHidden(table, entry)) return Infinity;
    const { evict } = this.#options;
    if (evict === false) return -1;
    if (evict === 'oldest') return this.#commit.sequence - table.sequenceOf(entry);
    const { view } = table.arena.memory;
    return (this.#uses - view.getUint32(valueStartOf(view, entry) + EXPIRY_BYTES)) >>> 0;
  }

  /** Whether an entry is a value that no pin sees. It may be an older version of its key. */
  #mayGo(table: StoreTable, entry: Addr): boolean {
    return table.isValue(entry) && table.sequenceOf(entry) > this.#commit.pins.newest;
  }

  #isNewest(table: StoreTable, entry: Addr): boolean {
    return table.seek(this.#keyOf(table, entry).beforeAll()) === entry;
  }

  #keyOf(table: StoreTable, entry: Addr): LookupKey {
    const { u8, view } = table.arena.memory;
    return this.#key.setBytes(u8, keyStartOf(view, entry), keyLengthOf(view, entry));
  }

  /** The first entry that may go: draws found none. O(n). */
  #first(table: StoreTable): Addr {
    const cursor = table.index.cursor();
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
      const { entry } = cursor;
      if (this.#mayGo(table, entry) && this.#ageOf(table, entry) >= 0 && this.#isNewest(table, entry)) return entry;
    }
    return NIL;
  }

  #sweep(): void {
    const { table } = this.#commit;
    try {
      for (let i = 0; i < SWEEP; i++) {
        const entry = randomEntry(table.index, this.#random);
        if (entry === NIL) return;
        if (!this.#mayGo(table, entry) || !this.isHidden(table, entry)) continue;
        if (this.#isNewest(table, entry)) this.#take(table, entry, 'expired');
      }
    } catch {
      // The comparator has thrown. A later write sweeps again.
    }
  }

  #remove(entry: Addr, reason: EvictReason): void {
    const { u8, view } = this.#commit.table.arena.memory;
    if (this.#options.onEvict !== undefined) {
      const key = read(this.#codecs.key, u8, view, keyStartOf(view, entry), keyLengthOf(view, entry));
      // Compactions remove entries between calls too.
      if (this.#removed.push({ key, reason }) === 1 && !this.#isTelling) queueMicrotask(() => this.#tell());
    }
    this.#commit.deleteUnseen([entry]);
  }

  /** Removes an entry, and takes it out of the index if its key has no other version: draws would find it again. */
  #take(table: StoreTable, entry: Addr, reason: EvictReason): void {
    this.#remove(entry, reason);
    const key = this.#keyOf(table, entry);
    const before = table.sequenceOf(entry) - 1;
    if (table.seek(key.setTag(tagLow(before, ValueType.Value), tagHigh(before))) !== NIL) return;
    if (table.index.remove(entry)) table.uncount(entry);
  }

  /** Never throws: what `onEvict` throws is reported as an uncaught error, in a microtask of its own. */
  #tell(): void {
    if (this.#isTelling) return;
    const removed = this.#removed;
    this.#removed = [];
    this.#isTelling = true;
    for (const { key, reason } of removed) {
      try {
        this.#options.onEvict!(decodeStored(this.#codecs.key, key) as never, reason);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    this.#isTelling = false;
  }

  /** Xorshift of Marsaglia (2003): the same choices in each run. */
  readonly #random = (): number => {
    let seed = this.#seed;
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    this.#seed = seed;
    return (seed >>> 0) / 0x1_0000_0000;
  };
}
