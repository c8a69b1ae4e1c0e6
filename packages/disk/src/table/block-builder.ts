/**
 * Builds a block of a table (LevelDB table/block_builder.cc): sorted entries, each without the bytes that its key
 * shares with the one before.
 *
 * ```
 *    | entry | entry | ... | restart, 4 | restart, 4 | ... | number of restarts, 4 |
 *
 *    entry
 *    | shared | unshared | value length | unshared bytes of the key | value |          three varint32 first
 * ```
 *
 * Every `restartInterval` entries a key is stored whole; its place is a restart. A search begins at one.
 */
import { checkBytes } from '@memtable/memtable/internal';

const CAPACITY_BYTES = 4096;
/** Three lengths of five bytes at most. */
const LENGTHS_BYTES_MAX = 15;

export class BlockBuilder {
  readonly #restartInterval: number;
  #bytes = new Uint8Array(CAPACITY_BYTES);
  #length = 0;
  #restarts: number[] = [0];
  /** Entries since the last restart. */
  #counter = 0;
  #entryCount = 0;
  #key = new Uint8Array(64);
  #keyLength = 0;

  constructor(restartInterval: number) {
    this.#restartInterval = restartInterval;
  }

  get entryCount(): number {
    return this.#entryCount;
  }

  /** Bytes of the block if it ended here. */
  get sizeBytes(): number {
    return this.#length + 4 * this.#restarts.length + 4;
  }

  /** The last key that was added, to this block or to the one before; good until the next one is. */
  get lastKey(): Uint8Array {
    return this.#key.subarray(0, this.#keyLength);
  }

  /** Adds an entry. The caller sees to the order of the keys. */
  add(key: Uint8Array, value: Uint8Array): void {
    checkBytes('the key', key);
    checkBytes('the value', value);
    let shared = 0;
    if (this.#counter < this.#restartInterval) {
      // At the start of a block the last key is that of the block before.
      const max = this.#entryCount === 0 ? 0 : Math.min(this.#keyLength, key.length);
      const last = this.#key;
      while (shared < max && last[shared] === key[shared]) shared++;
    } else {
      this.#restarts.push(this.#length);
      this.#counter = 0;
    }
    const unshared = key.length - shared;
    this.#reserve(LENGTHS_BYTES_MAX + unshared + value.length);
    this.#writeLength(shared);
    this.#writeLength(unshared);
    this.#writeLength(value.length);
    if (key.length > this.#key.length) this.#growKey(key.length);
    const bytes = this.#bytes;
    const lastKey = this.#key;
    let at = this.#length;
    for (let i = shared; i < key.length; i++) bytes[at++] = lastKey[i] = key[i];
    bytes.set(value, at);
    this.#length = at + value.length;
    this.#keyLength = key.length;
    this.#counter++;
    this.#entryCount++;
  }

  /** The whole block: a view that is good until the next entry. */
  finish(): Uint8Array {
    this.#reserve(4 * this.#restarts.length + 4);
    const view = new DataView(this.#bytes.buffer);
    let at = this.#length;
    for (const restart of this.#restarts) {
      view.setUint32(at, restart, true);
      at += 4;
    }
    view.setUint32(at, this.#restarts.length, true);
    return this.#bytes.subarray(0, at + 4);
  }

  /** Begins another block; `lastKey` stays. */
  reset(): void {
    this.#length = 0;
    this.#restarts = [0];
    this.#counter = 0;
    this.#entryCount = 0;
  }

  #writeLength(length: number): void {
    let rest = length;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  #growKey(length: number): void {
    const key = new Uint8Array(2 * length);
    key.set(this.#key);
    this.#key = key;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#length + more, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
