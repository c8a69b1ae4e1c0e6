/**
 * Snappy's raw format (google/snappy format_description.txt), read only.
 *
 * ```
 *    | length, varint32 | element | element ...
 *
 *    tag, 1 byte
 *    nnnnnn 00     a literal of n + 1 bytes; 60 to 63: n is in the next 1 to 4 bytes
 *    ooonnn 01     n + 4 bytes from 11 bits of offset back:  ooo and the next byte
 *    nnnnnn 10     n + 1 bytes from an offset of 2 bytes
 *    nnnnnn 11     n + 1 bytes from an offset of 4 bytes
 * ```
 *
 * It is here because the small libraries do not check every length: damaged bytes give wrong blocks, or a loop of 2^31
 * steps.
 */

/** No element makes more than 64 bytes of 3. A length beyond that is damage, not a reason to allocate. */
const EXPANSION_MAX = 22;

/** The bytes that were compressed, or undefined when these are no whole Snappy stream. */
export function uncompressSnappy(bytes: Uint8Array): Uint8Array | undefined {
  const end = bytes.length;
  let at = 0;
  let length = 0;
  for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
    if (at === end || shift > 28) return undefined;
    byte = bytes[at++];
    length |= (byte & 0x7f) << shift;
  }
  length >>>= 0;
  if (length > EXPANSION_MAX * (end - at)) return undefined;
  const out = new Uint8Array(length);
  let to = 0;
  while (at < end) {
    const tag = bytes[at++];
    const kind = tag & 3;
    let count = tag >>> 2;
    if (kind === 0) {
      if (count >= 60) {
        const sizeBytes = count - 59;
        if (sizeBytes > end - at) return undefined;
        count = littleEndian(bytes, at, sizeBytes);
        at += sizeBytes;
      }
      count++;
      if (count > end - at || count > length - to) return undefined;
      if (count <= 16) for (let i = 0; i < count; i++) out[to + i] = bytes[at + i];
      else out.set(bytes.subarray(at, at + count), to);
      at += count;
    } else {
      const sizeBytes = kind === 3 ? 4 : kind;
      if (sizeBytes > end - at) return undefined;
      let offset = littleEndian(bytes, at, sizeBytes);
      at += sizeBytes;
      if (kind === 1) {
        offset |= (tag >>> 5) << 8;
        count = (count & 7) + 4;
      } else count++;
      if (offset === 0 || offset > to || count > length - to) return undefined;
      // A copy may read what it has just written: that is how a short row is repeated.
      for (let from = to - offset, last = from + count; from < last; from++) out[to++] = out[from];
      continue;
    }
    to += count;
  }
  return to === length ? out : undefined;
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value |= bytes[at + i] << (8 * i);
  return value >>> 0;
}
