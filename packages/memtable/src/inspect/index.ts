/** Describes the buffer of a memtable to the last byte, as plain data for tools. */
import type { Memory } from '@memtable/arena';
import { type ArenaInspection, inspectArena } from '@memtable/arena/inspect';
import { type IndexInspection, inspectIndex, type SearchTrace, traceSeek } from '@memtable/skiplist/inspect';
import { MemTableError } from '../errors.js';
import { type Sequence, SEQUENCE_MAX, TAG_BYTES } from '../format/internal-key.js';
import { LookupKey } from '../format/lookup-key.js';
import { MemTable, type MemTableStats } from '../memtable.js';
import { BytewiseOrder } from '../order.js';
import { EntryReader } from './entry-reader.js';
import { EntrySums } from './verify-entries.js';

export type {
  BlockListInspection,
  BlockStep,
  IndexBlock,
  IndexInspection,
  SearchTrace,
  SkipListInspection,
  TowerStep,
} from '@memtable/skiplist/inspect';
export type { ArenaInspection, BlockInspection } from '@memtable/arena/inspect';

/**
 * The uses of bytes in a memtable's buffer. The column `kinds` of {@link Pieces} holds indexes of this list.
 *
 * - `superblock`: counters and states of all layers
 * - `header`: state of a block, and address of the block made before
 * - `tower`: links of a skip list; in the layout `leveldb` also the pointer to the entry
 * - `index block`: a block of a block list
 * - `spare`: blocks of a block list that are not in use yet
 * - `key length`, `key`, `tag` (type and sequence), `value length`, `value`: the parts of an entry
 * - `slop`: bytes skipped so that the next piece is aligned
 * - `tail`: the unused end of a block that was closed
 * - `free`: bytes that can still be allocated
 * - `gap`: up to seven bytes between two blocks, which start at multiples of 8. LevelDB's figures do not count them
 */
export const PIECE_KINDS = [
  'superblock',
  'header',
  'tower',
  'index block',
  'spare',
  'key length',
  'key',
  'tag',
  'value length',
  'value',
  'slop',
  'tail',
  'free',
  'gap',
] as const;
/** One of {@link PIECE_KINDS}. */
export type PieceKind = (typeof PIECE_KINDS)[number];

/**
 * The used part of a buffer, cut into pieces. Pieces ascend by address, do not overlap, and leave no byte out. Since
 * there may be millions, each field is a column: element `i` describes piece `i`. The caller owns the columns.
 */
export interface Pieces {
  /** Byte offset of each piece in the buffer. */
  readonly addresses: Int32Array;
  /** Length of each piece in bytes, at least 1. */
  readonly bytes: Int32Array;
  /** Index into {@link PIECE_KINDS}. */
  readonly kinds: Uint8Array;
  /**
   * The owner of each piece. For a part of an entry and for a tower: the rank of the entry. For header, slop, tail and
   * free: the number of the arena's block. -1 for the others, and for the tower of a skip list's head.
   */
  readonly owners: Int32Array;
}

/**
 * The entries, in order. Each field is a column: element `i` describes the entry of rank `i`, which is `entries[i]` of
 * the index. The caller owns the columns.
 */
export interface EntryColumns {
  /** Byte offset of each entry in the buffer. */
  readonly addresses: Int32Array;
  /** Bytes of each entry: both lengths, key, tag and value. */
  readonly bytes: Int32Array;
  /** Byte offset of each user key. */
  readonly keyStarts: Int32Array;
  /** Bytes of each user key. */
  readonly keyBytes: Int32Array;
  /** Byte offset of each value. */
  readonly valueStarts: Int32Array;
  /** Bytes of each value. */
  readonly valueBytes: Int32Array;
  /** Sequence of each entry. Exact up to 2^53 - 1, the highest sequence of a write. */
  readonly sequences: Float64Array;
  /** The `ValueType` of each entry. */
  readonly types: Uint8Array;
}

/** Description of a memtable's buffer, from the memory up to the entries. */
export interface MemTableInspection {
  /** State and counters. */
  readonly stats: MemTableStats;
  /** Whether a comparator orders the keys. The buffer does not hold the comparator. */
  readonly customOrder: boolean;
  /** The arena and its blocks. */
  readonly arena: ArenaInspection;
  /** The index and its links. */
  readonly index: IndexInspection;
  /** The entries, in order. */
  readonly entries: EntryColumns;
  /** All used bytes, by address. */
  readonly pieces: Pieces;
}

