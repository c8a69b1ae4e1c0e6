/**
 * Reads LevelDB's encodings (util/coding.h) from bytes that may be damaged.
 *
 * A read beyond the end, or of a number that is too long, makes the reader not `ok` for good. It answers 0 or nothing
 * from then on, so that a row of fields is read first and checked once.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  ok = true;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.at >= this.end;
  }

  /** From 0 to 2^32 - 1. Bits beyond the 32nd are ignored, as in LevelDB. */
  varint32(): number {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail();
  }

  /** From 0 to 2^64 - 1; a bigint beyond 2^53 - 1. */
  varint64(): number | bigint {
    const start = this.at;
    let value = 0;
    for (let i = 0, weight = 1; i < 10; i++, weight *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : wideVarint(this.bytes, start, this.at);
    }
    return this.#fail();
  }

  /** From 0 to 2^53 - 1; what is higher is a failure. */
  safeVarint(): number {
    const value = this.varint64();
    return typeof value === 'number' ? value : this.#fail();
  }

  /** Bytes with their length before them; a view. */
  byteString(): Uint8Array {
    const length = this.varint32();
    if (length > this.end - this.at) this.#fail();
    if (!this.ok) return EMPTY;
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  #byte(): number {
    return this.at < this.end && this.ok ? this.bytes[this.at++] : this.#fail();
  }

  #fail(): 0 {
    this.ok = false;
    return 0;
  }
}

const EMPTY = new Uint8Array();

function wideVarint(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 7n) | BigInt(bytes[at] & 0x7f);
  return BigInt.asUintN(64, value);
}
