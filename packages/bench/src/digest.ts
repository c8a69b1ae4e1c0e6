import { createHash } from 'node:crypto';

/** A hash of keys and values in order. */
export class ContentDigest {
  readonly #hash = createHash('sha256');
  readonly #lengths = Buffer.alloc(8);
  entries = 0;

  add(key: Uint8Array | string, value: Uint8Array | string): void {
    const bytes = bytesOf(key);
    const valueBytes = bytesOf(value);
    this.#lengths.writeUInt32LE(bytes.length, 0);
    this.#lengths.writeUInt32LE(valueBytes.length, 4);
    this.#hash.update(this.#lengths).update(bytes).update(valueBytes);
    this.entries++;
  }

  end(): string {
    return `${this.entries} entries, sha256 ${this.#hash.digest('hex').slice(0, 16)}`;
  }
}

function bytesOf(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}
