// Writes numbered keys to the store of a directory and reports each on standard output, until it is killed.
import { setImmediate } from 'node:timers/promises';
import { openStore } from '@memtable/disk';

const [directory, durability] = process.argv.slice(2);
const store = await openStore(directory, { durability, logBytesMax: 50_000 });
const { lastSequence } = store.stats();
process.send({ begins: lastSequence });
for (let i = lastSequence + 1; ; i++) {
  store.put(`key ${i % 1000}`, `value ${i}`);
  if (durability === 'disk') await store.durable();
  process.send({ written: i });
  if (i % 10 === 0) await setImmediate();
}
