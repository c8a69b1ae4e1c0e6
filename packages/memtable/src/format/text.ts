/**
 * Encodes strings as UTF-8, and decodes them.
 *
 * A loop writes a short ASCII string faster than `encodeInto` is called. Every other string goes through `encodeInto`.
 * Both write to scratch bytes and tell the length, which an arena needs before it allocates. `utf8Slice` of `Buffer`
 * reads strings faster than `TextDecoder`, which browsers have [D21].
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Upper bound on the bytes of a UTF-16 code unit. */
const UNIT_BYTES_MAX = 3;

/** Up to this length a loop over the characters is faster than a call of `encodeInto`. */
const SHORT_LENGTH_MAX = 24;

/** Upper bound on the bytes of `text`. {@link writeText} needs this much room. */
export function textBytesMax(text: string): number {
  return text.length * UNIT_BYTES_MAX;
}

/**
 * Writes `text` at `at`. A lone surrogate becomes U+FFFD.
 * @returns the number of bytes written
 */
export function writeText(to: Uint8Array, at: number, text: string): number {
  const { length } = text;
  if (length <= SHORT_LENGTH_MAX) {
    let all = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      to[at + i] = unit;
      all |= unit;
    }
    if (all < 0x80) return length;
  }
  if (at === 0) return encoder.encodeInto(text, to).written;
  if (utf8Write !== undefined) return utf8Write.call(to, text, at, to.length - at);
  return encoder.encodeInto(text, to.subarray(at)).written;
}

/** The bytes of `text` in memory of their own, for a text that is too long for scratch memory. */
export function textBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

interface NodeBuffer {
  readonly from: (buffer: ArrayBufferLike, start: number, length: number) => Uint8Array;
  readonly prototype: {
    readonly utf8Slice?: (this: Uint8Array, start: number, end: number) => string;
    readonly utf8Write?: (this: Uint8Array, text: string, at: number, bytesMax: number) => number;
  };
}

/** Node's `Buffer`. Undefined in browsers. */
export const BufferClass = (globalThis as { Buffer?: NodeBuffer }).Buffer;

const utf8Slice = BufferClass?.prototype.utf8Slice;
/** It needs no view that begins at the place. */
const utf8Write = BufferClass?.prototype.utf8Write;

/** Decodes `length` bytes from `start` on. Bytes that are not UTF-8 become U+FFFD. */
export const readText: (bytes: Uint8Array, start: number, length: number) => string =
  utf8Slice === undefined
    ? (bytes, start, length) => decoder.decode(bytes.subarray(start, start + length))
    : (bytes, start, length) => utf8Slice.call(bytes, start, start + length);
