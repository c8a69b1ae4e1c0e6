import { malformed } from '../errors.js';

/** Checks a counter in the superblock. @param what - the invariant and the counted things */
export function checkCount(words: Int32Array, word: number, counted: number, what: string): void {
  if (words[word] !== counted) malformed(`${what}: there are ${counted}, the superblock says ${words[word]}`);
}

/** Checks that blocks do not overlap. @param ends - the end of each block by its start */
export function checkApart(ends: ReadonlyMap<number, number>, invariant: string): void {
  let last = 0;
  for (const [start, end] of [...ends].sort(([a], [b]) => a - b)) {
    if (start < last) malformed(`${invariant}: the block at ${start} begins before the block in front of it ends`);
    last = end;
  }
}
