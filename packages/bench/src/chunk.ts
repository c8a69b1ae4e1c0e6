import type { DataSet } from './data-set.js';
import type { Input } from './inputs.js';

export const CHUNK_ENTRIES = 1000;

/** A process uses one type of keys and one of values, so that calls stay monomorphic. */
export type Key = string | Buffer;
export type Value = string | Buffer;

interface Inputs {
  readonly keys: 'bytes' | 'string';
  readonly keeps: 'references' | 'copies';
}

/** The inputs of up to 1000 operations, prepared before the clock starts. Only the first `count` items are valid. */
export class Chunk<K extends Key = Key, V extends Value = Value> {
  count = 0;
  readonly entries = new Uint32Array(CHUNK_ENTRIES);
  readonly keys: K[] = [];
  readonly values: V[] = [];
  readonly #hasStringKeys: boolean;
  readonly #hasStringValues: boolean;
  /** Whether each buffer is a new one. */
  readonly #isFresh: boolean;
  #scratch: Buffer | undefined;
  #used = 0;

  /**
   * Keys and values of the types that the contender takes. Each is new for a contender that keeps references, and a
   * view of reused bytes for one that copies.
   */
  constructor({ keys, keeps }: Inputs, { values }: DataSet) {
    this.#hasStringKeys = keys === 'string' || values === 'text';
    this.#hasStringValues = values === 'text';
    this.#isFresh = keeps === 'references';
  }

  /** Fills in keys that the contender holds. */
  fillKeys(input: Input, numbers: Uint32Array, from: number): void {
    this.#start(numbers, from);
    for (let i = 0; i < this.count; i++) {
      const entry = this.entries[i];
      this.keys[i] = (this.#hasStringKeys ? input.keyString(entry) : this.#copy(input.key(entry), this.keys[i])) as K;
    }
  }

  /** Fills in keys that the contender does not hold. */
  fillMisses(input: Input, numbers: Uint32Array, from: number): void {
    this.#start(numbers, from);
    for (let i = 0; i < this.count; i++) {
      const entry = this.entries[i];
      this.keys[i] = (this.#hasStringKeys ? input.missString(entry) : this.#copy(input.miss(entry), this.keys[i])) as K;
    }
  }

  /** Fills in keys and values. */
  fillEntries(input: Input, numbers: Uint32Array, from: number, version: number): void {
    this.fillKeys(input, numbers, from);
    for (let i = 0; i < this.count; i++) {
      const entry = this.entries[i];
      this.values[i] = (
        this.#hasStringValues
          ? input.valueText(entry, version)
          : this.#copy(input.value(entry, version), this.values[i])
      ) as V;
    }
  }

  /** Drops all references to keys and values. */
  clear(): void {
    this.count = 0;
    this.keys.length = 0;
    this.values.length = 0;
  }

  #start(numbers: Uint32Array, from: number): void {
    this.count = Math.min(CHUNK_ENTRIES, numbers.length - from);
    this.entries.set(numbers.subarray(from, from + this.count));
    this.#used = 0;
  }

  #copy(bytes: Buffer, before: Key | undefined): Buffer {
    if (this.#isFresh) return Buffer.from(bytes);
    this.#scratch ??= Buffer.alloc(CHUNK_ENTRIES * 128);
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
    const same =
      typeof before === 'object' &&
      before.buffer === buffer &&
      before.byteOffset === byteOffset + at &&
      before.length === bytes.length;
    return same ? before : this.#scratch.subarray(at, at + bytes.length);
  }
}
