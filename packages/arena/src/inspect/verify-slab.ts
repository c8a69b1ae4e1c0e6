import { isFree, tagOf } from '../allocators/free-list.js';
import { PARTIAL, RECORD_WORDS, RECORDS } from '../allocators/size-classes.js';
import { malformed } from '../errors.js';
import { capacityOf, HEADER_BYTES, Slab, TAG_SALT, Word } from '../format/slab.js';
import type { Memory } from '../memory.js';
import { checkCount } from './checks.js';

/**
 * Checks SL1 to SL4 of the slabs in a memory. The bytes may be damaged in any way: slabs are met from front to back,
 * and lists may only have what belongs into them. O(slabs and free chunks).
 * @throws ArenaError `ARENA_MALFORMED`
 */
export function verifySlabs(memory: Memory): void {
  const words = memory.i32;
  const top = memory.usedBytes;
  const slabBytes = words[Word.SlabBytes];
  const count = words[Word.ClassCount];
  const partial = Array.from({ length: count }, () => new Set<number>());
  const free = new Set<number>();
  let runSlabs = 0;
  let runs = 0;
  for (let slab = words[Word.First]; slab < top;) {
    const at = slab >> 2;
    const state = words[at + Slab.STATE];
    const length = state < 0 ? -state : 1;
    if (words[at + Slab.TAG] !== tagOf(slab, TAG_SALT)) malformed(`SL1: the slab at ${slab} has a wrong tag`);
    if (state > count || slab + length * slabBytes > top) malformed(`SL1: the slab at ${slab} has the state ${state}`);
    if (state === 0) free.add(slab);
    else if (state < 0) {
      runSlabs += length;
      runs++;
    } else {
      verifySlab(words, slab, words[RECORDS + (state - 1) * RECORD_WORDS]);
      if (words[at + Slab.ROOM] > 0) partial[state - 1].add(slab);
    }
    slab += length * slabBytes;
  }
  checkCount(words, Word.FreeSlabs, free.size, 'SL4, free slabs');
  checkCount(words, Word.RunSlabs, runSlabs, 'SL4, slabs in runs');
  const [allocations, frees] = [words[Word.RunAllocations], words[Word.RunFrees]];
  if (((allocations - frees) | 0) !== runs) malformed(`SL4: ${runs} runs, ${allocations} allocated and ${frees} freed`);
  verifyList(words, words[Word.FreeList], free, 'SL4: the list of free slabs');
  partial.forEach((slabs, index) => {
    const first = words[RECORDS + index * RECORD_WORDS + PARTIAL];
    verifyList(words, first, slabs, `SL3: the partial list of class ${index}`);
  });
}

function verifySlab(words: Int32Array, slab: number, bytes: number): void {
  const at = slab >> 2;
  const capacity = words[at + Slab.CAPACITY];
  const used = capacity - words[at + Slab.ROOM];
  const fresh = (words[at + Slab.FRESH] - slab - HEADER_BYTES) / bytes;
  if (capacity !== capacityOf(words[Word.SlabBytes], bytes) || used < 1 || used > capacity) {
    malformed(`SL2: ${used} of ${capacity} chunks of the slab at ${slab} are used`);
  }
  const salt = words[at + Slab.SALT];
  let listed = 0;
  for (let chunk = words[at + Slab.FREE]; chunk !== 0; chunk = words[chunk >> 2]) {
    const number = (chunk - slab - HEADER_BYTES) / bytes;
    const isBelowFresh = Number.isInteger(number) && number >= 0 && number < fresh;
    if (!isBelowFresh || words[(chunk >> 2) + 1] !== tagOf(chunk, TAG_SALT ^ salt)) {
      malformed(`SL2: the slab at ${slab} lists ${chunk} as free`);
    }
    if (++listed > capacity) malformed(`SL2: the free list of the slab at ${slab} has no end`);
  }
  if (used + listed !== fresh) malformed(`SL2: ${used} used and ${listed} free of ${fresh} chunks at ${slab}`);
}

function verifyList(words: Int32Array, first: number, expected: Set<number>, name: string): void {
  let prev = 0;
  let count = 0;
  for (let slab = first; slab !== 0; slab = words[(slab >> 2) + Slab.NEXT]) {
    if (!expected.has(slab) || words[(slab >> 2) + Slab.PREV] !== prev) malformed(`${name} has the slab at ${slab}`);
    if (++count > expected.size) break;
    prev = slab;
  }
  if (count !== expected.size) malformed(`${name} has ${count} slabs or more, not ${expected.size}`);
}

/** Bytes of the chunk or run at an address, 0 unless one is used there. The address may be any number. */
export function slabBytesAt(memory: Memory, address: number): number {
  const words = memory.i32;
  const slabBytes = words[Word.SlabBytes];
  const first = words[Word.First];
  if (!Number.isInteger(address) || address < first || address >= memory.usedBytes) return 0;
  const slab = address - ((address - first) % slabBytes);
  const at = slab >> 2;
  const state = words[at + Slab.STATE];
  if (words[at + Slab.TAG] !== tagOf(slab, TAG_SALT)) return 0;
  const offset = address - slab - HEADER_BYTES;
  if (state < 0) return offset === 0 ? -state * slabBytes - HEADER_BYTES : 0;
  if (state === 0) return 0;
  const bytes = words[RECORDS + (state - 1) * RECORD_WORDS];
  if (offset < 0 || offset % bytes !== 0 || address >= words[at + Slab.FRESH]) return 0;
  return isFree(words, at + Slab.FREE, address, tagOf(address, TAG_SALT ^ words[at + Slab.SALT])) ? 0 : bytes;
}
