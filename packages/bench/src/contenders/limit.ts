import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Input } from '../inputs.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

/**
 * The upper bound for any index: copies entries to the end of a buffer, and values from known addresses. Supports only
 * operations that need no search.
 */
class Limit implements Contender {
  readonly knows = true;
  readonly #input: Input;
  readonly #bytes: Buffer;
  /** For each entry: the start of its key, the start of its value, and the end of its value. */
  readonly #keyAt: Uint32Array;
  readonly #valueAt: Uint32Array;
  readonly #endAt: Uint32Array;
  /** The entries in key order, and the rank of each entry in that order. */
  readonly #sorted: Uint32Array;
  readonly #ranks: Uint32Array;
  #used = 0;

  constructor(input: Input) {
    const { entries } = input.dataSet;
    this.#input = input;
    this.#bytes = Buffer.alloc(input.contentBytes(), 1);
    this.#keyAt = new Uint32Array(entries);
    this.#valueAt = new Uint32Array(entries);
    this.#endAt = new Uint32Array(entries);
    this.#sorted = input.sorted();
    this.#ranks = new Uint32Array(entries);
    this.#sorted.forEach((entry, rank) => (this.#ranks[entry] = rank));
  }

  insert(chunk: Chunk<Buffer, Buffer>): void {
    const bytes = this.#bytes;
    let used = this.#used;
    for (let i = 0; i < chunk.count; i++) {
      const entry = chunk.entries[i];
      this.#keyAt[entry] = used;
      bytes.set(chunk.keys[i], used);
      used += chunk.keys[i].length;
      this.#valueAt[entry] = used;
      bytes.set(chunk.values[i], used);
      used += chunk.values[i].length;
      this.#endAt[entry] = used;
    }
    this.#used = used;
  }

  get(chunk: Chunk): number {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const entry = chunk.entries[i];
      const copy = Buffer.from(this.#bytes.subarray(this.#valueAt[entry], this.#endAt[entry]));
      sum += seen(copy);
    }
    return sum;
  }

  view(chunk: Chunk): number {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) sum += this.#touch(chunk.entries[i]);
    return sum;
  }

  scan(): number {
    const sorted = this.#sorted;
    let sum = 0;
    for (let i = 0; i < sorted.length; i++) sum += this.#touchEntry(sorted[i]);
    return sum;
  }

  entries(): number {
    const bytes = this.#bytes;
    let sum = 0;
    for (const entry of this.#sorted) {
      const valueAt = this.#valueAt[entry];
      const key = Buffer.from(bytes.subarray(this.#keyAt[entry], valueAt));
      sum += seenEntry(key, Buffer.from(bytes.subarray(valueAt, this.#endAt[entry])));
    }
    return sum;
  }

  reverseScan(): number {
    const sorted = this.#sorted;
    let sum = 0;
    for (let i = sorted.length - 1; i >= 0; i--) sum += this.#touchEntry(sorted[i]);
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const sorted = this.#sorted;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const from = this.#ranks[chunk.entries[i]];
      const to = Math.min(from + length, sorted.length);
      for (let rank = from; rank < to; rank++) sum += this.#touchEntry(sorted[rank]);
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    for (const entry of this.#input.sorted()) {
      const valueAt = this.#valueAt[entry];
      digest.add(this.#bytes.subarray(this.#keyAt[entry], valueAt), this.#bytes.subarray(valueAt, this.#endAt[entry]));
    }
  }

  bytes(): number {
    return this.#used;
  }

  close(): void {
    this.#used = 0;
  }

  #touchEntry(entry: number): number {
    return this.#bytes[this.#valueAt[entry] - 1] + this.#touch(entry);
  }

  #touch(entry: number): number {
    const start = this.#valueAt[entry];
    return this.#endAt[entry] - start + this.#bytes[start];
  }
}

export const limit: ContenderKind = {
  name: 'limit',
  about: 'no index: entries appended to a buffer, values copied from known addresses',
  keys: 'bytes',
  keeps: 'copies',
  rate: 8000,
  open: ({ input }) => new Limit(input),
};
