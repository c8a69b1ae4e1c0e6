import { tagOf } from '../allocators/free-list.js';
import { malformed } from '../errors.js';
import * as format from '../format/heap.js';
import type { Memory } from '../memory.js';
import { SUPERBLOCK_BYTES } from '../superblock.js';
import { checkCount } from './checks.js';

const { HEADER_BYTES, BLOCK_BYTES_MIN, END_BYTES, USED, PREV_USED, SIZE_MASK, SIZE_SALT, LINKS, BINS, MIXED, Word } =
  format;

/**
 * Checks H1 to H5 of the heap in a memory. The bytes may be damaged in any way: blocks are met from front to back, and
 * the lists may only have free blocks that were met. O(blocks).
 * @throws ArenaError `ARENA_MALFORMED`
 */
export function verifyHeap(memory: Memory): void {
  const words = memory.i32;
  const end = memory.usedBytes - END_BYTES;
  let usedBlocks = 0;
  let usedBytes = 0;
  const freeBlocks = new Set<number>();
  let before: number = PREV_USED;
  for (let block = SUPERBLOCK_BYTES; block < end;) {
    const header = words[block >> 2];
    const size = header & SIZE_MASK;
    if (size < BLOCK_BYTES_MIN || block + size > end) malformed(`H1: a block of ${size} bytes at ${block} of ${end}`);
    if ((header & PREV_USED) !== before) malformed(`H2: the block at ${block} is wrong about the block before it`);
    if ((header & USED) !== 0) {
      const tag = tagOf(block, Math.imul(size, SIZE_SALT));
      if (words[(block >> 2) + 1] !== tag) malformed(`H3: the block at ${block} has a wrong tag`);
      usedBlocks++;
      usedBytes += size;
      before = PREV_USED;
    } else {
      if (before === 0) malformed(`H2: the free block at ${block} follows a free one`);
      if (words[((block + size) >> 2) - 1] !== size) malformed(`H3: the block at ${block} ends with a wrong size`);
      freeBlocks.add(block);
      before = 0;
    }
    block += size;
  }
  if (words[end >> 2] !== (END_BYTES | USED | before)) malformed(`H1: no end mark at ${end}`);
  checkLists(words, freeBlocks);
  checkCount(words, Word.USED_BLOCKS, usedBlocks, 'H5, used blocks');
  checkCount(words, Word.USED_BYTES, usedBytes, 'H5, bytes of used blocks');
  checkCount(words, Word.FREE_BLOCKS, freeBlocks.size, 'H5, free blocks');
}

/** Checks that the bins list every free block once, and nothing else. */
function checkLists(words: Int32Array, freeBlocks: ReadonlySet<number>): void {
  let listed = 0;
  for (let bin = 0; bin < BINS; bin++) {
    let prev = 0;
    const first = words[Word.LISTS + bin];
    if ((first !== 0) !== ((words[Word.BIN_BITS] & (1 << bin)) !== 0)) malformed(`H4: the bit of bin ${bin} is wrong`);
    for (let block = first; block !== 0; block = words[(block >> 2) + LINKS]) {
      if (!freeBlocks.has(block)) malformed(`H4: bin ${bin} lists ${block}, where no free block begins`);
      if (++listed > freeBlocks.size) malformed(`H4: more blocks are listed than the ${freeBlocks.size} free ones`);
      const size = words[block >> 2] & SIZE_MASK;
      const own = words[Word.FIT] === MIXED ? 31 - Math.clz32(size) : 0;
      if (own !== bin || words[(block >> 2) + LINKS + 1] !== prev) {
        malformed(`H4: the block at ${block} does not belong into bin ${bin} behind ${prev}`);
      }
      prev = block;
    }
  }
  if (listed !== freeBlocks.size) malformed(`H4: ${listed} blocks are listed, ${freeBlocks.size} are free`);
  const rover = words[Word.ROVER];
  if (rover !== 0 && !freeBlocks.has(rover)) malformed(`H4: the rover at ${rover} is no free block`);
}

/** Bytes of the payload at an address, 0 unless a used block has it. The address may be any number. */
export function heapBytesAt(memory: Memory, address: number): number {
  const words = memory.i32;
  const block = address - HEADER_BYTES;
  const isPlace = block % 8 === 0 && block >= SUPERBLOCK_BYTES && block < memory.usedBytes - END_BYTES;
  const header = isPlace ? words[block >> 2] : 0;
  const isUsed =
    (header & USED) !== 0 && words[(block >> 2) + 1] === tagOf(block, Math.imul(header & SIZE_MASK, SIZE_SALT));
  return isUsed ? (header & SIZE_MASK) - HEADER_BYTES : 0;
}
