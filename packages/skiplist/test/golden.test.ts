import { Arena } from '@memtable/arena';
import { parkMillerNext, parkMillerSeed, SkipList } from '../src/index.js';
import heights from './golden/skiplist_heights.json';
import random from './golden/random.json';
import replay from './golden/skiplist_test_replay.json';
import { add, byNumber, lookup, numberAt, numbers } from './uint64.js';

test.each(Object.entries(random.seeds))("LevelDB's Random(%s)", (seed, golden) => {
  let state = parkMillerSeed(Number(seed));
  const drawn: number[] = [];
  for (let i = 0; i < 1_000_000; i++) {
    state = parkMillerNext(state);
    if (i < 20) drawn.push(state);
    if (i === 999) expect(state).toBe(golden.n1000);
  }
  expect(drawn).toEqual(golden.first20);
  expect(state).toBe(golden.n1000000);
});

test('tower heights and usage of 1,000,000 ascending inserts are those of LevelDB', () => {
  const arena = new Arena({ reserveBytes: 32 << 20 });
  // The nodes of the golden run hold the number itself, where those of LevelDB's memtable hold the entry's address.
  const list = new SkipList(arena, byNumber, { layout: 'leveldb' });
  expect(arena.memoryUsage()).toBe(heights.arenaUsageEmptyUint64List);
  for (let i = 0; i < 100_000; i++) add(list, i);
  const found = Array.from(list.towers(), ({ height }) => height);
  expect(found.slice(0, 1000)).toEqual(heights.first1000);
  const sum = (count: number) => found.slice(0, count).reduce((total, height) => total + height, 0);
  expect([1000, 10_000, 100_000].map(sum)).toEqual([1314, 13391, 133638]);
  const reached = Object.entries(heights.firstIndexReachingHeight).filter(([, index]) => index < 100_000);
  for (const [height, index] of reached) expect(found.findIndex((h) => h >= Number(height))).toBe(index);
});

test('the histogram of 1,000,000 tower heights is that of LevelDB', () => {
  const arena = new Arena({ reserveBytes: 64 << 20 });
  const list = new SkipList(arena, byNumber);
  const histogram = Array<number>(12).fill(0);
  for (let i = 0; i < 1_000_000; i++) {
    const used = arena.stats().askedBytes;
    list.allocate(1);
    histogram[(arena.stats().askedBytes - used - 1) / 4 - 1]++;
  }
  expect(histogram).toEqual(heights.histogram1M);
});

test('InsertAndLookup of skiplist_test.cc has the same order of inserts, nodes on each level, and height', () => {
  const list = new SkipList(new Arena(), byNumber, { layout: 'leveldb' });
  let state = parkMillerSeed(1000);
  const inserted: number[] = [];
  for (let i = 0; i < 2000; i++) {
    state = parkMillerNext(state);
    const key = state % 5000;
    if (numberAt(list, list.seek(lookup(key), 0)) === key) continue;
    add(list, key);
    inserted.push(key);
  }
  expect(inserted).toEqual(replay.insertOrder);
  const towers = [...list.towers()];
  const nodesPerLevel = replay.nodesPerLevel.map((_, level) => towers.filter(({ height }) => height > level).length);
  expect(nodesPerLevel).toEqual(replay.nodesPerLevel);
  expect(list.height).toBe(replay.maxHeight);
  expect(numbers(list)).toEqual(inserted.toSorted((a, b) => a - b));
});
