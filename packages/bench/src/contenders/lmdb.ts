import { open, type RootDatabase } from 'lmdb';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

class Lmdb implements Contender {
  readonly #database: RootDatabase<Buffer, Buffer>;

  constructor(path: string) {
    this.#database = open<Buffer, Buffer>({ path, encoding: 'binary', keyEncoding: 'binary', noSync: true });
  }

  insert(chunk: Chunk): void {
    const database = this.#database;
    database.transactionSync(() => {
      for (let i = 0; i < chunk.count; i++) database.putSync(chunk.keys[i], chunk.values[i]);
    });
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const database = this.#database;
    database.transactionSync(() => {
      for (let i = 0; i < chunk.count; i++) database.removeSync(chunk.keys[i]);
    });
  }

  get(chunk: Chunk): number {
    const database = this.#database;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = database.getBinary(chunk.keys[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const database = this.#database;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = database.getBinaryFast(chunk.keys[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  /** Performs all gets and writes of a chunk in one transaction. */
  mixed(chunk: Chunk): number {
    const database = this.#database;
    return database.transactionSync(() => {
      let sum = 0;
      for (let i = 0; i + 1 < chunk.count; i += 2) {
        const value = database.getBinary(chunk.keys[i]);
        if (value !== undefined) sum += value.length + value[0];
        database.putSync(chunk.keys[i + 1], chunk.values[i + 1]);
      }
      return sum;
    });
  }

  scan(): number {
    let sum = 0;
    for (const { value } of this.#database.getRange()) sum += value.length + value[0];
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    for (const { value } of this.#database.getRange({ reverse: true })) sum += value.length + value[0];
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const database = this.#database;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      for (const { value } of database.getRange({ start: chunk.keys[i], limit: length }))
        sum += value.length + value[0];
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
  open: ({ directory }) => new Lmdb(directory),
};
