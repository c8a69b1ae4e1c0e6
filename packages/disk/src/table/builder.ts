/**
 * Builds a table (LevelDB table/table_builder.cc), from entries in the order of their internal keys. The drawing is in
 * format.ts.
 *
 * The index has one entry for each data block: a key at or after its last one and before the next block's first, and
 * the block's handle. It is made when the next block's first key is known, so that the key can be short.
 */
import { ValueType } from '@memtable/memtable';
import { crc32c, maskCrc, TAG_BYTES } from '@memtable/memtable/internal';
import { ByteWriter } from '../coding/byte-writer.js';
import { DiskError } from '../errors.js';
import type { AppendFile } from '../files.js';
import { BlockBuilder } from './block-builder.js';
import { BLOOM_FILTER_NAME, FilterBlockBuilder } from './filter-block.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle, BlockType, HANDLES_BYTES, MAGIC, writeHandle } from './format.js';
import { compareInternalKeys, shortestSeparator, shortSuccessor } from './internal-order.js';

/** How a table is built. The defaults are LevelDB's. */
export interface TableBuilderOptions {
  /** A data block ends when it has this many bytes. @defaultValue 4096 */
  readonly blockBytes?: number;
  /** Entries between keys that are stored whole. @defaultValue 16 */
  readonly restartInterval?: number;
  /** Bits of a bloom filter for each key; 10 give 1 % false answers, 0 none a filter. @defaultValue 10 */
  readonly bloomBitsPerKey?: number;
  /** Compresses a block in Snappy's raw format. A block that saves less than an eighth is stored plain. */
  readonly compress?: (block: Uint8Array) => Uint8Array;
}

/** What a MANIFEST says of a table. */
export interface TableSummary {
  readonly sizeBytes: number;
  readonly entryCount: number;
  /** The first internal key; empty for a table without entries. */
  readonly smallest: Uint8Array;
  /** The last internal key. */
  readonly largest: Uint8Array;
}

const OUTPUT_BYTES = 65536;

/**
 * Writes a table to a file, entry by entry.
 *
 * @example
 * ```ts
 * import { encodeInternalKey } from '@memtable/memtable';
 * import { TableBuilder, TableReader } from '@memtable/disk';
 *
 * const utf8 = new TextEncoder();
 * const written: number[] = [];
 * const builder = new TableBuilder({ append: (bytes) => written.push(...bytes) });
 * builder.add(encodeInternalKey(utf8.encode('a'), 1), utf8.encode('apple'));
 * builder.add(encodeInternalKey(utf8.encode('b'), 2), utf8.encode('bread'));
 * builder.finish().entryCount; // 2
 * const table = TableReader.open(Uint8Array.from(written));
 * new TextDecoder().decode(table.get(utf8.encode('b'))?.value); // 'bread'
 * ```
 */
export class TableBuilder {
  readonly #file: Pick<AppendFile, 'append'>;
  readonly #blockBytes: number;
  readonly #compress: ((block: Uint8Array) => Uint8Array) | undefined;
  readonly #data: BlockBuilder;
  readonly #index = new BlockBuilder(1);
  readonly #metaindex: BlockBuilder;
  readonly #filter: FilterBlockBuilder | undefined;
  /** Blocks that are not handed to the file yet. */
  readonly #output = new Uint8Array(OUTPUT_BYTES);
  #outputLength = 0;
  /** Bytes of the table so far. */
  #offset = 0;
  #entryCount = 0;
  #smallest = new Uint8Array();
  /** The last data block, while its index entry waits for the next key. */
  #pending: BlockHandle | undefined;
  #finished = false;

  /**
   * @param file - a new, empty file
   * @throws DiskError `DISK_INVALID_OPTION`
   */
  constructor(file: Pick<AppendFile, 'append'>, options: TableBuilderOptions = {}) {
    const { blockBytes = 4096, restartInterval = 16, bloomBitsPerKey = 10, compress } = options;
    checkOption('blockBytes', blockBytes, 1, 0x40000000);
    checkOption('restartInterval', restartInterval, 1, 0x40000000);
    checkOption('bloomBitsPerKey', bloomBitsPerKey, 0, 1000);
    this.#file = file;
    this.#blockBytes = blockBytes;
    this.#compress = compress;
    this.#data = new BlockBuilder(restartInterval);
    this.#metaindex = new BlockBuilder(restartInterval);
    this.#filter = bloomBitsPerKey > 0 ? new FilterBlockBuilder(bloomBitsPerKey) : undefined;
  }

  /** Entries that were added. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** Bytes of the table up to its last whole data block. */
  get sizeBytes(): number {
    return this.#offset;
  }

