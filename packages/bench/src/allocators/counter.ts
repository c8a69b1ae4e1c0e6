import { workerData } from 'node:worker_threads';

/** Counts up a word of shared memory, and keeps for itself when it has begun and ended. */
const { buffer, start, address, count } = workerData as {
  buffer: SharedArrayBuffer;
  start: number;
  address: number;
  count: number;
};
const words = new Int32Array(buffer);
Atomics.add(words, start >> 2, 1);
while (Atomics.load(words, start >> 2) < 2); // Both begin together.
for (let i = 0; i < count; i++) Atomics.add(words, address >> 2, 1);
