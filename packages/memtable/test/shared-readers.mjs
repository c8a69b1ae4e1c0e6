// One thread writes memtables in shared memory. Two others attach to them meanwhile, and read the entries that it has
// published. Prints a report with the wrong answers. Arguments: layout, milliseconds.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MemTable, ValueType } from '../dist/index.js';

/** Words that the threads share: last sequence published, whether the writer has ended, number of readers at work. */
const [PUBLISHED, ENDED, READING] = [0, 1, 2];
const READERS = 2;
const TABLE_BYTES = 8 << 20;
const ATTACH_EVERY = 20;

const key = new Uint8Array(12);
const keyView = new DataView(key.buffer);
/** Keys in turns: before all others of their kind, anywhere, versions of a single key. Values are sequences. */
const setKey = (sequence) => {
  key[0] = sequence % 3;
  keyView.setUint32(4, key[0] === 0 ? 0xffffffff - sequence : key[0] === 1 ? Math.imul(sequence, 2654435761) : 0);
  keyView.setUint32(8, key[0] === 1 ? sequence : 0);
  return key;
};
const sequenceIn = (value) => new DataView(value.buffer, value.byteOffset).getUint32(0);

if (isMainThread) await write(process.argv[2], Number(process.argv[3]));
else parentPort.on('message', read);

async function write(layout, ms) {
  const words = new Int32Array(new SharedArrayBuffer(16));
  const readers = Array.from({ length: READERS }, () => new Worker(new URL(import.meta.url), { workerData: words }));
  const value = new Uint8Array(4);
  const result = { tables: 0, reads: 0, attaches: 0, wrong: [] };
  for (const end = Date.now() + ms; Date.now() < end; result.tables++) {
    const table = new MemTable({ shared: true, index: 'skiplist', reserveBytes: TABLE_BYTES, layout });
    words.fill(0);
    const reports = readers.map((reader) => once(reader, 'message'));
    for (const reader of readers) reader.postMessage(table.arena.memory.buffer);
    while (Atomics.load(words, READING) < READERS);
    try {
      for (let sequence = 1; ; sequence++) {
        new DataView(value.buffer).setUint32(0, sequence);
        table.add(sequence, ValueType.Value, setKey(sequence), value);
        Atomics.store(words, PUBLISHED, sequence);
      }
    } catch (error) {
      if (error.code !== 'MEMTABLE_FULL') throw error;
    }
    Atomics.store(words, ENDED, 1);
    for (const [{ reads, attaches, wrong }] of await Promise.all(reports)) {
      result.reads += reads;
      result.attaches += attaches;
      result.wrong.push(...wrong);
    }
    table.verify();
  }
  for (const reader of readers) await reader.terminate();
  console.log(JSON.stringify({ ...result, wrong: result.wrong.length, first: result.wrong[0] }));
}

function read(buffer) {
  const words = workerData;
  const wrong = [];
  let [reads, attaches, table, cursor, random] = [0, 0, undefined, undefined, 1];
  Atomics.add(words, READING, 1);
  do {
    const published = Atomics.load(words, PUBLISHED);
    if (published === 0) continue;
    try {
      if (reads++ % ATTACH_EVERY === 0) {
        table = MemTable.attach(buffer);
        cursor = table.iterator();
        attaches++;
      }
      random = (random * 48271) % 2147483647;
      const sequence = Math.max(1, published - (random % 64));
      const found = table.get(setKey(sequence), sequence);
      if (found === undefined) throw new Error(`${sequence} of ${published} is not found`);
      if (sequenceIn(found.value) !== sequence) throw new Error(`${sequenceIn(found.value)} for ${sequence}`);
      cursor.seek(setKey(sequence), sequence);
      if (!cursor.valid || cursor.sequence !== sequence) throw new Error(`a cursor misses ${sequence} of ${published}`);
      const there = cursor.key;
      // Step forth and back. The writer may add an entry between the two, but the cursor never goes before `there`.
      cursor.next();
      if (!cursor.valid) continue;
      cursor.prev();
      if (!cursor.valid || Buffer.compare(cursor.key, there) < 0) throw new Error(`back from after ${sequence}`);
      cursor.seekToLast();
      if (!cursor.valid || cursor.sequence === 0) throw new Error('the last entry is gone');
    } catch (error) {
      wrong.push(String(error.code ?? '') + error.message);
    }
  } while (Atomics.load(words, ENDED) === 0);
  parentPort.postMessage({ reads, attaches, wrong });
}
