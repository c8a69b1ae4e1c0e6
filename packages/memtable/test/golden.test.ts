/** Reproduces what LevelDB itself printed. */
import { encodeInternalKey, MemTable, parseInternalKey, type ValueType, WriteBatch } from '../src/index.js';
import { lookupKeyBytes, writeLookupKey } from '../src/format/entry.js';
import { tagHigh, tagLow, tagSequence } from '../src/format/internal-key.js';
import { readVarint32, skipVarint, varint32Bytes, writeVarint32, writeVarint64 } from '../src/format/varint.js';
import { error, fromHex, text, toHex, utf8 } from './bytes.js';
import internalKeys from './golden/internal_keys.json';
import operations from './golden/memtable_ops.json';
import usage from './golden/memtable_usage.json';
import batches from './golden/write_batch.json';

describe("LevelDB's encodings", () => {
  test('internal keys are encoded and parsed', () => {
    expect(internalKeys.internalKeys).toHaveLength(128);
    for (const [key, sequence, type, hex] of internalKeys.internalKeys as [string, string, ValueType, string][]) {
      expect(toHex(encodeInternalKey(fromHex(key), BigInt(sequence), type))).toBe(hex);
      const number = Number(sequence);
      if (Number.isSafeInteger(number)) expect(toHex(encodeInternalKey(fromHex(key), number, type))).toBe(hex);
      const parsed = parseInternalKey(fromHex(hex))!;
      expect([toHex(parsed.userKey), String(parsed.sequence), parsed.type]).toEqual([key, sequence, type]);
    }
    for (const [hex, sound] of internalKeys.parse as [string, boolean][]) {
      expect(parseInternalKey(fromHex(hex)) !== undefined).toBe(sound);
    }
  });

  test('lookup keys are encoded', () => {
    for (const [key, sequence, hex] of internalKeys.lookupKeys as [string, string, string][]) {
      const userKey = fromHex(key);
      const bytes = new Uint8Array(lookupKeyBytes(userKey.length));
      const low = tagLow(BigInt(sequence), 1);
      const view = new DataView(bytes.buffer);
      const end = writeLookupKey(bytes, view, 0, userKey, 0, userKey.length, low, tagHigh(BigInt(sequence)));
      expect(end).toBe(bytes.length);
      expect(toHex(bytes)).toBe(hex);
      expect(String(tagSequence(low, tagHigh(BigInt(sequence))))).toBe(sequence);
    }
  });

  test('varints are encoded and decoded', () => {
    expect(internalKeys.varints).toHaveLength(192);
    for (const [value, hex32, hex64, length] of internalKeys.varints as [string, string, string, number][]) {
      const wide = BigInt(value);
      const bytes = new Uint8Array(10);
      const view = new DataView(bytes.buffer);
      expect(toHex(bytes.slice(0, writeVarint64(view, 0, wide)))).toBe(hex64);
      if (hex32 === '') continue;
      expect(toHex(bytes.slice(0, writeVarint32(view, 0, Number(value))))).toBe(hex32);
      expect(varint32Bytes(Number(value))).toBe(length);
      expect(readVarint32(view, 0, length)).toBe(Number(value));
      expect(skipVarint(view, 0)).toBe(length);
    }
  });

  test('bad varints are refused', () => {
    for (const [hex, value, consumed] of internalKeys.badVarint32 as [string, number | null, number][]) {
      const view = new DataView(fromHex(hex).buffer);
      expect(readVarint32(view, 0, view.byteLength)).toBe(value ?? -1);
      if (value !== null) expect(skipVarint(view, 0)).toBe(consumed);
    }
  });

  test('100 internal keys sort in the same order', () => {
    const table = new MemTable();
    for (const hex of internalKeys.sortedOrder.toReversed()) {
      const { userKey, sequence, type } = parseInternalKey(fromHex(hex))!;
      // Sequences beyond 2^53 - 1 cannot be written. Lower ones in the same order stand in for them.
      table.add(typeof sequence === 'bigint' ? Number.MAX_SAFE_INTEGER : sequence, type, userKey);
    }
    const found = Array.from(table, ({ key, sequence, type }) => {
      const stored = sequence === Number.MAX_SAFE_INTEGER ? (1n << 56n) - 1n : sequence;
      return toHex(encodeInternalKey(key, stored, type));
    });
    expect(found).toEqual(internalKeys.sortedOrder);
  });
});

