/**
 * The blocks of a table (LevelDB table/format.cc), whoever wrote it and whatever became of it. The drawing is in
 * format.ts.
 *
 * A file may be damaged or no table at all. Lengths and places are checked before they are used, and checksums before a
 * block is. The footer has no checksum: that the index ends where the footer begins is checked in its place.
 */
import { crc32c, isBytes, maskCrc } from '@memtable/memtable/internal';
import { ByteReader } from '../coding/byte-reader.js';
import { DiskError } from '../errors.js';
import { fileOf, type ReadFile } from '../files.js';
import { BlockCursor } from './block-cursor.js';
import { BLOOM_FILTER_NAME, FilterBlockReader } from './filter-block.js';
import {
  BLOCK_TRAILER_BYTES,
  type BlockHandle,
  BlockType,
  FOOTER_BYTES,
  HANDLES_BYTES,
  MAGIC,
  readHandle,
} from './format.js';
import { compareBytes } from './internal-order.js';
import { uncompressSnappy } from './snappy.js';

/** How a table is read. */
export interface TableReaderOptions {
  /** The name of the file, for errors. */
  readonly name?: string;
  /** Whether the checksum of each block is checked. @defaultValue true */
  readonly checksums?: boolean;
}

export class TableFile {
  readonly #file: ReadFile;
  readonly #name: string;
  readonly #checksums: boolean;
  readonly #index: Uint8Array;
  /** The filter of its keys, if it has one that is known here. */
  readonly filter: FilterBlockReader | undefined;

  constructor(table: Uint8Array | ReadFile, { name = 'the table', checksums = true }: TableReaderOptions) {
    this.#file = isBytes(table) ? fileOf(table) : table;
    this.#name = name;
    this.#checksums = checksums;
    const footer = this.#readFooter();
    this.#index = this.readBlock(footer.index);
    const filter = this.#filterHandle(this.readBlock(footer.metaindex));
    this.filter = filter && new FilterBlockReader(this.readBlock(filter));
  }

  get sizeBytes(): number {
    return this.#file.size;
  }

  /** A cursor over the index. */
  indexCursor(): BlockCursor {
    const cursor = this.blockCursor();
    cursor.load(this.#index);
    return cursor;
  }

  /** A cursor for data blocks. */
  blockCursor(): BlockCursor {
    return new BlockCursor(this.#fail);
  }

  /** The handle that is the value of an entry. */
  handleAt({ bytes, valueStart, valueLength }: BlockCursor): BlockHandle {
    const reader = new ByteReader(bytes, valueStart, valueStart + valueLength);
    const handle = readHandle(reader);
    if (!reader.ok) this.#fail(`no handle at ${valueStart} of the index`);
    return handle;
  }

  /** The contents of a block. Nobody else has them. */
  readBlock({ offset, length }: BlockHandle): Uint8Array {
    const end = offset + length + BLOCK_TRAILER_BYTES;
    if (end > this.#file.size - FOOTER_BYTES) this.#fail(`a block at ${offset} of ${length} bytes is beyond its end`);
    const stored = this.#read(offset, length + BLOCK_TRAILER_BYTES);
    const type = stored[length];
    if (this.#checksums) {
      const expected = new DataView(stored.buffer).getUint32(length + 1, true);
      if (maskCrc(crc32c(stored, 0, length + 1)) !== expected) {
        this.#fail(`the block at ${offset} of ${length} bytes has another checksum`);
      }
    }
    const contents = stored.subarray(0, length);
    if (type === BlockType.Plain) return contents;
    if (type !== BlockType.Snappy) {
      const why = `the block at ${offset} is compressed by method ${type}`;
      throw new DiskError('DISK_UNSUPPORTED', `${this.#name}: ${why}`, { file: this.#name });
    }
    return uncompressSnappy(contents) ?? this.#fail(`the block at ${offset} cannot be uncompressed`);
  }

  #readFooter(): { metaindex: BlockHandle; index: BlockHandle } {
    const at = this.#file.size - FOOTER_BYTES;
    if (at < 0) this.#fail(`it has ${this.#file.size} bytes, a footer has ${FOOTER_BYTES}`);
    const bytes = this.#read(at, FOOTER_BYTES);
    if (compareBytes(bytes, HANDLES_BYTES, FOOTER_BYTES, MAGIC, 0, MAGIC.length) !== 0) {
      this.#fail('its last bytes are not those of a LevelDB table');
    }
    const reader = new ByteReader(bytes, 0, HANDLES_BYTES);
    const metaindex = readHandle(reader);
    const index = readHandle(reader);
    if (!reader.ok || index.offset + index.length + BLOCK_TRAILER_BYTES !== at) {
      this.#fail(`its index of ${index.length} bytes at ${index.offset} does not end at the footer, ${at}`);
    }
    return { metaindex, index };
  }

  #filterHandle(metaindex: Uint8Array): BlockHandle | undefined {
    const name = new TextEncoder().encode(BLOOM_FILTER_NAME);
    const cursor = new BlockCursor(this.#fail, 0);
    cursor.load(metaindex);
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      if (compareBytes(cursor.key, 0, cursor.keyLength, name, 0, name.length) === 0) return this.handleAt(cursor);
    }
    return undefined;
  }

  #read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    try {
      this.#file.read(bytes, at);
    } catch (cause) {
      throw new DiskError('DISK_IO', `${this.#name}: ${length} bytes at ${at} could not be read`, {
        file: this.#name,
        cause,
      });
    }
    return bytes;
  }

  readonly #fail = (why: string): never => {
    throw new DiskError('DISK_TABLE_CORRUPT', `${this.#name}: ${why}`, { file: this.#name });
  };
}
