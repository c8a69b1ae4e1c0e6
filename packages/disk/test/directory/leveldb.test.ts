/** Databases that go to and fro between this package and LevelDB itself. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { LcgRandom } from '@memtable/testing';
import { Database, nodeFiles, readDatabase } from '../../src/index.js';
import { apply, batchOf, contentOf, entriesOf, type Write } from './contents.js';

const ENTRIES = 100_000;
const BATCH = 250;

const root = mkdtempSync(join(tmpdir(), 'memtable-leveldb-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const newDirectory = (): string => join(root, String(++count));

/** Batches of mixed sizes: values of up to 200 kB, keys of up to 300 bytes. One write of six is a deletion. */
function* history(seed: number, entries = ENTRIES): Generator<Write[]> {
  const random = new LcgRandom(seed);
  let batch: Write[] = [];
  for (let i = 0; i < entries; i++) {
    const id = random.uniform(entries / 2);
    const key = id === 0 ? '' : `${id % 7 === 0 ? 'long/'.repeat(id % 60) : 'k'}${id}`;
    const size = random.oneIn(20_000) ? 200_000 : random.oneIn(100) ? 5000 : random.uniform(80);
    batch.push(random.oneIn(6) ? [key] : [key, `${i} `.padEnd(size, 'value ')]);
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
}

async function levelContent(
  directory: string,
  use?: (db: ClassicLevel) => Promise<void>,
): Promise<Map<string, string>> {
  const db = new ClassicLevel(directory);
  await db.open();
  await use?.(db);
  const content = new Map<string, string>();
  const iterator = db.iterator();
  for (let page = await iterator.nextv(1000); page.length > 0; page = await iterator.nextv(1000)) {
    for (const [key, value] of page) content.set(key, value);
  }
  await iterator.close();
  await db.close();
  return content;
}

/** Compares whole contents; jest would print all of them. */
function expectSame(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): void {
  const wrong = [...expected].filter(([key, value]) => found.get(key) !== value).map(([key]) => key);
  expect({ size: found.size, wrong: wrong.slice(0, 5) }).toEqual({ size: expected.size, wrong: [] });
}

test('100,000 entries written here: LevelDB gets, iterates, compacts and repairs them', async () => {
  const directory = newDirectory();
  const content = new Map<string, string>();
  const database = await Database.open(nodeFiles(directory), { tableBytesMax: 1 << 20 });
  let written = 0;
  for (const writes of history(1)) {
    database.append(batchOf(database.lastSequence + 1, writes));
    apply(content, writes);
    written += BATCH;
    if (written === ENTRIES / 2) {
      await database.sync();
      await database.beginLog();
      await database.checkpoint([entriesOf(content, database.lastSequence)], database.lastSequence);
    }
    if (written === (3 * ENTRIES) / 4) await database.beginLog();
  }
  await database.close();
  const copy = newDirectory();
  cpSync(directory, copy, { recursive: true });

  const found = await levelContent(directory, async (db) => {
    for (const [key, value] of [...content].slice(0, 300)) if ((await db.get(key)) !== value) expect(key).toBe(value);
    expect(await db.get('nothing of the kind')).toBeUndefined();
    await db.compactRange('', '~');
  });
  expectSame(found, content);

  await ClassicLevel.repair(copy);
  expectSame(await levelContent(copy), content);

  // What LevelDB made of it opens here again.
  const again = await Database.open(nodeFiles(directory));
  expectSame(await contentOf(again.recovery), content);
  await again.close();
}, 120_000);

test('100,000 entries written by LevelDB: snappy, several levels, a log that is not flushed', async () => {
  const directory = newDirectory();
  const content = new Map<string, string>();
  const db = new ClassicLevel(directory, { writeBufferSize: 256 * 1024, maxFileSize: 1 << 20, compression: true });
  for (const writes of history(2)) {
    await db.batch(
      writes.map(([key, value]) => (value === undefined ? { type: 'del', key } : { type: 'put', key, value })),
    );
    apply(content, writes);
  }
  await db.close();

  const files = nodeFiles(directory);
  const recovery = await readDatabase(files, { recovery: 'strict' });
  const tables = [...recovery.version.tables()];
  const stored = tables.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  const plain = [...content].reduce((bytes, [key, value]) => bytes + key.length + value.length, 0);
  expect(new Set(tables.map(({ level }) => level)).size).toBeGreaterThan(1);
  expect(recovery.logged.entryCount).toBeGreaterThan(0);
  expect(stored).toBeLessThan(plain);
  expectSame(await contentOf(recovery), content);

  // To and fro: written here, read there, written there, read here.
  for (let round = 0; round < 3; round++) {
    const database = await Database.open(files);
    const writes: Write[] = [[`round ${round}`, 'here'], [`k${round}`]];
    database.append(batchOf(database.lastSequence + 1, writes));
    apply(content, writes);
    if (round === 1) {
      await database.beginLog();
      await database.checkpoint([entriesOf(content, database.lastSequence)], database.lastSequence);
    }
    await database.close();
    const found = await levelContent(directory, async (level) => {
      await level.put(`round ${round} there`, 'there');
      content.set(`round ${round} there`, 'there');
    });
    expectSame(found, content);
  }
  expectSame(await contentOf(await readDatabase(files, { recovery: 'strict' })), content);
}, 120_000);
