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

/** The path from the root to a slot of a leaf: block and slot on each level, level 0 first. */
export interface Path {
  readonly blocks: Int32Array;
  readonly slots: Int32Array;
}

/**
 * A search for the first entry of a leaf ends behind the last slot of the leaf before it. Moves such a path to the
 * first slot of the next leaf.
 * @returns false when there is no next leaf
 */
export function moveToNextLeaf(list: BlockList, { blocks, slots }: Path): boolean {
  const words = list.arena.memory.i32;
  const height = words[list.line + BlockWord.Height];
  if (words[(blocks[0] >> 2) + NEXT] === NIL) return false;
  for (let level = 0; level < height; level++) {
    if (level > 0 && ++slots[level] < words[(blocks[level] >> 2) + COUNT]) break;
    blocks[level] = words[(blocks[level] >> 2) + NEXT];
    slots[level] = 0;
  }
  return true;
}

/** Removes the entry at the end of a path. The bytes of the entry stay. */
export function removeEntry(list: BlockList, path: Path): void {
  const { line } = list;
  const words = list.arena.memory.i32;
  const entry = words[(path.blocks[0] >> 2) + ADDRESSES + 2 * path.slots[0]];
  words[line + BlockWord.Count]--;
  takeOut(list, path, 0);
  // Drop each highest level whose block lists a single block.
  while (words[line + BlockWord.Height] > 1 && words[(words[line + BlockWord.Root] >> 2) + COUNT] === 1) {
    words[line + BlockWord.Root] = words[(words[line + BlockWord.Root] >> 2) + ADDRESSES];
    words[line + BlockWord.Height]--;
  }
  if (words[line + BlockWord.Entry] === entry) {
    words[line + BlockWord.Entry] = entryBelow(words, words[line + BlockWord.Root], words[line + BlockWord.Height]);
  }
}

/** Takes a slot of the path out of its block. */
function takeOut(list: BlockList, path: Path, level: number): void {
  const { i32: words, f64: pairs } = list.arena.memory;
  const block = path.blocks[level];
  const slot = path.slots[level];
  const word = block >> 2;
  const count = words[word + COUNT] - 1;
  const first = (word + HEADS) >> 1;
  for (let i = first + slot; i < first + count; i++) pairs[i] = pairs[i + 1];
  words[word + HEADS + 2 * count] = UNUSED;
  words[word + ADDRESSES + 2 * count] = NIL;
  words[word + COUNT] = count;
  setPilots(words, word, slot >> 3);
  if (count === 0) takeOutBlock(list, path, level);
  else if (slot === 0) replaceFirst(list, path, level);
}

/** A block has lost its first entry: sets its head one level up, and the prefix of the block before it. */
function replaceFirst(list: BlockList, path: Path, level: number): void {
  const words = list.arena.memory.i32;
  const block = path.blocks[level];
  const before = words[(block >> 2) + PREV];
  if (before === NIL) {
    openFirst(words, block, level);
    return;
  }
  setPrefix(list, before, level);
  if (level + 1 === words[list.line + BlockWord.Height]) return;
  const above = path.blocks[level + 1];
  const slot = path.slots[level + 1];
  words[(above >> 2) + HEADS + 2 * slot] = headOf(list, above, entryBelow(words, block, level + 1));
  setPilots(words, above >> 2, slot >> 3);
  if (slot === 0) replaceFirst(list, path, level + 1);
}

/** Unlinks an empty block from its level, unless it is the only one. */
function takeOutBlock(list: BlockList, path: Path, level: number): void {
  const { line } = list;
  const words = list.arena.memory.i32;
  const block = path.blocks[level];
  const before = words[(block >> 2) + PREV];
  const after = words[(block >> 2) + NEXT];
  if (before === NIL && after === NIL) {
    // Only the last leaf can be alone and empty: the list is as it was made.
    words[line + BlockWord.Root] = block;
    words[line + BlockWord.Height] = 1;
    words[line + BlockWord.Prefix] = 0;
    words[(block >> 2) + PREFIX] = 0;
    return;
  }
  if (before !== NIL) words[(before >> 2) + NEXT] = after;
  if (after !== NIL) words[(after >> 2) + PREV] = before;
  takeOut(list, path, level + 1);
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
