/** Removal of entries from a block skip list, compared with a sorted array. */
import { type Addr, Arena, NIL } from '@memtable/arena';
import fc from 'fast-check';
import { BlockSkipList, type Order } from '../src/index.js';
import { keyAt, lookup, prepare, withCommon, withHeads, withoutHeads } from './keys.js';

const orders: [string, Order][] = [
  ['with heads', withHeads],
  ['with common bytes', withCommon],
  ['without heads', withoutHeads],
];

const add = (index: BlockSkipList, key: Buffer): Addr => {
  const node = prepare(index, key);
  expect(index.insert(node)).toBe(true);
  return node;
};

const text = (entry: Addr, index: BlockSkipList) => keyAt(index.arena.memory.view, entry).toString('latin1');

/** Few letters and long common parts, so that heads tie and prefixes change. */
const keys = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 0, maxLength: 12 }),
  fc.integer({ min: 0, max: 3000 }).map((n) => `key ${String(n).padStart(8, '0')}`),
  fc.integer({ min: 0, max: 3000 }).map((n) => `${'p'.repeat(n % 7)}/${n}`),
);

const entriesOf = (index: BlockSkipList) => {
  const found: string[] = [];
  const cursor = index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) found.push(text(cursor.entry, index));
  return found;
};

describe.each(orders)('%s', (_, order) => {
  test('inserts and removals in any order leave the entries that a sorted array would have', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.array(keys, { maxLength: 400, size: 'max' })), { maxLength: 6 }),
        (rounds) => {
          const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), order);
          const there = new Map<string, Addr>();
          for (const [inserts, round] of rounds) {
            for (const key of round) {
              if (inserts) {
                if (there.has(key)) continue;
                there.set(key, add(index, Buffer.from(key, 'latin1')));
              } else {
                // The entry of this key, or the one after its place.
                const found = index.seek(lookup(Buffer.from(key, 'latin1')), 0);
                if (found === NIL) continue;
                expect(index.remove(found)).toBe(true);
                there.delete(text(found, index));
                expect(index.remove(found)).toBe(false);
              }
            }
            index.verify();
            expect(index.entryCount).toBe(there.size);
          }
          expect(entriesOf(index)).toEqual([...there.keys()].sort());
          for (const entry of there.values()) expect(index.remove(entry)).toBe(true);
          index.verify();
          expect([index.entryCount, index.height]).toEqual([0, 1]);
          add(index, Buffer.from('again'));
          index.verify();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('removals from the front, the back and the middle of a large list keep all invariants', () => {
    const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), order);
    const count = 6000;
    const entries = Array.from({ length: count }, (_, i) => add(index, Buffer.from(String(i).padStart(6, '0'))));
    const left = new Set(entries);
    const step = (entry: Addr, at: number) => {
      expect(index.remove(entry)).toBe(true);
      left.delete(entry);
      if (at % 97 === 0) index.verify();
    };
    for (let i = 0; i < 1500; i++) step(entries[i], i);
    for (let i = 0; i < 1500; i++) step(entries[count - 1 - i], i);
    for (let i = 0; i < 1000; i++) step(entries[2500 + i], i);
    index.verify();
    const cursor = index.cursor();
    const found: Addr[] = [];
    for (cursor.seekToLast(); cursor.entry !== NIL; cursor.prev()) found.push(cursor.entry);
    expect(found).toEqual([...left].reverse());
    for (let i = 0; i < 500; i++) add(index, Buffer.from(`0030${String(i)}x`));
    index.verify();
  });

  test('a cursor goes on in both directions from an entry that has been removed', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(999), { minLength: 3, maxLength: 300, size: 'max' }),
        fc.array(fc.tuple(fc.nat(), fc.boolean(), fc.nat(3)), { maxLength: 200, size: 'max' }),
        (numbers, steps) => {
          const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), order);
          const entryOf = new Map<number, Addr>();
          for (const n of numbers) entryOf.set(n, add(index, Buffer.from(String(n).padStart(9, '0'))));
          const there = new Set(numbers);
          const cursor = index.cursor();
          cursor.seekToFirst();
          let at: number | undefined = Math.min(...numbers);
          for (const [pick, forward, removes] of steps) {
            if (at === undefined) break;
            const here: number = at;
            const victims = removes === 0 ? [here] : [...there].slice(pick % (there.size + 1)).slice(0, removes);
            for (const n of victims) {
              index.remove(entryOf.get(n)!);
              there.delete(n);
            }
            const beyond = [...there].filter((n) => (forward ? n > here : n < here));
            at = beyond.length === 0 ? undefined : forward ? Math.min(...beyond) : Math.max(...beyond);
            if (forward) cursor.next();
            else cursor.prev();
            expect(cursor.entry).toBe(at === undefined ? NIL : entryOf.get(at));
          }
          index.verify();
        },
      ),
      { numRuns: 100 },
    );
  });
});

test('ascending inserts fill blocks completely while the first entries are removed, as in a queue', () => {
  const index = new BlockSkipList(new Arena({ blockBytes: 16384 }), withHeads);
  const entries: Addr[] = [];
  for (let i = 0; i < 20_000; i++) {
    entries.push(add(index, Buffer.from(String(i).padStart(9, '0'))));
    if (i >= 200) index.remove(entries[i - 200]);
  }
  index.verify();
  // An entry has one byte of length and nine of key. A block of 576 bytes holds 64 entries.
  expect(index.arena.memoryUsage() / 20_000).toBeLessThan(10 + 11);
});
