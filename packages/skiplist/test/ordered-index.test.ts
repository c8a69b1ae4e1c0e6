/** The contract of `OrderedIndex`, for each index. */
import { type Addr, Arena, type ArenaOptions, MARK_WORDS, NIL } from '@memtable/arena';
import fc from 'fast-check';
import { attachIndex, BlockSkipList, type Order, type OrderedIndex, SkipList } from '../src/index.js';
import { add, keyOf, keysOf, lookup, prepare, withCommon, withHeads, withoutHeads } from './keys.js';

const indexes: [string, Order, (arena: Arena, order: Order) => OrderedIndex][] = [
  ['SkipList, compact', withoutHeads, (arena, order) => new SkipList(arena, order)],
  ['SkipList, leveldb', withoutHeads, (arena, order) => new SkipList(arena, order, { layout: 'leveldb' })],
  ['BlockSkipList', withHeads, (arena, order) => new BlockSkipList(arena, order)],
  ['BlockSkipList that spares comparisons', withCommon, (arena, order) => new BlockSkipList(arena, order)],
  ['BlockSkipList without heads', withoutHeads, (arena, order) => new BlockSkipList(arena, order)],
];

/** Keys made of numbers, hard for heads: long common prefixes, prefixes of one another, all byte values. */
const kinds: Record<string, (number: number) => Buffer> = {
  decimal: (number) => Buffer.from(String(number).padStart(16, '0')),
  binary: (number) => Buffer.from((number * 2654435761).toString(16).padStart(14, '0').slice(0, 14), 'hex'),
  'prefixes of one another': (number) => Buffer.alloc(number % 97, Math.floor(number / 97)),
  'many alike but for the end': (number) => Buffer.concat([Buffer.alloc(200, 'x'), Buffer.from([number >> 8, number])]),
};
const kind = fc.constantFrom(...Object.keys(kinds));

/** Enough numbers for several levels of blocks, in one of four orders. */
const numbersArbitrary = fc
  .record({
    count: fc.oneof(fc.nat(100), fc.nat(3000)),
    seed: fc.nat(),
    order: fc.constantFrom('shuffled', 'ascending', 'descending', 'runs'),
  })
  .map(({ count, seed, order }) => {
    const all = Array.from({ length: count }, (_, i) => i);
    if (order === 'ascending') return all;
    if (order === 'descending') return all.reverse();
    let state = seed % 2147483646;
    const random = (n: number) => (state = ((state + 1) * 48271) % 2147483647) % n;
    // Runs: stretches of ascending numbers. The stretches are shuffled.
    const runs: number[][] = [];
    while (all.length > 0) runs.push(all.splice(0, order === 'runs' ? 1 + random(200) : 1));
    for (let i = runs.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [runs[i], runs[j]] = [runs[j], runs[i]];
    }
    return runs.flat();
  });

const sorted = (keys: Buffer[]) => [...new Set(keys.map((key) => key.toString('hex')))].sort();