/**
 * Describes the memtable in a buffer: that of a live or frozen table (`table.arena.memory.buffer`), or a copy from a
 * file. It only reads. The bytes may be damaged in any way: it makes the checks of `MemTable.verify()`, except that the
 * order of a comparator is unknown, and checks that every used byte has a use. The result shares no bytes with the
 * buffer. O(bytes).
 *
 * @throws MemTableError `MEMTABLE_MALFORMED`, ArenaError `ARENA_MALFORMED`, SkipListError `SKIPLIST_MALFORMED`: the
 * bytes are no memtable, are cut short, or are damaged. The message says what is wrong and where
 *
 * @example
 * ```ts
 * import { MemTable, ValueType } from '@memtable/memtable';
 * import { inspectMemTable, PIECE_KINDS } from '@memtable/memtable/inspect';
 *
 * const table = new MemTable({ layout: 'leveldb' });
 * table.add(1, ValueType.Value, new TextEncoder().encode('key'), new Uint8Array(100));
 * const { stats, pieces } = inspectMemTable(table.arena.memory.buffer);
 * stats.arena.memoryUsage; // 4104
 * [...pieces.kinds].map((kind) => PIECE_KINDS[kind]).slice(0, 4); // ['superblock', 'header', 'tower', 'key length']
 * [...pieces.bytes].slice(0, 4); // [256, 8, 104, 1]
 * ```
 */
export function inspectMemTable(buffer: ArrayBufferLike): MemTableInspection {
  const arena = inspectArena(buffer);
  let table: MemTable;
  let customOrder = false;
  try {
    table = MemTable.attach(buffer);
  } catch (error) {
    // The table was made with a comparator and needs one to be attached. Nothing compares here, so any will do.
    if (!(error instanceof MemTableError)) throw error;
    table = MemTable.attach(buffer, { comparator: () => 0 });
    customOrder = true;
  }
  const columns = new EntryList(table.arena.memory, table.entryCount);
  const order = customOrder ? {} : { order: new BytewiseOrder() };
  const index = inspectIndex(buffer, { endOf: (entry) => columns.add(entry), ...order });
  columns.sums.check(table.entries);
  return { stats: table.stats(), customOrder, arena, index, entries: columns, pieces: tile(arena, index, columns) };
}

/**
 * Searches the table in a buffer for a key, and returns the steps of its index; see {@link SearchTrace}. It verifies
 * the table first. O(bytes).
 * @param sequence - from 0 to 2^56 - 1, as for `get`
 * @throws MemTableError `MEMTABLE_MALFORMED`: no memtable, or a comparator orders its keys;
 * `MEMTABLE_INVALID_SEQUENCE`; ArenaError `ARENA_MALFORMED`, SkipListError `SKIPLIST_MALFORMED`; TypeError: the key is
 * not bytes
 */
export function traceGet(buffer: ArrayBufferLike, key: Uint8Array, sequence: Sequence = SEQUENCE_MAX): SearchTrace {
  MemTable.attach(buffer).verify(); // Throws unless there is a table that orders its keys by their bytes.
  const lookupKey = new LookupKey().setFor(key, sequence);
  return traceSeek(buffer, new BytewiseOrder(), lookupKey.view, lookupKey.at);
}

/** Columns of the entries, which are added in their order. */
class EntryList implements EntryColumns {
  readonly addresses: Int32Array;
  readonly bytes: Int32Array;
  readonly keyStarts: Int32Array;
  readonly keyBytes: Int32Array;
  readonly valueStarts: Int32Array;
  readonly valueBytes: Int32Array;
  readonly sequences: Float64Array;
  readonly types: Uint8Array;
  readonly sums = new EntrySums();
  readonly #reader: EntryReader;
  #count = 0;

  constructor(memory: Memory, count: number) {
    this.#reader = new EntryReader(memory);
    const column = (): Int32Array => new Int32Array(count);
    this.addresses = column();
    this.bytes = column();
    this.keyStarts = column();
    this.keyBytes = column();
    this.valueStarts = column();
    this.valueBytes = column();
    this.sequences = new Float64Array(count);
    this.types = new Uint8Array(count);
  }

  /** @returns the address after the entry. @throws MemTableError `MEMTABLE_MALFORMED` */
  add(entry: number): number {
    const reader = this.#reader;
    const end = reader.read(entry);
    const i = this.#count++;
    this.addresses[i] = entry;
    this.bytes[i] = end - entry;
    this.keyStarts[i] = reader.keyStart;
    this.keyBytes[i] = reader.keyLength;
    this.valueStarts[i] = reader.valueStart;
    this.valueBytes[i] = reader.valueLength;
    this.sequences[i] = Number(reader.sequence);
    this.types[i] = reader.type;
    this.sums.add(reader);
    return end;
  }
}

/**
 * Sorts all allocations by address, cuts entries into pieces, and fills the rest with slop, tails and free bytes. The
 * index has checked that each allocation lies in the used bytes of a block, and none in another.
 */
