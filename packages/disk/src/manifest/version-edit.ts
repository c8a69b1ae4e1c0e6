/**
 * A change of the set of files that make a database (LevelDB db/version_edit.cc): one record of a MANIFEST.
 *
 * ```
 *    | tag | field | tag | field | ...                      tags and levels are varint32, numbers varint64
 *
 *    1  comparator: length, name                            5  compact pointer: level; length, internal key
 *    2  log number                                          6  deleted table: level, number
 *    9  previous log number                                 7  new table: level, number, size;
 *    3  next file number                                       length, smallest and length, largest internal key
 *    4  last sequence
 * ```
 *
 * They are written in the order 1 2 9 3 4 5 6 7.
 */
import type { Sequence } from '@memtable/memtable';
import { TAG_BYTES } from '@memtable/memtable/internal';
import { ByteReader } from '../coding/byte-reader.js';
import { ByteWriter } from '../coding/byte-writer.js';
import { DiskError } from '../errors.js';

/** Levels of a LevelDB database, 0 to 6. */
export const LEVEL_COUNT = 7;

const Tag = {
  Comparator: 1,
  LogNumber: 2,
  NextFileNumber: 3,
  LastSequence: 4,
  CompactPointer: 5,
  DeletedTable: 6,
  NewTable: 7,
  PrevLogNumber: 9,
} as const;

/** A table of a database. */
export interface TableMeta {
  /** From 0 to 6. Tables of level 0 may overlap, those of a higher level do not. */
  readonly level: number;
  /** The number in its name. */
  readonly number: number;
  readonly sizeBytes: number;
  /** Its first internal key. */
  readonly smallest: Uint8Array;
  /** Its last internal key. */
  readonly largest: Uint8Array;
}

/** A change of a database's files. What is left out stays as it was. */
export interface VersionEdit {
  /** The name of the order of keys. */
  readonly comparator?: string;
  /** Logs with lower numbers are in tables. */
  readonly logNumber?: number;
  /** A log that is still needed besides; 0 for none, which is what current versions of LevelDB write. */
  readonly prevLogNumber?: number;
  /** Numbers from here on are free. */
  readonly nextFileNumber?: number;
  /** The sequence of the last write. */
  readonly lastSequence?: Sequence;
  /** Of a level, the internal key at which its next compaction begins. */
  readonly compactPointers?: readonly { readonly level: number; readonly key: Uint8Array }[];
  readonly deletedTables?: readonly { readonly level: number; readonly number: number }[];
  readonly newTables?: readonly TableMeta[];
}

/** Edits as LevelDB's bytes, and back. */
export const VersionEdit = {
  /** LevelDB's bytes of an edit. */
  encode(edit: VersionEdit): Uint8Array {
    const writer = new ByteWriter();
    const number = (tag: number, value: Sequence | undefined): void => {
      if (value === undefined) return;
      writer.varint(tag);
      writer.varint(value);
    };
    if (edit.comparator !== undefined) {
      writer.varint(Tag.Comparator);
      writer.byteString(new TextEncoder().encode(edit.comparator));
    }
    number(Tag.LogNumber, edit.logNumber);
    number(Tag.PrevLogNumber, edit.prevLogNumber);
    number(Tag.NextFileNumber, edit.nextFileNumber);
    number(Tag.LastSequence, edit.lastSequence);
    for (const { level, key } of edit.compactPointers ?? []) {
      number(Tag.CompactPointer, level);
      writer.byteString(key);
    }
    for (const deleted of [...(edit.deletedTables ?? [])].sort(byLevel)) {
      number(Tag.DeletedTable, deleted.level);
      writer.varint(deleted.number);
    }
    for (const table of edit.newTables ?? []) {
      number(Tag.NewTable, table.level);
      writer.varint(table.number);
      writer.varint(table.sizeBytes);
      writer.byteString(table.smallest);
      writer.byteString(table.largest);
    }
    return writer.bytes.slice();
  },

  /**
   * The edit that these bytes are; it has copies of them.
   * @param file - the name of the MANIFEST, for the error
   * @throws DiskError `DISK_MANIFEST_CORRUPT`
   */
  decode(bytes: Uint8Array, file = 'MANIFEST'): VersionEdit {
    const reader = new ByteReader(bytes);
    const edit: { -readonly [Name in keyof VersionEdit]: VersionEdit[Name] } = {};
    const compactPointers: { level: number; key: Uint8Array }[] = [];
    const deletedTables: { level: number; number: number }[] = [];
    const newTables: TableMeta[] = [];
    while (!reader.atEnd) {
      const at = reader.at;
      const tag = reader.varint32();
      switch (tag) {
        case Tag.Comparator:
          edit.comparator = new TextDecoder().decode(reader.byteString());
          break;
        case Tag.LogNumber:
          edit.logNumber = reader.safeVarint();
          break;
        case Tag.PrevLogNumber:
          edit.prevLogNumber = reader.safeVarint();
          break;
        case Tag.NextFileNumber:
          edit.nextFileNumber = reader.safeVarint();
          break;
        case Tag.LastSequence:
          edit.lastSequence = reader.varint64();
          break;
        case Tag.CompactPointer:
          compactPointers.push({ level: levelOf(reader), key: keyOf(reader) });
          break;
        case Tag.DeletedTable:
          deletedTables.push({ level: levelOf(reader), number: reader.safeVarint() });
          break;
        case Tag.NewTable:
          newTables.push({
            level: levelOf(reader),
            number: reader.safeVarint(),
            sizeBytes: reader.safeVarint(),
            smallest: keyOf(reader),
            largest: keyOf(reader),
          });
          break;
        default:
          reader.ok = false;
      }
      if (!reader.ok) {
        throw new DiskError('DISK_MANIFEST_CORRUPT', `${file}: an edit has no sound field at ${at}, tag ${tag}`, {
          file,
        });
      }
    }
    if (compactPointers.length > 0) edit.compactPointers = compactPointers;
    if (deletedTables.length > 0) edit.deletedTables = deletedTables;
    if (newTables.length > 0) edit.newTables = newTables;
    return edit;
  },
};

type Placed = { readonly level: number; readonly number: number };

function byLevel(a: Placed, b: Placed): number {
  return a.level - b.level || a.number - b.number;
}

function levelOf(reader: ByteReader): number {
  const level = reader.varint32();
  if (level >= LEVEL_COUNT) reader.ok = false;
  return level;
}

function keyOf(reader: ByteReader): Uint8Array {
  const key = reader.byteString();
  if (key.length < TAG_BYTES) reader.ok = false;
  return key.slice();
}
