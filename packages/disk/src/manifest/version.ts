/**
 * The set of files that make a database at a moment (LevelDB db/version_set.cc).
 *
 * A version is what all edits of a MANIFEST come to. It only ever becomes what an edit makes of it, and an edit that
 * contradicts it is refused before anything has changed.
 */
import { DiskError } from '../errors.js';
import { compareInternalKeys } from '../table/internal-order.js';
import { LEVEL_COUNT, type TableMeta, type VersionEdit } from './version-edit.js';

/** LevelDB's name for the order of this package, by bytes. */
export const BYTEWISE_COMPARATOR = 'leveldb.BytewiseComparator';

/** The files of a database: begins empty, and changes by edits. `readManifest` gives that of a directory. */
export class Version {
  /** Logs with lower numbers are in tables. */
  logNumber = 0;
  prevLogNumber = 0;
  /** Numbers from here on are free. */
  nextFileNumber = 2;
  /** The sequence of the last write that is known to it; logs may have later ones. */
  lastSequence = 0;
  /** By level, by number. */
  readonly #levels: readonly Map<number, TableMeta>[] = Array.from({ length: LEVEL_COUNT }, () => new Map());
  readonly #compactPointers = new Map<number, Uint8Array>();

  /** All tables, level by level, and in a level by number. */
  *tables(): Generator<TableMeta, void, void> {
    for (const level of this.#levels) yield* [...level.values()].sort((a, b) => a.number - b.number);
  }

  /** Number of tables of all levels. */
  get tableCount(): number {
    return this.#levels.reduce((count, level) => count + level.size, 0);
  }

  /** A number that no file has. */
  takeFileNumber(): number {
    return this.nextFileNumber++;
  }

  /** Sees to it that no file to come gets this number. */
  markFileNumberUsed(number: number): void {
    this.nextFileNumber = Math.max(this.nextFileNumber, number + 1);
  }

  /**
   * Makes the change that an edit says. Its deletions come first: a table that changes its level is in both lists.
   * @param file - the name of the MANIFEST, for errors
   * @throws as `check` does; nothing has changed then
   */
  apply(edit: VersionEdit, file = 'MANIFEST'): void {
    this.check(edit, file);
    this.logNumber = edit.logNumber ?? this.logNumber;
    this.prevLogNumber = edit.prevLogNumber ?? this.prevLogNumber;
    // Numbers may have been taken since the edit was made.
    this.nextFileNumber = Math.max(this.nextFileNumber, edit.nextFileNumber ?? 0);
    this.lastSequence = Number(edit.lastSequence ?? this.lastSequence);
    for (const { level, key } of edit.compactPointers ?? []) this.#compactPointers.set(level, key);
    for (const { level, number } of edit.deletedTables ?? []) this.#levels[level].delete(number);
    for (const table of edit.newTables ?? []) this.#levels[table.level].set(table.number, table);
  }

  /**
   * Whether an edit can be made.
   * @throws DiskError `DISK_FOREIGN_COMPARATOR`, `DISK_UNSUPPORTED`, `DISK_MANIFEST_CORRUPT`
   */
  check({ comparator, lastSequence, deletedTables, newTables }: VersionEdit, file = 'MANIFEST'): void {
    if (comparator !== undefined && comparator !== BYTEWISE_COMPARATOR) {
      throw new DiskError('DISK_FOREIGN_COMPARATOR', `${file}: the keys are in the order ${comparator}`, { file });
    }
    if (typeof lastSequence === 'bigint') {
      throw new DiskError('DISK_UNSUPPORTED', `${file}: sequence ${lastSequence} is beyond 2^53 - 1`, { file });
    }
    const corrupt = (why: string): never => {
      throw new DiskError('DISK_MANIFEST_CORRUPT', `${file}: ${why}`, { file });
    };
    const deleted = new Set(deletedTables?.map(placeOf));
    const added = new Set<string>();
    for (const table of newTables ?? []) {
      const { level, number, smallest, largest } = table;
      const place = placeOf(table);
      if (added.has(place) || (this.#levels[level].has(number) && !deleted.has(place))) {
        corrupt(`table ${number} is added to level ${level} twice`);
      }
      added.add(place);
      if (compareInternalKeys(smallest, 0, smallest.length, largest, 0, largest.length) > 0) {
        corrupt(`table ${number} ends before it begins`);
      }
    }
  }

  /** The edit that makes this version of an empty one: the first record of a MANIFEST. */
  snapshot(): VersionEdit {
    return {
      comparator: BYTEWISE_COMPARATOR,
      logNumber: this.logNumber,
      prevLogNumber: this.prevLogNumber,
      nextFileNumber: this.nextFileNumber,
      lastSequence: this.lastSequence,
      compactPointers: [...this.#compactPointers].map(([level, key]) => ({ level, key })),
      newTables: [...this.tables()],
    };
  }
}

function placeOf({ level, number }: { readonly level: number; readonly number: number }): string {
  return `${level} ${number}`;
}
