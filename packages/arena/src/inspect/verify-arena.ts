import { malformed } from '../errors.js';
import type { Memory } from '../memory.js';
import type { BlockSource } from '../source.js';
import { ArenaWord, HEADER_BYTES, linesBytes, SUPERBLOCK_BYTES } from '../superblock.js';
import { checkApart, checkCount } from './checks.js';

/**
 * Checks A1 to A5 of the arena whose line begins at word `line`. The bytes may be damaged in any way: each block is
 * checked before its header is read, and none is met twice. O(blocks), over a source O(blocks log blocks).
 * @throws ArenaError `ARENA_MALFORMED`
 */
export function verifyArena(memory: Memory, line: number, source: BlockSource | undefined): void {
  const words = memory.i32;
  const word = (of: number): number => words[line + of];
  const blockBytes = word(ArenaWord.BlockBytes);
  const current = word(ArenaWord.CurrentBlock);
  const checkPlace = source === undefined ? followedPlaces(memory, line) : sourcePlaces(memory, source);
  let regularCount = 0;
  let dedicatedCount = 0;
  let memoryUsage = 0;
  let tailBytes = 0;
  let usedBytes = 0;
  let isCurrentFound = current === 0;
  for (let header = word(ArenaWord.LastBlock); header !== 0; header = words[(header >> 2) + 1]) {
    if (header % 8 !== 0 || header < SUPERBLOCK_BYTES || header + HEADER_BYTES > memory.usedBytes) {
      malformed(`A2: no block can begin at ${header} of ${memory.usedBytes}`);
    }
    const state = words[header >> 2];
    const bytes = state < 0 ? -state : blockBytes;
    checkPlace(header, HEADER_BYTES + bytes);
    memoryUsage += bytes + HEADER_BYTES;
    if (state < 0) {
      dedicatedCount++;
      usedBytes += bytes;
    } else {
      regularCount++;
      if (state > bytes) malformed(`A5: ${state} of ${bytes} bytes used in the block at ${header}`);
      if (header !== current) tailBytes += bytes - state;
      else if (state !== 0) malformed(`A1: the current block at ${current} is closed`);
      else isCurrentFound = true;
      usedBytes += state;
    }
  }
  checkPlace(0, 0);
  if (!isCurrentFound) malformed(`A1: the current block at ${current} is not in the chain`);
  const pointer = word(ArenaWord.Pointer);
  const limit = word(ArenaWord.Limit);
  const low = current === 0 ? 0 : current + HEADER_BYTES;
  const high = current === 0 ? 0 : low + blockBytes;
  if (limit !== high || pointer < low || pointer > high) {
    malformed(`A1: pointer ${pointer}, limit ${limit}, block from ${low} to ${high}`);
  }
  checkCount(words, line + ArenaWord.RegularCount, regularCount, 'A3, regular blocks');
  checkCount(words, line + ArenaWord.DedicatedCount, dedicatedCount, 'A3, dedicated blocks');
  checkCount(words, line + ArenaWord.MemoryUsage, memoryUsage, 'A4, bytes of blocks and headers');
  checkCount(words, line + ArenaWord.TailBytes, tailBytes, 'A5, bytes of tails');
  const slopBytes = word(ArenaWord.SlopBytes);
  usedBytes += pointer - low;
  if (slopBytes < 0 || slopBytes > usedBytes) malformed(`A5: ${slopBytes} of ${usedBytes} used bytes skipped to align`);
}

/** Checks the place of a block of the chain, newest first; of the address 0, that the chain may end here. */
type CheckPlace = (header: number, bytes: number) => void;

/** In a memory of the arena's own, each block begins where the one before it ends, rounded up to a multiple of 8. */
function followedPlaces(memory: Memory, line: number): CheckPlace {
  const { i32: words, usedBytes } = memory;
  const linesEnd = (line << 2) + linesBytes(1 + words[line + ArenaWord.MoreIndexes]);
  let newer = usedBytes;
  return (header, bytes) => {
    const end = header === 0 ? linesEnd : header + bytes;
    const isNewest = newer === usedBytes;
    if ((isNewest ? end : (end + 7) & ~7) !== newer) {
      malformed(`A2: bytes end at ${end}, the next block begins or the memory ends at ${newer}`);
    }
    newer = header;
  };
}

/** Over a source, each block is an allocation of the source, and no other one's. */
function sourcePlaces({ usedBytes }: Memory, source: BlockSource): CheckPlace {
  const ends = new Map<number, number>();
  return (header, bytes) => {
    if (header === 0) return checkApart(ends, 'A2');
    if (ends.has(header)) malformed(`A3: the chain runs into the block at ${header} again`);
    if (header + bytes > usedBytes) malformed(`A2: a block of ${bytes} bytes at ${header} goes beyond ${usedBytes}`);
    checkAllocated(source, header, bytes);
    ends.set(header, header + bytes);
  };
}

/** Checks that a source has allocated this many bytes at an address, as far as it can tell (A2). */
export function checkAllocated(source: BlockSource, address: number, bytes: number): void {
  const allocated = source.bytesAt?.(address) ?? bytes;
  if (allocated < bytes) {
    malformed(`A2: the source has ${allocated} bytes allocated at ${address}, the arena has ${bytes}`);
  }
}
