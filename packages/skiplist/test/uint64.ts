/** The simplest entries there are, as in LevelDB's skiplist_test.cc: eight bytes, one number, ordered by it. */
import { type Addr, NIL } from '@memtable/arena';
import type { Order, OrderedIndex } from '../src/index.js';

export const ENTRY_BYTES = 8;

export const byNumber: Order = {
  compare: (a, aAt, b, bAt) => read(a, aAt) - read(b, bAt),
};

export function read(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(at, true);
}

export function write(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(at, value, true);
}

/** Looks a number up as an entry in scratch bytes. */
export function lookup(value: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  write(bytes, 0, value);
  return bytes;
}

export function add(index: OrderedIndex, value: number): boolean {
  const node = index.allocate(ENTRY_BYTES);
  if (node === NIL) throw new Error('full');
  write(index.arena.memory.u8, index.entryOf(node), value);
  return index.insert(node);
}

export function numberAt(index: OrderedIndex, entry: Addr): number | undefined {
  return entry === NIL ? undefined : read(index.arena.memory.u8, entry);
}

export function numbers(index: OrderedIndex): number[] {
  const found: number[] = [];
  const cursor = index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) found.push(numberAt(index, cursor.entry)!);
  return found;
}
