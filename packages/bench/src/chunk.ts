import type { Input } from './inputs.js';

export const CHUNK_ENTRIES = 1000;

export interface ChunkOptions {
  /** Whether keys come as `keys` or as `names`. */
  readonly keys: 'bytes' | 'string';
  /** Whether every key and value is a new buffer, for contenders that keep what they are given. */
  readonly fresh: boolean;
}

/** Up to 1000 operations, made ready before the clock runs. Only the first `count` places are good. */
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

  /** Keys that are there. */
  fillKeys(input: Input, numbers: Uint32Array, from: number): void {
    this.#start(numbers, from);
    for (let i = 0; i < this.count; i++) {
      if (this.#options.keys === 'string') this.names[i] = input.keyString(this.entries[i]);
      else this.keys[i] = this.#copy(input.key(this.entries[i]), this.keys[i]);
    }
  }

  /** Keys that are not there. */
  fillMisses(input: Input, numbers: Uint32Array, from: number): void {
    this.#start(numbers, from);
    for (let i = 0; i < this.count; i++) {
      if (this.#options.keys === 'string') this.names[i] = input.missString(this.entries[i]);
      else this.keys[i] = this.#copy(input.miss(this.entries[i]), this.keys[i]);
    }
  }

  /** Keys and values. */
  fillEntries(input: Input, numbers: Uint32Array, from: number, version: number): void {
    this.fillKeys(input, numbers, from);
    for (let i = 0; i < this.count; i++) {
      this.values[i] = this.#copy(input.value(this.entries[i], version), this.values[i]);
    }
  }

  /** Lets go of all keys and values. */
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
      // Views of the old bytes stay good.
      this.#scratch = Buffer.alloc(this.#scratch.length * 2 + bytes.length);
      this.#used = bytes.length;
      this.#scratch.set(bytes);
      return this.#scratch.subarray(0, bytes.length);
    }
    this.#scratch.set(bytes, at);
    const { buffer, byteOffset } = this.#scratch;
    // Where all sizes are the same, the view of the chunk before will do, and there is no garbage.
    const same = before?.buffer === buffer && before.byteOffset === byteOffset + at && before.length === bytes.length;
    return same ? before : this.#scratch.subarray(at, at + bytes.length);
  }
}
