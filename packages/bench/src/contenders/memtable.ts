import { MemTable, type MemTableCursor, type MemTableOptions, ValueType } from '@memtable/memtable';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry, type Setup } from './contender.js';

class MemTableContender implements Contender {
  readonly #table: MemTable;
  #sequence = 0;

  constructor(options: MemTableOptions) {
    this.#table = new MemTable(options);
  }

  insert(chunk: Chunk<Buffer, Buffer>): void {
    const table = this.#table;
    let sequence = this.#sequence;
    for (let i = 0; i < chunk.count; i++) table.add(++sequence, ValueType.Value, chunk.keys[i], chunk.values[i]);
    this.#sequence = sequence;
  }

  load(entries: [Buffer, Buffer][]): void {
    this.#sequence = this.#table.load(1, entries);
  }

  overwrite(chunk: Chunk<Buffer, Buffer>): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk<Buffer, Buffer>): void {
    const table = this.#table;
    let sequence = this.#sequence;
    for (let i = 0; i < chunk.count; i++) table.add(++sequence, ValueType.Deletion, chunk.keys[i]);
    this.#sequence = sequence;
  }

  get(chunk: Chunk<Buffer, Buffer>): number {
    const table = this.#table;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const found = table.get(chunk.keys[i]);
      if (found !== undefined) sum += seen(found.value);
    }
    return sum;
  }

  view(chunk: Chunk<Buffer, Buffer>): number {
    const table = this.#table;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const found = table.getView(chunk.keys[i]);
      if (found !== undefined) sum += seen(found.value);
    }
    return sum;
  }

  mixed(chunk: Chunk<Buffer, Buffer>): number {
    const table = this.#table;
    let sequence = this.#sequence;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const found = table.get(chunk.keys[i]);
      if (found !== undefined) sum += seen(found.value);
      table.add(++sequence, ValueType.Value, chunk.keys[i + 1], chunk.values[i + 1]);
    }
    this.#sequence = sequence;
    return sum;
  }

  scan(): number {
    let sum = 0;
    const cursor = this.#table.iterator();
    const bytes = this.#table.arena.memory.u8;
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      sum += touch(cursor, bytes);
    }
    return sum;
  }

  entries(): number {
    let sum = 0;
    for (const { key, value } of this.#table) sum += seenEntry(key, value);
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    const cursor = this.#table.iterator();
    const bytes = this.#table.arena.memory.u8;
    for (cursor.seekToLast(); cursor.valid; cursor.prev()) {
      sum += touch(cursor, bytes);
    }
    return sum;
  }

  range(chunk: Chunk<Buffer, Buffer>, length: number): number {
    const cursor = this.#table.iterator();
    const bytes = this.#table.arena.memory.u8;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      cursor.seek(chunk.keys[i]);
      for (let left = length; left > 0 && cursor.valid; left--, cursor.next()) {
        sum += touch(cursor, bytes);
      }
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    let before: Uint8Array | undefined;
    for (const { key, value, type } of this.#table) {
      // The first version of a key is the newest.
      if (before !== undefined && Buffer.compare(before, key) === 0) continue;
      before = key;
      if (type === ValueType.Value) digest.add(key, value);
    }
  }

  bytes(): number {
    return this.#table.approximateMemoryUsage();
  }

  close(): void {
    this.#table.drop();
  }
}

/** As {@link seenEntry}, in place. */
function touch(cursor: MemTableCursor, bytes: Uint8Array): number {
  const last = bytes[cursor.keyStart + cursor.keyLength - 1];
  return last + cursor.valueLength + bytes[cursor.valueStart];
}

const COMMON = { package: '@memtable/memtable', keys: 'bytes', keeps: 'copies' } as const;

/**
 * Reserves twice the bytes of the data set and its index, because later operations write too. A `MemTableList` likewise
 * reserves memory from its write buffer size.
 */
function reserved({ input }: Setup): { reserveBytes: number } {
  return { reserveBytes: 2 * (input.contentBytes() + 40 * input.dataSet.entries) + (1 << 20) };
}

export const memtables: readonly ContenderKind[] = [
  {
    ...COMMON,
    name: 'memtable-block',
    about: 'MemTable, index: block',
    rate: 2000,
    open: (setup) => new MemTableContender({ index: 'block', ...reserved(setup) }),
  },
  {
    ...COMMON,
    name: 'memtable-skiplist',
    about: 'MemTable, index: skiplist',
    rate: 400,
    open: (setup) => new MemTableContender({ index: 'skiplist', ...reserved(setup) }),
  },
  {
    ...COMMON,
    name: 'memtable-leveldb',
    about: 'MemTable, layout: leveldb',
    rate: 380,
    open: (setup) => new MemTableContender({ layout: 'leveldb', ...reserved(setup) }),
  },
];
