// Fills and drops memtables of 64 MiB, one after the other, and prints the highest rise of resident memory.
import { MemTable } from '../dist/index.js';

const [tables, tableBytes] = [20, 64 << 20];
const key = new Uint8Array(16);
const view = new DataView(key.buffer);
const value = new Uint8Array(1000).fill(7);
const start = process.memoryUsage().rss;
let peak = 0;
let sequence = 0;
for (let i = 0; i < tables; i++) {
  const table = new MemTable();
  while (table.approximateMemoryUsage() < tableBytes) {
    view.setUint32(0, Math.imul(++sequence, 2654435761));
    table.add(sequence, 1, key, value);
    if (sequence % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  table.freeze();
  table.drop();
}
console.log(JSON.stringify({ tables, riseBytes: peak - start, leftBytes: process.memoryUsage.rss() - start }));
