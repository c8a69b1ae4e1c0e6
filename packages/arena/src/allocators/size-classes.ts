/**
 * The size classes of a slab allocator. Each class has a record of four words. The records lie right behind the
 * superblock in ascending order of size, and the first slab begins at the next cache line.
 */
import { invalidOption } from '../errors.js';
import { HEADER_BYTES } from '../format/slab.js';
import { printed } from '../show.js';
import { SUPERBLOCK_BYTES } from '../superblock.js';

export const RECORDS = SUPERBLOCK_BYTES / 4; // First word of the first record.
export const RECORD_WORDS = 4; // The first word is the size of a chunk.
export const PARTIAL = 1; // Word of a record: head of the list of slabs with room.
export const FREES = 2; // Word of a record: number of chunks given back since the beginning.

const COUNT_MAX = 250;

/** Address of the first slab, behind the records of `count` classes. */
export function firstSlabOf(count: number): number {
  return SUPERBLOCK_BYTES + Math.ceil((count * RECORD_WORDS * 4) / 64) * 64;
}

/** The sizes that `count` records name. */
export function readSizes(words: Int32Array, count: number): number[] {
  return Array.from({ length: count }, (_, index) => words[RECORDS + index * RECORD_WORDS]);
}

/** Begins the records of all classes. */
export function writeSizes(words: Int32Array, sizes: readonly number[]): void {
  words.fill(0, RECORDS, firstSlabOf(sizes.length) >> 2);
  sizes.forEach((bytes, index) => (words[RECORDS + index * RECORD_WORDS] = bytes));
}

/** The class of every request: first word of its record, by the request's size in units of 8 bytes, rounded up. */
export function recordTable(sizes: readonly number[]): Uint16Array {
  const table = new Uint16Array((sizes[sizes.length - 1] >> 3) + 1);
  for (let i = 0, index = 0; i < table.length; i++) {
    while (sizes[index] < i * 8) index++;
    table[i] = RECORDS + index * RECORD_WORDS;
  }
  return table;
}

/** Multiples of 8 up to 128, then four sizes to a doubling up to an eighth of a slab, then even parts of a slab. */
export function defaultSizes(slabBytes: number): number[] {
  const sizes: number[] = [];
  for (let bytes = 8; bytes <= 128; bytes += 8) sizes.push(bytes);
  for (let step = 32; step * 4 < slabBytes / 8; step *= 2) for (let i = 5; i <= 8; i++) sizes.push(step * i);
  for (let parts = 7; parts >= 1; parts--) sizes.push(Math.floor(bytesMaxOf(slabBytes) / parts / 8) * 8);
  return sizes;
}

/** A user's sizes, sorted, each once. @throws ArenaError `ARENA_INVALID_OPTION` */
export function checkSizes(sizes: readonly number[], slabBytes: number): number[] {
  if (!isClassCount(sizes.length)) throw invalidOption(`there must be from 1 to ${COUNT_MAX} sizes: ${sizes.length}`);
  for (const bytes of sizes) {
    if (!isSize(bytes, slabBytes)) {
      throw invalidOption(`each size must be a multiple of 8 from 8 to ${bytesMaxOf(slabBytes)}: ${printed(bytes)}`);
    }
  }
  return [...new Set(sizes)].sort((a, b) => a - b);
}

export function isClassCount(count: number): boolean {
  return count >= 1 && count <= COUNT_MAX;
}

export function isSize(bytes: number, slabBytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 8 && bytes <= bytesMaxOf(slabBytes) && bytes % 8 === 0;
}

/** The largest chunk: a slab has one of it. */
function bytesMaxOf(slabBytes: number): number {
  return slabBytes - HEADER_BYTES;
}
