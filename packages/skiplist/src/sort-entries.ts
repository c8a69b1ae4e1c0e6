/**
 * Sorts entries by their keys before they go into a list at once. Where keys compare as their bytes do, a radix sort
 * moves two words a key, its eight bytes after the prefix that all of them share, and only keys that tie are compared.
 */
import { common } from './head.js';
import type { BlockList } from './block-layout.js';

/** Fewer entries than this are sorted by comparing. */
const RADIX_COUNT_MIN = 64;
/** From this many entries on a pass of the radix sort takes 16 bits instead of 8. */
const WIDE_COUNT_MIN = 1 << 17;

/**
 * Sorts the addresses of entries, in place, by the order of a list. O(entries) where the first eight bytes after the
 * prefix of all keys tell most of them apart.
 * @param entries - all of them written
 * @returns pairs of indexes: keys from the first up to, not including, the second may be equal. All others differ
 * @throws what the order throws; the addresses are in any order then
 */
export function sortEntries(list: BlockList, entries: Int32Array): number[] {
  const ties: number[] = [];
  if (list.order.keyStart !== undefined) sortFrom(list, entries, 0, 0, ties);
  else sortByComparing(list, entries, 0, ties);
  return ties;
}

function sortByComparing({ order, arena }: BlockList, entries: Int32Array, first: number, ties: number[]): void {
  const { view } = arena.memory;
  ties.push(first, first + entries.length);
  entries.sort((a, b) => order.compare(view, a, view, b));
}

/** Sorts entries whose keys share their first `from` bytes. @param first - index of the first of them among all */
function sortFrom(list: BlockList, entries: Int32Array, from: number, first: number, ties: number[]): void {
  const count = entries.length;
  const prefix = count < RADIX_COUNT_MIN ? -1 : sharedBytes(list, entries, from);
  if (prefix === -1) return sortByComparing(list, entries, first, ties);
  const high = new Int32Array(count);
  const low = new Int32Array(count);
  readWords(list, entries, prefix, high, low);
  sortByWords(entries, high, low);
  for (let begin = 0, i = 1; i <= count; i++) {
    if (i < count && high[i] === high[begin] && low[i] === low[begin]) continue;
    if (i - begin > 1) sortFrom(list, entries.subarray(begin, i), prefix + 8, first + begin, ties);
    begin = i;
  }
}

/**
 * Number of bytes, `from` of them at least, that the keys share. -1 when one of them ends within those, so that zeros
 * might stand for bytes that it lacks.
 */
function sharedBytes({ keys, arena }: BlockList, entries: Int32Array, from: number): number {
  const { view } = arena.memory;
  const first = keys.keyStart(view, entries[0]);
  let shared = keys.keyLength(view, entries[0]);
  for (let i = 0; i < entries.length; i++) {
    const length = keys.keyLength(view, entries[i]);
    if (length < from) return -1;
    const most = length < shared ? length : shared;
    const start = keys.keyStart(view, entries[i]) + from;
    shared = from + common(view, first + from, view, start, most - from);
    if (shared === from) break;
  }
  for (let i = 0; i < entries.length; i++) if (keys.keyLength(view, entries[i]) < from) return -1;
  return shared;
}

/** Reads the eight bytes of each key after the prefix, as two words. Zeros stand for bytes that a key lacks. */
function readWords(
  { keys, arena }: BlockList,
  entries: Int32Array,
  prefix: number,
  high: Int32Array,
  low: Int32Array,
): void {
  const { view } = arena.memory;
  for (let i = 0; i < entries.length; i++) {
    const left = keys.keyLength(view, entries[i]) - prefix;
    const at = keys.keyStart(view, entries[i]) + prefix;
    if (left >= 8) {
      high[i] = view.getInt32(at);
      low[i] = view.getInt32(at + 4);
      continue;
    }
    let first = 0;
    let second = 0;
    for (let byte = 0; byte < left; byte++) {
      if (byte < 4) first |= view.getUint8(at + byte) << (24 - 8 * byte);
      else second |= view.getUint8(at + byte) << (56 - 8 * byte);
    }
    high[i] = first;
    low[i] = second;
  }
}

/**
 * Sorts entries by two words each, and the words with them: a radix sort that begins with the lowest digit, each pass
 * stable. It skips a digit that all have in common.
 */
function sortByWords(entries: Int32Array, high: Int32Array, low: Int32Array): void {
  const count = entries.length;
  const bits = count < WIDE_COUNT_MIN ? 8 : 16;
  const digits = 1 << bits;
  const starts = new Uint32Array(digits);
  let from: Record<'entries' | 'high' | 'low', Int32Array> = { entries, high, low };
  let to: typeof from = { entries: new Int32Array(count), high: new Int32Array(count), low: new Int32Array(count) };
  for (const word of ['low', 'high'] as const) {
    for (let shift = 0; shift < 32; shift += bits) {
      if (!startsOf(from[word], shift, starts)) continue;
      move(from[word], shift, starts, from.entries, to.entries, from.high, to.high, from.low, to.low);
      [from, to] = [to, from];
    }
  }
  if (from.entries === entries) return;
  entries.set(from.entries);
  high.set(from.high);
  low.set(from.low);
}

/** Writes to `starts` where each digit begins in sorted order. @returns false when all words have the same digit */
function startsOf(words: Int32Array, shift: number, starts: Uint32Array): boolean {
  const mask = starts.length - 1;
  starts.fill(0);
  for (let i = 0; i < words.length; i++) starts[(words[i] >>> shift) & mask]++;
  if (starts[(words[0] >>> shift) & mask] === words.length) return false;
  let sum = 0;
  for (let digit = 0; digit <= mask; digit++) {
    const more = starts[digit];
    starts[digit] = sum;
    sum += more;
  }
  return true;
}

/** One pass of the radix sort. */
function move(
  words: Int32Array,
  shift: number,
  starts: Uint32Array,
  entries: Int32Array,
  toEntries: Int32Array,
  high: Int32Array,
  toHigh: Int32Array,
  low: Int32Array,
  toLow: Int32Array,
): void {
  const mask = starts.length - 1;
  for (let i = 0; i < words.length; i++) {
    const at = starts[(words[i] >>> shift) & mask]++;
    toEntries[at] = entries[i];
    toHigh[at] = high[i];
    toLow[at] = low[i];
  }
}
