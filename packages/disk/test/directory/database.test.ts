import { encodeInternalKey } from '@memtable/memtable';
import { type FileOperation, MemoryFiles, type MemoryFilesOptions } from '@memtable/testing';
import {
  Database,
  type DatabaseOptions,
  type Files,
  Manifest,
  readDatabase,
  readLog,
  TableBuilder,
} from '../../src/index.js';
import { error, Sink, utf8 } from '../bytes.js';
import { batchOf, contentOf, entriesOf, write } from './contents.js';

async function open(files: Files, options?: DatabaseOptions) {
  const database = await Database.open(files, options);
  return { database, content: await contentOf(database.recovery) };
}

const names = async (files: MemoryFiles): Promise<string> => (await files.list()).sort().join(' ');

test('a new database is empty, and what is written to it is there when it is opened again', async () => {
  const files = new MemoryFiles();
  const { database, content } = await open(files);
  expect([content.size, database.lastSequence]).toEqual([0, 0]);
  write(database, content, ['a', '1'], ['b', '2']);
  write(database, content, ['a'], ['c', '3']);
  await database.close();
  const again = await open(files);
  expect(again.content).toEqual(
    new Map([
      ['b', '2'],
      ['c', '3'],
    ]),
  );
  expect([again.database.lastSequence, again.database.recovery.flaws]).toEqual([4, []]);
});

test('a checkpoint takes the place of tables and logs, and what is written meanwhile stays in the log', async () => {
  const files = new MemoryFiles();
  const { database, content } = await open(files);
  for (let i = 0; i < 50; i++) write(database, content, [`key ${i % 20}`, `value ${i}`]);
  await database.beginLog();
  const snapshot = entriesOf(content, 50);
  async function* slowly() {
    for (const entry of snapshot) {
      write(database, content, [String(entry.sequence + content.size), 'meanwhile']);
      yield [entry];
    }
  }
  await database.checkpoint(slowly(), 50);
  expect(await names(files)).toMatch(/^\d+\.log \d+\.ldb CURRENT MANIFEST-\d+$/);
  await database.close();
  const again = await open(files);
  expect(again.content).toEqual(content);
  expect(again.database.recovery.version.lastSequence).toBe(50);
  expect(again.database.recovery.logged.entryCount).toBe(20);
});

test('a process that was killed loses nothing, and what the next one syncs has a durable past', async () => {
  const files = new MemoryFiles();
  const { database, content } = await open(files);
  write(database, content, ['a', '1']);
  write(database, content, ['b', 'x'.repeat(3000)]);
  files.kill();
  const next = await open(files);
  expect(next.content).toEqual(content);
  write(next.database, content, ['c', '3']);
  await next.database.sync();
  for (let seed = 0; seed < 30; seed++) expect((await open(files.crash(seed))).content).toEqual(content);
});

test('tables of a checkpoint have at most so many bytes, do not overlap, and lie in level 1', async () => {
  const files = new MemoryFiles();
  const { database, content } = await open(files, { tableBytesMax: 5000, blockBytes: 500 });
  for (let i = 0; i < 300; i++) write(database, content, [`key ${i}`, 'x'.repeat(100)]);
  await database.beginLog();
  await database.checkpoint([entriesOf(content, 300)], 300);
  const tables = [...database.recovery.version.tables()];
  expect(tables.length).toBeGreaterThan(5);
  expect(tables.every(({ level, sizeBytes }) => level === 1 && sizeBytes < 7000)).toBe(true);
  for (let i = 1; i < tables.length; i++) expect(Buffer.compare(tables[i - 1].largest, tables[i].smallest)).toBe(-1);
  // Without a change, a second one writes the same again and removes the first.
  await database.beginLog();
  await database.checkpoint([entriesOf(content, 300)], 300);
  await database.close();
  expect((await open(files)).content).toEqual(content);
});

test('the log begins with a mark, and after a sync the next write brings one', async () => {
  const files = new MemoryFiles();
  const { database, content } = await open(files);
  write(database, content, ['a', '1']);
  write(database, content, ['b', '2'], ['c', '3']);
  await database.sync();
  await database.sync();
  expect(database.syncedSequence).toBe(3);
  write(database, content, ['d', '4']);
  write(database, content, ['e', '5']);
  const log = (await files.list()).find((name) => name.endsWith('.log'))!;
  const found = [];
  for (const piece of readLog(files.content(log))) {
    if (piece.kind === 'record') found.push(`${piece.bytes[0]}+${piece.bytes[8]}`);
  }
  expect(found).toEqual(['1+0', '1+1', '2+2', '4+0', '4+1', '5+1']);
});

test('opening and closing without a write adds up to nothing', async () => {
  const files = new MemoryFiles();
  for (let i = 0; i < 5; i++) await (await open(files)).database.close();
  const { database, content } = await open(files);
  write(database, content, ['a', '1']);
  await database.beginLog();
  await database.checkpoint([entriesOf(content, 1)], 1);
  expect((await files.list()).length).toBe(4);
  expect(files.usedBytes).toBeLessThan(1000);
});

