/** Damaged bytes of tables in every layout, for `survivesDamage`. */
import { bytewise, type DamageHarness, type MutationKinds } from '@memtable/testing';
import fc from 'fast-check';
import { checkBlockBytes, interrupt, LARGE_BLOCKS } from '../../testing/test/survival.js';
import { type Comparator, MemTable, type MemTableEntry, type MemTableOptions, WriteBatch } from '../src/index.js';
import { inspectMemTable, type MemTableInspection, PIECE_KINDS, traceGet } from '../src/inspect/index.js';

/** Codes with which damaged bytes may be refused. */
export const codes = ['ARENA_MALFORMED', 'SKIPLIST_MALFORMED', 'MEMTABLE_MALFORMED', LARGE_BLOCKS];

const backward: Comparator = (a, b) => bytewise(b, a);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const key = (number: number): Uint8Array => utf8(`key ${String(number).padStart(5, '0')}`);

/**
 * Tables from empty to three levels, active and frozen. Entries have versions, deletions, long keys and long values.
 */
function tables(options: MemTableOptions): MemTable[] {
  const make = (count: number, add: (table: MemTable, i: number) => void): MemTable => {
    const table = new MemTable({ blockBytes: 1024, reserveBytes: 4096, ...options });
    for (let i = 0; i < count; i++) add(table, i);
    return table;
  };
  const mixed = (table: MemTable, i: number): void =>
    table.add(i, i % 5 === 4 ? 0 : 1, key((i * 77) % 60), new Uint8Array(i % 5 === 4 ? 0 : (i * 31) % 90).fill(i));
  const frozen = make(130, mixed);
  frozen.freeze();
  return [
    make(0, mixed),
    make(1, mixed),
    make(150, mixed),
    frozen,
    make(70, (table, i) => table.add(i, 1, utf8(`a/long/path/that/many/share/${i % 10}/${i}`), utf8('value'))),
    make(8, (table, i) => table.add(2 ** (6 * i), 1, new Uint8Array(i * 60).fill(i), new Uint8Array(i * 150))),
  ];
}

const dump = ({ arena: { memory } }: MemTable): Uint8Array => memory.u8.slice(0, memory.usedBytes);

const same = (a: Uint8Array, b: Uint8Array): boolean => bytewise(a, b) === 0;

function expectThrow(code: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    if ((error as { code?: unknown }).code === code) return;
    throw error;
  }
  throw new Error(`${code} expected`);
}

/** What a walk back meets, in ascending order. */
function walkBack(table: MemTable): MemTableEntry[] {
  const found: MemTableEntry[] = [];
  const cursor = table.iterator();
  for (cursor.seekToLast(); cursor.valid; cursor.prev()) {
    found.push({ key: cursor.key, value: cursor.value, sequence: cursor.sequence, type: cursor.type });
    if (!same(cursor.keyView, cursor.key) || cursor.valueView.length !== cursor.valueLength) throw new Error('a view');
  }
  return found.reverse();
}

/** Makes all calls. Throws when one contradicts another, too. */
function use(table: MemTable): void {
  const { stats, entryCount } = { stats: table.stats(), entryCount: table.entryCount };
  const entries = [...table];
  const back = walkBack(table);
  if (entries.length !== entryCount || back.length !== entryCount || stats.entryCount !== entryCount) {
    throw new Error(`${entries.length} entries forward, ${back.length} backward, ${entryCount} counted`);
  }
  const cursor = table.iterator();
  for (const { key, sequence, type, value } of entries) {
    const [found, view] = [table.get(key, sequence), table.getView(key, sequence)];
    if (found?.type !== type || !same(found.value, value) || !same(view!.value, value)) {
      throw new Error(`a get at sequence ${sequence} finds another version`);
    }
    cursor.seek(key, sequence);
    if (!cursor.valid || cursor.sequence !== sequence) throw new Error('a seek ends elsewhere');
  }
  for (const text of ['', 'key', 'key 00007x', 'zzz']) table.get(utf8(text));
  table.approximateMemoryUsage();

  if (table.state === 'active') {
    for (let i = 0; i < 40; i++) table.add(1000 + i, 1, key((i * 29) % 61), new Uint8Array(i));
    const batch = new WriteBatch();
    for (let i = 0; i < 70; i++) batch.put(utf8(`new ${i % 35}`), new Uint8Array(i));
    batch.del(key(7));
    table.apply(batch, 2000);
    expectThrow('MEMTABLE_DUPLICATE', () => table.apply(batch, 2000));
    table.verify();
    if (table.entryCount !== entryCount + 111) throw new Error('not all entries were added');
    // What was there is as it was.
    for (const { key, sequence, value } of entries) {
      if (!same(table.get(key, sequence)!.value, value)) throw new Error('an add has overwritten an entry');
    }
  }
  table.freeze();
  expectThrow('MEMTABLE_FROZEN', () => table.add(5000, 1, utf8('late')));
  table.verify();
  table.drop();
  if (table.state !== 'dropped') throw new Error(table.state);
}

