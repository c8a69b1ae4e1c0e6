// Overwrites 100 keys ten million times in one turn of the event loop, and prints the rise of resident memory.
import { MemStore } from '../dist/index.js';

const [keys, overwrites] = [100, 10_000_000];
const store = new MemStore({ valueEncoding: 'view' });
const names = Array.from({ length: keys }, (_, i) => `key ${i}`);
const value = new Uint8Array(200).fill(7);
// Lengths grow and shrink, so that most values do not fit in place.
const values = Array.from({ length: 101 }, (_, i) => value.subarray(0, (i * 37) % 101));
const start = process.memoryUsage().rss;
let peak = 0;
for (let i = 0; i < overwrites; i++) {
  store.put(names[i % keys], values[(i * 7) % 101]);
  if (i % 100_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
}
store.verify();
const { compaction, memoryUsage, entryCount } = store.stats();
console.log(
  JSON.stringify({ overwrites, riseBytes: peak - start, compactions: compaction.finished, memoryUsage, entryCount }),
);
