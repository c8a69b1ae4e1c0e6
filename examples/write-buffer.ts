/**
 * A write buffer in front of a LevelDB. Writes go to memory at once; the buffer flushes itself to disk in large sorted
 * batches. What is still in memory is lost when the process dies: there is no log.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { levelTarget } from '@memtable/memtable';
import { MemStore } from '@memtable/store';
import { ClassicLevel } from 'classic-level';

const directory = await mkdtemp(join(tmpdir(), 'write-buffer-'));
const database = new ClassicLevel(directory);
const buffer = new MemStore({ target: levelTarget(database), writeBufferBytes: 1 << 20 });

/** Waits only when the buffer is full and the flush before it is still running. */
async function put(key: string, value: string): Promise<void> {
  await buffer.admit(Buffer.byteLength(key) + Buffer.byteLength(value));
  buffer.put(key, value);
}

async function del(key: string): Promise<void> {
  await buffer.admit(Buffer.byteLength(key));
  buffer.del(key);
}

/** The buffer has the newest writes, and knows the keys that it has deleted and the database still has. */
async function get(key: string): Promise<string | undefined> {
  const value = buffer.get(key);
  return value !== undefined || buffer.isDeleted(key) ? value : database.get(key);
}

async function close(): Promise<void> {
  await buffer.flush();
  console.log(`flushed ${buffer.stats().flush.flushedEntries} entries`);
  buffer.close();
  await database.close();
}

for (let i = 0; i < 50_000; i++) await put(`key${i}`, `value ${i}`.padEnd(100, '.'));
await del('key7');
console.log(`key49999 is ${(await get('key49999'))?.slice(0, 11)}, key7 is ${await get('key7')}`);
await close();

const reopened = new ClassicLevel(directory);
console.log(`LevelDB has ${(await reopened.keys().all()).length} keys`);
await reopened.close();
await rm(directory, { recursive: true });

// Prints:
// key49999 is value 49999, key7 is undefined
// flushed 50001 entries
// LevelDB has 49999 keys