test('who has it open is alone', async () => {
  const files = new MemoryFiles();
  const { database } = await open(files);
  await expect(open(files)).rejects.toEqual(error('DISK_LOCKED'));
  await database.close();
  await (await open(files)).database.close();
});

test('a batch without writes, or with other sequences than those that come next, is misuse', async () => {
  const { database, content } = await open(new MemoryFiles());
  write(database, content, ['a', '1'], ['b', '2']);
  for (const batch of [batchOf(3, []), batchOf(2, [['c', '3']]), batchOf(4, [['c', '3']]), new Uint8Array(5)]) {
    expect(() => database.append(batch)).toThrow(TypeError);
  }
  write(database, content, ['c', '3']);
});

describe('what a directory must not be', () => {
  test('tables or logs without CURRENT: nothing is made new over them', async () => {
    const files = new MemoryFiles();
    files.put('000005.log', new Uint8Array());
    await expect(open(files)).rejects.toEqual(error('DISK_MISSING_FILE', { file: 'CURRENT' }));
    expect(await names(files)).toBe('000005.log');
    expect(await files.lock('LOCK')).toBeDefined();
  });

  async function checkpointed(): Promise<MemoryFiles> {
    const files = new MemoryFiles();
    const { database, content } = await open(files);
    write(database, content, ['a', '1'], ['b', '2']);
    await database.beginLog();
    await database.checkpoint([entriesOf(content, 2)], 2);
    write(database, content, ['c', '3']);
    await database.close();
    return files;
  }

  test.each([
    ['table', /ldb$/],
    ['log', /log$/],
    ['MANIFEST', /^MANIFEST/],
  ])('a missing %s', async (_, pattern) => {
    const files = await checkpointed();
    const name = (await files.list()).find((each) => pattern.test(each))!;
    await files.remove(name);
    await expect(open(files)).rejects.toEqual(error('DISK_MISSING_FILE', { file: name }));
  });

  test('a table of another size, or damaged', async () => {
    const files = await checkpointed();
    const name = (await files.list()).find((each) => each.endsWith('.ldb'))!;
    const bytes = files.content(name);
    files.put(name, bytes.slice(0, -1));
    await expect(open(files)).rejects.toEqual(error('DISK_TABLE_CORRUPT', { file: name }));
    bytes[3] ^= 1;
    files.put(name, bytes);
    await expect(open(files.crash(1))).rejects.toEqual(error('DISK_TABLE_CORRUPT', { file: name }));
  });
});

test('tables of any level that lie over one another: the newest version of each key', async () => {
  const files = new MemoryFiles();
  await (await open(files)).database.close();
  const { version } = await readDatabase(files);
  const put = (
    number: number,
    level: number,
    entries: readonly (readonly [string, number, string?])[],
    suffix = 'ldb',
  ) => {
    const sink = new Sink();
    const builder = new TableBuilder(sink);
    for (const [key, sequence, value] of entries) {
      builder.add(encodeInternalKey(utf8(key), sequence, value === undefined ? 0 : 1), utf8(value ?? ''));
    }
    const { sizeBytes, smallest, largest } = builder.finish();
    files.put(`${String(number).padStart(6, '0')}.${suffix}`, sink.bytes);
    return { level, number, sizeBytes, smallest, largest };
  };
  const newTables = [
    put(20, 2, [
      ['a', 1, 'old'],
      ['c', 2, 'old'],
      ['x', 3, 'old'],
    ]),
    put(21, 0, [
      ['a', 9, 'new'],
      ['a', 4, 'middle'],
      ['b', 5],
    ]),
    put(
      22,
      1,
      [
        ['b', 3, 'deleted'],
        ['c', 6, 'new'],
      ],
      'sst',
    ),
    put(23, 0, [
      ['x', 8],
      ['x', 7, 'middle'],
      ['z', 10, 'only'],
    ]),
  ];
  version.apply({ newTables, lastSequence: 10, nextFileNumber: 30 });
  await Manifest.create(files, 31, version);
  const { database, content } = await open(files);
  expect([...content]).toEqual([
    ['a', 'new'],
    ['c', 'new'],
    ['z', 'only'],
  ]);
  expect(database.lastSequence).toBe(10);
});

