import type { AbstractLevel } from 'abstract-level';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { MemtableLevel } from 'memtable-level';
import type { Chunk, Key, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

const BUFFERS = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
/** Entries per call of an iterator's `nextv`. */
const STEP = 1000;

type Put<K, V> = { type: 'put'; key: K; value: V };
type Level<K, V> = AbstractLevel<string | Buffer | Uint8Array, K, V>;

/** Uses the fastest calls of these stores: a batch per chunk, synchronous reads, scans in steps of 1000. */
class LevelContender<K extends Key, V extends Value> implements Contender {
  readonly #level: Level<K, V>;

  /** Bytes in use, if the store reports them. */
  readonly bytes?: () => number;

  constructor(level: Level<K, V>, bytes?: () => number) {
    this.#level = level;
    if (bytes !== undefined) this.bytes = bytes;
  }

  insert(chunk: Chunk<K, V>): Promise<void> {
    const batch: Put<K, V>[] = [];
    for (let i = 0; i < chunk.count; i++) batch.push({ type: 'put', key: chunk.keys[i], value: chunk.values[i] });
    return this.#level.batch(batch);
  }

  load(entries: [K, V][]): Promise<void> {
    return this.#level.batch(entries.map(([key, value]) => ({ type: 'put', key, value })));
  }

  overwrite(chunk: Chunk<K, V>): Promise<void> {
    return this.insert(chunk);
  }

  remove(chunk: Chunk<K, V>): Promise<void> {
    const batch: { type: 'del'; key: K }[] = [];
    for (let i = 0; i < chunk.count; i++) batch.push({ type: 'del', key: chunk.keys[i] });
    return this.#level.batch(batch);
  }

  get(chunk: Chunk<K, V>): number {
    const level = this.#level;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = level.getSync(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  /** Performs the gets of a chunk, then its writes as one batch: each single write would wait for the event loop. */
  async mixed(chunk: Chunk<K, V>): Promise<number> {
    const level = this.#level;
    const batch: Put<K, V>[] = [];
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = level.getSync(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
      batch.push({ type: 'put', key: chunk.keys[i + 1], value: chunk.values[i + 1] });
    }
    await level.batch(batch);
    return sum;
  }

  scan(): Promise<number> {
    return this.#scan(false);
  }

  async entries(): Promise<number> {
    let sum = 0;
    for await (const [key, value] of this.#level.iterator()) sum += seenEntry(key, value);
    return sum;
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
      for (const [key, value] of entries) sum += seenEntry(key, value);
    }
    await iterator.close();
    return sum;
  }

  async range(chunk: Chunk<K, V>, length: number): Promise<number> {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const iterator = this.#level.iterator({ gte: chunk.keys[i], limit: length });
      for (const [key, value] of await iterator.nextv(length)) sum += seenEntry(key, value);
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

async function opened<K extends Key, V extends Value>(level: Level<K, V>, bytes?: () => number): Promise<Contender> {
  await level.open();
  return new LevelContender(level, bytes);
}

export const memoryLevel: ContenderKind = {
  name: 'memory-level',
  about: 'memory-level, batches of 1000, getSync, nextv',
  package: 'memory-level',
  keys: 'bytes',
  keeps: 'references',
  rate: 65,
  open: () => opened(new MemoryLevel<Buffer, Buffer>({ storeEncoding: 'buffer', ...BUFFERS })),
  openDefaults: () => opened(new MemoryLevel<string, string>({})),
};

export const memtableLevel: ContenderKind = {
  name: 'memtable-level',
  about: 'memtable-level, batches of 1000, getSync, nextv',
  package: 'memtable-level',
  keys: 'bytes',
  keeps: 'copies',
  rate: 700,
  open: () => {
    const level = new MemtableLevel<Buffer, Buffer>(BUFFERS);
    return opened(level, () => level.store.memoryUsage());
  },
  openDefaults: () => {
    const level = new MemtableLevel();
    return opened(level, () => level.store.memoryUsage());
  },
};

export const classicLevel: ContenderKind = {
  name: 'classic-level',
  about: 'classic-level (LevelDB, on disk), batches of 1000, getSync, nextv',
  package: 'classic-level',
  keys: 'bytes',
  keeps: 'copies',
  rate: 380,
  open: ({ directory }) => opened(new ClassicLevel<Buffer, Buffer>(directory, BUFFERS)),
  openDefaults: ({ directory }) => opened(new ClassicLevel<string, string>(directory)),
};
