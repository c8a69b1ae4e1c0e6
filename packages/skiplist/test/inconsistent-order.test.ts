/** Orders that contradict themselves: calls end, no entry is lost, the bytes stay sound, and `verify()` reports it. */
import { type Addr, Arena, NIL } from '@memtable/arena';
import fc from 'fast-check';
import { BlockSkipList, type Order, type OrderedIndex, SkipList } from '../src/index.js';
import { inspectIndex } from '../src/inspect/index.js';
import { keyAt, prepare } from './keys.js';

type Compare = (a: Buffer, b: Buffer) => number;
const orderOf = (compare: Compare): Order => ({ compare: (a, aAt, b, bAt) => compare(keyAt(a, aAt), keyAt(b, bAt)) });

const indexes: [string, string, (order: Order) => OrderedIndex][] = [
  ['SkipList, compact', 'S5', (order) => new SkipList(new Arena(), order)],
  ['SkipList, leveldb', 'S5', (order) => new SkipList(new Arena(), order, { layout: 'leveldb' })],
  ['BlockSkipList', 'B8', (order) => new BlockSkipList(new Arena({ blockBytes: 16384 }), order)],
];

const hash = (a: Buffer, b: Buffer, seed: number) =>
  Math.imul(Math.imul(a.readUInt16BE() + 1, 0x9e3779b1) ^ (b.readUInt16BE() + 7) ^ seed, 0x85ebca6b) >> 16;
let state = 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;

const inconsistent: Record<string, (seed: number) => Compare> = {
  'not transitive': (seed) => (a, b) =>
    Buffer.compare(a, b) < 0 ? hash(a, b, seed) | 1 : Buffer.compare(a, b) === 0 ? 0 : -(hash(b, a, seed) | 1),
  'not antisymmetric': (seed) => (a, b) => hash(a, b, seed),
  'never twice the same': () => () => random() - 0.5,
  'mostly by bytes': () => (a, b) => (random() < 0.02 ? random() - 0.5 : Buffer.compare(a, b)),
  'a cycle': () => (a, b) => {
    const distance = (a.readUInt16BE() - b.readUInt16BE() + 65536) % 65536;
    return distance === 0 ? 0 : distance < 32768 ? 1 : -1;
  },
  'all are less': () => () => -1,
  'all are greater': () => () => 1,
  'no number': () => () => NaN,
};

/** Adds a key. The room of a refused one stays unused. */
const add = (index: OrderedIndex, key: Buffer): Addr => {
  const node = prepare(index, key);
  return index.insert(node) ? index.entryOf(node) : NIL;
};
const twoBytes = (number: number) => Buffer.from([number >> 8, number & 0xff]);

/** The entries that a walk meets, cut off beyond `max`. */
const walk = (index: OrderedIndex, backward: boolean, max: number): number[] => {
  const met: number[] = [];
  const cursor = index.cursor();
  for (
    backward ? cursor.seekToLast() : cursor.seekToFirst();
    cursor.entry !== NIL && met.length <= max;
    backward ? cursor.prev() : cursor.next()
  ) {
    met.push(cursor.entry);
  }
  return met;
};

describe.each(indexes)('%s', (_, invariant, make) => {
  test.each(Object.entries(inconsistent))(
    'under an order that is %s walks meet every entry once, both ways',
    (_, of) => {
      fc.assert(
        fc.property(fc.array(fc.nat(65535), { maxLength: 700, size: 'max' }), fc.nat(), (numbers, seed) => {
          const index = make(orderOf(of(seed)));
          const added: number[] = [];
          for (const number of numbers) {
            const entry = add(index, twoBytes(number));
            if (entry !== NIL) added.push(entry);
          }
          const forward = walk(index, false, added.length);
          expect(forward.length).toBe(added.length);
          expect(new Set(forward)).toEqual(new Set(added));
          expect(walk(index, true, added.length)).toEqual(forward.toReversed());
          expect(index.entryCount).toBe(added.length);
          index.arena.verify();
          inspectIndex(index.arena.memory.buffer); // Checks the structure without the order.
        }),
        { numRuns: 15 },
      );
    },
  );

  test.each(Object.entries(inconsistent))(
    'a cursor under an order that is %s gets to the end while entries are added',
    (_, of) => {
      const index = make(orderOf(of(7)));
      for (let i = 0; i < 300; i++) add(index, twoBytes((i * 7919) & 0xffff));
      const cursor = index.cursor();
      const met = new Set<number>();
      let added = 300;
      for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) {
        expect(met.has(cursor.entry)).toBe(false);
        met.add(cursor.entry);
        if (added < 1500) add(index, twoBytes((added++ * 104729) & 0xffff));
      }
      expect(met.size).toBeLessThanOrEqual(index.entryCount);
      inspectIndex(index.arena.memory.buffer);
    },
  );

  const says = (text: string) =>
    expect.objectContaining({ code: 'SKIPLIST_MALFORMED', message: expect.stringContaining(text) as string }) as Error;

  test('verify finds an order that is not transitive, though all neighbours ascend', () => {
    const wins = ['rp', 'ps', 'sr'];
    const index = make(orderOf((a, b) => (a.equals(b) ? 0 : wins.includes(`${a.toString()}${b.toString()}`) ? -1 : 1)));
    for (const key of ['r', 'p', 's']) add(index, Buffer.from(key));
    if (walk(index, false, 3).length !== 3) throw new Error('one was refused');
    expect(() => index.verify()).toThrow(says(invariant));
  });

  test('verify finds an order that is not antisymmetric', () => {
    let both = false;
    const index = make(orderOf((a, b) => (both ? -1 : Buffer.compare(a, b))));
    for (const key of ['a', 'b', 'c']) add(index, Buffer.from(key));
    index.verify();
    both = true;
    expect(() => index.verify()).toThrow(says(invariant));
  });

  test('verify does not take NaN for ascending', () => {
    let broken = false;
    const index = make(orderOf((a, b) => (broken ? NaN : Buffer.compare(a, b))));
    for (const key of ['a', 'b']) add(index, Buffer.from(key));
    broken = true;
    expect(() => index.verify()).toThrow(says(`${invariant[0]}1`));
  });

  test('an order that throws while a full block is split leaves the index sound', () => {
    let left = Infinity;
    const index = make(
      orderOf((a, b) => {
        if (left-- <= 0) throw new Error('no more');
        return Buffer.compare(a, b);
      }),
    );
    let count = 0;
    for (let i = 0; i < 1000; i++) {
      for (left = i % 7; ; left++) {
        const budget = left;
        try {
          const node = prepare(index, twoBytes(i));
          if (index.insert(node)) count++;
          break;
        } catch (error) {
          expect(error).toEqual(new Error('no more'));
          left = budget;
        }
      }
    }
    left = Infinity;
    expect(count).toBe(1000);
    index.verify();
  });
});
