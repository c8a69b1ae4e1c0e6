/**
 * Removes an entry from a block skip list: takes its slot out of its leaf. When a block gets empty, its level bypasses
 * it, and its slot one level up is taken out in the same way. Here block B has lost its last entry:
 *
 * ```
 *   before   level 1   | .  A  B  C  . |         after   level 1   | .  A  C  . |
 *                           |  |  |                                     |  |
 *            level 0        A<>B<>C                      level 0        A<>C
 * ```
 *
 * The list does not use B again. O(64) for each level that changes.
 */
import { NIL } from '@memtable/arena';
import { headOf, setPilots, setPrefix } from './block-heads.js';
import { type BlockList, BlockLayout, BlockWord, entryBelow } from './block-layout.js';

const { NEXT, PREV, COUNT, PREFIX, HEADS, ADDRESSES, UNUSED, LOWEST } = BlockLayout;
const Word = BlockWord;

// `blocks` and `slots` are the path to a leaf. A leaf and its slot are arguments of their own, so that the usual
// removal, which changes the leaf only, does not read the path.

/** Removes the entry in a slot of a leaf. The bytes of the entry stay. */
export function removeEntry(list: BlockList, leaf: number, slot: number, blocks: Int32Array, slots: Int32Array): void {
  const { line } = list;
  const words = list.arena.memory.i32;
  const entry = words[(leaf >> 2) + ADDRESSES + 2 * slot];
  words[line + Word.Count]--;
  takeOut(list, 0, leaf, slot, blocks, slots);
  // Drop each highest level whose block lists a single block.
  while (words[line + Word.Height] > 1 && words[(words[line + Word.Root] >> 2) + COUNT] === 1) {
    words[line + Word.Root] = words[(words[line + Word.Root] >> 2) + ADDRESSES];
    words[line + Word.Height]--;
  }
  if (words[line + Word.Entry] === entry) {
    words[line + Word.Entry] = entryBelow(words, words[line + Word.Root], words[line + Word.Height]);
  }
}

/** Takes a slot out of a block on a level. */
function takeOut(
  list: BlockList,
  level: number,
  block: number,
  slot: number,
  blocks: Int32Array,
  slots: Int32Array,
): void {
  const { i32: words, f64: pairs } = list.arena.memory;
  const word = block >> 2;
  const count = words[word + COUNT] - 1;
  const first = (word + HEADS) >> 1;
  for (let i = first + slot; i < first + count; i++) pairs[i] = pairs[i + 1];
  words[word + HEADS + 2 * count] = UNUSED;
  words[word + ADDRESSES + 2 * count] = NIL;
  words[word + COUNT] = count;
  setPilots(words, word, slot >> 3);
  if (count === 0) takeOutBlock(list, level, block, blocks, slots);
  else if (slot === 0) replaceFirst(list, level, block, blocks, slots);
}

/** A block has lost its first entry: sets its head one level up, and the prefix of the block before it. */
function replaceFirst(list: BlockList, level: number, block: number, blocks: Int32Array, slots: Int32Array): void {
  const words = list.arena.memory.i32;
  const before = words[(block >> 2) + PREV];
  if (before === NIL) {
    openFirst(words, block, level);
    return;
  }
  setPrefix(list, before, level);
  if (level + 1 === words[list.line + Word.Height]) return;
  const above = blocks[level + 1];
  const slot = slots[level + 1];
  words[(above >> 2) + HEADS + 2 * slot] = headOf(list, above, entryBelow(words, block, level + 1));
  setPilots(words, above >> 2, slot >> 3);
  if (slot === 0) replaceFirst(list, level + 1, above, blocks, slots);
}

/** Unlinks an empty block from its level, unless it is the only one. */
function takeOutBlock(list: BlockList, level: number, block: number, blocks: Int32Array, slots: Int32Array): void {
  const { line } = list;
  const words = list.arena.memory.i32;
  const before = words[(block >> 2) + PREV];
  const after = words[(block >> 2) + NEXT];
  if (before === NIL && after === NIL) {
    // Only the last leaf can be alone and empty: the list is as it was made.
    words[line + Word.Root] = block;
    words[line + Word.Height] = 1;
    words[line + Word.Prefix] = 0;
    words[(block >> 2) + PREFIX] = 0;
    return;
  }
  if (before !== NIL) words[(before >> 2) + NEXT] = after;
  if (after !== NIL) words[(after >> 2) + PREV] = before;
  takeOut(list, level + 1, blocks[level + 1], slots[level + 1], blocks, slots);
  if (before !== NIL) setPrefix(list, before, level);
  else {
    setPrefix(list, after, level);
    openFirst(words, after, level);
  }
}

/** Makes the first slot of a level's first block stand for everything smaller than the second. */
function openFirst(words: Int32Array, block: number, level: number): void {
  if (level === 0) return;
  words[(block >> 2) + HEADS] = LOWEST;
  setPilots(words, block >> 2, 0);
}
