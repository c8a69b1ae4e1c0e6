import { Arena, NIL } from '@memtable/arena';
import fc from 'fast-check';
import { type Order, SkipList, type SkipListLayout, type SkipListOptions } from '../src/index.js';
import { add, byNumber, lookup, numberAt, numbers, write } from './uint64.js';

const error = (code: string) => expect.objectContaining({ name: 'SkipListError', code }) as Error;
const layouts: SkipListLayout[] = ['compact', 'leveldb'];

/** Counts comparisons. */
class CountingOrder implements Order {
  count = 0;
  compare(a: DataView, aAt: number, b: DataView, bAt: number): number {
    this.count++;
    return byNumber.compare(a, aAt, b, bAt);
  }
}

describe.each(layouts)('%s', (layout) => {
  const empty = (options: SkipListOptions = {}) => new SkipList(new Arena(), byNumber, { ...options, layout });

  test('the list behaves like a sorted array, in every order of inserts and with every shape of towers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 200 }),
        fc.array(fc.integer({ min: -1, max: 201 }), { maxLength: 20 }),
        fc.constantFrom(2, 4, 16),
        fc.integer({ min: 1, max: 12 }),
        fc.integer(),
        (values, targets, branching, heightMax, seed) => {
          const list = empty({ branching, heightMax, seed });
          const model: number[] = [];
          for (const value of values) {
            const fresh = !model.includes(value);
            expect(add(list, value)).toBe(fresh);
            if (fresh) model.push(value);
          }
          model.sort((a, b) => a - b);
          list.verify();
          expect(list.entryCount).toBe(model.length);
          expect(numbers(list)).toEqual(model);

          const cursor = list.cursor();
          const backward: number[] = [];
          for (cursor.seekToLast(); cursor.entry !== NIL; cursor.prev()) backward.push(numberAt(list, cursor.entry)!);
          expect(backward.reverse()).toEqual(model);

          for (const target of targets) {
            const place = model.findIndex((value) => value >= target);
            cursor.seek(lookup(target), 0);
            expect(numberAt(list, cursor.entry)).toBe(model[place]);
            if (place === -1) continue;
            cursor.prev(); // Turn.
            expect(numberAt(list, cursor.entry)).toBe(model[place - 1]);
            if (place === 0) continue;
            cursor.next();
            expect(numberAt(list, cursor.entry)).toBe(model[place]);
          }
        },
      ),
    );
  });

  test('a list attached to a copy of its memory draws the same towers as the original', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(10_000), { maxLength: 100 }), fc.nat(100), (values, split) => {
        const list = empty();
        values.slice(0, split).forEach((value) => add(list, value));
        const copy = SkipList.attach(Arena.attach(list.arena.memory.u8.slice().buffer), byNumber);
        copy.verify();
        for (const value of values.slice(split)) {
          add(list, value);
          add(copy, value);
        }
        copy.verify();
        const used = list.arena.memory.usedBytes;
        expect(copy.arena.memory.usedBytes).toBe(used);
        expect(copy.arena.memory.u8.slice(0, used)).toEqual(list.arena.memory.u8.slice(0, used));
      }),
    );
  });

  test('ascending inserts take two comparisons each, anywhere in the list', () => {
    const order = new CountingOrder();
    const list = new SkipList(new Arena(), order, { layout });
    for (let i = 0; i < 1000; i++) add(list, i * 1000);
    order.count = 0;
    for (let i = 0; i < 500; i++) add(list, 500_001 + i);
    expect(order.count).toBeLessThanOrEqual(500 * 2 + 60);
    list.verify();
  });

  test('a search compares no node twice', () => {
    // Towers of full height show the same nodes on each level. A plain search would compare each heightMax times.
    const order = new CountingOrder();
    const list = new SkipList(new Arena(), order, { layout, branching: 2, heightMax: 12, seed: 1 });
    for (let i = 0; i < 4096; i++) add(list, (i * 2654435761) % 4096);
    order.count = 0;
    const compared = new Set<number>();
    const spy = order.compare.bind(order);
    order.compare = (a, aAt, b, bAt) => {
      expect(compared.has(aAt)).toBe(false);
      compared.add(aAt);
      return spy(a, aAt, b, bAt);
    };
    for (const target of [0, 1000, 2047.5, 4095, 5000]) {
      compared.clear();
      list.seek(lookup(target), 0);
    }
    expect(order.count).toBeGreaterThan(0);
  });
});

test('a compact list takes 8 + 4 x 1.334 bytes for each entry of 8 bytes', () => {
  const arena = new Arena();
  const list = new SkipList(arena, byNumber);
  for (let i = 0; i < 100_000; i++) add(list, i);
  const { askedBytes, slopBytes } = arena.stats();
  expect(askedBytes).toBe(100_000 * 8 + 4 * 133_638 + 4 * 12);
  expect(slopBytes).toBe(0);
});

test('a skip list refuses options out of range with a code', () => {
  const options: SkipListOptions[] = [
    { branching: 3 },
    { branching: 1 },
    { heightMax: 0 },
    { heightMax: 13 },
    { seed: 0.5 },
    { layout: 'wide' as SkipListLayout },
  ];
  for (const option of options) {
    expect(() => new SkipList(new Arena(), byNumber, option)).toThrow(error('SKIPLIST_INVALID_OPTION'));
  }
});

test('SkipList.attach refuses an arena without a list', () => {
  expect(() => SkipList.attach(new Arena(), byNumber)).toThrow(error('SKIPLIST_MALFORMED'));
});

test('verify of a skip list names each broken invariant', () => {
  const damaged = (damage: (words: Int32Array, list: SkipList) => void) => {
    const list = new SkipList(new Arena(), byNumber);
    for (let i = 0; i < 100; i++) add(list, i);
    damage(list.arena.memory.i32, list);
    return () => list.verify();
  };
  const firstTall = (list: SkipList) => [...list.towers()].find(({ height }) => height > 1)!.entry >> 2;
  const says = (invariant: string) =>
    expect.objectContaining({ message: expect.stringContaining(invariant) as string }) as Error;
  expect(damaged((words, list) => (words[(list.seek(lookup(50), 0) >> 2) - 1] = NIL))).toThrow(says('S1'));
  expect(damaged((_, list) => write(list.arena.memory.view, list.seek(lookup(50), 0), 10))).toThrow(says('S1'));
  expect(damaged((words, list) => (words[firstTall(list) - 2] = list.seek(lookup(0), 0)))).toThrow(says('S2'));
  expect(damaged((words, list) => (words[firstTall(list) - 1] += 1))).toThrow(says('S4'));
  expect(damaged((words) => (words[32 + 2] -= 1))).toThrow(says('S3'));
});
