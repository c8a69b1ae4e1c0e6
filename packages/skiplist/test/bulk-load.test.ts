/** Sorting entries, and loading them into a block skip list at once. */
import fc from 'fast-check';
import { type Addr, Arena, NIL } from '@memtable/arena';
import { BlockSkipList } from '../src/index.js';
import { add, keyOf, keysOf, withHeads, withoutHeads } from './keys.js';

const orders = { 'with heads': withHeads, 'without heads': withoutHeads };

/** Writes a key, given in hex, to the arena itself, as a load does. */
const write = ({ arena }: BlockSkipList, key: string): Addr => {
  const bytes = Buffer.from(key, 'hex');
  const entry = arena.allocate(1 + bytes.length);
  if (entry === NIL) return entry;
  arena.memory.u8[entry] = bytes.length;
  arena.memory.u8.set(bytes, entry + 1);
  return entry;
};
const keysAt = (list: BlockSkipList, entries: Int32Array) => Array.from(entries, (entry) => keyOf(list, entry as Addr));
const listOf = (order = withHeads) => new BlockSkipList(new Arena({ blockBytes: 16384 }), order);

/** Keys that tie in the eight bytes that a radix sort reads: long common parts, zeros at the end, parts of others. */
const parts = ['', '\0', '\0\0\0\0', 'a', 'aaaaaaaa', 'aaaaaaaab', 'common/part/of/a/path/', '\xff'];
const key = fc
  .tuple(fc.array(fc.constantFrom(...parts), { maxLength: 5 }), fc.uint8Array({ maxLength: 3 }))
  .map(([start, end]) => Buffer.concat([Buffer.from(start.join(''), 'latin1'), end]).toString('hex'));
const keys = (maxLength: number) => fc.array(key, { maxLength, size: 'max' });

describe.each(Object.entries(orders))('%s', (_, order) => {
  test('entries are sorted, and keys outside the reported ranges differ', () => {
    fc.assert(
      fc.property(keys(300), (unsorted) => {
        const list = listOf(order);
        const entries = Int32Array.from(unsorted, (each) => write(list, each));
        const ties = list.sort(entries);
        const found = keysAt(list, entries);
        expect(found).toEqual(unsorted.toSorted());
        const isTie = (i: number) => ties.some((begin, at) => at % 2 === 0 && begin < i && i < ties[at + 1]);
        const equal = found.flatMap((own, i) => (i > 0 && own === found[i - 1] ? [i] : []));
        expect(equal.filter((i) => !isTie(i))).toEqual([]);
      }),
    );
  });

  test('a list with entries takes a load, and inserts, removals and another load after it', () => {
    fc.assert(
      fc.property(keys(200), keys(300), keys(200), (first, second, third) => {
        const list = listOf(order);
        const model = new Set<string>();
        const fresh = (some: readonly string[]) => [...new Set(some)].filter((each) => !model.has(each));
        const insert = (some: readonly string[]) => {
          for (const each of fresh(some)) {
            add(list, Buffer.from(each, 'hex'));
            model.add(each);
          }
        };
        const load = (some: readonly string[]) => {
          const before = [...model].sort();
          const loaded = fresh(some);
          const entries = Int32Array.from(loaded, (each) => write(list, each));
          const following = new Int32Array(entries.length);
          list.sort(entries);
          expect(list.load(entries, following)).toBe(true);
          for (const each of loaded) model.add(each);
          expect(keysAt(list, following)).toEqual(loaded.toSorted().map((own) => before.find((other) => other > own)));
          list.verify();
          expect(keysOf(list)).toEqual([...model].sort());
        };
        insert(first);
        load(second);
        insert(third);
        for (const each of [...model].filter((_, i) => i % 3 === 0)) {
          expect(list.remove(list.seek(list.arena.memory.view, write(list, each)))).toBe(true);
          model.delete(each);
        }
        list.verify();
        load([...first, ...third]);
      }),
    );
  });
});

test('a load of 20,000 entries takes 11 bytes an entry for its blocks, and finds each of them', () => {
  const list = listOf();
  const unsorted = Array.from({ length: 20_000 }, (_, i) =>
    Buffer.from(String((i * 7919) % 20_011).padStart(16, '0')).toString('hex'),
  );
  const entries = Int32Array.from(unsorted, (each) => write(list, each));
  const before = list.arena.memoryUsage();
  list.sort(entries);
  expect(list.load(entries, new Int32Array(entries.length))).toBe(true);
  expect((list.arena.memoryUsage() - before) / unsorted.length).toBeLessThan(11);
  list.verify();
  expect(keysOf(list)).toEqual(unsorted.sort());
});

test('a load that finds no room for its blocks changes nothing', () => {
  const list = new BlockSkipList(new Arena({ blockBytes: 1024, maxBytes: 65536 }), withHeads);
  const hex = (text: string) => Buffer.from(text).toString('hex');
  for (let i = 0; i < 50; i++) add(list, Buffer.from(String(i).padStart(4, '0')));
  const mark = new Int32Array(64);
  list.arena.mark(mark);
  const entries: Addr[] = [];
  for (let entry = write(list, hex('x')); entry !== NIL; entry = write(list, hex(`x${entries.length}`)))
    entries.push(entry);
  expect(list.load(Int32Array.from(entries), new Int32Array(entries.length))).toBe(false);
  list.arena.rewind(mark);
  list.verify();
  expect(list.entryCount).toBe(50);
  add(list, Buffer.from('y'));
  list.verify();
});
