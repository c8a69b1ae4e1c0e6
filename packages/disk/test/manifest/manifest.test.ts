import { encodeInternalKey } from '@memtable/memtable';
import { MemoryFiles, type MemoryFilesOptions } from '@memtable/testing';
import { type Files, Manifest, obsoleteFiles, readManifest, Version, VersionEdit } from '../../src/index.js';
import { LogWriter } from '../../src/index.js';
import { error, Sink, utf8 } from '../bytes.js';

const key = (text: string): Uint8Array => encodeInternalKey(utf8(text), 1);
const table = (number: number, level = 0) => ({
  level,
  number,
  sizeBytes: 1000 * number,
  smallest: key('a'),
  largest: key('z'),
});

/** A directory as LevelDB leaves a new one. */
async function newDatabase(
  options?: MemoryFilesOptions,
): Promise<{ files: MemoryFiles; version: Version; manifest: Manifest }> {
  const files = new MemoryFiles(options);
  const version = new Version();
  const manifest = await Manifest.create(files satisfies Files, 1, version);
  return { files, version, manifest };
}

const numbers = (version: Version): string =>
  [...version.tables()].map(({ level, number }) => `${level}:${number}`).join();

test('a new database: CURRENT leads to the MANIFEST, which says that nothing is there', async () => {
  const { files } = await newDatabase();
  expect((await files.list()).sort()).toEqual(['CURRENT', 'MANIFEST-000001']);
  expect(Buffer.from(files.content('CURRENT')).toString()).toBe('MANIFEST-000001\n');
  const { version, number, flaw } = await readManifest(files);
  expect({ number, flaw, ...version }).toMatchObject({
    number: 1,
    flaw: undefined,
    logNumber: 0,
    nextFileNumber: 2,
    lastSequence: 0,
  });
  expect(version.tableCount).toBe(0);
});

test('edits add up: tables come, go, and change their level', async () => {
  const { files, version, manifest } = await newDatabase();
  for (let i = 0; i < 10; i++) version.takeFileNumber();
  await manifest.append({ logNumber: 4, lastSequence: 70, newTables: [table(5), table(6), table(7, 2)] });
  await manifest.append({
    deletedTables: [
      { level: 0, number: 5 },
      { level: 0, number: 6 },
    ],
    newTables: [table(6, 1), table(8, 1)],
  });
  expect(numbers(version)).toBe('1:6,1:8,2:7');
  const read = (await readManifest(files)).version;
  expect(numbers(read)).toBe('1:6,1:8,2:7');
  expect([...read.tables()]).toEqual([...version.tables()]);
  expect(read).toMatchObject({ logNumber: 4, lastSequence: 70, nextFileNumber: 12 });
});

test('a MANIFEST that begins with the whole version takes the place of another', async () => {
  const { files, version, manifest } = await newDatabase();
  await manifest.append({
    logNumber: 4,
    newTables: [table(5), table(7, 2)],
    compactPointers: [{ level: 1, key: key('m') }],
  });
  await manifest.close();
  const next = await Manifest.create(files, version.takeFileNumber(), version);
  await next.append({ newTables: [table(9)] });
  const { version: read, number } = await readManifest(files);
  expect([number, numbers(read)]).toEqual([2, '0:5,0:9,2:7']);
  expect(read.snapshot()).toEqual(version.snapshot());
});

test('numbers that were taken while an edit was on its way stay taken', async () => {
  const { version, manifest } = await newDatabase();
  const appended = manifest.append({ logNumber: 3 });
  const taken = version.takeFileNumber();
  await appended;
  expect(version.takeFileNumber()).toBe(taken + 1);
});

describe('an edit that contradicts the version is refused, and nothing is written', () => {
  test.each([
    ['a table twice', { newTables: [table(5), table(5)] }, 'DISK_MANIFEST_CORRUPT'],
    ['a table that is there', { newTables: [table(3)] }, 'DISK_MANIFEST_CORRUPT'],
    [
      'a table that ends before it begins',
      { newTables: [{ ...table(5), largest: key('A') }] },
      'DISK_MANIFEST_CORRUPT',
    ],
    ['another order of keys', { comparator: 'rocksdb.ReverseBytewiseComparator' }, 'DISK_FOREIGN_COMPARATOR'],
    ['sequences beyond those of numbers', { lastSequence: 1n << 55n }, 'DISK_UNSUPPORTED'],
  ])('%s', async (_, edit: VersionEdit, code) => {
    const { files, version, manifest } = await newDatabase();
    await manifest.append({ newTables: [table(3)] });
    const size = manifest.sizeBytes;
    await expect(manifest.append(edit)).rejects.toEqual(error(code));
    expect([manifest.sizeBytes, numbers(version)]).toEqual([size, '0:3']);
    await manifest.append({ newTables: [table(4)] });
    expect(numbers((await readManifest(files)).version)).toBe('0:3,0:4');
  });
});

