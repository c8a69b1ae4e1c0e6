/** The database in a directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { DiskStore } from '@memtable/disk';
import { error } from '../../testing/test/error.js';
import { MemtableLevel } from '../src/index.js';

const root = mkdtempSync(join(tmpdir(), 'memtable-level-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const newDirectory = (): string => join(root, String(++count));

test('what is written to a location is there when it is opened again, by MemtableLevel and by classic-level', async () => {
  const location = newDirectory();
  const db = new MemtableLevel<string, { n: number }>(location, { valueEncoding: 'json' });
  expect(db.supports.permanence).toBe(true);
  await db.put('a', { n: 1 }); // It opens meanwhile.
  await db.sublevel('sub').put('x', 'y');
  await db.batch([
    { type: 'put', key: 'b', value: { n: 2 } },
    { type: 'del', key: 'a' },
  ]);
  await db.close();
  await db.open();
  expect(await db.iterator({ gte: 'a' }).all()).toEqual([['b', { n: 2 }]]);
  await db.close();
  const classic = new ClassicLevel(location);
  expect(await classic.iterator().all()).toEqual([
    ['!sub!x', 'y'],
    ['b', '{"n":2}'],
  ]);
  await classic.put('c', '{"n":3}');
  await classic.close();
  await db.open();
  expect(await db.get('c')).toEqual({ n: 3 });
  await db.clear({ lt: 'c' });
  expect(await db.keys().all()).toEqual(['c']);
  await db.close();
});

test('a write with sync, or at level disk, resolves when it survives a power cut', async () => {
  const db = new MemtableLevel(newDirectory());
  await db.open();
  const log = () => (db.store as unknown as DiskStore).stats().log;
  await db.put('a', '1');
  expect(log()).toMatchObject({ writtenSequence: 1, syncedSequence: 0 });
  await db.put('b', '2', { sync: true } as object);
  expect(log()).toMatchObject({ writtenSequence: 2, syncedSequence: 2 });
  await db.del('b', { durability: 'disk' } as object);
  await db.batch([{ type: 'put', key: 'c', value: '3' }], { sync: true } as object);
  expect(log()).toMatchObject({ writtenSequence: 4, syncedSequence: 4 });
  await db.close();
});

test('a location that another database has open is refused, and the store is not there before the database is open', async () => {
  const location = newDirectory();
  const db = new MemtableLevel(location, { durability: 'disk' });
  expect(() => db.store).toThrow(error('LEVEL_DATABASE_NOT_OPEN'));
  await db.put('a', '1');
  const other = new MemtableLevel(location);
  await expect(other.open()).rejects.toMatchObject({
    code: 'LEVEL_DATABASE_NOT_OPEN',
    cause: { code: 'DISK_LOCKED' },
  });
  await db.close();
  await other.open();
  expect(await other.get('a')).toBe('1');
  await other.close();
});
