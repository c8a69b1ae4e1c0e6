/**
 * Walks the entries of a block (LevelDB table/block.cc). The drawing is in block-builder.ts.
 *
 * The block may be damaged. Every length and place is checked before it is used, and each step goes on by at least
 * three bytes, so that a walk ends. What contradicts itself is a call of `fail`, which throws.
 */
import { ValueType } from '@memtable/memtable';
import { TAG_BYTES } from '@memtable/memtable/internal';
import { ByteReader } from '../coding/byte-reader.js';
import { compareInternalKeys } from './internal-order.js';

const RESTART_BYTES = 4;
const NO_BYTES = new Uint8Array();

export class BlockCursor {
  readonly #fail: (why: string) => never;
  readonly #tagBytes: number;
  /** The contents of the block, without its trailer. */
  bytes: Uint8Array = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer);
  /** Where the entries end and the restarts begin. */
  #restartsAt = 0;
  #restartCount = 0;
  /** Where the entry begins, and the next one; without an entry both are the end. */
  #at = 0;
  #next = 0;
  /** The key, put together: `keyLength` bytes of it. */
  key = new Uint8Array(64);
  keyLength = 0;
  /** Where the value lies in `bytes`. */
  valueStart = 0;
  valueLength = 0;

  /** @param tagBytes - 0 for a block whose keys are no internal keys; it is not searched */
  constructor(fail: (why: string) => never, tagBytes: number = TAG_BYTES) {
    this.#fail = fail;
    this.#tagBytes = tagBytes;
  }

  /** Goes over to another block; the cursor is not valid then. */
  load(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const countAt = bytes.length - 4;
    if (countAt < 0) this.#fail(`a block of ${bytes.length} bytes`);
    this.#restartCount = this.#view.getUint32(countAt, true);
    if (this.#restartCount > countAt / RESTART_BYTES) this.#fail(`${this.#restartCount} restarts in ${countAt} bytes`);
    this.#restartsAt = countAt - RESTART_BYTES * this.#restartCount;
    if (this.#restartCount === 0 && this.#restartsAt > 0) this.#fail('a block without restarts');
    this.#end();
  }

  get valid(): boolean {
    return this.#at < this.#restartsAt;
  }

  seekToFirst(): void {
    if (this.#restartCount === 0) this.#end();
    else this.#seekToRestart(0);
  }

  seekToLast(): void {
    if (this.#restartCount === 0) return this.#end();
    this.#seekToRestart(this.#restartCount - 1);
    while (this.#next < this.#restartsAt) this.#read(this.#next);
  }

  /** To the first entry at or after an internal key. */
  seek(target: Uint8Array): void {
    if (this.#restartCount === 0) return this.#end();
    // The last restart before the target: the entry is behind it, or there is none before the target.
    let low = 0;
    for (let high = this.#restartCount - 1; low < high;) {
      const middle = (low + high + 1) >>> 1;
      this.#seekToRestart(middle);
      if (this.#isBefore(target)) low = middle;
      else high = middle - 1;
    }
    this.#seekToRestart(low);
    while (this.valid && this.#isBefore(target)) this.#read(this.#next);
  }

  next(): void {
    this.#read(this.#next);
  }

  prev(): void {
    // Keys are only put together forwards, so it is from the restart before.
    const original = this.#at;
    let restart = this.#restartCount - 1;
    while (restart >= 0 && this.#restart(restart) >= original) restart--;
    if (restart < 0) return this.#end();
    this.#seekToRestart(restart);
    while (this.#next < original) this.#read(this.#next);
    if (this.#next > original) this.#fail(`restart ${restart} leads past the entry at ${original}`);
  }

  #isBefore(target: Uint8Array): boolean {
    return compareInternalKeys(this.key, 0, this.keyLength, target, 0, target.length) < 0;
  }

  #restart(index: number): number {
    const at = this.#view.getUint32(this.#restartsAt + RESTART_BYTES * index, true);
    if (at >= this.#restartsAt && this.#restartsAt > 0) this.#fail(`restart ${index} at ${at}, behind the entries`);
    return at;
  }

  #seekToRestart(index: number): void {
    this.keyLength = 0;
    this.#read(this.#restart(index));
  }

  #end(): void {
    this.#at = this.#next = this.#restartsAt;
    this.keyLength = 0;
  }

  /** Takes the entry at `at` apart, whose key goes on from the one that the cursor has. */
  #read(at: number): void {
    if (at >= this.#restartsAt) return this.#end();
    const bytes = this.bytes;
    let shared = bytes[at];
    let unshared = bytes[at + 1];
    let valueLength = bytes[at + 2];
    let keyAt = at + 3;
    if ((shared | unshared | valueLength) >= 0x80) {
      const reader = new ByteReader(bytes, at, this.#restartsAt);
      shared = reader.varint32();
      unshared = reader.varint32();
      valueLength = reader.varint32();
      keyAt = reader.at;
      if (!reader.ok) this.#fail(`an entry at ${at} without its lengths`);
    }
    const keyLength = shared + unshared;
    if (shared > this.keyLength || keyAt + unshared + valueLength > this.#restartsAt) {
      this.#fail(`an entry at ${at} of ${shared} + ${unshared} + ${valueLength} bytes`);
    }
    if (keyLength < this.#tagBytes) this.#fail(`a key at ${at} of ${keyLength} bytes`);
    if (keyLength > this.key.length) this.#growKey(keyLength);
    const key = this.key;
    for (let i = shared; i < keyLength; i++) key[i] = bytes[keyAt++];
    const tagAt = keyLength - this.#tagBytes;
    if (tagAt < keyLength && key[tagAt] > ValueType.Value) this.#fail(`an entry at ${at} of type ${key[tagAt]}`);
    this.keyLength = keyLength;
    this.#at = at;
    this.valueStart = keyAt;
    this.valueLength = valueLength;
    this.#next = keyAt + valueLength;
  }

  #growKey(length: number): void {
    const key = new Uint8Array(2 * length);
    key.set(this.key.subarray(0, this.keyLength));
    this.key = key;
  }
}
