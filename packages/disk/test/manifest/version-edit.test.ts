import fc from 'fast-check';
import { encodeInternalKey, SEQUENCE_MAX, ValueType } from '@memtable/memtable';
import { DiskError, VersionEdit } from '../../src/index.js';
import { error, fromHex, toHex, utf8 } from '../bytes.js';
import golden from '../golden/tables.json';

const internal = (key: string, sequence: number, type: ValueType = ValueType.Value) =>
  encodeInternalKey(utf8(key), sequence, type);

test("LevelDB's edits, byte for byte", () => {
  for (const hex of golden.versionEdits) expect(toHex(VersionEdit.encode(VersionEdit.decode(fromHex(hex))))).toBe(hex);
});

test('what the golden edits say', () => {
  const edits = golden.versionEdits.map((hex) => VersionEdit.decode(fromHex(hex)));
  const smallest = internal('a', 1);
  const largest = internal('zz', 4999, ValueType.Deletion);
  expect(edits).toEqual([
    { comparator: 'leveldb.BytewiseComparator', logNumber: 0, nextFileNumber: 2, lastSequence: 0 },
    {
      logNumber: 6,
      prevLogNumber: 0,
      nextFileNumber: 7,
      lastSequence: 5000,
      newTables: [{ level: 0, number: 5, sizeBytes: 123456, smallest, largest }],
    },
    {
      logNumber: 12,
      nextFileNumber: 14,
      lastSequence: SEQUENCE_MAX,
      compactPointers: [{ level: 1, key: internal('m', 9) }],
      deletedTables: [
        { level: 0, number: 5 },
        { level: 2, number: 7 },
      ],
      newTables: [
        {
          level: 1,
          number: 13,
          sizeBytes: 2 ** 40,
          smallest: internal('', 7),
          largest: internal('x'.repeat(200), 8),
        },
      ],
    },
    { deletedTables: [{ level: 6, number: 300 }] },
  ]);
});

test.each([
  ['an unknown tag', '0a00'],
  ['a tag of other databases', '6400'],
  ['a name that is cut off', '0105616263'],
  ['a number that is cut off', '0280'],
  ['a number of eleven bytes', '02ffffffffffffffffffffff'],
  ['a number beyond 2^53', '03ffffffffffffff7f'],
  ['a level beyond 6', '060705'],
  ['a table without its keys', '07000510'],
  ['a key without its tag', '0700051003616263' + '03616263'],
])('an edit is refused: %s', (_, hex) => {
  expect(() => VersionEdit.decode(fromHex(hex), 'MANIFEST-000002')).toThrow(
    error('DISK_MANIFEST_CORRUPT', { file: 'MANIFEST-000002' }),
  );
});

test('any bytes are an edit, or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const edit = VersionEdit.decode(bytes);
        expect(VersionEdit.decode(VersionEdit.encode(edit))).toEqual(edit);
      } catch (caught) {
        if (!(caught instanceof DiskError)) throw caught;
      }
    }),
    { numRuns: 2000 },
  );
});