describe.each(indexes)('%s', (_, order, make) => {
  const empty = (options?: ArenaOptions) => make(new Arena(options), order);
  const runs = { numRuns: 15 };

  test('a cursor of an empty index is on no entry', () => {
    const index = empty();
    const cursor = index.cursor();
    for (const move of ['seekToFirst', 'seekToLast'] as const) {
      cursor[move]();
      expect(cursor.entry).toBe(NIL);
    }
    cursor.seek(lookup(Buffer.from('x')), 0);
    expect(cursor.entry).toBe(NIL);
    expect(index.seek(lookup(Buffer.from('x')), 0)).toBe(NIL);
    index.verify();
  });

  test('the index behaves like a sorted array: inserts, duplicates, seeks, steps both ways and turns', () => {
    fc.assert(
      fc.property(numbersArbitrary, kind, fc.array(fc.nat(7000), { maxLength: 30 }), (numbers, kindName, targets) => {
        const index = empty();
        const keys = numbers.map(kinds[kindName]);
        const seen = new Set<string>();
        for (const key of keys) {
          const fresh = !seen.has(key.toString('hex'));
          if (fresh) expect(add(index, key)).toBe(true);
          else if (seen.size < 300) expect(add(index, key)).toBe(false);
          seen.add(key.toString('hex'));
        }
        index.verify();
        const model = sorted(keys);
        expect(index.entryCount).toBe(model.length);
        expect(keysOf(index)).toEqual(model);
        const cursor = index.cursor();
        const backward: string[] = [];
        for (cursor.seekToLast(); cursor.entry !== NIL; cursor.prev()) backward.push(keyOf(index, cursor.entry)!);
        expect(backward.reverse()).toEqual(model);
        const sought = [...targets.map(kinds[kindName]), Buffer.alloc(0), Buffer.alloc(255, 0xff), Buffer.from('zz')];
        for (const key of sought) {
          const target = key.toString('hex');
          const place = model.findIndex((other) => other >= target);
          expect(keyOf(index, index.seek(lookup(key), 0))).toBe(model[place]);
          cursor.seek(lookup(key), 0);
          expect(keyOf(index, cursor.entry)).toBe(model[place]);
          if (place === -1) continue;
          cursor.prev();
          expect(keyOf(index, cursor.entry)).toBe(model[place - 1]);
          if (place === 0) continue;
          cursor.next();
          expect(keyOf(index, cursor.entry)).toBe(model[place]);
        }
      }),
      runs,
    );
  });

  test('a cursor stays on its entry while others are inserted, and steps to those beside it', () => {
    fc.assert(
      fc.property(numbersArbitrary, fc.nat(), kind, (numbers, which, kindName) => {
        const index = empty();
        const keys = numbers.map(kinds[kindName]);
        const half = Math.ceil(keys.length / 2);
        keys.slice(0, half).forEach((key) => add(index, key));
        if (half === 0) return;
        const key = keys[which % half];
        const cursors = [index.cursor(), index.cursor()];
        cursors.forEach((cursor) => cursor.seek(lookup(key), 0));
        keys.slice(half).forEach((later) => add(index, later));
        const model = sorted(keys);
        const place = model.indexOf(key.toString('hex'));
        expect(keyOf(index, cursors[0].entry)).toBe(model[place]);
        cursors[0].next();
        expect(keyOf(index, cursors[0].entry)).toBe(model[place + 1]);
        cursors[1].prev();
        expect(keyOf(index, cursors[1].entry)).toBe(model[place - 1]);
      }),
      runs,
    );
  });

  test('unlink and rewind leave the index as it was before the unlinked inserts', () => {
    fc.assert(
      fc.property(numbersArbitrary, fc.nat(3000), kind, fc.boolean(), (numbers, split, kindName, oneByOne) => {
        const index = empty();
        const keys = [
          ...new Map(numbers.map((n) => [kinds[kindName](n).toString('hex'), kinds[kindName](n)])).values(),
        ];
        const before = keys.slice(0, split);
        before.forEach((key) => add(index, key));
        const used = index.arena.memory.usedBytes;
        const mark = new Int32Array(MARK_WORDS);
        index.arena.mark(mark);
        // Allocate all first, as a batch does, or one by one.
        const nodes = keys.slice(split).map((key) => {
          const node = prepare(index, key);
          if (oneByOne) index.insert(node);
          return node;
        });
        if (!oneByOne) nodes.forEach((node) => index.insert(node));
        index.verify();
        index.unlink(nodes, mark);
        index.arena.rewind(mark);
        index.verify();
        index.arena.verify();
        expect(index.arena.memory.usedBytes).toBe(used);
        expect(keysOf(index)).toEqual(sorted(before));
        keys.slice(split).forEach((key) => add(index, key));
        index.verify();
        expect(keysOf(index)).toEqual(sorted(keys));
      }),
      runs,
    );
  });

  test('an order that throws during an insert leaves the index sound for later inserts', () => {
    fc.assert(
      fc.property(numbersArbitrary, fc.nat(3000), kind, (numbers, fuse, kindName) => {
        let left = fuse;
        const throwing: Order = {
          ...order,
          compare(a, aAt, b, bAt) {
            if (left-- === 0) throw new Error('no order today');
            return order.compare(a, aAt, b, bAt);
          },
        };
        const index = make(new Arena(), throwing);
        const inserted: Buffer[] = [];
        for (const key of numbers.slice(0, 1000).map(kinds[kindName])) {
          try {
            if (add(index, key)) inserted.push(key);
          } catch (thrown) {
            expect((thrown as Error).message).toBe('no order today');
          }
        }
        left = Infinity;
        index.verify();
        expect(keysOf(index)).toEqual(sorted(inserted));
      }),
      runs,
    );
  });

  test('wherever memory ends, allocate returns NIL and insert never fails, with several entries pending', () => {
    for (let maxBytes = 6000; maxBytes < 12_000; maxBytes += 104) {
      const index = empty({ blockBytes: 512, reserveBytes: 4096, maxBytes });
      const mark = new Int32Array(MARK_WORDS);
      const kept: Buffer[] = [];
      for (let next = 0, full = false; !full;) {
        index.arena.mark(mark);
        const keys = [0, 1, 2].map((i) => kinds.decimal((next + i) * 7919));
        const nodes: Addr[] = [];
        for (const key of keys) {
          const node = prepare(index, key);
          full ||= node === NIL;
          if (full) break;
          nodes.push(node);
        }
        if (full) break;
        nodes.forEach((node) => expect(index.insert(node)).toBe(true));
        kept.push(...keys);
        next += 3;
      }
      index.arena.rewind(mark);
      index.verify();
      index.arena.verify();
      expect(kept.length).toBeGreaterThan(0);
      expect(keysOf(index)).toEqual(sorted(kept));
    }
  });

  test('an index attached to a copy of its memory goes on from there', () => {
    fc.assert(
      fc.property(numbersArbitrary, fc.nat(3000), kind, (numbers, split, kindName) => {
        const index = empty();
        const keys = numbers.map(kinds[kindName]);
        keys.slice(0, split).forEach((key) => add(index, key));
        const copy = attachIndex(Arena.attach(index.arena.memory.u8.slice().buffer), order);
        expect(copy.constructor).toBe(index.constructor);
        copy.verify();
        for (const key of keys.slice(split)) add(copy, key);
        copy.verify();
        expect(keysOf(copy)).toEqual(sorted(keys));
        expect(keysOf(index)).toEqual(sorted(keys.slice(0, split)));
      }),
      runs,
    );
  });
});
