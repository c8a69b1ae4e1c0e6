import { Arena, MARK_WORDS, NIL } from '@memtable/arena';
import { BlockSkipList, SkipList } from '../src/index.js';
import { inspectIndex } from '../src/inspect/index.js';
import { add, keyOf, keysOf, lookup, prepare, withCommon, withHeads } from './keys.js';

const error = (code: string, message = '') =>
  expect.objectContaining({
    name: 'SkipListError',
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;

const decimal = (number: number) => Buffer.from(String(number).padStart(15, '0'));
const count = 20_000;
let state = 1;
const random = (n: number) => (state = (state * 48271) % 2147483647) % n;
const shuffled = Array.from({ length: count }, (_, i) => i);
for (let i = count - 1; i > 0; i--) {
  const j = random(i + 1);
  [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
}

/** Bytes of memory for each entry, beyond its own 16. */
const overhead = (index: BlockSkipList) => index.arena.stats().memoryUsage / index.entryCount - 16;

test('ascending inserts fill blocks completely', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  for (let i = 0; i < count; i++) add(index, decimal(i));
  index.verify();
  expect(index.height).toBe(3);
  expect(overhead(index)).toBeLessThanOrEqual(11);
});

test('an ascending run between other entries fills blocks completely', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  for (let i = 0; i < 100; i++) add(index, decimal(i * 1_000_000));
  for (let i = 1; i < count; i++) add(index, decimal(50_000_000 + i));
  index.verify();
  expect(overhead(index)).toBeLessThanOrEqual(11);
});

test('entries inserted in random order take at most 16 bytes of index each', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  for (const i of shuffled) add(index, decimal(i));
  index.verify();
  expect(overhead(index)).toBeLessThanOrEqual(16);
});

test('a seek compares fewer than three entries, since heads decide the rest', () => {
  let touched = 0;
  const index = new BlockSkipList(new Arena(), {
    ...withHeads,
    compare(a, aAt, b, bAt) {
      touched++;
      return withHeads.compare(a, aAt, b, bAt);
    },
  });
  for (const i of shuffled) add(index, decimal(i));
  touched = 0;
  for (let i = 0; i < 1000; i++) expect(index.seek(lookup(decimal(i * 17)), 0)).not.toBe(NIL);
  expect(touched / 1000).toBeLessThan(3);
});

test('among paths with equal heads a search skips the bytes that keys are known to share', () => {
  const words = ['node_modules', 'packages', 'source', 'index', 'test', 'style'];
  const path = () => Array.from({ length: 2 + random(5) }, () => words[random(words.length)]).join('/');
  const paths = [...new Set(Array.from({ length: 20_000 }, path))];
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withCommon);
  for (const path of paths) add(index, Buffer.from(path));
  index.verify();
  expect(keysOf(index)).toEqual(paths.map((path) => Buffer.from(path).toString('hex')).sort());
  Object.assign(withCommon, { spared: 0, compared: 0 });
  for (const path of paths) expect(index.seek(lookup(Buffer.from(path)), 0)).not.toBe(NIL);
  expect(withCommon.spared).toBeGreaterThan(0.8 * withCommon.compared); // Without it twice as many bytes would be read.
});

test('a key without the prefix of all others comes first or last', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  for (const i of shuffled) add(index, decimal(i));
  for (const key of ['1', 'a', '', '0000000000000', '000000000000000', '00000000000000x', '!', '00']) {
    const bytes = Buffer.from(key);
    const before = index.seek(lookup(bytes), 0);
    const keys = keysOf(index);
    expect(keyOf(index, before)).toBe(keys.find((other) => other >= bytes.toString('hex')));
    add(index, bytes);
    index.verify();
  }
});

test('blocks lie side by side, since they are allocated in runs', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  for (const i of shuffled) add(index, decimal(i));
  const inspected = inspectIndex(index.arena.memory.buffer);
  if (inspected.kind !== 'block') throw new Error('another index');
  const addresses = inspected.levels.flatMap((blocks) => blocks.map(({ address }) => address)).sort((a, b) => a - b);
  const besideOneAnother = addresses.filter((address, i) => address - addresses[i - 1] === 576);
  expect(besideOneAnother.length / addresses.length).toBeGreaterThan(0.85);
});

