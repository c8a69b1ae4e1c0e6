import { tagOf } from '../allocators/free-list.js';
import { malformed } from '../errors.js';
import * as format from '../format/heap.js';
import type { Memory } from '../memory.js';
import { SUPERBLOCK_BYTES } from '../superblock.js';
import { checkCount } from './checks.js';

const { BLOCK_BYTES_MIN, END_BYTES, USED, PREV_USED, SIZE_MASK, SIZE_SALT, LINKS, BINS, MIXED, Word } = format;

/** Checks H1 to H5 of the heap in a memory. O(blocks). @throws ArenaError `ARENA_MALFORMED` */
export function verifyHeap(memory: Memory): void {
  const words = memory.i32;
  const end = memory.usedBytes - END_BYTES;
  let usedBlocks = 0;
  let usedBytes = 0;
  let freeBlocks = 0;
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
      freeBlocks++;
      before = 0;
    }
    block += size;
  }
  if (words[end >> 2] !== (END_BYTES | USED | before)) malformed(`H1: no end mark at ${end}`);
  const listed = countListed(words, end, freeBlocks);
  if (listed !== freeBlocks) malformed(`H4: ${listed} blocks are listed, ${freeBlocks} are free`);
  checkCount(words, Word.USED_BLOCKS, usedBlocks, 'H5, used blocks');
  checkCount(words, Word.USED_BYTES, usedBytes, 'H5, bytes of used blocks');
  checkCount(words, Word.FREE_BLOCKS, freeBlocks, 'H5, free blocks');
}

/** Number of blocks in all lists. */
function countListed(words: Int32Array, end: number, freeBlocks: number): number {
  let listed = 0;
  for (let bin = 0; bin < BINS; bin++) {
    let prev = 0;
    const first = words[Word.LISTS + bin];
    if ((first !== 0) !== ((words[Word.BIN_BITS] & (1 << bin)) !== 0)) malformed(`H4: the bit of bin ${bin} is wrong`);
    for (let block = first; block !== 0; block = words[(block >> 2) + LINKS]) {
      if (++listed > freeBlocks) malformed(`H4: more blocks are listed than the ${freeBlocks} free ones`);
      if (block % 8 !== 0 || block < SUPERBLOCK_BYTES || block >= end) malformed(`H4: bin ${bin} lists ${block}`);
      const header = words[block >> 2];
      const own = words[Word.FIT] === MIXED ? 31 - Math.clz32(header & SIZE_MASK) : 0;
      if ((header & USED) !== 0 || own !== bin || words[(block >> 2) + LINKS + 1] !== prev) {
        malformed(`H4: the block at ${block} does not belong into bin ${bin} behind ${prev}`);
      }
      prev = block;
    }
  }
  const rover = words[Word.ROVER];
  if (rover !== 0 && (rover % 8 !== 0 || rover >= end || (words[rover >> 2] & USED) !== 0)) {
    malformed(`H4: the rover at ${rover} is no free block`);
  }
  return listed;
}
