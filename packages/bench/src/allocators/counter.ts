import { workerData } from 'node:worker_threads';

/** A worker that increments its own word of shared memory `count` times. */
const { buffer, start, address, count } = workerData as {
  buffer: SharedArrayBuffer;
  start: number;
  address: number;
  count: number;
};
const words = new Int32Array(buffer);
Atomics.add(words, start >> 2, 1);
while (Atomics.load(words, start >> 2) < 2); // Wait until both workers are ready.
for (let i = 0; i < count; i++) Atomics.add(words, address >> 2, 1);
