import { openStore } from '@memtable/disk';
import { MemtableLevel } from 'memtable-level';

const [, , directory, step] = process.argv;

async function write() {
  const store = await openStore(directory);
  store.put('a', '1');
  await store.checkpoint();
  store.put('b', '2');
  process.kill(process.pid, 'SIGKILL');
}

async function read() {
  const store = await openStore(directory, { createIfMissing: false });
  await store.close();
  const db = new MemtableLevel(directory);
  console.log(JSON.stringify(await db.iterator().all()));
  await db.close();
}

await (step === 'write' ? write() : read());
