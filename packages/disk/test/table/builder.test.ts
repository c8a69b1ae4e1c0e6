import { encodeInternalKey, ValueType } from '@memtable/memtable';
import { compress } from 'snappyjs';
import { TableBuilder, TableReader } from '../../src/index.js';
import { shortestSeparator, shortSuccessor } from '../../src/table/internal-order.js';
import { error, fnv1a64, fromHex, Sink, text, toHex, utf8 } from '../bytes.js';
import golden from '../golden/tables.json';
import internalKeys from '../../../memtable/test/golden/internal_keys.json';
import { build, forwards, goldenEntries } from './tables.js';

test.each(golden.tables.map((shape) => [`${shape.n} entries, blocks of ${shape.blockBytes}`, shape] as const))(
  "LevelDB's table, byte for byte: %s",
  (_, shape) => {
    const { bytes, summary } = build(goldenEntries(shape), shape);
    if (shape.hex !== undefined) expect(toHex(bytes)).toBe(shape.hex);
    expect(toHex(bytes.subarray(-64))).toBe(shape.tail64);
    expect({ bytes: bytes.length, fnv1a64: fnv1a64(bytes) }).toEqual({ bytes: shape.bytes, fnv1a64: shape.fnv1a64 });
    expect(summary).toMatchObject({ sizeBytes: shape.bytes, entryCount: shape.n });
  },
);

test("LevelDB's separators and successors", () => {
  expect([internalKeys.shortestSeparator, internalKeys.shortSuccessor].every((rows) => rows.length > 3)).toBe(true);
  for (const [start, limit, separator] of internalKeys.shortestSeparator as [string, string, string][]) {
    expect(toHex(shortestSeparator(fromHex(start), fromHex(limit)))).toBe(separator);
  }
  for (const [key, successor] of internalKeys.shortSuccessor as [string, string][]) {
    expect(toHex(shortSuccessor(fromHex(key)))).toBe(successor);
  }
});

const value = (key: string, sequence: number): Uint8Array => encodeInternalKey(utf8(key), sequence, ValueType.Value);

test('the summary has the first and the last key', () => {
  const builder = new TableBuilder(new Sink());
  builder.add(value('a', 7), utf8('1'));
  builder.add(value('a', 3), utf8('2'));
  builder.add(value('b', 1), utf8('3'));
  expect(builder.finish()).toMatchObject({ entryCount: 3, smallest: value('a', 7), largest: value('b', 1) });
});

test('a key that is not above the last one, or no internal key, is refused, and nothing is added', () => {
  const sink = new Sink();
  const builder = new TableBuilder(sink);
  builder.add(value('b', 5), utf8('1'));
  for (const key of [
    value('a', 9),
    value('b', 5),
    value('b', 6),
    utf8('short'),
    encodeInternalKey(utf8('c'), 1, 2 as never),
  ]) {
    expect(() => builder.add(key, utf8('x'))).toThrow(error('DISK_INVALID_KEY'));
  }
  expect(() => builder.add(value('c', 1), 'text' as never)).toThrow(TypeError);
  builder.add(value('b', 4), utf8('2'));
  builder.finish();
  expect(forwards(TableReader.open(sink.bytes).iterator()).map((entry) => entry.sequence)).toEqual([5, 4]);
});

test('options outside their range are refused', () => {
  for (const options of [{ blockBytes: 0 }, { restartInterval: 0 }, { bloomBitsPerKey: -1 }, { blockBytes: 1.5 }]) {
    expect(() => new TableBuilder(new Sink(), options)).toThrow(error('DISK_INVALID_OPTION'));
  }
});

test('a file that refuses the bytes is an error with its cause', () => {
  const cause = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const builder = new TableBuilder({
    append() {
      throw cause;
    },
  });
  builder.add(value('a', 1), utf8('1'));
  expect(() => builder.finish()).toThrow(error('DISK_IO', { cause }));
});

test('blocks are compressed where that saves an eighth, by the function that is given', () => {
  const entries = goldenEntries({ n: 200, prefix: 'key', seed: 7, valueMax: 30 }).map((entry) => ({
    ...entry,
    value: entry.value.repeat(9),
  }));
  const plain = build(entries, { bloomBitsPerKey: 0 });
  const sizes: number[] = [];
  const snappy = build(entries, {
    bloomBitsPerKey: 0,
    compress(block) {
      const compressed = compress(Uint8Array.from(block));
      sizes.push(compressed.length / block.length);
      return compressed;
    },
  });
  expect(sizes.length).toBeGreaterThan(2);
  expect(snappy.bytes.length).toBeLessThan(plain.bytes.length);
  expect(forwards(TableReader.open(snappy.bytes).iterator())).toEqual(entries);
  const kept = build(entries, {
    bloomBitsPerKey: 0,
    compress: (block) => block.slice(0, Math.ceil(block.length * 0.88)),
  });
  expect(text(kept.bytes)).toBe(text(plain.bytes));
});