describe("memory usage in LevelDB's layout", () => {
  const fill = (keyBytes: number, valueBytes: number, type: ValueType, count: number, every: number) => {
    const table = new MemTable({ layout: 'leveldb', reserveBytes: 32 << 20 });
    const found: number[] = [];
    const value = new Uint8Array(valueBytes);
    for (let i = 0; i < count; i++) {
      table.add(i + 1, type, utf8(String(i).padStart(keyBytes, '0')), value);
      if ((i + 1) % every === 0) found.push(table.approximateMemoryUsage());
    }
    return found;
  };

  test('is equal in an empty table', () => {
    expect(new MemTable({ layout: 'leveldb' }).approximateMemoryUsage()).toBe(usage.empty);
  });

  test('is equal after every 1000 of 100,000 entries of 16/100, and after each of the first 100', () => {
    expect(usage.key16_val100.at(-1)).toBe(14_860_584);
    expect(fill(16, 100, 1, 100_000, 1000)).toEqual(usage.key16_val100);
    expect(fill(16, 100, 1, 100, 1)).toEqual(usage.key16_val100_first100Adds);
  });

  test('is equal after every 1000 of 100,000 entries of 8/8, and of 100,000 deletions', () => {
    expect(usage.key8_val8.at(-1)).toBe(5_093_064);
    expect(fill(8, 8, 1, 100_000, 1000)).toEqual(usage.key8_val8);
    expect(fill(16, 0, 0, 100_000, 1000)).toEqual(usage.key16_deletion);
  });

  test('is equal with values of growing size', () => {
    const table = new MemTable({ layout: 'leveldb' });
    const found = (usage.valueSizeSteps as [number, number][]).map(([valueBytes], i) => {
      table.add(i + 1, 1, utf8(String(i).padStart(16, '0')), new Uint8Array(valueBytes));
      return [valueBytes, table.approximateMemoryUsage()];
    });
    expect(found).toEqual(usage.valueSizeSteps);
  });
});

test.each(['leveldb', 'compact'] as const)(
  "LevelDB's script of 500 operations gives the same gets and entries, layout %s",
  (layout) => {
    const table = new MemTable({ layout });
    for (const [sequence, type, k] of operations.ops as [number, ValueType, number][]) {
      const key = `key${String(k).padStart(2, '0')}`;
      table.add(sequence, type, utf8(key), type === 1 ? utf8(`v${sequence}`) : undefined);
    }
    if (layout === 'leveldb') expect(table.approximateMemoryUsage()).toBe(operations.usage);
    const iteration = Array.from(table, ({ key, sequence, type }) => [text(key), sequence, type]);
    expect(iteration).toEqual(operations.iteration);
    expect(operations.gets).toHaveLength(108);
    for (const [k, snapshot, expected] of operations.gets as [number, string, string | null][]) {
      const found = table.get(utf8(`key${String(k).padStart(2, '0')}`), BigInt(snapshot));
      expect(found === undefined ? null : found.type === 0 ? '<deleted>' : text(found.value)).toBe(expected);
    }
    table.verify();
  },
);

type Operation = ['put', string, string] | ['del', string];

function build(sequence: string, operationList: Operation[]): WriteBatch {
  const batch = new WriteBatch();
  for (const operation of operationList) {
    if (operation[0] === 'put') batch.put(fromHex(operation[1]), fromHex(operation[2]));
    else batch.del(fromHex(operation[1]));
  }
  batch.sequence = BigInt(sequence);
  return batch;
}

const toOperations = (batch: WriteBatch): string[][] =>
  Array.from(batch, (operation) =>
    operation.type === 1 ? ['put', toHex(operation.key), toHex(operation.value)] : ['del', toHex(operation.key)],
  );

describe("LevelDB's write batches", () => {
  test.each(batches.batches)(
    '$name: same bytes, read and written',
    ({ sequence, count, approximateSize, ops, hex }) => {
      const batch = build(sequence, ops as Operation[]);
      expect(toHex(batch.bytes)).toBe(hex);
      expect([batch.count, batch.byteLength, String(batch.sequence)]).toEqual([count, approximateSize, sequence]);
      const parsed = WriteBatch.from(fromHex(hex));
      expect(toOperations(parsed)).toEqual(ops);
      expect(parsed.bytes).toEqual(batch.bytes);
    },
  );

  test("19 malformed batches are refused with LevelDB's messages", () => {
    expect(batches.malformed).toHaveLength(19);
    for (const { hex, status } of batches.malformed) {
      const words = status.replace('Corruption: ', '');
      expect(() => WriteBatch.from(fromHex(hex))).toThrow(error('MEMTABLE_MALFORMED_BATCH', words));
    }
    expect(() => WriteBatch.from(new Uint8Array(11))).toThrow(error('MEMTABLE_MALFORMED_BATCH', '(too small)'));
  });
});
