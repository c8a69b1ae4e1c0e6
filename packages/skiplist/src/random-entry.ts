import { type Addr, NIL } from '@memtable/arena';
import { BlockLayout, BlockWord } from './block-layout.js';
import type { BlockSkipList } from './block-skiplist.js';

const { COUNT, ADDRESSES } = BlockLayout;

/**
 * A random entry of a list, or NIL of an empty one. O(log n). It takes a random slot on each level, so an entry in
 * blocks that are half as full as others comes up to twice as often for each level.
 * @param random - a number from 0 to below 1, as `Math.random`
 */
export function randomEntry(list: BlockSkipList, random: () => number): Addr {
  const words = list.arena.memory.i32;
  let address = words[list.line + BlockWord.Root];
  for (let level = list.height; level > 0 && address !== NIL; level--) {
    const count = words[(address >> 2) + COUNT];
    address = count === 0 ? NIL : words[(address >> 2) + ADDRESSES + 2 * Math.floor(random() * count)];
  }
  return address as Addr;
}
