/** The promise of `allocate` near the limit of the memory: every entry that it made room for can be inserted. */
import { type Addr, Arena, NIL } from '@memtable/arena';
import { BlockSkipList } from '../src/index.js';
import { add, keysOf, prepare, withHeads } from './keys.js';

const decimal = (number: number) => Buffer.from(String(number).padStart(15, '0'));
const BLOCK_BYTES = 576;
/** Entries below a full block of level 1. */
const SUBTREE = 64 * 64;
const SUBTREES = 16;

/** Bytes of a list whose blocks are full on all levels, as its entries ascend, and which has no spare block. */
const image = (blockBytes: number) => {
  const index = new BlockSkipList(new Arena({ reserveBytes: 4 << 20, blockBytes }), withHeads);
  let count = 0;
  while (count < SUBTREES * SUBTREE || index.spare.bytes > 0) add(index, decimal(count++ * 1000));
  return { count, bytes: index.arena.memory.u8.slice(0, index.arena.memory.usedBytes) };
};

/** Takes the list in a memory of fixed length, a shared one, with `leftBytes` bytes left. */
const attach = (bytes: Uint8Array, leftBytes: number) => {
  const buffer = new SharedArrayBuffer(Math.floor((bytes.length + leftBytes) / 8) * 8);
  new Uint8Array(buffer).set(bytes);
  return BlockSkipList.attach(Arena.attach(buffer), withHeads);
};

test.each([
  ['a batch whose entries each split a block on every level', 4096, 16],
  ['a batch whose entries each split a block on every level', 16384, 16],
  ['one by one', 4096, 1],
])('near the limit every entry that got room can be inserted: %s, blocks of %d bytes', (_, blockBytes, batch) => {
  const { count, bytes } = image(blockBytes);
  const counts = new Set<number>();
  for (let leftBytes = 0; leftBytes < 60_000; leftBytes += 2504) {
    const index = attach(bytes, leftBytes);
    let inserted = 0;
    while (inserted < SUBTREES) {
      const nodes: Addr[] = [];
      for (let i = 0; i < batch; i++) {
        const node = prepare(index, decimal(((inserted + i) * SUBTREE + 32) * 1000 + 1));
        if (node === NIL) break;
        nodes.push(node);
      }
      for (const node of nodes) expect(index.insert(node)).toBe(true);
      inserted += nodes.length;
      if (nodes.length < batch) break;
    }
    counts.add(inserted);
    index.arena.verify();
    index.verify();
    expect(index.entryCount).toBe(count + inserted);
  }
  expect(Math.min(...counts)).toBe(0); // The memories have room for none of the entries, up to all of them.
  expect(Math.max(...counts)).toBe(SUBTREES);
  expect(keysOf(attach(bytes, 0))).toHaveLength(count);
});

test.each([
  [64, 2, 'its one block splits, under a new root'],
  [4096, 3, 'a block of each of its two levels splits, under a new root'],
])('near the limit a list of %d entries takes one more only where there is room for %d blocks: %s', (count, blocks) => {
  const index = new BlockSkipList(new Arena({ reserveBytes: 1 << 20, blockBytes: 64 }), withHeads);
  for (let i = 0; i < count; i++) add(index, decimal(i * 1000));
  const { usedBytes } = index.arena.memory;
  const bytes = index.arena.memory.u8.slice(0, usedBytes);
  const before = index.spare.bytes / BLOCK_BYTES;
  let taken = 0;
  for (let leftBytes = 0; leftBytes < (blocks + 2) * BLOCK_BYTES; leftBytes += 8) {
    const copy = attach(bytes, leftBytes);
    const node = prepare(copy, decimal(32_001));
    if (node === NIL) continue;
    taken++;
    expect(copy.insert(node)).toBe(true);
    copy.verify();
    copy.arena.verify();
    const made = before + (copy.arena.memory.usedBytes - usedBytes) / BLOCK_BYTES;
    expect(Math.floor(made - copy.spare.bytes / BLOCK_BYTES)).toBe(blocks);
  }
  expect(taken).toBeGreaterThan(0);
});
