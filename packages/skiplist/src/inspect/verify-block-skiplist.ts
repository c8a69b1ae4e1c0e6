/** Checks the bytes of a block skip list. block-skiplist.ts lists the invariants. */
import { type Addr, NIL } from '@memtable/arena';
import { headOf, prefixOf } from '../block-heads.js';
import {
  addressesOf,
  type BlockList,
  BlockLayout,
  blocksFrom,
  BlockWord,
  entryBelow,
  firstBlock,
} from '../block-layout.js';
import { malformed } from '../errors.js';

const { NEXT, PREV, COUNT, PREFIX, PILOTS, HEADS, ADDRESSES, SLOTS, GROUP, UNUSED, LOWEST, BLOCK_BYTES } = BlockLayout;

/**
 * Checks B1 to B8. O(entries).
 * @param seek - the search of the list for an entry; called only when B1 to B7 hold, since it follows the structure
 * @throws SkipListError `SKIPLIST_MALFORMED` with the invariant and the place
 */
export function verifyBlockList(list: BlockList, seek: (entry: number) => Addr): void {
  const { i32: words, usedBytes } = list.arena.memory;
  const { line } = list;
  const leaves = verifyLevel(list, 0, undefined);
  const count = leaves.reduce((sum, block) => sum + words[(block >> 2) + COUNT], 0);
  const counted = words[line + BlockWord.Count];
  if (count !== counted) malformed(`B1: ${count} entries on level 0, ${counted} counted`);
  let highest = leaves;
  for (let level = 1; level < words[line + BlockWord.Height]; level++) highest = verifyLevel(list, level, highest);
  const spare = words[line + BlockWord.Spare];
  const spareBytes = words[line + BlockWord.SpareCount] * BLOCK_BYTES;
  if (spareBytes < 0 || spare + spareBytes > usedBytes)
    malformed(`B6: ${spareBytes} bytes of spare blocks at ${spare}`);
  const entry = words[line + BlockWord.Entry];
  const isSound = entry === NIL ? count === 0 : leaves.some((block) => addressesOf(words, block).includes(entry));
  if (!isSound) malformed(`B5: no entry at ${entry}`);
  if (highest.length !== 1) malformed(`B3: ${highest.length} blocks on the highest level`);
  if (list.order.keyStart === undefined) verifySearches(list, seek);
}

/**
 * Checks B2, B3, B4 and B7 of one level, and the order of its entries (B1, and B8 without searches).
 * @param below - the blocks of the level below, in order; undefined for level 0
 * @returns the blocks of this level, in order
 */
function verifyLevel(list: BlockList, level: number, below: readonly number[] | undefined): number[] {
  const { i32: words, usedBytes } = list.arena.memory;
  const blocks: number[] = [];
  let listed = 0;
  let before: number = NIL;
  for (let block = firstBlock(list, level); block !== NIL; block = words[(block >> 2) + NEXT]) {
    verifyBlock(list, level, block, blocks.at(-1) ?? NIL);
    const word = block >> 2;
    for (let slot = 0; slot < words[word + COUNT]; slot++) {
      const address = words[word + ADDRESSES + 2 * slot];
      if (below !== undefined && address !== below[listed])
        malformed(`B3: ${address} in ${place(slot, block)}, not ${below[listed]}`);
      if (address <= 0 || address >= usedBytes) malformed(`B1: ${address} in ${place(slot, block)}`);
      listed++;
      const entry = entryBelow(words, address, level);
      verifyOrder(list, level, before, entry);
      before = entry;
      const head = level > 0 && blocks.length === 0 && slot === 0 ? LOWEST : headOf(list, block, entry);
      if (words[word + HEADS + 2 * slot] !== head) malformed(`B4: the head in ${place(slot, block)}`);
      if (slot % GROUP === 0 && words[word + PILOTS + slot / GROUP] !== head)
        malformed(`B7: the pilot of ${place(slot, block)}`);
    }
    blocks.push(block);
    if (blocks.length > usedBytes / BLOCK_BYTES) malformed(`B2: the blocks of level ${level} form a ring`);
  }
  if (below !== undefined && listed < below.length) {
    malformed(`B3: level ${level} lists ${listed} of the ${below.length} blocks below`);
  }
  for (const block of blocks) {
    const prefix = prefixOf(list, block, level);
    const found = words[(block >> 2) + PREFIX];
    if (found > prefix)
      malformed(`B4: a prefix of ${found} bytes in the block at ${block}, whose keys share ${prefix}`);
  }
  return blocks;
}

/** Checks that a block lies in the memory, points back to the one before it, and marks its unused slots. */
function verifyBlock(list: BlockList, level: number, block: number, previous: number): void {
  const { i32: words, usedBytes } = list.arena.memory;
  if (block % 4 !== 0 || block < 0 || block + BLOCK_BYTES > usedBytes) malformed(`B2: a block at ${block}`);
  const word = block >> 2;
  const count = words[word + COUNT];
  const isOnlyLeaf = level === 0 && previous === NIL && words[word + NEXT] === NIL;
  if (count < (isOnlyLeaf ? 0 : 1) || count > SLOTS) malformed(`B2: ${count} slots in the block at ${block}`);
  if (words[word + PREV] !== previous) malformed(`B2: the block at ${block} does not point back to ${previous}`);
  for (let slot = count; slot < SLOTS; slot++) {
    if (words[word + HEADS + 2 * slot] !== UNUSED) malformed(`B7: the head in the unused ${place(slot, block)}`);
  }
}

/** Checks that an entry comes after the one before it; for an order without heads, that the order says so both ways. */
function verifyOrder({ arena, order }: BlockList, level: number, before: number, entry: number): void {
  const { view } = arena.memory;
  if (before === NIL) return;
  if (!(order.compare(view, before, view, entry) < 0)) {
    malformed(`B1: the entry at ${entry} does not come after the one at ${before}`);
  }
  if (level === 0 && order.keyStart === undefined && !(order.compare(view, entry, view, before) > 0)) {
    malformed(`B8: the order contradicts itself about the entries at ${before} and ${entry}`);
  }
}

/** Checks that a search for each entry finds it. */
function verifySearches(list: BlockList, seek: (entry: number) => Addr): void {
  const words = list.arena.memory.i32;
  for (const block of blocksFrom(words, firstBlock(list, 0))) {
    for (const entry of addressesOf(words, block)) {
      const found = seek(entry);
      if (found !== entry) {
        malformed(`B8: a search for the entry at ${entry} ends at ${found}: the order contradicts itself`);
      }
    }
  }
}

function place(slot: number, block: number): string {
  return `slot ${slot} of the block at ${block}`;
}
