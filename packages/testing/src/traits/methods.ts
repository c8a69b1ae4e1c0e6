/** Every method of a memtable and of its cursor, so that a rule for all of them can be applied to all of them. */
import { del, encodeBatch } from '../batch.js';
import type { Entry, Memtable, MemtableCursor, MemtableSupports } from '../contract.js';
import { bytes, code } from '../notation.js';

/** One method, or one getter. */
export interface Method<Target> {
  /** Its use, as code. */
  readonly name: string;
  /** It adds entries. */
  readonly writes: boolean;
  /** It only says a figure, whatever the keys are. */
  readonly isFigure: boolean;
  readonly isSupported: (supports: MemtableSupports) => boolean;
  readonly call: (target: Target, supports: MemtableSupports) => unknown;
}

/** A key and a sequence that no run uses. */
const KEY = bytes('fe01fe');
const SEQUENCE = 2 ** 40;

function method<Target>(
  name: string,
  call: Method<Target>['call'],
  isSupported: Method<Target>['isSupported'] = () => true,
): Method<Target> {
  return { name, writes: false, isFigure: false, call, isSupported };
}

function write(
  name: string,
  call: Method<Memtable>['call'],
  isSupported?: Method<Memtable>['isSupported'],
): Method<Memtable> {
  return { ...method(name, call, isSupported), writes: true };
}

function figure(
  name: string,
  call: Method<Memtable>['call'],
  isSupported: Method<Memtable>['isSupported'],
): Method<Memtable> {
  return { ...method(name, call, isSupported), isFigure: true };
}

export const tableMethods: readonly Method<Memtable>[] = [
  write(`table.add(${SEQUENCE}, 1, ${code(KEY)}, ${code(KEY)})`, (table) => table.add(SEQUENCE, 1, KEY, KEY)),
  write(`table.add(${SEQUENCE}, 0, ${code(KEY)})`, (table) => table.add(SEQUENCE, 0, KEY)),
  write(
    `supports.batches(table, encodeBatch([del(${code(KEY)})]), ${SEQUENCE})`,
    (table, { batches }) => batches && batches(table, encodeBatch([del(KEY)]), SEQUENCE),
    ({ batches }) => batches !== false,
  ),
  method(`table.get(${code(KEY)})`, (table) => table.get(KEY)),
  method(`table.get(${code(KEY)}, 1)`, (table) => table.get(KEY, 1)),
  method('contentOf(table)', contentOf),
  method(
    'table.verify()',
    (table) => table.verify!(),
    ({ verify }) => verify,
  ),
  figure(
    'table.entryCount',
    (table) => table.entryCount,
    ({ entryCount }) => entryCount,
  ),
  figure(
    'table.state',
    (table) => table.state,
    ({ state }) => state,
  ),
  figure(
    'table.approximateMemoryUsage()',
    (table) => table.approximateMemoryUsage!(),
    ({ memoryUsage }) => memoryUsage,
  ),
  method(
    'table.freeze()',
    (table) => table.freeze!(),
    ({ freeze }) => freeze,
  ),
  method(
    'table.drop()',
    (table) => table.drop!(),
    ({ drop }) => drop,
  ),
];

export const cursorMethods: readonly Method<MemtableCursor>[] = [
  method('cursor.valid', (cursor) => cursor.valid),
  method('cursor.key', (cursor) => cursor.key),
  method('cursor.value', (cursor) => cursor.value),
  method('cursor.sequence', (cursor) => cursor.sequence),
  method('cursor.type', (cursor) => cursor.type),
  method('cursor.seekToFirst()', (cursor) => cursor.seekToFirst()),
  method(
    'cursor.seekToLast()',
    (cursor) => cursor.seekToLast!(),
    ({ backward }) => backward,
  ),
  method(`cursor.seek(${code(KEY)}, 1)`, (cursor) => cursor.seek(KEY, 1)),
  method('cursor.next()', (cursor) => cursor.next()),
  method(
    'cursor.prev()',
    (cursor) => cursor.prev!(),
    ({ backward }) => backward,
  ),
];

/** All versions in a table, in its order. */
export function contentOf(table: Memtable): Entry[] {
  const entries: Entry[] = [];
  const cursor = table.iterator();
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) entries.push(entryAt(cursor));
  return entries;
}

/** The entry that a cursor stands on. */
export function entryAt({ key, sequence, type, value }: Entry): Entry {
  return { key, sequence, type, value };
}