test('unlink gives back the spare blocks that the unlinked entries used', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  const early = shuffled.slice(0, 5000);
  for (const i of early) add(index, decimal(i));
  const { spare } = index;
  expect(spare.bytes).toBeGreaterThan(0);
  const mark = new Int32Array(MARK_WORDS);
  index.arena.mark(mark);
  const late = shuffled.slice(5000, 8000);
  const nodes = late.map((i) => {
    const node = prepare(index, decimal(i));
    index.insert(node);
    return node;
  });
  expect(index.spare).not.toEqual(spare);
  index.unlink(nodes, mark);
  index.arena.rewind(mark);
  expect(index.spare).toEqual(spare);
  index.verify();
  expect(keysOf(index)).toEqual(early.map((i) => decimal(i).toString('hex')).sort());
  for (const i of late) add(index, decimal(i));
  index.verify();
  expect(index.entryCount).toBe(8000);
});

test('BlockSkipList.attach refuses an arena with another index or none', () => {
  const arena = new Arena();
  expect(() => BlockSkipList.attach(arena, withHeads)).toThrow(error('SKIPLIST_MALFORMED', 'kind 0'));
  new SkipList(arena, withHeads);
  expect(() => BlockSkipList.attach(arena, withHeads)).toThrow(error('SKIPLIST_MALFORMED', 'kind 1'));
});

test('a block skip list refuses an arena too small for its first block', () => {
  const arena = new Arena({ reserveBytes: 4096, maxBytes: 4096, blockBytes: 8192 });
  expect(() => new BlockSkipList(arena, withHeads)).toThrow(error('SKIPLIST_INVALID_OPTION', '4096 bytes'));
});

test('verify of a block skip list names each broken invariant', () => {
  const HEADS = 16;
  const ADDRESSES = HEADS + 1;
  const damaged = (damage: (words: Int32Array, leaf: number, root: number) => void) => {
    const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
    for (let i = 0; i < 1000; i++) add(index, decimal(i));
    const words = index.arena.memory.i32;
    const root = words[32 + 1] >> 2;
    damage(words, words[root + ADDRESSES + 6] >> 2, root);
    return () => index.verify();
  };
  const swap = (words: Int32Array, a: number, b: number) => ([words[a], words[b]] = [words[b], words[a]]);
  const says = (invariant: string) => error('SKIPLIST_MALFORMED', invariant);
  const swapSlots = (words: Int32Array, leaf: number) => {
    swap(words, leaf + ADDRESSES + 10, leaf + ADDRESSES + 12);
    swap(words, leaf + HEADS + 10, leaf + HEADS + 12);
  };
  expect(damaged(swapSlots)).toThrow(says('B1'));
  expect(damaged((words, leaf) => (words[leaf + ADDRESSES + 10] = 0x7000_0000))).toThrow(says('B1'));
  expect(damaged((words) => words[32 + 3]++)).toThrow(says('B1'));
  expect(damaged((words, leaf) => (words[leaf + 2] = 65))).toThrow(says('B2'));
  expect(damaged((words, leaf) => (words[leaf + 1] = NIL))).toThrow(says('B2'));
  expect(damaged((words, leaf) => (words[leaf] += 2))).toThrow(says('B2'));
  expect(damaged((words, _, root) => swap(words, root + ADDRESSES + 6, root + ADDRESSES + 8))).toThrow(says('B3'));
  expect(damaged((words, leaf) => words[leaf + 3]++)).toThrow(says('B4'));
  expect(damaged((words, leaf) => words[leaf + HEADS + 18]++)).toThrow(says('B4'));
  expect(damaged((words, leaf) => words[leaf + 8 + 2]++)).toThrow(says('B7'));
  expect(damaged((words) => (words[32 + 8] = -1))).toThrow(says('B6'));
  expect(damaged((words) => (words[32 + 8] += 1000))).toThrow(says('B6'));
  expect(damaged((words) => words[32 + 6]++)).toThrow(says('B5'));
});

test('insertFound inserts an entry at the place that find found for it', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  const other = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  for (const i of [...shuffled.slice(0, 3000), ...shuffled.slice(0, 100)]) {
    const key = decimal(i);
    const found = index.find(lookup(key), 0);
    expect(keyOf(index, found) === key.toString('hex')).toBe(!add(other, key));
    if (keyOf(index, found) === key.toString('hex')) continue;
    const node = prepare(index, key);
    index.find(lookup(decimal(random(count))), 0); // No insert follows this search.
    index.find(lookup(key), 0);
    index.insertFound(node);
  }
  index.verify();
  expect(keysOf(index)).toEqual(keysOf(other));
});
