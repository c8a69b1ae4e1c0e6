/**
 * LevelDB's bloom filter (util/bloom.cc): no for certain, or maybe.
 *
 * ```
 *    0                      n     n+1
 *    | bits, lowest first   | k |          k probes for each key; at least 64 bits
 * ```
 *
 * One hash makes all probes: each goes on by the hash rotated (Kirsch and Mitzenmacher, 2006).
 */
import { hash } from './hash.js';

const SEED = 0xbc9f1d34;
const PROBES_MAX = 30;

/** The hash by which a filter knows a user key. */
export function bloomHash(key: Uint8Array, start: number, end: number): number {
  return hash(key, start, end, SEED);
}

/** The filter of keys, given by their hashes. */
export function createBloomFilter(hashes: readonly number[], bitsPerKey: number): Uint8Array {
  // 0.69 is close to ln 2, with which false answers are fewest.
  const probes = Math.min(PROBES_MAX, Math.max(1, Math.floor(bitsPerKey * 0.69)));
  const bytes = Math.ceil(Math.max(64, hashes.length * bitsPerKey) / 8);
  const bits = bytes * 8;
  const filter = new Uint8Array(bytes + 1);
  filter[bytes] = probes;
  for (const first of hashes) {
    const delta = ((first >>> 17) | (first << 15)) >>> 0;
    for (let i = 0, h = first; i < probes; i++) {
      const bit = h % bits;
      filter[bit >>> 3] |= 1 << (bit & 7);
      h = (h + delta) >>> 0;
    }
  }
  return filter;
}

/** Whether the filter that lies from `start` to `end` may have a key with this hash. */
export function bloomMayContain(filter: Uint8Array, start: number, end: number, first: number): boolean {
  const length = end - start;
  if (length < 2) return false;
  const bits = (length - 1) * 8;
  const probes = filter[end - 1];
  // Kept free by LevelDB for other encodings.
  if (probes > PROBES_MAX) return true;
  const delta = ((first >>> 17) | (first << 15)) >>> 0;
  for (let i = 0, h = first; i < probes; i++) {
    const bit = h % bits;
    if ((filter[start + (bit >>> 3)] & (1 << (bit & 7))) === 0) return false;
    h = (h + delta) >>> 0;
  }
  return true;
}
