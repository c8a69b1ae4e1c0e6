/**
 * Copies `length` bytes. A call of `TypedArray.set` costs about as much as moving 40 bytes one by one, and needs a view
 * when the source is not a whole array.
 */
export function copyBytes(to: Uint8Array, at: number, from: Uint8Array, start: number, length: number): void {
  if (length <= COPY_BYTES_MAX) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
  } else if (start === 0 && length === from.length) {
    to.set(from, at);
  } else {
    to.set(from.subarray(start, start + length), at);
  }
}

const COPY_BYTES_MAX = 40;
