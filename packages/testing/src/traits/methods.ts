/** Lists every method of a memtable and of its cursor, so that a rule can be applied to all of them. */
import { del, encodeBatch } from '../batch.js';
import type { Entry, Memtable, MemtableCursor, MemtableSupports } from '../contract.js';
import { bytes, code } from '../notation.js';

type Feature = keyof MemtableSupports;
type Call<Target> = (target: Target, supports: MemtableSupports) => unknown;

/** One method or getter, and one way to call it. */
export interface Method<Target> {
  /** The call as code. */
  readonly name: string;
  /** A `write` adds an entry. A `figure` answers without comparing keys. */
  readonly role: 'write' | 'figure' | 'other';
  /** The feature that it needs; undefined if every table has the method. */
  readonly feature: Feature | undefined;
  readonly call: Call<Target>;
}

/** Whether a table with these features has the method. */
export function isSupported({ feature }: Method<never>, supports: MemtableSupports): boolean {
  return feature === undefined || supports[feature] !== false;
}

/** A key and a sequence that no run uses. */
const KEY = bytes('fe01fe');
const SEQUENCE = 2 ** 40;

const method = <Target>(name: string, call: Call<Target>, feature?: Feature): Method<Target> => {
  return { name, role: 'other', feature, call };
};
const write = <Target>(name: string, call: Call<Target>, feature?: Feature): Method<Target> => {
  return { name, role: 'write', feature, call };
};
const figure = <Target>(name: string, call: Call<Target>, feature: Feature): Method<Target> => {
  return { name, role: 'figure', feature, call };
};

/** The methods of a memtable. A command records a method by its number, so add new ones at the end. */
export const tableMethods: readonly Method<Memtable>[] = [
  write(`table.add(${SEQUENCE}, 1, ${code(KEY)}, ${code(KEY)})`, (table) => table.add(SEQUENCE, 1, KEY, KEY)),
  write(`table.add(${SEQUENCE}, 0, ${code(KEY)})`, (table) => table.add(SEQUENCE, 0, KEY)),
  write(
    `supports.batches(table, encodeBatch([del(${code(KEY)})]), ${SEQUENCE})`,
    (table, { batches }) => batches && batches(table, encodeBatch([del(KEY)]), SEQUENCE),
    'batches',
  ),
  method(`table.get(${code(KEY)})`, (table) => table.get(KEY)),
  method(`table.get(${code(KEY)}, 1)`, (table) => table.get(KEY, 1)),
  method('contentOf(table)', contentOf),
  method('table.verify()', (table) => table.verify!(), 'verify'),
  figure('table.entryCount', (table) => table.entryCount, 'entryCount'),
  figure('table.state', (table) => table.state, 'state'),
  figure('table.approximateMemoryUsage()', (table) => table.approximateMemoryUsage!(), 'memoryUsage'),
  method('table.freeze()', (table) => table.freeze!(), 'freeze'),
  method('table.drop()', (table) => table.drop!(), 'drop'),
];

/** The methods of a cursor. */
export const cursorMethods: readonly Method<MemtableCursor>[] = [
  method('cursor.valid', (cursor) => cursor.valid),
  method('cursor.key', (cursor) => cursor.key),
  method('cursor.value', (cursor) => cursor.value),
  method('cursor.sequence', (cursor) => cursor.sequence),
  method('cursor.type', (cursor) => cursor.type),
  method('cursor.seekToFirst()', (cursor) => cursor.seekToFirst()),
  method('cursor.seekToLast()', (cursor) => cursor.seekToLast!(), 'backward'),
  method(`cursor.seek(${code(KEY)}, 1)`, (cursor) => cursor.seek(KEY, 1)),
  method('cursor.next()', (cursor) => cursor.next()),
  method('cursor.prev()', (cursor) => cursor.prev!(), 'backward'),
];

/** All versions of a table, in its order, as its cursor yields them. */
export function contentOf(table: Memtable): Entry[] {
  const entries: Entry[] = [];
  const cursor = table.iterator();
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) entries.push(entryAt(cursor));
  return entries;
}

/** The entry at which a cursor stands. */
export function entryAt({ key, sequence, type, value }: Entry): Entry {
  return { key, sequence, type, value };
}
