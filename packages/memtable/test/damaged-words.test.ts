/** Damage that once hung, threw without a code, or was accepted and wrong later: each kind as a case of its own. */
import { MemTable, type MemTableOptions } from '../src/index.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Where the words of the superblock's lines begin: 16 words a line. */
const ARENA = 16;
const INDEX = 32;

const MALFORMED = expect.objectContaining({
  code: expect.stringMatching(/^(ARENA|SKIPLIST|MEMTABLE)_MALFORMED$/) as string,
}) as Error;

interface Words {
  /** Of the memory. */
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  /** Address of the first entry. */
  readonly entry: number;
}

/** A table of 300 entries, damaged, attached to and verified. */
function openDamaged(options: MemTableOptions, damage: (words: Words) => void): void {
  const table = new MemTable({ blockBytes: 1024, reserveBytes: 4096, ...options });
  for (let i = 0; i < 300; i++) table.add(i, 1, utf8(`key ${String((i * 77) % 300).padStart(5, '0')}`), utf8('value'));
  const cursor = table.iterator();
  cursor.seekToFirst();
  const bytes = table.arena.memory.buffer.slice(0) as ArrayBuffer;
  const entry = cursor.keyStart - 1;
  damage({ i32: new Int32Array(bytes), u8: new Uint8Array(bytes), entry });
  MemTable.attach(bytes).verify();
}

const set =
  (at: number, value: number) =>
  ({ i32 }: Words): void => {
    i32[at] = value;
  };

const BLOCK_CASES: Record<string, (words: Words) => void> = {
  'height 0': set(INDEX + 2, 0),
  'height 1 less': ({ i32 }) => void i32[INDEX + 2]--,
  'height 1 more: verify() and get() went on for ever': ({ i32 }) => void i32[INDEX + 2]++,
  'height 2^31 - 1': set(INDEX + 2, 0x7fffffff),
  'root -1': set(INDEX + 1, -1),
  'root beyond the end': set(INDEX + 1, 0x7ffffff0),
  'root in the superblock': set(INDEX + 1, 64),
  'count 2^31 - 1': set(INDEX + 3, 0x7fffffff),
  'count 1 less': ({ i32 }) => void i32[INDEX + 3]--,
  'prefix too long: it hid keys': ({ i32 }) => void i32[INDEX + 5]++,
  'prefix -1': set(INDEX + 5, -1),
  'an entry that stands for all and is none': set(INDEX + 6, 4),
  'spare blocks that are none: adds overwrote entries': set(INDEX + 8, 20),
  'spare count -1': set(INDEX + 8, -1),
  'the next block is the block itself': ({ i32 }) => {
    const root = i32[INDEX + 1];
    i32[root >> 2] = root;
  },
  'a slot that is repeated': ({ i32 }) => {
    const slots = (i32[INDEX + 1] >> 2) + 17;
    i32[slots + 2] = i32[slots];
  },
  'a key longer than the buffer': ({ u8, entry }) => void u8.set([0xff, 0xff, 0xff, 0x7f], entry),
  'a key shorter than a tag': ({ u8, entry }) => void u8.set([3], entry),
  'a type that is none': ({ u8, entry }) => void u8.set([7], entry + 1 + 9),
  'no blocks of the arena': set(ARENA, 0),
};

describe('a memtable with the block index refuses, with a code,', () => {
  test.each(Object.entries(BLOCK_CASES))('%s', (_, damage) => {
    expect(() => openDamaged({}, damage)).toThrow(MALFORMED);
  });
});

describe.each(['compact', 'leveldb'] as const)(
  'a memtable with the skip list, layout %s, refuses, with a code,',
  (layout) => {
    const height = INDEX + 2;
    const cases: Record<string, (words: Words) => void> = {
      'height 0': set(height, 0),
      'height 2^31 - 1': set(height, 0x7fffffff),
      'a kind that is none': set(INDEX, 9),
      'a key longer than the buffer': ({ u8, entry }) => void u8.set([0xff, 0xff, 0xff, 0x7f], entry),
      'a type that is none': ({ u8, entry }) => void u8.set([7], entry + 1 + 9),
    };
    test.each(Object.entries(cases))('%s', (_, damage) => {
      expect(() => openDamaged({ layout, index: 'skiplist' }, damage)).toThrow(MALFORMED);
    });
  },
);

test('the table without damage is accepted', () => {
  expect(() => openDamaged({}, () => undefined)).not.toThrow();
  expect(() => openDamaged({ layout: 'leveldb' }, () => undefined)).not.toThrow();
});
