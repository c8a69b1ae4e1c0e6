/** Stores in directories of this machine: whom else they meet there, and what the system refuses. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { openStore } from '../../src/index.js';
import { error } from '../bytes.js';

const root = mkdtempSync(join(tmpdir(), 'memtable-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const newDirectory = (): string => join(root, String(++count));

test('a store and LevelDB open one directory in turns', async () => {
  const directory = newDirectory();
  for (let round = 0; round < 3; round++) {
    const store = await openStore(directory);
    store.put(`store ${round}`, String(round));
    if (round === 1) await store.checkpoint();
    store.del(`level ${round - 2}`);
    await store.close();
    const level = new ClassicLevel(directory);
    await level.put(`level ${round}`, String(round));
    await level.close();
  }
  const store = await openStore(directory);
  expect([...store.keys()]).toEqual(['level 1', 'level 2', 'store 0', 'store 1', 'store 2']);
  await store.close();
});

test('a directory that another store or LevelDB has open is refused, and free when that has been closed', async () => {
  const directory = newDirectory();
  const store = await openStore(directory);
  await expect(openStore(directory)).rejects.toEqual(error('DISK_LOCKED'));
  await expect(new ClassicLevel(directory).open()).rejects.toThrow('Database failed to open');
  await store.close();
  const level = new ClassicLevel(directory);
  await level.open();
  await expect(openStore(directory)).rejects.toEqual(error('DISK_LOCKED'));
  await level.close();
  await (await openStore(directory)).close();
});

test('a table that is missing is named', async () => {
  const directory = newDirectory();
  const store = await openStore(directory);
  store.put('a', '1');
  await store.checkpoint();
  await store.close();
  const table = readdirSync(directory).find((name) => name.endsWith('.ldb'))!;
  rmSync(join(directory, table));
  await expect(openStore(directory)).rejects.toEqual(error('DISK_MISSING_FILE', { file: table }));
});

test('options that a directory cannot honour, and levels that there are not, are refused', async () => {
  const comparator = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(b, a);
  for (const options of [
    { comparator },
    { durability: 'some' },
    { lastSequence: 7 },
    { target: { write: comparator } },
  ]) {
    await expect(openStore(newDirectory(), options as object)).rejects.toEqual(error('DISK_INVALID_OPTION'));
  }
  const store = await openStore(newDirectory());
  expect(() => store.put('a', '1', { durability: 'none' as 'os' })).toThrow(error('DISK_INVALID_OPTION'));
  await expect(store.durable(1)).rejects.toEqual(error('DISK_INVALID_OPTION'));
  expect(store.size).toBe(0);
  await store.close();
});

test('a directory that is removed under the store: reads go on, no write is called durable', async () => {
  const directory = newDirectory();
  const store = await openStore(directory);
  store.put('a', '1');
  await store.durable();
  rmSync(directory, { recursive: true });
  store.put('a', '2'); // The system takes it: the file is open.
  await expect(store.durable()).rejects.toEqual(error('DISK_IO'));
  expect(() => store.put('a', '3')).toThrow(error('DISK_LOG_POISONED'));
  expect(store.get('a')).toBe('2');
  await expect(store.checkpoint()).rejects.toEqual(error('DISK_LOCK_LOST'));
  // Somebody makes a database of his own there: it is left alone.
  const other = await openStore(directory);
  other.put('b', '1');
  await expect(store.checkpoint()).rejects.toEqual(error('DISK_LOCK_LOST'));
  await expect(store.close()).rejects.toEqual(error('DISK_IO'));
  await other.close();
  expect([...(await openStore(directory))]).toEqual([['b', '1']]);
});

test('a directory that is gone for a while: a checkpoint heals the store', async () => {
  const directory = newDirectory();
  const store = await openStore(directory, { retryMs: 1, retryMsMax: 1 });
  store.put('a', '1');
  renameSync(directory, `${directory}-away`);
  store.put('b', '2');
  await store.durable();
  await expect(store.checkpoint()).rejects.toEqual(error('DISK_LOCK_LOST'));
  store.put('c', '3');
  renameSync(`${directory}-away`, directory);
  await store.checkpoint();
  store.put('d', '4');
  await store.close();
  const again = await openStore(directory);
  expect([...again.values()]).toEqual(['1', '2', '3', '4']);
  await again.close();
});

test('a process that may write no longer files loses nothing that was acknowledged', async () => {
  const directory = newDirectory();
  const script = 'ulimit -f 64; exec "$0" "$@"';
  const args = ['-c', script, process.execPath, join(__dirname, 'full-disk.mjs'), directory];
  const { made, code, cause, read } = JSON.parse(execFileSync('bash', args, { encoding: 'utf8' })) as {
    made: number;
    code: string;
    cause: string;
    read: string;
  };
  expect({ code, cause, read }).toEqual({ code: 'DISK_IO', cause: 'EFBIG', read: `value ${made}` });
  expect(made).toBeGreaterThan(300);
  const store = await openStore(directory);
  const found = [...store];
  expect(found).toHaveLength(made);
  store.put('more', 'fits');
  await store.close();
  const level = new ClassicLevel(directory);
  expect(await level.iterator().all()).toEqual([...found, ['more', 'fits']]);
  await level.close();
});
