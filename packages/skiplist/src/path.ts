/**
 * The path to a leaf of a block skip list: `blocks` has the block on each level above 0, `slots` the slot in it. A
 * search finds it on its way. These functions are for the cases without one.
 */
import { NIL } from '@memtable/arena';
import { addressesOf, type BlockList, BlockLayout, BlockWord, lastBlock } from './block-layout.js';

const { NEXT, PREV, COUNT } = BlockLayout;

/** Moves a path to the leaf after the one that it leads to. There must be one. */
export function moveToNextLeaf(list: BlockList, blocks: Int32Array, slots: Int32Array): void {
  const words = list.arena.memory.i32;
  const height = words[list.line + BlockWord.Height];
  for (let level = 1; level < height; level++) {
    if (++slots[level] < words[(blocks[level] >> 2) + COUNT]) break;
    blocks[level] = words[(blocks[level] >> 2) + NEXT];
    slots[level] = 0;
  }
}

/** Finds the path to a leaf without the order, which may throw or answer differently this time. O(blocks) at worst. */
export function findPathTo(list: BlockList, leaf: number, blocks: Int32Array, slots: Int32Array): void {
  const words = list.arena.memory.i32;
  let child = leaf;
  for (let level = 1; level < list.height; level++) {
    // From the right, where ascending entries usually go.
    for (let block = lastBlock(list, level); block !== NIL; block = words[(block >> 2) + PREV]) {
      const slot = addressesOf(words, block).indexOf(child);
      if (slot === -1) continue;
      blocks[level] = block;
      slots[level] = slot;
      child = block;
      break;
    }
  }
}