function tile(arena: ArenaInspection, index: IndexInspection, entries: EntryColumns): Pieces {
  const units = allocationsOf(index, entries);
  // Bucket sort by the word in which an allocation starts. Each has a word or more, so two in one word would overlap.
  const starting = new Int32Array(arena.usedBytes / 4 + 1);
  for (let unit = 0; unit < units.count; unit++) {
    const word = units.addresses[unit] >> 2;
    starting[word] = unit + 1;
  }
  const pieces = new PieceList();
  pieces.push(0, arena.superblockBytes, 'superblock', -1);
  let end = arena.superblockBytes;
  let slopBytes = 0;
  for (const [i, block] of arena.blocks.entries()) {
    pieces.push(end, block.headerAddress - end, 'gap', -1);
    pieces.push(block.headerAddress, block.headerBytes, 'header', i);
    end = block.address;
    const usedEnd = end + block.usedBytes;
    for (let word = end >> 2; word < usedEnd / 4; word++) {
      const unit = starting[word] - 1;
      if (unit === -1) continue;
      const address = units.addresses[unit];
      pieces.push(end, address - end, 'slop', i);
      slopBytes += address - end;
      if (units.kinds[unit] === ENTRY) pushEntry(pieces, entries, units.owners[unit]);
      else pieces.push(address, units.bytes[unit], PIECE_KINDS[units.kinds[unit]], units.owners[unit]);
      end = address + units.bytes[unit];
    }
    pieces.push(end, usedEnd - end, 'slop', i);
    slopBytes += usedEnd - end;
    pieces.push(usedEnd, block.tailBytes, 'tail', i);
    pieces.push(usedEnd + block.tailBytes, block.freeBytes, 'free', i);
    end = block.address + block.bytes;
  }
  // Bytes without a use were taken for slop. The arena counts its slop, so the sums differ if there are any.
  if (slopBytes !== arena.stats.slopBytes) {
    malformed(`${slopBytes} bytes have no use, but the arena skipped ${arena.stats.slopBytes} bytes to align`);
  }
  return pieces.columns();
}

/** Kind of a whole entry. `pushEntry` cuts it into pieces. */
const ENTRY = 255;

function allocationsOf(index: IndexInspection, entries: EntryColumns): PieceList {
  const units = new PieceList();
  if (index.kind === 'skiplist') {
    units.push(index.head.towerAddress, index.head.towerBytes, 'tower', -1);
    for (let i = 0; i < index.entryCount; i++) units.push(index.towerAddresses[i], index.towerBytes[i], 'tower', i);
  } else {
    for (const { address, bytes } of index.levels.flat()) units.push(address, bytes, 'index block', -1);
    if (index.spare.bytes > 0) units.push(index.spare.address, index.spare.bytes, 'spare', -1);
  }
  for (let i = 0; i < entries.addresses.length; i++) {
    units.pushKind(entries.addresses[i], entries.bytes[i], ENTRY, i);
  }
  return units;
}

function pushEntry(pieces: PieceList, entries: EntryColumns, i: number): void {
  const entry = entries.addresses[i];
  const key = entries.keyStarts[i];
  const tag = key + entries.keyBytes[i];
  const value = entries.valueStarts[i];
  pieces.push(entry, key - entry, 'key length', i);
  pieces.push(key, tag - key, 'key', i);
  pieces.push(tag, TAG_BYTES, 'tag', i);
  pieces.push(tag + TAG_BYTES, value - tag - TAG_BYTES, 'value length', i);
  pieces.push(value, entries.valueBytes[i], 'value', i);
}

/** Columns of pieces that grow. */
class PieceList implements Pieces {
  addresses = new Int32Array(1024);
  bytes = new Int32Array(1024);
  kinds = new Uint8Array(1024);
  owners = new Int32Array(1024);
  count = 0;

  /** Adds a piece, unless it is empty. */
  push(address: number, bytes: number, kind: PieceKind, owner: number): void {
    if (bytes > 0) this.pushKind(address, bytes, KIND_INDEX[kind], owner);
  }

  pushKind(address: number, bytes: number, kind: number, owner: number): void {
    const i = this.count++;
    if (i === this.addresses.length) this.#grow();
    this.addresses[i] = address;
    this.bytes[i] = bytes;
    this.kinds[i] = kind;
    this.owners[i] = owner;
  }

  columns(): Pieces {
    const { count } = this;
    return {
      addresses: this.addresses.slice(0, count),
      bytes: this.bytes.slice(0, count),
      kinds: this.kinds.slice(0, count),
      owners: this.owners.slice(0, count),
    };
  }

  #grow(): void {
    const length = 2 * this.addresses.length;
    const grown = <T extends Int32Array | Uint8Array>(larger: T, column: T): T => (larger.set(column), larger);
    this.addresses = grown(new Int32Array(length), this.addresses);
    this.bytes = grown(new Int32Array(length), this.bytes);
    this.kinds = grown(new Uint8Array(length), this.kinds);
    this.owners = grown(new Int32Array(length), this.owners);
  }
}

const KIND_INDEX = Object.fromEntries(PIECE_KINDS.map((kind, i) => [kind, i])) as Record<PieceKind, number>;

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
