import { comparators, del, type Entry, put, SortedTarget, type WriteOperation } from '../src/index.js';

const utf8 = new TextEncoder();
const key = (text: string) => utf8.encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** A run of writes in the order of a flush: by key, and the newest version of a key first. */
const runOf = (...operations: WriteOperation[]) => {
  const entries = operations.map((operation, sequence): Entry => ({ value: new Uint8Array(), ...operation, sequence }));
  entries.sort((a, b) => comparators.caseless(a.key, b.key) || Number(b.sequence) - Number(a.sequence));
  return { entryCount: entries.length, [Symbol.iterator]: () => entries[Symbol.iterator]() };
};

test('SortedTarget keeps the newest of equal keys, with the bytes of its last write', async () => {
  const target = new SortedTarget(comparators.caseless);
  await target.write(runOf(put(key('Key'), key('1')), put(key('KEY'), key('2')), put(key('b'), key('3'))));
  const content = () => target.content.items.map((item) => `${text(item.key)}=${text(item.value)}`);
  expect(content()).toEqual(['b=3', 'KEY=2']);
  await target.write(runOf(put(key('kEy'), key('4')), del(key('B'))));
  expect(content()).toEqual(['kEy=4']);
});
