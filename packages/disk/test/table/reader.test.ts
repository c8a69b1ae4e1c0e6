import fc from 'fast-check';
import { encodeInternalKey, SEQUENCE_MAX, ValueType } from '@memtable/memtable';
import { compress } from 'snappyjs';
import { DiskError, fileOf, TableBuilder, TableReader } from '../../src/index.js';
import { compareInternalKeys } from '../../src/table/internal-order.js';
import { error, Sink, text, utf8 } from '../bytes.js';
import golden from '../golden/tables.json';
import { backwards, build, entryAt, forwards, goldenEntries, type TestEntry } from './tables.js';

const snappy = (block: Uint8Array): Uint8Array => compress(Uint8Array.from(block));

test.each(golden.tables.filter(({ n }) => n <= 1000).map((shape) => [`${shape.n} of ${shape.prefix}`, shape] as const))(
  'a cursor goes through all entries, both ways: %s',
  (_, shape) => {
    const entries = goldenEntries(shape);
    const cursor = TableReader.open(fileOf(build(entries, shape).bytes)).iterator();
    expect(cursor.valid).toBe(false);
    expect(forwards(cursor)).toEqual(entries);
    expect(backwards(cursor)).toEqual(entries.reverse());
  },
);

const VERSIONS: TestEntry[] = [
  { key: '', sequence: 3, type: ValueType.Value, value: 'empty key' },
  { key: 'a', sequence: 9, type: ValueType.Value, value: 'new' },
  { key: 'a', sequence: 5, type: ValueType.Deletion, value: '' },
  { key: 'a', sequence: 2, type: ValueType.Value, value: 'old' },
  { key: 'ab', sequence: 8, type: ValueType.Value, value: '' },
];

test('get: the newest version that a sequence sees, deletions too', () => {
  const table = TableReader.open(build(VERSIONS).bytes);
  const get = (key: string, sequence?: number): string | undefined => {
    const found = table.get(utf8(key), sequence);
    return found && (found.type === ValueType.Deletion ? 'deleted' : text(found.value));
  };
  expect([get('a'), get('a', 9), get('a', 8), get('a', 4), get('a', 1)]).toEqual([
    'new',
    'new',
    'deleted',
    'old',
    undefined,
  ]);
  expect([get(''), get('ab'), get('b'), get('aa'), get('ab', 7)]).toEqual([
    'empty key',
    '',
    undefined,
    undefined,
    undefined,
  ]);
});

test('a cursor that stands on no entry refuses to be read or stepped', () => {
  const cursor = TableReader.open(build(VERSIONS).bytes).iterator();
  for (const use of [
    () => cursor.next(),
    () => cursor.prev(),
    () => cursor.key,
    () => cursor.type,
    () => cursor.sequence,
  ]) {
    expect(use).toThrow(error('DISK_NOT_POSITIONED'));
  }
  cursor.seekToLast();
  cursor.next();
  expect(cursor.valid).toBe(false);
});

test('sequences up to the highest of LevelDB', () => {
  const sink = new Sink();
  const builder = new TableBuilder(sink);
  builder.add(encodeInternalKey(utf8('k'), SEQUENCE_MAX), utf8('max'));
  builder.add(encodeInternalKey(utf8('k'), 2n ** 53n), utf8('wide'));
  builder.finish();
  const table = TableReader.open(sink.bytes);
  const cursor = table.iterator();
  cursor.seekToFirst();
  expect(cursor.sequence).toBe(SEQUENCE_MAX);
  expect(text(table.get(utf8('k'), SEQUENCE_MAX - 1n)!.value)).toBe('wide');
});

/** Versions of keys in order, and how the table is built. */
const tables = fc.record({
  versions: fc.uniqueArray(
    fc.tuple(fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'b', 'ÿ') }), fc.integer({ min: 1, max: 9 })),
    {
      selector: ([key, sequence]) => `${key} ${sequence}`,
      maxLength: 60,
    },
  ),
  valueBytes: fc.nat({ max: 60 }),
  blockBytes: fc.integer({ min: 1, max: 300 }),
  restartInterval: fc.integer({ min: 1, max: 5 }),
  bloomBitsPerKey: fc.constantFrom(0, 1, 10, 60),
  isCompressed: fc.boolean(),
});

