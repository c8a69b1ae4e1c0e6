/**
 * Strings as UTF-8, and back.
 *
 * A short string is written by a loop over its characters, 50 ns for 16 of them; a longer one, or one that is not ASCII, by
 * one `encodeInto` to bytes that are used again, which takes 75 ns for 16 and for 100 characters; `Buffer`'s own
 * `utf8Write` is no quicker. Both tell the length too, which has to be known before there is room in an arena. Reading goes
 * by `Buffer`'s `utf8Slice` where there is one (80 ns), else by `TextDecoder` (150 ns), which browsers have.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The most bytes that a UTF-16 code unit takes. */
const UNIT_BYTES_MAX = 3;

/** Up to this length a loop over the characters is quicker than a call of `encodeInto`. */
const SHORT_LENGTH_MAX = 24;

/** The most bytes that `text` may take; room for so many has to be there for {@link writeText}. */
export function textBytesMax(text: string): number {
  return text.length * UNIT_BYTES_MAX;
}

/**
 * Writes `text` at `at`; half of a surrogate pair becomes U+FFFD.
 * @returns how many bytes it took
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
  return encoder.encodeInto(text, at === 0 ? to : to.subarray(at)).written;
}

/** The bytes of `text` in memory of their own, for one that is too long for memory that is kept. */
export function textBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

interface NodeBuffer {
  readonly from: (buffer: ArrayBufferLike, start: number, length: number) => Uint8Array;
  readonly prototype: { readonly utf8Slice?: (this: Uint8Array, start: number, end: number) => string };
}

/** Node's `Buffer`; undefined elsewhere. */
export const BufferClass = (globalThis as { Buffer?: NodeBuffer }).Buffer;

const utf8Slice = BufferClass?.prototype.utf8Slice;

/** The text whose bytes start at `start`; what is not UTF-8 becomes U+FFFD. */
export const readText: (bytes: Uint8Array, start: number, length: number) => string =
  utf8Slice === undefined
    ? (bytes, start, length) => decoder.decode(bytes.subarray(start, start + length))
    : (bytes, start, length) => utf8Slice.call(bytes, start, start + length);