  /**
   * Adds an entry; key and value are copied.
   * @throws DiskError `DISK_INVALID_KEY` unless it is an internal key above the last one; `DISK_IO` when the file
   *   refuses the bytes, after which the table is lost. TypeError: not bytes
   */
  add(internalKey: Uint8Array, value: Uint8Array): void {
    const data = this.#data;
    const { length } = internalKey;
    if (length < TAG_BYTES || internalKey[length - TAG_BYTES] > ValueType.Value)
      refuseKey('is no internal key', length);
    if (this.#entryCount === 0) this.#smallest = internalKey.slice();
    else {
      const last = data.lastKey;
      if (compareInternalKeys(last, 0, last.length, internalKey, 0, length) >= 0) {
        refuseKey('is not above the last one', length);
      }
      if (this.#pending !== undefined) this.#addToIndex(shortestSeparator(last, internalKey), this.#pending);
    }
    this.#filter?.add(internalKey, 0, length - TAG_BYTES);
    data.add(internalKey, value);
    this.#entryCount++;
    if (data.sizeBytes >= this.#blockBytes) this.#endDataBlock();
  }

  /**
   * Writes what is left: the last block, filter, indexes and footer.
   * @throws DiskError `DISK_IO`
   */
  finish(): TableSummary {
    if (this.#finished) throw new TypeError('the table is finished already');
    this.#finished = true;
    const largest = this.#entryCount === 0 ? new Uint8Array() : this.#data.lastKey.slice();
    if (this.#data.entryCount > 0) this.#endDataBlock();
    if (this.#filter !== undefined) {
      const handle = this.#writeBlock(this.#filter.finish(), BlockType.Plain);
      this.#metaindex.add(new TextEncoder().encode(BLOOM_FILTER_NAME), bytesOf(handle));
    }
    const metaindex = this.#writeContents(this.#metaindex.finish());
    if (this.#pending !== undefined) this.#addToIndex(shortSuccessor(largest), this.#pending);
    const index = this.#writeContents(this.#index.finish());
    const footer = new ByteWriter();
    writeHandle(footer, metaindex);
    writeHandle(footer, index);
    footer.append(new Uint8Array(HANDLES_BYTES - footer.length));
    footer.append(MAGIC);
    this.#write(footer.bytes);
    this.#hand();
    return { sizeBytes: this.#offset, entryCount: this.#entryCount, smallest: this.#smallest, largest };
  }

  #endDataBlock(): void {
    this.#pending = this.#writeContents(this.#data.finish());
    this.#data.reset();
    this.#filter?.startBlock(this.#offset);
  }

  #addToIndex(key: Uint8Array, handle: BlockHandle): void {
    this.#index.add(key, bytesOf(handle));
    this.#pending = undefined;
  }

  /** Writes a block, compressed where that saves at least an eighth. */
  #writeContents(contents: Uint8Array): BlockHandle {
    const compressed = this.#compress?.(contents);
    if (compressed !== undefined && compressed.length < contents.length - Math.floor(contents.length / 8)) {
      return this.#writeBlock(compressed, BlockType.Snappy);
    }
    return this.#writeBlock(contents, BlockType.Plain);
  }

  #writeBlock(contents: Uint8Array, type: number): BlockHandle {
    const handle = { offset: this.#offset, length: contents.length };
    const trailer = new Uint8Array(BLOCK_TRAILER_BYTES);
    trailer[0] = type;
    const crc = crc32c(trailer, 0, 1, crc32c(contents));
    new DataView(trailer.buffer).setUint32(1, maskCrc(crc), true);
    this.#write(contents);
    this.#write(trailer);
    return handle;
  }

  #write(bytes: Uint8Array): void {
    this.#offset += bytes.length;
    if (this.#outputLength + bytes.length > OUTPUT_BYTES) this.#hand();
    if (bytes.length > OUTPUT_BYTES) this.#append(bytes);
    else {
      this.#output.set(bytes, this.#outputLength);
      this.#outputLength += bytes.length;
    }
  }

  #hand(): void {
    if (this.#outputLength > 0) this.#append(this.#output.subarray(0, this.#outputLength));
    this.#outputLength = 0;
  }

  #append(bytes: Uint8Array): void {
    try {
      this.#file.append(bytes);
    } catch (cause) {
      throw new DiskError('DISK_IO', `a table of ${this.#offset} bytes could not be written`, { cause });
    }
  }
}

function bytesOf(handle: BlockHandle): Uint8Array {
  const writer = new ByteWriter();
  writeHandle(writer, handle);
  return writer.bytes;
}

function checkOption(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new DiskError('DISK_INVALID_OPTION', `${name} is a whole number from ${min} to ${max}: ${String(value)}`);
}

function refuseKey(why: string, length: number): never {
  throw new DiskError('DISK_INVALID_KEY', `the key ${why}: ${length} bytes`);
}
