import { open, type RootDatabase } from 'lmdb';
import type { Chunk, Key, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

class Lmdb<K extends Key, V extends Value> implements Contender {
  readonly #database: RootDatabase<V, K>;

  constructor(database: RootDatabase<V, K>) {
    this.#database = database;
  }

  insert(chunk: Chunk<K, V>): void {
    const database = this.#database;
    database.transactionSync(() => {
      for (let i = 0; i < chunk.count; i++) database.putSync(chunk.keys[i], chunk.values[i]);
    });
  }

  overwrite(chunk: Chunk<K, V>): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk<K, V>): void {
    const database = this.#database;
    database.transactionSync(() => {
      for (let i = 0; i < chunk.count; i++) database.removeSync(chunk.keys[i]);
    });
  }

  get(chunk: Chunk<K, V>): number {
    const database = this.#database;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = database.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  /** Performs all gets and writes of a chunk in one transaction. */
  mixed(chunk: Chunk<K, V>): number {
    const database = this.#database;
    return database.transactionSync(() => {
      let sum = 0;
      for (let i = 0; i + 1 < chunk.count; i += 2) {
        const value = database.get(chunk.keys[i]);
        if (value !== undefined) sum += seen(value);
        database.putSync(chunk.keys[i + 1], chunk.values[i + 1]);
      }
      return sum;
    });
  }

  scan(): number {
    let sum = 0;
    for (const { key, value } of this.#database.getRange()) sum += seenEntry(key, value);
    return sum;
  }

  entries(): number {
    return this.scan();
  }

  reverseScan(): number {
    let sum = 0;
    for (const { key, value } of this.#database.getRange({ reverse: true })) sum += seenEntry(key, value);
    return sum;
  }

  range(chunk: Chunk<K, V>, length: number): number {
    const database = this.#database;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      for (const { key, value } of database.getRange({ start: chunk.keys[i], limit: length })) {
        sum += seenEntry(key, value);
      }
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    for (const { key, value } of this.#database.getRange()) digest.add(key, value);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

export const lmdb: ContenderKind = {
  name: 'lmdb',
  about: 'lmdb (a file, noSync), transactions of 1000',
  package: 'lmdb',
  keys: 'bytes',
  keeps: 'copies',
  rate: 145,
  open: ({ directory: path }) =>
    new Lmdb(open<Buffer, Buffer>({ path, encoding: 'binary', keyEncoding: 'binary', noSync: true })),
  openDefaults: ({ directory: path }) => new Lmdb(open<string, string>({ path })),
};
