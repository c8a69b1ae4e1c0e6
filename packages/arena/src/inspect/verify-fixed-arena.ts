import { tagOf } from '../allocators/free-list.js';
import { malformed } from '../errors.js';
import { Block, HEADER_BYTES, isBlockBytes, TAG_SALT, Word } from '../format/fixed-arena.js';
import type { Memory } from '../memory.js';
import { SUPERBLOCK_BYTES } from '../superblock.js';
import { checkApart, checkCount } from './checks.js';

/** The used part of a block, where slots were given out. */
interface Given {
  readonly start: number;
  readonly end: number;
}

/**
 * Checks FX1 to FX4 of a fixed arena. The bytes may be damaged in any way: each block is checked before its header is
 * read, and none is met twice. O(blocks log blocks), and O(log blocks) for each free slot.
 * @throws ArenaError `ARENA_MALFORMED`
 */
export function verifyFixedArena(memory: Memory): void {
  const words = memory.i32;
  const slotBytes = words[Word.SlotBytes];
  checkWords(words, slotBytes);
  const given = readChain(memory, slotBytes);
  const usedBytes = given.reduce((sum, { start, end }) => sum + end - start, 0);
  const slopBytes = words[Word.SlopBytes];
  if (slopBytes < 0 || slopBytes > usedBytes) malformed(`FX2: ${slopBytes} of ${usedBytes} bytes skipped to align`);
  const free = new Set<number>();
  for (let slot = words[Word.FreeList]; slot !== 0; slot = words[slot >> 2]) {
    const block = blockOf(given, slot);
    const isSlot = block !== undefined && slotBytes !== 0 && (slot - block.start) % slotBytes === 0;
    if (!isSlot || free.has(slot) || words[(slot >> 2) + 1] !== tagOf(slot, TAG_SALT)) {
      malformed(`FX3: ${slot} is listed as a free slot`);
    }
    free.add(slot);
  }
  checkCount(words, Word.FreeSlots, free.size, 'FX3, free slots');
}

/** Checks the words that never change (FX4). */
function checkWords(words: Int32Array, slotBytes: number): void {
  const bytes = words[Word.Bytes];
  const grow = words[Word.Grow];
  const isSound =
    isBlockBytes(bytes) && (grow === 0 || grow === 1) && slotBytes % 8 === 0 && slotBytes >= 0 && slotBytes <= bytes;
  if (!isSound) malformed(`FX4: blocks of ${bytes} bytes, slots of ${slotBytes}, growing ${grow}`);
}

/** Checks the chain of blocks (FX1, FX2). @returns the used part of each block, by address */
function readChain(memory: Memory, slotBytes: number): Given[] {
  const { i32: words, usedBytes } = memory;
  const current = words[Word.Current];
  const offset = words[Word.Offset];
  const ends = new Map<number, number>();
  const given: Given[] = [];
  for (let header = words[Word.First]; header !== 0; header = words[(header >> 2) + Block.Next]) {
    const start = header + HEADER_BYTES;
    if (header % HEADER_BYTES !== 0 || header < SUPERBLOCK_BYTES || start > usedBytes || ends.has(header)) {
      malformed(`FX1: no block can begin at ${header}`);
    }
    const bytes = words[(header >> 2) + Block.Bytes];
    if (bytes < 64 || start + bytes > usedBytes) {
      malformed(`FX1: a block of ${bytes} bytes at ${header} of ${usedBytes}`);
    }
    if (ends.size === 0 && bytes !== words[Word.Bytes]) {
      malformed(`FX4: the first block has ${bytes} bytes, not ${words[Word.Bytes]}`);
    }
    // Blocks behind the current one have been used before a reset.
    if (!ends.has(current)) {
      const used = header === current ? offset - start : words[(header >> 2) + Block.Used];
      if (used < 0 || used > bytes || (slotBytes !== 0 && used % slotBytes !== 0)) {
        malformed(`FX2: ${used} of ${bytes} bytes used in the block at ${header}`);
      }
      given.push({ start, end: start + used });
    }
    ends.set(header, start + bytes);
  }
  checkApart(ends, 'FX1');
  const limit = ends.get(current);
  if (limit === undefined) malformed(`FX2: the current block at ${current} is not in the chain`);
  if (words[Word.Limit] !== limit) {
    malformed(`FX2: the limit ${words[Word.Limit]} is not that of the block at ${current}`);
  }
  return given.sort((a, b) => a.start - b.start);
}

/** The block whose used part has the byte at an address. A binary search. */
function blockOf(given: readonly Given[], address: number): Given | undefined {
  let low = 0;
  let high = given.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (given[middle].start <= address) low = middle + 1;
    else high = middle;
  }
  const found = given[low - 1];
  return found !== undefined && address < found.end ? found : undefined;
}
