import { bench, do_not_optimize, group } from 'mitata';

const LENGTHS = [8, 32, 100, 1000, 4096];
const BYTES = 1 << 24;
/** A prime, so that addresses repeat late. */
const STRIDE = 1_000_003;

/** Measures ways to copy a value out of a large memory, and into it. */
export function valueCopy(): void {
  const memory = new Uint8Array(BYTES).fill(1);
  const buffer = Buffer.from(memory.buffer);
  for (const length of LENGTHS) {
    const value = new Uint8Array(length).fill(2);
    let at = 0;
    const next = () => (at = (at + STRIDE) % (BYTES - length));
    group(`copy ${length} bytes`, () => {
      bench('out: Uint8Array.slice', () => do_not_optimize(memory.slice(next(), at + length)));
      bench('out: subarray, slice', () => do_not_optimize(memory.subarray(next(), at + length).slice()));
      bench('out: Buffer.from(subarray)', () => do_not_optimize(Buffer.from(buffer.subarray(next(), at + length))));
      bench('out: new Uint8Array, set', () => {
        const copy = new Uint8Array(length);
        copy.set(memory.subarray(next(), at + length));
        do_not_optimize(copy);
      });
      bench('out: new Uint8Array, byte by byte', () => {
        const copy = new Uint8Array(length);
        const from = next();
        for (let i = 0; i < length; i++) copy[i] = memory[from + i];
        do_not_optimize(copy);
      });
      bench('a view only', () => do_not_optimize(memory.subarray(next(), at + length)));
      bench('in: set', () => memory.set(value, next()));
      bench('in: byte by byte', () => {
        const to = next();
        for (let i = 0; i < length; i++) memory[to + i] = value[i];
      });
    });
  }
}
