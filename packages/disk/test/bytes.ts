export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const error = (code: string, details: object = {}) =>
  expect.objectContaining({ name: 'DiskError', code, ...details }) as Error;

/** FNV-1a of 64 bits, by which golden files name long outputs. Those of logs begin with another basis. */
export function fnv1a64(bytes: Uint8Array, basis = 0xcbf29ce484222325n): string {
  let [high, low] = [Number(basis >> 32n), Number(basis & 0xffffffffn)];
  for (let i = 0; i < bytes.length; i++) {
    low = (low ^ bytes[i]) >>> 0;
    // The prime is 2^40 + 0x1b3.
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x100000000) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** A file that keeps what is appended. */
export class Sink {
  #parts: Uint8Array[] = [];

  append(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  get appendCount(): number {
    return this.#parts.length;
  }
}