describe('what is damaged is refused', () => {
  const withContent = (content: string, manifest?: Uint8Array): MemoryFiles => {
    const files = new MemoryFiles();
    files.put('CURRENT', utf8(content));
    if (manifest !== undefined) files.put('MANIFEST-000001', manifest);
    return files;
  };
  const manifestOf = (...edits: VersionEdit[]): Uint8Array => {
    const sink = new Sink();
    const log = new LogWriter(sink);
    for (const edit of edits) log.append(VersionEdit.encode(edit));
    return sink.bytes;
  };
  const first = { logNumber: 0, nextFileNumber: 2, lastSequence: 0 };

  test('no CURRENT, or one that leads nowhere', async () => {
    await expect(readManifest(new MemoryFiles())).rejects.toEqual(error('DISK_MISSING_FILE', { file: 'CURRENT' }));
    await expect(readManifest(withContent('MANIFEST-000001\n'))).rejects.toEqual(
      error('DISK_MISSING_FILE', { file: 'MANIFEST-000001' }),
    );
  });

  test.each([
    '',
    '\n',
    'MANIFEST-000001',
    'MANIFEST-\n',
    '000001.log\n',
    '../MANIFEST-000001\n',
    `MANIFEST-${'0'.repeat(99)}1\n`,
  ])('a CURRENT that names no MANIFEST: %j', async (content) => {
    await expect(readManifest(withContent(content, manifestOf(first)))).rejects.toEqual(error('DISK_MANIFEST_CORRUPT'));
  });

  test('a MANIFEST without a field that it must have', async () => {
    for (const field of ['logNumber', 'nextFileNumber', 'lastSequence']) {
      const bytes = manifestOf({ ...first, [field]: undefined });
      await expect(readManifest(withContent('MANIFEST-000001\n', bytes))).rejects.toEqual(
        error('DISK_MANIFEST_CORRUPT', { message: expect.stringContaining(field) as string }),
      );
    }
  });

  test('a flaw with a sound edit behind it', async () => {
    const bytes = manifestOf(
      first,
      { newTables: [table(5)] },
      { ...first, comparator: 'x'.repeat(40_000) },
      { newTables: [table(6)] },
    );
    bytes[20] ^= 1;
    await expect(readManifest(withContent('MANIFEST-000001\n', bytes))).rejects.toEqual(error('DISK_MANIFEST_CORRUPT'));
  });

  test('cut at every byte: a prefix of the edits', async () => {
    const edits = [first, ...Array.from({ length: 5 }, (_, i) => ({ newTables: [table(10 + i)] }))];
    const whole = manifestOf(...edits);
    const ends = edits.map((_, i) => manifestOf(...edits.slice(0, i + 1)).length);
    for (let end = 0; end <= whole.length; end++) {
      const files = withContent('MANIFEST-000001\n', whole.slice(0, end));
      const expected = ends.filter((each) => each <= end).length;
      if (expected === 0) await expect(readManifest(files)).rejects.toEqual(error('DISK_MANIFEST_CORRUPT'));
      else expect((await readManifest(files)).version.tableCount).toBe(expected - 1);
    }
  });
});

test('a crash at any moment: CURRENT leads to a whole version, the old one or the new one', async () => {
  let crashes = 0;
  const checks: Promise<void>[] = [];
  /** The versions, by their tables, that may be found now. */
  let allowed: string[] = [];
  const { files, version, manifest } = await newDatabase({
    onOperation(_, at) {
      if (allowed.length === 0) return;
      const expected = allowed;
      for (let seed = 0; seed < 20; seed++) {
        crashes++;
        checks.push(
          readManifest(at.crash(seed)).then(({ version: found }) => expect(expected).toContain(numbers(found))),
        );
      }
    },
  });
  allowed = [''];
  let live = manifest;
  for (let i = 0; i < 8; i++) {
    const before = numbers(version);
    if (i % 3 === 2) {
      await live.close();
      live = await Manifest.create(files, version.takeFileNumber(), version);
    }
    const number = version.takeFileNumber();
    allowed = [before, `${before}${before && ','}0:${number}`];
    await live.append({ newTables: [table(number)] });
    allowed = [numbers(version)];
  }
  await files.list();
  await Promise.all(checks);
  expect(crashes).toBeGreaterThan(500);
});

test('after an edit that failed no further one is taken, and a new MANIFEST goes on', async () => {
  let fails = false;
  const { files, version, manifest } = await newDatabase({
    onOperation({ kind }) {
      if (kind === 'sync' && fails) throw Object.assign(new Error('bad sector'), { code: 'EIO' });
    },
  });
  await manifest.append({ newTables: [table(5)] });
  fails = true;
  await expect(manifest.append({ newTables: [table(6)] })).rejects.toEqual(
    error('DISK_IO', { file: 'MANIFEST-000001' }),
  );
  fails = false;
  await expect(manifest.append({ newTables: [table(7)] })).rejects.toEqual(error('DISK_LOG_POISONED'));
  expect(numbers(version)).toBe('0:5');
  const next = await Manifest.create(files, version.takeFileNumber(), version);
  await next.append({ newTables: [table(7)] });
  expect(numbers((await readManifest(files.crash(1))).version)).toBe('0:5,0:7');
});

test('obsolete are old logs and MANIFESTs, tables that no level has, and temporary files', () => {
  const version = new Version();
  version.apply({ logNumber: 10, prevLogNumber: 8, newTables: [table(5, 1), table(6)] });
  const kept = [
    'CURRENT',
    'LOCK',
    'LOG',
    'LOG.old',
    'notes.txt',
    'x.ldb',
    'MANIFEST-000009',
    '000010.log',
    '000012.log',
    '000008.log',
  ];
  const gone = ['MANIFEST-000004', '000009.log', '000007.ldb', '000003.sst', '000011.dbtmp'];
  expect(
    obsoleteFiles([...kept, ...gone, '000005.ldb', '000006.sst', '000014.ldb'], version, 9, new Set([14])),
  ).toEqual(gone);
});
