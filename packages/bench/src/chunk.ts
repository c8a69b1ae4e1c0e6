import type { Input } from './inputs.js';

export const CHUNK_ENTRIES = 1000;

export interface ChunkOptions {
  /** Whether to fill `keys` (bytes) or `names` (strings). */
  readonly keys: 'bytes' | 'string';
  /** Whether each key and value is a new buffer, for contenders that keep references. */
  readonly fresh: boolean;
}

/** The inputs of up to 1000 operations, prepared before the clock starts. Only the first `count` items are valid. */
export class Chunk {
  count = 0;
  readonly entries = new Uint32Array(CHUNK_ENTRIES);
  /** Keys as bytes. */
  readonly keys: Buffer[] = [];
  /** The same keys as strings. */
  readonly names: string[] = [];
  readonly values: Buffer[] = [];
  readonly #options: ChunkOptions;
  #scratch = Buffer.alloc(CHUNK_ENTRIES * 256);
  #used = 0;

  constructor(options: ChunkOptions) {
    this.#options = options;
  }

  /** Fills in keys that the contender holds. */
  fillKeys(input: Input, numbers: Uint32Array, from: number): void {
    this.#start(numbers, from);
    for (let i = 0; i < this.count; i++) {
      if (this.#options.keys === 'string') this.names[i] = input.keyString(this.entries[i]);
      else this.keys[i] = this.#copy(input.key(this.entries[i]), this.keys[i]);
    }
  }

  /** Fills in keys that the contender does not hold. */
  fillMisses(input: Input, numbers: Uint32Array, from: number): void {
    this.#start(numbers, from);
    for (let i = 0; i < this.count; i++) {
      if (this.#options.keys === 'string') this.names[i] = input.missString(this.entries[i]);
      else this.keys[i] = this.#copy(input.miss(this.entries[i]), this.keys[i]);
    }
  }

  /** Fills in keys and values. */
  fillEntries(input: Input, numbers: Uint32Array, from: number, version: number): void {
    this.fillKeys(input, numbers, from);
    for (let i = 0; i < this.count; i++) {
      this.values[i] = this.#copy(input.value(this.entries[i], version), this.values[i]);
    }
  }

  /** Drops all references to keys and values. */
  clear(): void {
    this.count = 0;
    this.keys.length = 0;
    this.names.length = 0;
    this.values.length = 0;
  }

  #start(numbers: Uint32Array, from: number): void {
    this.count = Math.min(CHUNK_ENTRIES, numbers.length - from);
    this.entries.set(numbers.subarray(from, from + this.count));
    this.#used = 0;
  }

  #copy(bytes: Buffer, before: Buffer | undefined): Buffer {
    if (this.#options.fresh) return Buffer.from(bytes);
    const at = this.#used;
    this.#used += bytes.length;
    if (this.#used > this.#scratch.length) {
      // Views of the old scratch stay valid.
      this.#scratch = Buffer.alloc(this.#scratch.length * 2 + bytes.length);
      this.#used = bytes.length;
      this.#scratch.set(bytes);
      return this.#scratch.subarray(0, bytes.length);
    }
    this.#scratch.set(bytes, at);
    const { buffer, byteOffset } = this.#scratch;
    // If all sizes are equal, reuse the view of the previous chunk, which makes no garbage.
    const same = before?.buffer === buffer && before.byteOffset === byteOffset + at && before.length === bytes.length;
    return same ? before : this.#scratch.subarray(at, at + bytes.length);
  }
}
