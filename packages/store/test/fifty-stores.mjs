/** Fills fifty stores of default options with 6 MiB each. Prints their bytes, and the address space of all buffers. */
import { MemStore } from '@memtable/store';

const STORES = 50;
const ENTRIES = Math.ceil((6 << 20) / 1016);
const value = 'v'.repeat(1000);

const stores = [];
for (let i = 0; i < STORES; i++) {
  const store = new MemStore();
  for (let entry = 0; entry < ENTRIES; entry++) {
    store.put(String((entry * 7919) % ENTRIES).padStart(16, '0'), value);
  }
  stores.push(store);
}
const bytes = stores.reduce((sum, store) => sum + store.memoryUsage(), 0);
const entries = stores.reduce((sum, store) => sum + store.size, 0);
console.log(JSON.stringify({ bytes, entries, arrayBuffers: process.memoryUsage().arrayBuffers }));
