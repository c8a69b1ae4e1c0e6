import { tagOf } from '../allocators/free-list.js';
import { malformed } from '../errors.js';
import { Block, HEADER_BYTES, TAG_SALT, Word } from '../format/fixed-arena.js';
import type { Memory } from '../memory.js';
import { SUPERBLOCK_BYTES } from '../superblock.js';
import { checkApart, checkCount } from './checks.js';

/** Checks FX1 to FX3 of a fixed arena. O(blocks and free slots times blocks). @throws ArenaError `ARENA_MALFORMED` */
export function verifyFixedArena(memory: Memory): void {
  const words = memory.i32;
  const top = memory.usedBytes;
  const current = words[Word.Current];
  const ends = new Map<number, number>();
  /** Where slots were given out: the used part of each block up to the current one. */
  const given: { start: number; end: number }[] = [];
  for (let header = words[Word.First]; header !== 0; header = words[(header >> 2) + Block.Next]) {
    if (header % HEADER_BYTES !== 0 || header < SUPERBLOCK_BYTES || ends.has(header)) {
      malformed(`FX1: no block can begin at ${header}`);
    }
    const bytes = words[(header >> 2) + Block.Bytes];
    const start = header + HEADER_BYTES;
    if (bytes < 64 || start + bytes > top) malformed(`FX1: a block of ${bytes} bytes at ${header} of ${top}`);
    if (!ends.has(current)) {
      const end = header === current ? words[Word.Offset] : start + words[(header >> 2) + Block.Used];
      given.push({ start, end });
    }
    ends.set(header, start + bytes);
  }
  checkApart(ends, 'FX1');
  const limit = ends.get(current);
  const offset = words[Word.Offset];
  if (limit === undefined) malformed(`FX2: the current block at ${current} is not in the chain`);
  if (offset < current + HEADER_BYTES || offset > limit || words[Word.Limit] !== limit) {
    malformed(`FX2: the offset ${offset} and the limit ${words[Word.Limit]} are not those of the block at ${current}`);
  }
  const slotBytes = words[Word.SlotBytes];
  const free = new Set<number>();
  for (let slot = words[Word.FreeList]; slot !== 0; slot = words[slot >> 2]) {
    const block = given.find(({ start, end }) => slot >= start && slot < end);
    const isSlot = block !== undefined && (slot - block.start) % slotBytes === 0;
    if (!isSlot || free.has(slot) || words[(slot >> 2) + 1] !== tagOf(slot, TAG_SALT)) {
      malformed(`FX3: ${slot} is listed as a free slot`);
    }
    free.add(slot);
  }
  checkCount(words, Word.FreeSlots, free.size, 'FX3, free slots');
}
