import { encodeInternalKey, type MemTableValue, type Sequence, SEQUENCE_MAX, type ValueType } from '@memtable/memtable';
import { TAG_BYTES } from '@memtable/memtable/internal';
import type { ReadFile } from '../files.js';
import { compareBytes } from './internal-order.js';
import { TableCursor } from './table-cursor.js';
import { TableFile, type TableReaderOptions } from './table-file.js';

/**
 * A table of a LevelDB database: versions of keys in order (LevelDB table/table.cc).
 *
 * Every call throws DiskError `DISK_TABLE_CORRUPT` when what it needs of the file is damaged, and `DISK_IO` when the
 * file cannot be read.
 */
export class TableReader {
  readonly #file: TableFile;

  /**
   * Reads the footer, the index and the filter of a table.
   * @param table - its bytes, which must not change, or its file, which stays open
   */
  static open(table: Uint8Array | ReadFile, options: TableReaderOptions = {}): TableReader {
    return new TableReader(new TableFile(table, options));
  }

  private constructor(file: TableFile) {
    this.#file = file;
  }

  /** The size of the file. */
  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /**
   * The newest version of a key that `sequence` sees, a deletion too.
   * @returns undefined when the table has none; else the value is a copy
   * @throws MemTableError `MEMTABLE_INVALID_SEQUENCE`; TypeError: not bytes
   *
   * Complexity: one data block is read, or none when the filter knows that the key is not there.
   */
  get(key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): MemTableValue | undefined {
    const target = encodeInternalKey(key, sequence);
    const file = this.#file;
    const index = file.indexCursor();
    index.seek(target);
    if (!index.valid) return undefined;
    const handle = file.handleAt(index);
    if (file.filter !== undefined && !file.filter.mayContain(handle.offset, key)) return undefined;
    const block = file.blockCursor();
    block.load(file.readBlock(handle));
    block.seek(target);
    if (!block.valid) return undefined;
    const tagAt = block.keyLength - TAG_BYTES;
    if (compareBytes(block.key, 0, tagAt, key, 0, key.length) !== 0) return undefined;
    const value = block.bytes.slice(block.valueStart, block.valueStart + block.valueLength);
    return { type: block.key[tagAt] as ValueType, value };
  }

  /** A cursor over all versions; it stands on none at first. */
  iterator(): TableCursor {
    return new TableCursor(this.#file);
  }
}
