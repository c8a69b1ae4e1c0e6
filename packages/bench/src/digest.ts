import { createHash } from 'node:crypto';

/** A hash of keys and values in order. */
export class ContentDigest {
  readonly #hash = createHash('sha256');
  readonly #lengths = Buffer.alloc(8);
  entries = 0;

  add(key: Uint8Array | string, value: Uint8Array): void {
    const bytes = typeof key === 'string' ? Buffer.from(key, 'latin1') : key;
    this.#lengths.writeUInt32LE(bytes.length, 0);
    this.#lengths.writeUInt32LE(value.length, 4);
    this.#hash.update(this.#lengths).update(bytes).update(value);
    this.entries++;
  }

  end(): string {
    return `${this.entries} entries, sha256 ${this.#hash.digest('hex').slice(0, 16)}`;
  }
}
