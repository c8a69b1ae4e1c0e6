import { crc32c, maskCrc } from '@memtable/memtable/internal';
import { fromHex } from '../bytes.js';
import golden from '../golden/hash_crc.json';

test("LevelDB's checksums, plain and masked", () => {
  for (const { hex, crc32c: crc, masked } of golden.rows) {
    expect({ hex, crc: crc32c(fromHex(hex)), masked: maskCrc(crc) }).toEqual({ hex, crc, masked });
  }
});

test('a checksum of two parts is that of the whole, wherever it is cut', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 37);
  for (let cut = 0; cut <= 40; cut++) {
    expect(crc32c(bytes, cut, 40, crc32c(bytes, 0, cut))).toBe(crc32c(bytes));
  }
});
