import { Arena, MEMORY_BYTES_MAX, printed } from '@memtable/arena';
import { MemTableError } from '@memtable/memtable';
import { checkWhole, EntryTable, type EntryOrder } from '@memtable/memtable/internal';
import { BlockSkipList } from '@memtable/skiplist';

/** A table of a store. Its index is the block list, because that can remove entries. */
export type StoreTable = EntryTable<BlockSkipList>;

/** Bytes of address space of a new table. */
export const TABLE_BYTES = 64 << 10;
/** Size of blocks, whose ends waste less than 1 %. A store with a small `maxBytes` has smaller ones. */
export const BLOCK_BYTES = 16384;
/** Default of `reserveBytes`: address space of a large table, in bytes [D38]. */
const RESERVE_BYTES = 256 << 20;

/** The smallest `reserveBytes`: an arena has this much. */
const RESERVE_BYTES_MIN = 4096;

/** The options of a store that its tables depend on. */
interface TableOptions {
  readonly blockBytes?: number | undefined;
  readonly reserveBytes?: number | undefined;
  readonly target?: unknown;
}

/** `maxBytes` has room for this many blocks at least: for eight in the half that a table may fill. */
const BLOCKS_MIN = 16;

/** Makes the tables of a store. */
export class TableFactory {
  readonly order: EntryOrder;
  /**
   * Upper bound on the bytes that puts may fill of a table. The rest of `maxBytes` is for compactions and deletions.
   */
  readonly bytesMax: number;
  readonly #memoryBytesMax: number;
  readonly #blockBytes: number;
  readonly #reserveBytes: number | undefined;

  /** @throws MemTableError `MEMTABLE_INVALID_OPTION` */
  constructor(options: TableOptions, maxBytes: number, order: EntryOrder) {
    const { blockBytes, reserveBytes, target } = options;
    if (reserveBytes !== undefined) checkWhole('reserveBytes', reserveBytes, RESERVE_BYTES_MIN, MEMORY_BYTES_MAX);
    if (blockBytes !== undefined) checkBlockBytes(blockBytes, Math.floor(maxBytes / BLOCKS_MIN));
    this.order = order;
    this.bytesMax = Math.floor(maxBytes / 16) * 8;
    // Deletions may take the half of a compaction too: a tombstone is smaller than the value that need not be copied
    // then.
    const memoryBytesMax = target === undefined ? this.bytesMax * 2 : this.bytesMax;
    this.#memoryBytesMax = Math.min(memoryBytesMax, MEMORY_BYTES_MAX);
    this.#blockBytes = blockBytes ?? Math.min(BLOCK_BYTES, Math.max(512, (this.bytesMax >> 8) * 8));
    this.#reserveBytes = reserveBytes;
  }

  /**
   * Makes an empty table.
   * @param bytes - address space to begin with
   * @throws ArenaError `ARENA_OUT_OF_MEMORY`
   */
  make(bytes: number = TABLE_BYTES): StoreTable {
    const reserveBytes = this.#reserveBytes;
    const arena = new Arena({
      maxBytes: this.#memoryBytesMax,
      blockBytes: this.#blockBytes,
      reserveBytes: Math.min(bytes, this.bytesMax, reserveBytes ?? bytes),
    });
    return new EntryTable(arena, new BlockSkipList(arena, this.order), this.order, {
      reserveBytes: reserveBytes === undefined ? RESERVE_BYTES : Math.min(reserveBytes, this.bytesMax),
    });
  }
}

function checkBlockBytes(blockBytes: number, max: number): void {
  if (Number.isInteger(blockBytes) && blockBytes % 8 === 0 && blockBytes >= 64 && blockBytes <= max) return;
  throw new MemTableError(
    'MEMTABLE_INVALID_OPTION',
    `blockBytes must be a multiple of 8 from 64 to ${max}, a sixteenth of maxBytes: ${printed(blockBytes)}`,
  );
}
