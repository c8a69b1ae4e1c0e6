/**
 * Sets prefixes, heads and pilots of the blocks of a block skip list (B4, B7). A split calls these functions. A search
 * does not, nor does an insert into a block with room.
 */
import { NIL } from '@memtable/arena';
import { type BlockList, BlockLayout, BlockWord, entryBelow } from './block-layout.js';
import { common, headAt, type Keys } from './head.js';

const { NEXT, PREV, COUNT, PREFIX, PILOTS, HEADS, ADDRESSES, SLOTS, GROUP, GROUPS, UNUSED, LOWEST } = BlockLayout;
const Word = BlockWord;

/**
 * Number of bytes that the keys of two entries share. All keys between them share these too. 0 without a last entry.
 */
export function prefixBetween(list: BlockList, first: number, last: number | undefined): number {
  if (last === undefined) return 0;
  const { view } = list.arena.memory;
  const keys = list.keys;
  const length = Math.min(keys.keyLength(view, first), keys.keyLength(view, last));
  return common(view, keys.keyStart(view, first), view, keys.keyStart(view, last), length);
}

/** The longest prefix that B4 allows a block. The first and the last block of a level have the prefix of all keys. */
export function prefixOf(list: BlockList, block: number, level: number): number {
  const words = list.arena.memory.i32;
  const next = words[(block >> 2) + NEXT];
  if (next === NIL || words[(block >> 2) + PREV] === NIL) return words[list.line + Word.Prefix];
  return prefixBetween(list, entryBelow(words, block, level + 1), entryBelow(words, next, level + 1));
}

/** The head of an entry in a block. */
export function headOf(list: BlockList, block: number, entry: number): number {
  const { i32: words, view } = list.arena.memory;
  return headAfter(list.keys, view, entry, words[(block >> 2) + PREFIX]);
}

function headAfter(keys: Keys, view: DataView, entry: number, prefix: number): number {
  return headAt(view, keys.keyStart(view, entry) + prefix, keys.keyLength(view, entry) - prefix);
}

/** Sets the prefix of a block, and all its heads if the prefix has changed. */
export function setPrefix(list: BlockList, block: number, level: number): void {
  const { i32: words, view } = list.arena.memory;
  const keys = list.keys;
  const word = block >> 2;
  const prefix = prefixOf(list, block, level);
  if (words[word + PREFIX] === prefix) return;
  words[word + PREFIX] = prefix;
  if (level === 0) touchKeys(list, word);
  for (let slot = 0; slot < words[word + COUNT]; slot++) {
    const entry = entryBelow(words, words[word + ADDRESSES + 2 * slot], level);
    words[word + HEADS + 2 * slot] = headAfter(keys, view, entry, prefix);
  }
  if (level > 0 && words[word + PREV] === NIL) words[word + HEADS] = LOWEST;
  setPilots(words, word, 0);
}

/** Sets the pilots of the groups from `from` on. */
export function setPilots(words: Int32Array, word: number, from: number): void {
  for (let group = from; group < GROUPS; group++)
    words[word + PILOTS + group] = words[word + HEADS + 2 * GROUP * group];
}

/** Marks the slots from `from` on as unused. */
export function clearSlots(words: Int32Array, word: number, from: number): void {
  for (let slot = from; slot < SLOTS; slot++) {
    words[word + HEADS + 2 * slot] = UNUSED;
    words[word + ADDRESSES + 2 * slot] = NIL;
  }
}

/**
 * Prefetches the keys of a leaf: loads one word of each entry before any key is read, so that the misses overlap [D15].
 */
export function touchKeys(list: BlockList, word: number): void {
  const words = list.arena.memory.i32;
  let touched = 0;
  for (let i = word + ADDRESSES, end = i + 2 * words[word + COUNT]; i < end; i += 2) touched |= words[words[i] >> 2];
  list.touched = touched & 1;
}
