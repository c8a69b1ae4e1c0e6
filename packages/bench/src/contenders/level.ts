import type { AbstractLevel } from 'abstract-level';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { MemtableLevel } from 'memtable-level';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

const ENCODINGS = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
/** Entries per call of an iterator's `nextv`. */
const STEP = 1000;

type Put = { type: 'put'; key: Buffer; value: Buffer };
type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;

/** Uses the fastest calls of these stores: a batch per chunk, synchronous reads, scans in steps of 1000. */
class LevelContender implements Contender {
  readonly #level: Level;
  /** Whether the store returns values by reference, so that a get must copy them. */
  readonly #shares: boolean;

  /** Bytes in use, if the store reports them. */
  readonly bytes?: () => number;

  constructor(level: Level, shares: boolean, bytes?: () => number) {
    this.#level = level;
    this.#shares = shares;
    if (bytes !== undefined) this.bytes = bytes;
  }

  insert(chunk: Chunk): Promise<void> {
    const batch: Put[] = [];
    for (let i = 0; i < chunk.count; i++) batch.push({ type: 'put', key: chunk.keys[i], value: chunk.values[i] });
    return this.#level.batch(batch);
  }

  overwrite(chunk: Chunk): Promise<void> {
    return this.insert(chunk);
  }

  remove(chunk: Chunk): Promise<void> {
    const batch: { type: 'del'; key: Buffer }[] = [];
    for (let i = 0; i < chunk.count; i++) batch.push({ type: 'del', key: chunk.keys[i] });
    return this.#level.batch(batch);
  }

  get(chunk: Chunk): number {
    const level = this.#level;
    const shares = this.#shares;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = level.getSync(chunk.keys[i]);
      if (value === undefined) continue;
      const copy = shares ? Buffer.from(value) : value;
      sum += copy.length + copy[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const level = this.#level;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = level.getSync(chunk.keys[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  /** Performs the gets of a chunk, then its writes as one batch: each single write would wait for the event loop. */
  async mixed(chunk: Chunk): Promise<number> {
    const level = this.#level;
    const batch: Put[] = [];
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = level.getSync(chunk.keys[i]);
      if (value !== undefined) {
        const copy = this.#shares ? Buffer.from(value) : value;
        sum += copy.length + copy[0];
      }
      batch.push({ type: 'put', key: chunk.keys[i + 1], value: chunk.values[i + 1] });
    }
    await level.batch(batch);
    return sum;
  }

  scan(): Promise<number> {
    return this.#scan(false);
  }

  reverseScan(): Promise<number> {
    return this.#scan(true);
  }

  async #scan(reverse: boolean): Promise<number> {
    const iterator = this.#level.iterator({ reverse });
    let sum = 0;
    for (;;) {
      const entries = await iterator.nextv(STEP);
      if (entries.length === 0) break;
      for (const [, value] of entries) sum += value.length + value[0];
    }
    await iterator.close();
    return sum;
  }

  async range(chunk: Chunk, length: number): Promise<number> {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const iterator = this.#level.iterator({ gte: chunk.keys[i], limit: length });
      for (const [, value] of await iterator.nextv(length)) sum += value.length + value[0];
      await iterator.close();
    }
    return sum;
  }

  async digest(digest: ContentDigest): Promise<void> {
    for await (const [key, value] of this.#level.iterator()) digest.add(key, value);
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

export const memoryLevel: ContenderKind = {
  name: 'memory-level',
  about: 'memory-level, batches of 1000, getSync, nextv',
  package: 'memory-level',
  keys: 'bytes',
  keeps: 'references',
  rate: 100,
  open: async () => {
    const level = new MemoryLevel<Buffer, Buffer>({ storeEncoding: 'buffer', ...ENCODINGS });
    await level.open();
    return new LevelContender(level, true);
  },
};

export const memtableLevel: ContenderKind = {
  name: 'memtable-level',
  about: 'memtable-level, batches of 1000, getSync, nextv',
  package: 'memtable-level',
  keys: 'bytes',
  keeps: 'copies',
  rate: 700,
  open: async () => {
    const level = new MemtableLevel<Buffer, Buffer>(ENCODINGS);
    await level.open();
    return new LevelContender(level, false, () => level.store.memoryUsage());
  },
};

export const classicLevel: ContenderKind = {
  name: 'classic-level',
  about: 'classic-level (LevelDB, on disk), batches of 1000, getSync, nextv',
  package: 'classic-level',
  keys: 'bytes',
  keeps: 'copies',
  rate: 380,
  open: async ({ directory }) => {
    const level = new ClassicLevel<Buffer, Buffer>(directory, ENCODINGS);
    await level.open();
    return new LevelContender(level, false);
  },
};
