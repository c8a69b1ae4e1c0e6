/** Checks the bytes of a block skip list. block-skiplist.ts lists the invariants. */
import { type Addr, NIL } from '@memtable/arena';
import { headOf, prefixBetween, prefixOf, touchKeys } from '../block-heads.js';
import { type BlockList, BlockLayout, BlockWord, entryBelow } from '../block-layout.js';
import { malformed } from '../errors.js';
import type { EndOf } from '../ordered-index.js';
import { place, readLevels } from './block-levels.js';
import { Claims } from './claims.js';

const { COUNT, PREFIX, HEADS, ADDRESSES, LOWEST } = BlockLayout;

/**
 * Checks the arena, and all of B1 to B7 that needs no order: that blocks and entries lie in the arena's used bytes, and
 * none in another. O(bytes).
 * @param endOf - see {@link EndOf}
 * @param visitLeaf - called for each block of level 0 from left to right, when its entries have been checked
 * @returns the blocks of each level from left to right, level 0 first
 * @throws SkipListError `SKIPLIST_MALFORMED`, ArenaError; what `endOf` throws
 */
export function checkBlockList(list: BlockList, endOf: EndOf, visitLeaf?: (block: number) => void): Int32Array[] {
  const { arena, line } = list;
  arena.verify();
  const claims = new Claims(arena);
  const levels = readLevels(list, claims);
  const words = arena.memory.i32;
  const some = words[line + BlockWord.Entry];
  let isFound = false;
  for (const block of levels[0]) {
    const word = block >> 2;
    touchKeys(list, word);
    for (let slot = 0, count = words[word + COUNT]; slot < count; slot++) {
      const entry = words[word + ADDRESSES + 2 * slot];
      if (!claims.isUnclaimed(entry)) malformed(`B1: no entry can be at ${entry}, in ${place(slot, block)}`);
      const end = endOf(entry as Addr);
      if (!claims.claim(entry, end)) {
        malformed(`B1: the entry at ${entry} up to ${end}, in ${place(slot, block)}, has bytes of something else`);
      }
      if (entry === some) isFound = true;
    }
    visitLeaf?.(block);
  }
  const count = words[line + BlockWord.Count];
  if (count === 0 ? some !== NIL : !isFound) malformed(`B5: no entry at ${some}`);
  const pending = words[line + BlockWord.Pending];
  if (pending > claims.unclaimedBytes) {
    malformed(`B6: ${pending} entries wait to be inserted, in ${claims.unclaimedBytes} bytes`);
  }
  return levels;
}

/**
 * Checks B1 to B8. O(bytes).
 * @param seek - the search of the list for an entry; called only when B1 to B7 hold, since it follows the structure
 * @throws as {@link checkBlockList}; what the order throws
 */
export function verifyBlockList(list: BlockList, seek: (entry: Addr) => Addr, endOf: EndOf): void {
  let last: number = NIL;
  let before: number = NIL;
  const levels = checkBlockList(list, endOf, (block) => {
    // In the same pass, while the entries are in the cache.
    before = checkOrder(list, block, before);
    checkHeads(list, 0, block, false);
    if (last !== NIL) checkPrefix(list, 0, last);
    last = block;
  });
  checkPrefix(list, 0, last);
  for (let level = 1; level < levels.length; level++) {
    levels[level].forEach((block, i) => {
      checkHeads(list, level, block, i === 0);
      checkPrefix(list, level, block);
    });
  }
  const words = list.arena.memory.i32;
  const prefix = words[list.line + BlockWord.Prefix];
  const shared = sharedBytes(list, levels[0]);
  if (prefix > shared) malformed(`B4: a prefix of ${prefix} bytes, all keys share ${shared}`);
  if (list.order.keyStart === undefined) checkSearches(words, levels[0], seek);
}

/** Number of bytes that the first and the last key share, and so all keys. 0 for an empty list. */
function sharedBytes(list: BlockList, leaves: Int32Array): number {
  const words = list.arena.memory.i32;
  const last = leaves[leaves.length - 1] >> 2;
  const count = words[last + COUNT];
  return count === 0
    ? 0
    : prefixBetween(list, entryBelow(words, leaves[0], 1), words[last + ADDRESSES + 2 * (count - 1)]);
}

/**
 * Checks that the entries of a leaf ascend (B1); for an order without heads, that it says so both ways (B8). The
 * order of a level above is that of the level below.
 * @param before - the last entry of the leaf before, or NIL
 * @returns the last entry
 */
function checkOrder({ arena, order }: BlockList, block: number, before: number): number {
  const { i32: words, view } = arena.memory;
  const first = (block >> 2) + ADDRESSES;
  for (let slot = 0, count = words[(block >> 2) + COUNT]; slot < count; slot++) {
    const entry = words[first + 2 * slot];
    if (before !== NIL) {
      if (!(order.compare(view, before, view, entry) < 0)) {
        malformed(`B1: the entry at ${entry} does not come after the one at ${before}`);
      }
      if (order.keyStart === undefined && !(order.compare(view, entry, view, before) > 0)) {
        malformed(`B8: the order contradicts itself about the entries at ${before} and ${entry}`);
      }
    }
    before = entry;
  }
  return before;
}

/** Checks that heads follow from keys and prefix (B4). @param isOpen - the first slot stands for all smaller keys */
function checkHeads(list: BlockList, level: number, block: number, isOpen: boolean): void {
  const words = list.arena.memory.i32;
  const word = block >> 2;
  for (let slot = 0, count = words[word + COUNT]; slot < count; slot++) {
    const entry = entryBelow(words, words[word + ADDRESSES + 2 * slot], level);
    const head = isOpen && slot === 0 ? LOWEST : headOf(list, block, entry);
    const found = words[word + HEADS + 2 * slot];
    if (found !== head) malformed(`B4: the head in ${place(slot, block)} is ${found}, that of its key is ${head}`);
  }
}

/** Checks that all keys from a block's first entry to the next block's share its prefix (B4). */
function checkPrefix(list: BlockList, level: number, block: number): void {
  const found = list.arena.memory.i32[(block >> 2) + PREFIX];
  const prefix = prefixOf(list, block, level);
  if (found > prefix) {
    malformed(`B4: a prefix of ${found} bytes in the block at ${block}, whose keys share ${prefix}`);
  }
}

/** Checks that a search for each entry finds it. */
function checkSearches(words: Int32Array, leaves: Int32Array, seek: (entry: Addr) => Addr): void {
  for (const block of leaves) {
    const first = (block >> 2) + ADDRESSES;
    for (let slot = 0, count = words[(block >> 2) + COUNT]; slot < count; slot++) {
      const entry = words[first + 2 * slot] as Addr;
      const found = seek(entry);
      if (found !== entry) {
        malformed(`B8: a search for the entry at ${entry} ends at ${found}: the order contradicts itself`);
      }
    }
  }
}