describe('failures', () => {
  const systemError = (code: string): Error => Object.assign(new Error(code), { code });

  /** Files of which an operation fails for as long as `fails` names its kind. */
  function failing(options: Omit<MemoryFilesOptions, 'onOperation'> = {}) {
    const state = { fails: undefined as FileOperation['kind'] | undefined, name: /./ };
    const files = new MemoryFiles({
      ...options,
      onOperation({ kind, name }) {
        if (kind === state.fails && state.name.test(name)) throw systemError('EIO');
      },
    });
    return { files, state };
  }

  test('no space: the write is refused, and a new log goes on where the torn record was', async () => {
    const files = new MemoryFiles({ capacityBytes: 2000 });
    const { database, content } = await open(files);
    while (true) {
      try {
        database.append(batchOf(database.lastSequence + 1, [['key', 'x'.repeat(150)]]));
        content.set('key', 'x'.repeat(150));
      } catch (caught) {
        expect(caught).toEqual(error('DISK_IO'));
        break;
      }
    }
    expect(database.failure).toBeDefined();
    expect(() => write(database, content, ['b', '2'])).toThrow(error('DISK_LOG_POISONED'));
    // The space comes back: the same files on a larger disk.
    const larger = files.crash(0);
    const again = await open(larger);
    expect(again.content).toEqual(content);
    write(again.database, content, ['b', '2']);
    await again.database.close();
    expect((await open(larger)).content).toEqual(content);
  });

  test('an append that fails once: a new log and a checkpoint lose nothing that was acknowledged', async () => {
    const { files, state } = failing();
    const { database, content } = await open(files);
    write(database, content, ['a', '1']);
    state.fails = 'append';
    expect(() => write(database, content, ['b', '2'])).toThrow(error('DISK_IO'));
    state.fails = undefined;
    await database.beginLog();
    expect(() => write(database, content, ['b', '2'])).toThrow(error('DISK_LOG_POISONED'));
    await database.checkpoint([entriesOf(content, 1)], 1);
    write(database, content, ['c', '3']);
    await database.sync();
    for (let seed = 0; seed < 20; seed++) expect((await open(files.crash(seed))).content).toEqual(content);
  });

  test('a sync that fails: nothing is durable before a checkpoint, whatever later syncs say', async () => {
    const { files, state } = failing();
    const { database, content } = await open(files);
    write(database, content, ['a', '1']);
    await database.sync();
    write(database, content, ['b', '2']);
    state.fails = 'sync';
    await expect(database.sync()).rejects.toEqual(error('DISK_IO'));
    state.fails = undefined;
    await expect(database.sync()).rejects.toEqual(error('DISK_IO'));
    expect(() => write(database, content, ['x', 'y'])).toThrow(error('DISK_LOG_POISONED'));
    expect([database.syncedSequence, database.failure]).toMatchObject([1, {}]);
    await database.beginLog();
    expect(() => write(database, content, ['x', 'y'])).toThrow(error('DISK_LOG_POISONED'));
    await expect(database.sync()).rejects.toEqual(error('DISK_IO'));
    await database.checkpoint([entriesOf(content, 2)], 2);
    expect([database.syncedSequence, database.failure]).toEqual([2, undefined]);
    write(database, content, ['c', '3']);
    await database.sync();
    expect(database.syncedSequence).toBe(3);
    for (let seed = 0; seed < 50; seed++) expect((await open(files.crash(seed))).content).toEqual(content);
  });

  test.each(['create', 'append', 'sync', 'syncDirectory', 'rename', 'remove', 'list'] as const)(
    'a checkpoint in which each %s fails leaves the database as it was, and the next one heals it',
    async (kind) => {
      for (const name of [/ldb$|^$/, /MANIFEST|^$/, /log$|^$/]) {
        const { files, state } = failing();
        const { database, content } = await open(files);
        write(database, content, ['a', '1'], ['b', '2']);
        await database.sync();
        await database.beginLog();
        write(database, content, ['c', '3']);
        await database.sync();
        Object.assign(state, { fails: kind, name });
        await database
          .checkpoint([entriesOf(content, 3)], 3)
          .catch((caught) => expect(caught).toEqual(error('DISK_IO')));
        expect((await open(files.crash(7))).content).toEqual(content);
        state.fails = undefined;
        write(database, content, ['d', '4']);
        await database.beginLog();
        await database.checkpoint([entriesOf(content, 4)], 4);
        write(database, content, ['e', '5']);
        await database.sync();
        for (let seed = 0; seed < 10; seed++) expect((await open(files.crash(seed))).content).toEqual(content);
        await database.close();
        const again = await open(files);
        expect(again.content).toEqual(content);
        expect((await files.list()).filter((each) => each.endsWith('.ldb'))).toHaveLength(1);
      }
    },
  );
});

test('a flaw that was accepted is judged once: what is written after it does not lie behind it', async () => {
  const files = new MemoryFiles();
  const { database, content } = await open(files);
  write(database, content, ['a', '1']);
  const firstLost = database.logBytes;
  for (let i = 2; i < 9; i++) write(database, new Map(), [`lost ${i}`, 'x'.repeat(20_000)]);
  await database.close();
  const name = (await files.list()).find((each) => each.endsWith('.log'))!;
  const log = files.content(name);
  log[firstLost + 30] ^= 1;
  files.put(name, log);

  const torn = await open(files);
  expect(torn.database.recovery).toMatchObject({ flaws: [{ kind: 'bad-checksum' }], droppedCount: 5 });
  expect(torn.content).toEqual(content);
  for (let i = 0; i < 5; i++) write(torn.database, content, [`later ${i}`, 'here']);
  await torn.database.close();
  const again = await open(files);
  expect(again.database.recovery.flaws).toEqual([]);
  expect(again.content).toEqual(content);
});
