import { BufferClass } from './text.js';

/**
 * Copies `length` bytes, by a loop if they are few. `TypedArray.set` is a call out of compiled code, and for a part of
 * an array it needs a view as well, so `set` pays off only beyond a few bytes [D33].
 */
export function copyBytes(to: Uint8Array, at: number, from: Uint8Array, start: number, length: number): void {
  const isWhole = length === from.length;
  if (length <= (isWhole ? WHOLE_BYTES_MAX : PART_BYTES_MAX)) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i];
  } else {
    to.set(isWhole ? from : from.subarray(start, start + length), at);
  }
}

const WHOLE_BYTES_MAX = 6;
const PART_BYTES_MAX = 20;

/** Copies `length` bytes between two views, four at a time. Faster than {@link copyBytes} for up to 200 bytes [D33]. */
export function copyView(to: DataView, at: number, from: DataView, start: number, length: number): void {
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) to.setInt32(at + i, from.getInt32(start + i));
  for (let i = words; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}

/** Copies `length` bytes by the faster of the two ways. On each side array and view are of the same bytes. */
export function copyPart(
  to: Uint8Array,
  toView: DataView,
  at: number,
  from: Uint8Array,
  fromView: DataView,
  start: number,
  length: number,
): void {
  if (length <= VIEW_BYTES_MAX) copyView(toView, at, fromView, start, length);
  else to.set(from.subarray(start, start + length), at);
}

const VIEW_BYTES_MAX = 200;

/** Whether `length` bytes are the same at two places. Compares four at a time. */
export function equalBytes(a: DataView, aAt: number, b: DataView, bAt: number, length: number): boolean {
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) if (a.getInt32(aAt + i) !== b.getInt32(bAt + i)) return false;
  for (let i = words; i < length; i++) if (a.getUint8(aAt + i) !== b.getUint8(bAt + i)) return false;
  return true;
}

/**
 * A copy that the caller owns. To make an `ArrayBuffer` costs more than to find a short value. So short copies are cut
 * off a shared buffer, which is replaced when it is full, as Node does for its `Buffer`s [D33].
 */
export function copyOut(u8: Uint8Array, view: DataView, start: number, length: number): Uint8Array {
  if (length > POOLED_BYTES_MAX) return u8.slice(start, start + length);
  const at = copyToPool(view, start, length);
  return new Uint8Array(pool, at, length);
}

/** Like {@link copyOut}, but the copy is a Node `Buffer`. */
export function copyOutBuffer(u8: Uint8Array, view: DataView, start: number, length: number): Uint8Array {
  if (length > POOLED_BYTES_MAX) return BufferClass!.from(u8.slice(start, start + length).buffer, 0, length);
  const at = copyToPool(view, start, length);
  return BufferClass!.from(pool, at, length);
}

function copyToPool(view: DataView, start: number, length: number): number {
  if (poolAt + length > POOL_BYTES) {
    pool = new ArrayBuffer(POOL_BYTES);
    poolView = new DataView(pool);
    poolAt = 0;
  }
  const at = poolAt;
  copyView(poolView, at, view, start, length);
  poolAt = (at + length + 7) & ~7;
  return at;
}

const POOL_BYTES = 8192;
const POOLED_BYTES_MAX = 1024;
/** Kept beside its view, because V8 is slow to read `view.buffer`: slower than to make a view [D34]. */
let pool = new ArrayBuffer(POOL_BYTES);
let poolView = new DataView(pool);
let poolAt = 0;
