/**
 * The filter block of a table (table/filter_block.cc): a bloom filter for each 2 KiB of the file.
 *
 * ```
 *    | filter 0 | filter 1 | ... | start of 0, 4 | start of 1 | ... | place of the starts, 4 | 0b |
 * ```
 *
 * A data block belongs to the filter of the 2 KiB in which it begins. Where no block begins the filter is empty.
 */
import { ByteWriter } from '../coding/byte-writer.js';
import { bloomHash, bloomMayContain, createBloomFilter } from './bloom.js';

/** The name under which a metaindex has the filter block of LevelDB's bloom filters. */
export const BLOOM_FILTER_NAME = 'filter.leveldb.BuiltinBloomFilter2';

const BASE_LOG = 11;
const TRAILER_BYTES = 5;

/** Collects the keys of a table. */
export class FilterBlockBuilder {
  readonly #bitsPerKey: number;
  readonly #filters = new ByteWriter();
  readonly #starts: number[] = [];
  #hashes: number[] = [];

  constructor(bitsPerKey: number) {
    this.#bitsPerKey = bitsPerKey;
  }

  /** Says that the keys to come are of a data block at `offset`. */
  startBlock(offset: number): void {
    const index = Math.floor(offset / (1 << BASE_LOG));
    while (this.#starts.length < index) this.#endFilter();
  }

  add(key: Uint8Array, start: number, end: number): void {
    this.#hashes.push(bloomHash(key, start, end));
  }

  finish(): Uint8Array {
    if (this.#hashes.length > 0) this.#endFilter();
    const startsAt = this.#filters.length;
    for (const start of this.#starts) this.#filters.fixed32(start);
    this.#filters.fixed32(startsAt);
    this.#filters.append(Uint8Array.of(BASE_LOG));
    return this.#filters.bytes;
  }

  #endFilter(): void {
    this.#starts.push(this.#filters.length);
    if (this.#hashes.length === 0) return;
    this.#filters.append(createBloomFilter(this.#hashes, this.#bitsPerKey));
    this.#hashes = [];
  }
}

/** Asks a filter block. A block that contradicts itself says maybe. */
export class FilterBlockReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #startsAt: number;
  readonly #count: number;
  readonly #base: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - TRAILER_BYTES;
    this.#startsAt = end < 0 ? 0 : this.#view.getUint32(end, true);
    this.#count = end < this.#startsAt ? 0 : Math.floor((end - this.#startsAt) / 4);
    this.#base = end < 0 ? 1 : 2 ** bytes[bytes.length - 1];
  }

  /** Whether the data block at `offset` may have the key. */
  mayContain(offset: number, key: Uint8Array): boolean {
    const index = Math.floor(offset / this.#base);
    if (index >= this.#count) return true;
    const at = this.#startsAt + 4 * index;
    const start = this.#view.getUint32(at, true);
    // Of the last filter the end is the place of the starts, which comes behind them.
    const end = this.#view.getUint32(at + 4, true);
    if (start > end || end > this.#startsAt) return true;
    return bloomMayContain(this.#bytes, start, end, bloomHash(key, 0, key.length));
  }
}
