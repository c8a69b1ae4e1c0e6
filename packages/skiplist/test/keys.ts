/** An entry is a length byte, then the key. Orders compare keys as bytes, with heads or without. */
import { type Addr, NIL } from '@memtable/arena';
import type { Order, OrderedIndex } from '../src/index.js';

export const keyAt = (view: DataView, at: number): Buffer =>
  Buffer.from(view.buffer, view.byteOffset + at + 1, view.getUint8(at));

/** Simple rather than fast. */
export const withoutHeads: Order = { compare: (a, aAt, b, bAt) => Buffer.compare(keyAt(a, aAt), keyAt(b, bAt)) };

export const withHeads: Order = {
  ...withoutHeads,
  keyStart: (_, at) => at + 1,
  keyLength: (bytes, at) => bytes.getUint8(at),
};

/** Throws when its caller claims that keys share bytes that differ. */
class CommonOrder implements Order {
  common = 0;
  /** Bytes that the caller knew to be equal, and further bytes that turned out equal. */
  spared = 0;
  compared = 0;

  compare(a: DataView, aAt: number, b: DataView, bAt: number): number {
    return withHeads.compare(a, aAt, b, bAt);
  }

  keyStart(_: DataView, at: number): number {
    return at + 1;
  }

  keyLength(bytes: DataView, at: number): number {
    return bytes.getUint8(at);
  }

  compareFrom(a: DataView, aAt: number, b: DataView, bAt: number, from: number): number {
    const [x, y] = [keyAt(a, aAt), keyAt(b, bAt)];
    if (!x.subarray(0, from).equals(y.subarray(0, from)))
      throw new Error(`${x.toString()} and ${y.toString()} share less than ${from} bytes`);
    this.common = 0;
    while (this.common < x.length && this.common < y.length && x[this.common] === y[this.common]) this.common++;
    this.spared += from;
    this.compared += this.common - from;
    return Buffer.compare(x, y);
  }
}

export const withCommon = new CommonOrder();

export const lookup = (key: Buffer): DataView => {
  const bytes = new Uint8Array(key.length + 1);
  bytes[0] = key.length;
  bytes.set(key, 1);
  return new DataView(bytes.buffer);
};

/** Allocates an entry and writes a key to it. NIL when the memory is at its limit. */
export function prepare(index: OrderedIndex, key: Buffer): Addr {
  const node = index.allocate(key.length + 1);
  if (node !== NIL) {
    index.arena.memory.u8[index.entryOf(node)] = key.length;
    index.arena.memory.u8.set(key, index.entryOf(node) + 1);
  }
  return node;
}

export const add = (index: OrderedIndex, key: Buffer): boolean => index.insert(prepare(index, key));

export const keyOf = (index: OrderedIndex, entry: Addr): string | undefined =>
  entry === NIL ? undefined : keyAt(index.arena.memory.view, entry).toString('hex');

export function keysOf(index: OrderedIndex): string[] {
  const found: string[] = [];
  const cursor = index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) found.push(keyOf(index, cursor.entry)!);
  return found;
}
