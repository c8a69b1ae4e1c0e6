import { Arena, NIL } from '@memtable/arena';
import fc from 'fast-check';
import {
  allocationTraces,
  bytewise,
  comparators,
  keyPool,
  keys,
  MemtableModel,
  numberedKeys,
  ranges,
  readSequences,
  SEQUENCE_MAX,
  sequences,
  values,
} from '../src/index.js';

const sampleOf = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, 5000);
const startsWith = (key: Uint8Array, prefix: Uint8Array) => bytewise(key.slice(0, prefix.length), prefix) === 0;

test('keys() draws empty, repetitive, long and multi-byte keys', () => {
  const sample = sampleOf(keys());
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isMultiByteText = (key: Uint8Array) => {
    try {
      return decoder.decode(key).length < key.length;
    } catch {
      return false;
    }
  };
  const isRunOf = (byte: number) => (key: Uint8Array) => key.length > 1 && key.every((other) => other === byte);
  const kinds: Record<string, (key: Uint8Array) => boolean> = {
    empty: ({ length }) => length === 0,
    'a run of 0x00': isRunOf(0),
    'a run of 0xff': isRunOf(0xff),
    'a length that takes two bytes with the tag': ({ length }) => length === 120,
    'a length that takes two bytes': ({ length }) => length === 128,
    'multi-byte UTF-8': isMultiByteText,
    'over 64 KiB': ({ length }) => length > 65_536,
  };
  for (const [kind, holds] of Object.entries(kinds))
    expect({ kind, found: sample.some(holds) }).toEqual({ kind, found: true });
});

test('keyPool() draws related keys: prefixes of others, one byte apart, with a long prefix in common', () => {
  for (const pool of fc.sample(keyPool(), 200)) {
    expect(pool).toHaveLength(13);
    const pairs = pool.flatMap((a) => pool.map((b) => [a, b] as const)).filter(([a, b]) => bytewise(a, b) < 0);
    expect(pairs.some(([a, b]) => startsWith(b, a))).toBe(true);
    expect(pairs.some(([a, b]) => a.length === b.length && a.filter((byte, i) => byte !== b[i]).length === 1)).toBe(
      true,
    );
    expect(pool.filter((key) => startsWith(key, new Uint8Array(40).fill(0x61))).length).toBeGreaterThanOrEqual(2);
  }
});

test('numberedKeys() ascend, descend or scatter by their stride, and do not repeat', () => {
  const prefix = Uint8Array.of(7);
  const ends = (stride: number) => numberedKeys(prefix, 256, stride).map((key) => key[1]);
  expect(ends(1)).toEqual([...Array(256).keys()]);
  expect(ends(255).slice(1)).toEqual([...Array(256).keys()].slice(1).reverse());
  expect(new Set(ends(77)).size).toBe(256);
});

test('values() draws empty and short values, lengths around varint and block edges, and several blocks', () => {
  const lengths = new Set(sampleOf(values()).map(({ length }) => length));
  for (const length of [0, 1, 127, 128, 129, 1023, 1024, 1025, 4095, 4096, 4097, 16_383, 16_384]) {
    expect(lengths).toContain(length);
  }
  expect(Math.max(...lengths)).toBeGreaterThan(3 * 4096);
});

test('sequences() draws equal sequences, and those that overflow a part of the tag', () => {
  const written = sampleOf(sequences());
  expect(written.filter((sequence) => sequence === 7).length).toBeGreaterThan(20);
  for (const edge of [2 ** 23, 2 ** 24, 2 ** 32, 2 ** 48, Number.MAX_SAFE_INTEGER]) expect(written).toContain(edge);
  expect(written.every((sequence) => Number.isSafeInteger(sequence) && sequence >= 0)).toBe(true);
  const read = sampleOf(readSequences(true));
  expect(read).toContain(undefined);
  expect(read).toContain(SEQUENCE_MAX);
});

test.each(Object.entries(comparators))('the comparator %s is a total order', (_, compare) => {
  const pair = keyPool().chain((pool) =>
    fc.tuple(fc.constantFrom(...pool), fc.constantFrom(...pool), fc.constantFrom(...pool)),
  );
  fc.assert(
    fc.property(pair, ([a, b, c]) => {
      expect(compare(a, a)).toBe(0);
      expect(Math.sign(compare(a, b)) + Math.sign(compare(b, a))).toBe(0);
      if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

test('ranges() draws at most one lower and one upper bound', () => {
  for (const range of sampleOf(ranges(keys()))) {
    expect(range.gt !== undefined && range.gte !== undefined).toBe(false);
    expect(range.lt !== undefined && range.lte !== undefined).toBe(false);
  }
});

test('the allocations of an allocation trace do not overlap in an Arena', () => {
  fc.assert(
    fc.property(allocationTraces(4096), (trace) => {
      const arena = new Arena();
      const taken = trace.map(({ bytes, alignment }) => {
        const at = alignment === undefined ? arena.allocate(bytes) : arena.allocateAligned(bytes, alignment);
        expect(at).not.toBe(NIL);
        expect(at % (alignment ?? 1)).toBe(0);
        return { at, end: at + bytes };
      });
      taken.sort((a, b) => a.at - b.at);
      taken.forEach(({ at }, i) => i > 0 && expect(at).toBeGreaterThanOrEqual(taken[i - 1].end));
      arena.verify();
    }),
  );
});

test('MemtableModel finds the newest version up to a sequence, and a value before a deletion', () => {
  const model = new MemtableModel();
  const key = Uint8Array.of(1);
  const value = Uint8Array.of(9);
  const none = new Uint8Array();
  const [five, three, deleted, other] = [
    { key, sequence: 5, type: 1, value },
    { key, sequence: 3, type: 1, value },
    { key, sequence: 3, type: 0, value: none },
    { key: Uint8Array.of(1, 0), sequence: 9, type: 1, value },
  ] as const;
  for (const entry of [deleted, other, five, three]) model.insert(entry);
  expect(model.items).toEqual([five, three, deleted, other]);
  expect(model.get(key)).toBe(five);
  expect(model.get(key, 4)).toBe(three);
  expect(model.get(key, 2)).toBeUndefined();
  expect(model.getAll(4)).toEqual([
    { key, found: three },
    { key: other.key, found: undefined },
  ]);
  expect(model.seek(model.target(key, 3))).toBe(three);
  expect(model.seek(model.target(key, 2))).toBe(other);
  expect(model.refusalOf([{ ...three, value: none }])).toBe('duplicate');
});
