/** `rebuild` lays sorted entries into given blocks, whatever the blocks held before. */
import { type Addr, Arena } from '@memtable/arena';
import { BlockSkipList } from '../src/index.js';
import { inspectIndex } from '../src/inspect/index.js';
import { rebuild } from '../src/rebuild.js';
import { add, keyOf, keysOf, withHeads, withoutHeads } from './keys.js';

const decimal = (number: number) => Buffer.from(String(number).padStart(9, '0'));

/** A list of `count` entries, these entries in order, and its blocks on each level. */
const filled = (count: number, order = withHeads) => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), order);
  for (let i = 0; i < count; i++) add(index, decimal((i * 7919) % count));
  const seen = inspectIndex(index.arena.memory.buffer);
  if (seen.kind !== 'block') throw new Error('another index');
  return {
    // Attached anew, so that it remembers no place in the blocks to be overwritten.
    index: BlockSkipList.attach(index.arena, order),
    entries: [...seen.entries],
    levels: seen.levels.map((blocks) => blocks.map(({ address }) => address)),
  };
};
const keysAt = (index: BlockSkipList, entries: number[]) => entries.map((entry) => keyOf(index, entry as Addr));

test.each([
  ['with heads', withHeads],
  ['without heads', withoutHeads],
])('a rebuilt list is sound, takes inserts, and shares its entries out evenly: %s', (_, order) => {
  const { index, entries, levels } = filled(10_000, order);
  const kept = entries.filter((_, i) => i % 3 > 0);
  rebuild(index, kept, levels);
  index.verify();
  expect(index.entryCount).toBe(kept.length);
  expect(keysOf(index)).toEqual(keysAt(index, kept));
  const seen = inspectIndex(index.arena.memory.buffer);
  if (seen.kind !== 'block') throw new Error('another index');
  for (const blocks of seen.levels) {
    const counts = blocks.map(({ slotCount }) => slotCount);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
  for (let i = 0; i < 3000; i++) add(index, Buffer.concat([decimal(i * 3), Buffer.from('x')]));
  index.verify();
  expect(index.entryCount).toBe(kept.length + 3000);
});

test('a rebuild fills blocks completely when it is given no more than the entries need', () => {
  const { index, entries, levels } = filled(10_000);
  const leaves = levels[0].slice(0, Math.ceil(10_000 / 64));
  const above = levels[1].slice(0, Math.ceil(leaves.length / 64));
  rebuild(index, entries, [leaves, above, levels[2]]);
  index.verify();
  expect(keysOf(index)).toEqual(keysAt(index, entries));
  expect(index.height).toBe(3);
});

test('a rebuild without entries makes an empty list', () => {
  const { index, levels } = filled(100);
  rebuild(index, [], [levels[0].slice(0, 1)]);
  index.verify();
  expect([index.entryCount, index.height]).toEqual([0, 1]);
  add(index, decimal(1));
  index.verify();
});
