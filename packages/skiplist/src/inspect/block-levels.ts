/**
 * Reads which blocks each level of a block skip list has. Checks every address before reading there, so the bytes may
 * be damaged. `verify()` and `inspectIndex` both begin here. block-skiplist.ts lists the invariants.
 */
import { NIL } from '@memtable/arena';
import { type BlockList, BlockLayout, BlockWord } from '../block-layout.js';
import { malformed } from '../errors.js';
import type { Claims } from './claims.js';

const { NEXT, PREV, COUNT, PREFIX, PILOTS, HEADS, ADDRESSES } = BlockLayout;
const { SLOTS, GROUP, GROUPS, UNUSED, BLOCK_BYTES, BLOCK_ALIGNMENT, RUN_BLOCKS_MAX, HEIGHT_MAX } = BlockLayout;

/**
 * Checks the words of the superblock, as far as they alone tell. O(1).
 * @throws SkipListError `SKIPLIST_MALFORMED`
 */
export function checkBlockWords({ arena, line }: BlockList): void {
  const { i32: words, usedBytes } = arena.memory;
  const root = words[line + BlockWord.Root];
  const height = words[line + BlockWord.Height];
  const count = words[line + BlockWord.Count];
  const pending = words[line + BlockWord.Pending];
  const prefix = words[line + BlockWord.Prefix];
  const spareCount = words[line + BlockWord.SpareCount];
  if (!(height >= 1 && height <= HEIGHT_MAX)) malformed(`B3: a height of ${height}`);
  if (root % BLOCK_ALIGNMENT !== 0 || root <= NIL || root + BLOCK_BYTES > usedBytes)
    malformed(`B2: the root at ${root}`);
  if (count < 0 || count > usedBytes) malformed(`B1: ${count} entries counted in ${usedBytes} bytes`);
  if (prefix < 0 || prefix > usedBytes) malformed(`B4: a prefix of ${prefix} bytes`);
  if (spareCount < 0 || spareCount > RUN_BLOCKS_MAX) malformed(`B6: ${spareCount} spare blocks`);
  if (pending < 0 || pending > usedBytes) malformed(`B6: ${pending} entries wait to be inserted`);
}

/**
 * Reads the levels from the root down, and checks B2, B3 and B7, `Count`, and the spare blocks. Reads no entry and
 * calls no order. Every block claims its bytes, so none is met twice and a ring ends at once. O(blocks).
 * @returns the blocks of each level from left to right, level 0 first
 * @throws SkipListError `SKIPLIST_MALFORMED`
 */
export function readLevels(list: BlockList, claims: Claims): Int32Array[] {
  checkBlockWords(list);
  const { arena, line } = list;
  const words = arena.memory.i32;
  const height = words[line + BlockWord.Height];
  const levels: Int32Array[] = [];
  let blocks = Int32Array.of(words[line + BlockWord.Root]);
  for (let level = height - 1; level >= 0; level--) {
    let slotCount = 0;
    let previous: number = NIL;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i];
      const next = i + 1 < blocks.length ? blocks[i + 1] : NIL;
      if (block % BLOCK_ALIGNMENT !== 0 || !claims.claim(block, block + BLOCK_BYTES)) {
        malformed(`B2: a block at ${block} on level ${level}, where none can be, or another one is`);
      }
      checkBlock(words, block, height === 1 ? 0 : 1);
      const word = block >> 2;
      if (words[word + PREV] !== previous || words[word + NEXT] !== next) {
        malformed(
          `B2, B3: the block at ${block} on level ${level} has the neighbours ${words[word + PREV]} and ` +
            `${words[word + NEXT]}, the level above says ${previous} and ${next}`,
        );
      }
      slotCount += words[word + COUNT];
      previous = block;
    }
    levels.unshift(blocks);
    if (level > 0) blocks = slotsOf(words, blocks, slotCount);
    else if (slotCount !== words[line + BlockWord.Count]) {
      malformed(`B1: ${slotCount} entries on level 0, ${words[line + BlockWord.Count]} counted`);
    }
  }
  const spare = words[line + BlockWord.Spare];
  const spareBytes = words[line + BlockWord.SpareCount] * BLOCK_BYTES;
  if (spareBytes > 0 && (spare % BLOCK_ALIGNMENT !== 0 || !claims.claim(spare, spare + spareBytes))) {
    malformed(`B6: ${spareBytes} bytes of spare blocks at ${spare}`);
  }
  return levels;
}

/** The addresses in all slots of some blocks, in order. */
export function slotsOf(words: Int32Array, blocks: Int32Array, slotCount: number): Int32Array<ArrayBuffer> {
  const addresses = new Int32Array(slotCount);
  let i = 0;
  for (const block of blocks) {
    const first = (block >> 2) + ADDRESSES;
    for (let slot = 0, count = words[(block >> 2) + COUNT]; slot < count; slot++)
      addresses[i++] = words[first + 2 * slot];
  }
  return addresses;
}

/** Checks the words of a block that lies in the memory: its count, its prefix, its unused slots and its pilots. */
function checkBlock(words: Int32Array, block: number, countMin: number): void {
  const word = block >> 2;
  const count = words[word + COUNT];
  if (count < countMin || count > SLOTS) malformed(`B2: ${count} of ${SLOTS} slots in the block at ${block}`);
  if (words[word + PREFIX] < 0) malformed(`B4: a prefix of ${words[word + PREFIX]} bytes in the block at ${block}`);
  for (let slot = count; slot < SLOTS; slot++) {
    if (words[word + HEADS + 2 * slot] !== UNUSED || words[word + ADDRESSES + 2 * slot] !== NIL) {
      malformed(`B7: the unused ${place(slot, block)} is not empty`);
    }
  }
  for (let group = 0; group < GROUPS; group++) {
    if (words[word + PILOTS + group] !== words[word + HEADS + 2 * GROUP * group]) {
      malformed(`B7: the pilot of ${place(GROUP * group, block)}`);
    }
  }
}

/** A slot, for messages. */
export function place(slot: number, block: number): string {
  return `slot ${slot} of the block at ${block}`;
}
