/** LevelDB's hash (util/hash.cc), like a Murmur hash: the bytes from `start` to `end`, four at a time. */
export function hash(bytes: Uint8Array, start: number, end: number, seed: number): number {
  const multiplier = 0xc6a4a793;
  let h = seed ^ Math.imul(end - start, multiplier);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    h = (h + (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24))) | 0;
    h = Math.imul(h, multiplier);
    h ^= h >>> 16;
  }
  if (at < end) {
    for (let i = end - 1; i >= at; i--) h = (h + (bytes[i] << (8 * (i - at)))) | 0;
    h = Math.imul(h, multiplier);
    h ^= h >>> 24;
  }
  return h >>> 0;
}