/** Lengths of entries that run on: each has the bit that says that more follows. */
const kinds: MutationKinds = {
  length: {
    args: (sound) => fc.tuple(fc.integer({ min: 256, max: sound.length }), fc.constantFrom(0x80, 0xff, 0x88, 0x07)),
    apply(bytes, at, byte) {
      if (at < bytes.length) bytes[at] = byte;
    },
  },
};

// Twenty times what a sound one takes, for a busy machine.
const bounds = { msMax: (byteLength: number) => 50 + byteLength / 500, interrupt, kinds };

function tableHarness(options: MemTableOptions): DamageHarness<MemTable> {
  const { comparator } = options;
  return {
    open({ buffer }) {
      const table = MemTable.attach(buffer, comparator === undefined ? {} : { comparator });
      table.verify();
      checkBlockBytes(table.stats().arena.blockBytes);
      return table;
    },
    use,
    sound: tables(options).map(dump),
    ...bounds,
  };
}

/** The pieces of an inspection follow each other to the end, and the columns say where their parts lie. */
function checkInspection([{ pieces, entries, stats, arena, customOrder }, bytes]: [
  MemTableInspection,
  Uint8Array,
]): void {
  let end = 0;
  let keyBytes = 0;
  pieces.addresses.forEach((address, i) => {
    if (address !== end) throw new Error(`a piece at ${address} behind ${end}`);
    end += pieces.bytes[i];
    if (PIECE_KINDS[pieces.kinds[i]] === 'key') keyBytes += pieces.bytes[i];
  });
  if (end !== arena.usedBytes || keyBytes !== stats.keyBytes) throw new Error('the pieces have gaps');
  if (customOrder || entries.addresses.length === 0) return;
  const last = entries.addresses.length - 1;
  const [keyStart, keyLength] = [entries.keyStarts[last], entries.keyBytes[last]];
  const trace = traceGet(bytes.buffer, bytes.slice(keyStart, keyStart + keyLength));
  if (trace.found === 0) throw new Error('the last key is not found');
}

function inspectHarness(options: MemTableOptions): DamageHarness<[MemTableInspection, Uint8Array]> {
  return {
    open: (bytes) => [inspectMemTable(bytes.buffer), bytes],
    use: checkInspection,
    sound: tables(options).map(dump),
    ...bounds,
  };
}

/** What is tested, by name. */
export const harnesses = {
  'MemTable, index block': tableHarness({}),
  'MemTable, index block, by a comparator': tableHarness({ comparator: backward }),
  'MemTable, index skiplist': tableHarness({ index: 'skiplist' }),
  'MemTable, index skiplist, by a comparator': tableHarness({ index: 'skiplist', comparator: backward }),
  'MemTable, layout leveldb': tableHarness({ layout: 'leveldb' }),
  'inspectMemTable, index block': inspectHarness({}),
  'inspectMemTable, index block, by a comparator': inspectHarness({ comparator: backward }),
  'inspectMemTable, index skiplist': inspectHarness({ index: 'skiplist' }),
  'inspectMemTable, layout leveldb': inspectHarness({ layout: 'leveldb' }),
};
