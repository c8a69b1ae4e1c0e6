import { bloomHash, bloomMayContain, createBloomFilter } from '../../src/table/bloom.js';
import { FilterBlockBuilder, FilterBlockReader } from '../../src/table/filter-block.js';
import { hash } from '../../src/table/hash.js';
import { fromHex, utf8 } from '../bytes.js';
import golden from '../golden/hash_crc.json';

test("LevelDB's hash", () => {
  for (const { hex, hash_seed0, hash_bc9f1d34 } of golden.rows) {
    const bytes = fromHex(hex);
    expect([hash(bytes, 0, bytes.length, 0), bloomHash(bytes, 0, bytes.length)]).toEqual([hash_seed0, hash_bc9f1d34]);
  }
});

const hashOf = (n: number): number => bloomHash(Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24), 0, 4);

test('a filter has all its keys, and of others about one in a hundred', () => {
  for (const count of [1, 10, 100, 1000, 10_000]) {
    const filter = createBloomFilter(
      Array.from({ length: count }, (_, i) => hashOf(i)),
      10,
    );
    expect(filter.length).toBeLessThanOrEqual((count * 10) / 8 + 40);
    const has = (n: number): boolean => bloomMayContain(filter, 0, filter.length, hashOf(n));
    for (let i = 0; i < count; i++) if (!has(i)) expect(i).toBe('in the filter');
    const wrong = Array.from({ length: 10_000 }, (_, i) => has(i + 1_000_000_000)).filter(Boolean).length;
    expect(wrong).toBeLessThan(200);
  }
});

test('an empty filter has nothing, one of another encoding everything', () => {
  expect(bloomMayContain(new Uint8Array(), 0, 0, 5)).toBe(false);
  expect(bloomMayContain(Uint8Array.of(0, 0, 31), 0, 3, 5)).toBe(true);
});

test('each block has the filter of the 2 KiB in which it begins', () => {
  const builder = new FilterBlockBuilder(10);
  const add = (offset: number, ...keys: string[]): void => {
    builder.startBlock(offset);
    for (const key of keys) builder.add(utf8(key), 0, key.length);
  };
  add(0, 'foo');
  add(2000, 'bar');
  add(3100, 'box');
  add(9000, 'box', 'hello');
  const reader = new FilterBlockReader(builder.finish());
  const has = (offset: number) => ['foo', 'bar', 'box', 'hello'].filter((key) => reader.mayContain(offset, utf8(key)));
  expect([0, 2000, 3100, 4100, 9000].map(has)).toEqual([['foo', 'bar'], ['foo', 'bar'], ['box'], [], ['box', 'hello']]);
});

test('a filter block that contradicts itself says maybe', () => {
  for (const hex of ['', '00', '0000000b', 'ffffffff0b', '05000000040000000b', '00000000ff']) {
    expect(new FilterBlockReader(fromHex(hex)).mayContain(0, utf8('key'))).toBe(true);
  }
});
