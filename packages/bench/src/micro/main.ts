import { run } from 'mitata';
import { blockSize } from './block-size.js';
import { comparator } from './comparator.js';
import { encoding } from './encoding.js';
import { valueCopy } from './value-copy.js';

/** Measures single parts, to find the fastest variant on this machine. */
export async function runMicro(): Promise<void> {
  blockSize();
  comparator();
  encoding();
  valueCopy();
  await run({ colors: process.stdout.isTTY });
}