test('seek, steps to and fro, and get find what a sorted array has', () => {
  const sought = fc.array(
    fc.tuple(fc.string({ maxLength: 4, unit: fc.constantFrom('a', 'b', 'ÿ') }), fc.nat({ max: 10 }), fc.boolean()),
  );
  fc.assert(
    fc.property(tables, sought, ({ versions, valueBytes, isCompressed, ...options }, places) => {
      const internal = (key: string, sequence: number) => encodeInternalKey(utf8(key), sequence);
      const compare = (a: readonly [string, number], b: readonly [string, number]) => {
        const [x, y] = [internal(...a), internal(...b)];
        return compareInternalKeys(x, 0, x.length, y, 0, y.length);
      };
      const entries = [...versions].sort(compare).map(([key, sequence]) => ({
        key,
        sequence,
        type: sequence % 3 === 0 ? ValueType.Deletion : ValueType.Value,
        value: sequence % 3 === 0 ? '' : `${key}${sequence}`.padEnd(valueBytes, 'x'),
      }));
      const { bytes } = build(entries, isCompressed ? { ...options, compress: snappy } : options);
      const table = TableReader.open(bytes);
      const cursor = table.iterator();
      for (const [key, sequence, isForwards] of places) {
        let at = entries.findIndex((entry) => compare([entry.key, entry.sequence], [key, sequence]) >= 0);
        const found = table.get(utf8(key), sequence);
        const expected = at >= 0 && entries[at].key === key ? entries[at] : undefined;
        expect(found && { type: found.type, value: text(found.value) }).toEqual(
          expected && { type: expected.type, value: expected.value },
        );
        cursor.seek(utf8(key), sequence);
        for (let step = 0; step < 4; step++, at += isForwards ? 1 : -1) {
          expect(cursor.valid ? entryAt(cursor) : undefined).toEqual(entries[at]);
          if (!cursor.valid) break;
          if (isForwards) cursor.next();
          else cursor.prev();
        }
      }
      expect(forwards(cursor)).toEqual(entries);
      expect(backwards(cursor)).toEqual(entries.reverse());
    }),
    { numRuns: 200 },
  );
});

/** Reads all that a table has, in every way. Entries as text, or the code with which it was refused. */
function readAll(bytes: Uint8Array, checksums: boolean): string {
  try {
    const table = TableReader.open(bytes, { checksums });
    const cursor = table.iterator();
    const entries = forwards(cursor);
    const reversed = backwards(cursor).reverse();
    const got = entries.slice(0, 20).map(({ key }) => table.get(utf8(key))?.value.length);
    return JSON.stringify([entries, reversed, got]);
  } catch (caught) {
    const refusals = checksums ? ['DISK_TABLE_CORRUPT'] : ['DISK_TABLE_CORRUPT', 'DISK_UNSUPPORTED'];
    if (caught instanceof DiskError && refusals.includes(caught.code)) return caught.code;
    throw caught;
  }
}

describe('damage', () => {
  const shape = { n: 30, prefix: 'user', seed: 5, valueMax: 20, blockBytes: 200, restartInterval: 4 };
  const entries = goldenEntries(shape).map((entry) => ({ ...entry, value: entry.value.repeat(3) }));
  const whole = readAll(build(entries).bytes, true);

  test.each([
    ['plain', build(entries, { ...shape, bloomBitsPerKey: 10 }).bytes],
    ['compressed', build(entries, { ...shape, compress: snappy }).bytes],
  ])('every byte of a %s table changed: the right entries, or none', (_, bytes) => {
    let harmless = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const damaged = bytes.slice();
        damaged[at] ^= change;
        const found = readAll(damaged, true);
        if (found === whole) harmless++;
        else if (found !== 'DISK_TABLE_CORRUPT') expect({ at, change, found }).toEqual('the right entries, or none');
        // Without checksums wrong entries may come out, but no other error, and never a hang.
        readAll(damaged, false);
      }
    }
    // Padding of the footer, and the place of the metaindex, which only says where the filter is.
    expect(harmless / 3).toBeLessThan(45);
  });

  test('a table cut at every byte is refused', () => {
    const { bytes } = build(entries, shape);
    for (let end = 0; end < bytes.length; end++) expect(readAll(bytes.slice(0, end), false)).toBe('DISK_TABLE_CORRUPT');
  });

  test('bytes that were changed anywhere, without checksums', () => {
    const { bytes } = build(entries, shape);
    const changes = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(changes, (list) => {
        const damaged = bytes.slice();
        for (const [at, byte] of list) damaged[at] = byte;
        readAll(damaged, false);
      }),
      { numRuns: 500 },
    );
  });

  test('the error names the file', () => {
    expect(() => TableReader.open(new Uint8Array(100), { name: '000007.ldb' })).toThrow(
      error('DISK_TABLE_CORRUPT', { file: '000007.ldb' }),
    );
  });

  test('a file that cannot be read is another error', () => {
    const { bytes } = build(entries, shape);
    const cause = Object.assign(new Error('bad sector'), { code: 'EIO' });
    let fails = false;
    const file = fileOf(bytes);
    const table = TableReader.open({
      ...file,
      read(to, at) {
        if (fails) throw cause;
        file.read(to, at);
      },
    });
    fails = true;
    expect(() => table.get(utf8('user00000000'))).toThrow(error('DISK_IO', { cause }));
  });
});
