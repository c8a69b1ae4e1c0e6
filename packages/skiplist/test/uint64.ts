/** The simplest entries, as in LevelDB's skiplist_test.cc: eight bytes with one number, ordered by it. */
import { type Addr, NIL } from '@memtable/arena';
import type { Order, OrderedIndex } from '../src/index.js';

export const ENTRY_BYTES = 8;

export const byNumber: Order = {
  compare: (a, aAt, b, bAt) => read(a, aAt) - read(b, bAt),
};

export function read(bytes: DataView, at: number): number {
  return bytes.getFloat64(at, true);
}

export function write(bytes: DataView, at: number, value: number): void {
  bytes.setFloat64(at, value, true);
}

/** An entry in scratch bytes, to search for. */
export function lookup(value: number): DataView {
  const bytes = new DataView(new ArrayBuffer(ENTRY_BYTES));
  write(bytes, 0, value);
  return bytes;
}

export function add(index: OrderedIndex, value: number): boolean {
  const node = index.allocate(ENTRY_BYTES);
  if (node === NIL) throw new Error('full');
  write(index.arena.memory.view, index.entryOf(node), value);
  return index.insert(node);
}

export function numberAt(index: OrderedIndex, entry: Addr): number | undefined {
  return entry === NIL ? undefined : read(index.arena.memory.view, entry);
}

export function numbers(index: OrderedIndex): number[] {
  const found: number[] = [];
  const cursor = index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) found.push(numberAt(index, cursor.entry)!);
  return found;
}
