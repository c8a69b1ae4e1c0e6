import { malformed } from '../errors.js';
import type { Memory } from '../memory.js';
import { ArenaWord, HEADER_BYTES, Line, LINE_WORDS, linesBytes, SUPERBLOCK_BYTES } from '../superblock.js';
import { checkApart, checkCount } from './checks.js';

/** Checks A1 to A5 of the arena whose line begins at word `line`. O(blocks). @throws ArenaError `ARENA_MALFORMED` */
export function verifyArena(memory: Memory, line: number): void {
  const words = memory.i32;
  const word = (of: number): number => words[line + of];
  const top = memory.usedBytes;
  // In a memory of its own, an arena's blocks begin behind its lines. Over a source, they lie anywhere.
  const linesEnd = (line << 2) + linesBytes(1 + word(ArenaWord.MoreIndexes));
  const bottom = line === Line.Arena * LINE_WORDS ? linesEnd : SUPERBLOCK_BYTES;
  const blockBytes = word(ArenaWord.BlockBytes);
  const current = word(ArenaWord.CurrentBlock);
  const blockCount = word(ArenaWord.RegularCount) + word(ArenaWord.DedicatedCount);
  let dedicatedCount = 0;
  let memoryUsage = 0;
  let tailBytes = 0;
  const ends = new Map<number, number>();
  for (let header = word(ArenaWord.LastBlock); header !== 0; header = words[(header >> 2) + 1]) {
    if (ends.size === blockCount || ends.has(header)) malformed(`A3: more than the ${blockCount} blocks counted`);
    if (header % 8 !== 0 || header < bottom || header > top) {
      malformed(`A2: a block at ${header} is not aligned between ${bottom} and ${top}`);
    }
    const state = words[header >> 2];
    const bytes = state < 0 ? -state : blockBytes;
    const end = header + HEADER_BYTES + bytes;
    if (end > top) malformed(`A2: a block of ${bytes} bytes at ${header} goes beyond ${top}`);
    ends.set(header, end);
    memoryUsage += bytes + HEADER_BYTES;
    if (state < 0) dedicatedCount++;
    if (state >= 0 && header !== current) {
      if (state > bytes) malformed(`A5: ${state} of ${bytes} bytes used in the block at ${header}`);
      tailBytes += bytes - state;
    }
  }
  checkApart(ends, 'A2');
  const pointer = word(ArenaWord.Pointer);
  const limit = word(ArenaWord.Limit);
  const low = current === 0 ? 0 : current + HEADER_BYTES;
  const high = current === 0 ? 0 : low + blockBytes;
  if (current !== 0 && (!ends.has(current) || words[current >> 2] !== 0)) {
    malformed(`A1: the current block at ${current} is closed, or not in the chain`);
  }
  if (limit !== high || pointer < low || pointer > high) {
    malformed(`A1: pointer ${pointer}, limit ${limit}, block from ${low} to ${high}`);
  }
  checkCount(words, line + ArenaWord.RegularCount, ends.size - dedicatedCount, 'A3, regular blocks');
  checkCount(words, line + ArenaWord.DedicatedCount, dedicatedCount, 'A3, dedicated blocks');
  checkCount(words, line + ArenaWord.MemoryUsage, memoryUsage, 'A4, bytes of blocks and headers');
  checkCount(words, line + ArenaWord.TailBytes, tailBytes, 'A5, bytes of tails');
}
