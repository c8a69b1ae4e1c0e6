/**
 * Lays sorted entries into the blocks of a block skip list from scratch. Undoing a failed batch does this with the
 * entries that stay and the blocks that they had; a bulk load does it with those of the list, those that are added, and
 * fresh blocks.
 *
 * A rebuild reads and writes every block once. It compares nothing, so an order that throws cannot stop it.
 */
import { NIL } from '@memtable/arena';
import { clearSlots, prefixBetween, setPrefix } from './block-heads.js';
import { addressesOf, type BlockList, BlockLayout, blocksFrom, BlockWord, firstBlock } from './block-layout.js';

const { NEXT, PREV, COUNT, PREFIX, ADDRESSES } = BlockLayout;
const { BLOCK_BYTES, BLOCK_ALIGNMENT } = BlockLayout;
/** Slots of a block that a bulk load fills. The rest takes later inserts, so that these do not split every block. */
const SLOTS_LOADED = 56;

/**
 * Makes a list of exactly these entries, spread evenly over the blocks of each level. Overwrites the blocks, and the
 * words `Root`, `Height`, `Count`, `Prefix` and `Entry`. A place that the list remembers is wrong afterwards.
 * O(entries).
 * @param entries - in order; each is written already
 * @param levels - blocks to use, level 0 first. A level has at most as many blocks as there are addresses to put into
 * them, and at least a 64th of that; the highest one has one block
 */
export function rebuild(list: BlockList, entries: ArrayLike<number>, levels: readonly (readonly number[])[]): void {
  const { line } = list;
  const words = list.arena.memory.i32;
  words[line + BlockWord.Count] = entries.length;
  words[line + BlockWord.Entry] = entries[0] ?? NIL;
  words[line + BlockWord.Prefix] = prefixBetween(list, entries[0], entries[entries.length - 1]);
  words[line + BlockWord.Root] = levels[levels.length - 1][0];
  words[line + BlockWord.Height] = levels.length;
  let below = entries;
  levels.forEach((blocks, level) => {
    blocks.forEach((block, i) => {
      const from = Math.floor((below.length * i) / blocks.length);
      const to = Math.floor((below.length * (i + 1)) / blocks.length);
      const word = block >> 2;
      words[word + NEXT] = blocks[i + 1] ?? NIL;
      words[word + PREV] = blocks[i - 1] ?? NIL;
      words[word + COUNT] = to - from;
      words[word + PREFIX] = -1; // No prefix yet, so that setPrefix() writes all heads.
      clearSlots(words, word, 0);
      for (let slot = 0; slot < to - from; slot++) words[word + ADDRESSES + 2 * slot] = below[from + slot];
    });
    for (const block of blocks) setPrefix(list, block, level);
    below = blocks;
  });
}

/**
 * Rebuilds a list without some of its entries and without some of its blocks.
 * @param isGoneBlock - whether a block goes. The blocks that stay must have room for the entries that stay
 */
export function rebuildWithout(list: BlockList, gone: Set<number>, isGoneBlock: (block: number) => boolean): void {
  const words = list.arena.memory.i32;
  const entries: number[] = [];
  for (const block of blocksFrom(words, firstBlock(list, 0))) {
    for (const entry of addressesOf(words, block)) if (!gone.has(entry)) entries.push(entry);
  }
  const levels: number[][] = [];
  do {
    const blocks = blocksFrom(words, firstBlock(list, levels.length));
    levels.push([...blocks].filter((block) => !isGoneBlock(block)));
  } while (levels[levels.length - 1].length > 1);
  rebuild(list, entries, levels);
}

/**
 * Rebuilds a list with more entries.
 * @param entries - those of the list and those that are added, in order
 * @returns false when the memory has no room for the blocks; then nothing has changed
 */
export function rebuildWith(list: BlockList, entries: Int32Array): boolean {
  if (entries.length === 0) return true;
  const levels: number[][] = [];
  const counts: number[] = [];
  let missing = 0;
  for (let below = entries.length; counts.at(-1) !== 1; below = counts[counts.length - 1]) {
    const has =
      counts.length < list.height ? [...blocksFrom(list.arena.memory.i32, firstBlock(list, counts.length))] : [];
    const count = Math.max(has.length, Math.ceil(below / SLOTS_LOADED));
    missing += count - has.length;
    levels.push(has);
    counts.push(count);
  }
  if (missing > 0) {
    // One piece, so that the blocks lie side by side, as those of a run do.
    const bytes = missing * BLOCK_BYTES;
    const isLeft = list.arena.ensure(bytes + BLOCK_ALIGNMENT, 1);
    let block: number = isLeft ? list.arena.allocateAligned(bytes, BLOCK_ALIGNMENT) : NIL;
    if (block === NIL) return false;
    levels.forEach((blocks, level) => {
      for (; blocks.length < counts[level]; block += BLOCK_BYTES) blocks.push(block);
    });
  }
  rebuild(list, entries, levels);
  return true;
}

/**
 * The entries of a list and others, all in order.
 * @param added - in order; none equals an entry of the list
 * @param following - gets for each of those the entry of the list behind it. NIL stays where there is none
 * @throws what the order throws
 */
export function mergeEntries(list: BlockList, added: Int32Array, following: Int32Array): Int32Array {
  const { i32: words, view } = list.arena.memory;
  const count = words[list.line + BlockWord.Count];
  if (count === 0) return added;
  const merged = new Int32Array(count + added.length);
  let to = 0;
  let next = 0;
  for (const block of blocksFrom(words, firstBlock(list, 0))) {
    for (const entry of addressesOf(words, block)) {
      while (next < added.length && list.order.compare(view, added[next], view, entry) < 0) {
        following[next] = entry;
        merged[to++] = added[next++];
      }
      merged[to++] = entry;
    }
  }
  merged.set(added.subarray(next), to);
  return merged;
}
