import fc from 'fast-check';
import { compress, uncompress } from 'snappyjs';
import { uncompressSnappy } from '../../src/table/snappy.js';
import { fromHex, text, toHex } from '../bytes.js';

test('what another library compressed', () => {
  const parts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 40 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(parts, (list) => {
      const bytes = new Uint8Array(Buffer.concat(list.flatMap(([part, times]) => Array<Uint8Array>(times).fill(part))));
      expect(toHex(uncompressSnappy(compress(bytes))!)).toBe(toHex(bytes));
    }),
    { numRuns: 200 },
  );
  const long = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> ((i >> 12) & 24));
  expect(Buffer.compare(uncompressSnappy(compress(long))!, long)).toBe(0);
});

test('each kind of element', () => {
  // Literal "ab"; 4 bytes from 2 back; 5 bytes from 6 back, with two bytes of offset; 3 from 1 back, with four.
  const stream = '0e' + '04' + '6162' + '0102' + '120600' + '0b01000000';
  expect(text(uncompressSnappy(fromHex(stream))!)).toBe('abababababa' + 'aaa');
  // A literal whose length is in one byte behind the tag.
  expect(uncompressSnappy(fromHex('46' + 'f045' + '78'.repeat(70)))).toHaveLength(70);
});

test.each([
  ['nothing', ''],
  ['a length that does not end', 'ffffffffff'],
  ['fewer bytes than the length says', '05' + '0461' + '62'],
  ['more bytes than the length says', '01' + '04' + '6162'],
  ['a literal beyond the end', '08' + '1c' + '6162'],
  ['a literal without its length', '50' + 'fc01'],
  ['a literal of 4 GiB', '50' + 'fcffffffff' + '61'],
  ['a copy from before the start', '08' + '0061' + '0502'],
  ['a copy from nowhere', '08' + '0061' + '0500'],
  ['a copy without its offset', '08' + '0061' + '0e01'],
  ['a length that so few bytes cannot make', 'ffffff7f' + '0061'],
])('no whole stream: %s', (_, hex) => {
  expect(uncompressSnappy(fromHex(hex))).toBeUndefined();
});

test('any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const found = uncompressSnappy(bytes);
      if (found !== undefined) expect(toHex(uncompress(bytes))).toBe(toHex(found));
    }),
    { numRuns: 1000 },
  );
});
