import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClassicLevel } from 'classic-level';
import { MemoryFiles } from '@memtable/testing';
import { type Files, nodeFiles } from '../../src/index.js';

const root = mkdtempSync(join(tmpdir(), 'memtable-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const newDirectory = (): string => join(root, String(++count));

const bytes = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

describe.each([
  ['node:fs', () => nodeFiles(newDirectory())],
  ['memory', () => new MemoryFiles()],
])('files over %s', (_, newFiles: () => Files) => {
  let files: Files;
  beforeEach(async () => {
    files = newFiles();
    await files.makeDirectory();
  });

  async function write(name: string, ...parts: Uint8Array[]): Promise<void> {
    const file = await files.create(name);
    for (const part of parts) file.append(part);
    await file.sync();
    await file.close();
  }

  async function read(name: string): Promise<Uint8Array> {
    const file = await files.open(name);
    const content = new Uint8Array(file.size);
    file.read(content, 0);
    await file.close();
    return content;
  }

  test('what is appended is read, from any place', async () => {
    await write('a', bytes(10, 1), new Uint8Array(), bytes(100_000, 2));
    const file = await files.open('a');
    expect(file.size).toBe(100_010);
    const part = new Uint8Array(4);
    file.read(part, 8);
    expect([...part]).toEqual([1, 1, 2, 2]);
    file.read(new Uint8Array(), 100_010);
    expect(() => file.read(part, 100_007)).toThrow(expect.objectContaining({ code: 'EIO' }) as Error);
    await file.close();
  });

  test('the caller may use its bytes again at once', async () => {
    const file = await files.create('a');
    const mine = bytes(3, 1);
    file.append(mine);
    mine.fill(9);
    file.append(mine);
    await file.close();
    expect([...(await read('a'))]).toEqual([1, 1, 1, 9, 9, 9]);
  });

  test('names: list, rename over another, remove, errors', async () => {
    await write('a', bytes(1, 1));
    await write('b', bytes(1, 2));
    await files.syncDirectory();
    expect((await files.list()).sort()).toEqual(['a', 'b']);
    await expect(files.create('a')).rejects.toMatchObject({ code: 'EEXIST' });
    await files.rename('a', 'b');
    expect([await files.list(), [...(await read('b'))]]).toEqual([['b'], [1]]);
    await files.remove('b');
    await files.syncDirectory();
    expect(await files.list()).toEqual([]);
    for (const call of [() => files.open('b'), () => files.remove('b'), () => files.rename('b', 'c')]) {
      await expect(call()).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  test('a file that was removed can still be read by who has it open', async () => {
    await write('a', bytes(10, 3));
    const file = await files.open('a');
    await files.remove('a');
    const content = new Uint8Array(10);
    file.read(content, 0);
    expect(content).toEqual(bytes(10, 3));
    await file.close();
  });

  test('a lock has one owner', async () => {
    const lock = (await files.lock('LOCK'))!;
    expect(await files.lock('LOCK')).toBeUndefined();
    expect(await files.lock('LOCK')).toBeUndefined();
    await lock.release();
    await lock.release();
    const next = (await files.lock('LOCK'))!;
    expect(next).toBeDefined();
    await next.release();
  });
});

test('directories are made as deep as needed, and may be there', async () => {
  const directory = join(newDirectory(), 'deep', 'deeper');
  await nodeFiles(directory).makeDirectory();
  await nodeFiles(directory).makeDirectory();
  expect(existsSync(directory)).toBe(true);
});

describe("LevelDB's lock", () => {
  /** What another process finds: whether a LevelDB opens there. */
  async function otherProcessOpens(directory: string): Promise<boolean> {
    const code = `
      const { ClassicLevel } = require('classic-level');
      const db = new ClassicLevel(${JSON.stringify(directory)});
      db.open().then(() => db.close()).then(() => console.log('opened'), (error) => console.log(error.cause.code));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { cwd: __dirname });
    return stdout.trim() === 'opened';
  }

  test('LevelDB honours ours, in this process and in another one', async () => {
    const directory = newDirectory();
    const files = nodeFiles(directory);
    await files.makeDirectory();
    const lock = (await files.lock('LOCK'))!;
    expect(await otherProcessOpens(directory)).toBe(false);
    await expect(new ClassicLevel(directory).open()).rejects.toMatchObject({ cause: { code: 'LEVEL_LOCKED' } });
    await lock.release();
    expect(await otherProcessOpens(directory)).toBe(true);
  });

  test("we honour LevelDB's, and an attempt of ours does not end it", async () => {
    const directory = newDirectory();
    const db = new ClassicLevel(directory);
    await db.open();
    const files = nodeFiles(directory);
    for (let i = 0; i < 2; i++) expect(await files.lock('LOCK')).toBeUndefined();
    expect(await otherProcessOpens(directory)).toBe(false);
    await db.close();
    const lock = (await files.lock('LOCK'))!;
    expect(lock).toBeDefined();
    await lock.release();
  });

  test('an attempt that was refused is forgotten when the file is another one', async () => {
    const directory = newDirectory();
    const files = nodeFiles(directory);
    await files.makeDirectory();
    const first = (await files.lock('LOCK'))!;
    expect(await files.lock('LOCK')).toBeUndefined();
    rmSync(join(directory, 'LOCK'));
    const second = (await files.lock('LOCK'))!;
    expect(await otherProcessOpens(directory)).toBe(false);
    await second.release();
    await first.release();
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('refused attempts leave at most one descriptor for each file that has a name', async () => {
    const directory = newDirectory();
    const files = nodeFiles(directory);
    await files.makeDirectory();
    const path = join(directory, 'LOCK');
    const descriptors = (): string[] =>
      readdirSync('/proc/self/fd')
        .flatMap((fd) => {
          try {
            return [readlinkSync(`/proc/self/fd/${fd}`)];
          } catch {
            return []; // The descriptor of the list itself has been closed.
          }
        })
        .filter((target) => target.startsWith(directory));
    for (let i = 0; i < 5; i++) {
      const held = (await files.lock('LOCK'))!;
      for (let attempt = 0; attempt < 3; attempt++) expect(await files.lock('LOCK')).toBeUndefined();
      expect(descriptors()).toEqual([path, path]);
      rmSync(path);
      await held.release();
    }
    // A file that was renamed may be locked still, and come back.
    const held = (await files.lock('LOCK'))!;
    expect(await files.lock('LOCK')).toBeUndefined();
    renameSync(path, `${path}-away`);
    const other = (await files.lock('LOCK'))!;
    await other.release();
    renameSync(`${path}-away`, path);
    expect(await files.lock('LOCK')).toBeUndefined();
    expect(descriptors()).toEqual([path, path]);
    await held.release();
    await (await files.lock('LOCK'))!.release();
    expect(descriptors()).toEqual([]);
  });

  test('without a lock, where the caller wants none', async () => {
    const files = nodeFiles(newDirectory(), { lock: 'none' });
    await files.makeDirectory();
    const locks = [await files.lock('LOCK'), await files.lock('LOCK')];
    for (const lock of locks) await lock!.release();
    expect(await files.list()).toEqual([]);
  });
});

test('a file that another process made is read as it is', async () => {
  const directory = newDirectory();
  const files = nodeFiles(directory);
  await files.makeDirectory();
  writeFileSync(join(directory, 'note'), 'text');
  const file = await files.open('note');
  const content = new Uint8Array(file.size);
  file.read(content, 0);
  await file.close();
  expect(Buffer.from(content).toString()).toBe(readFileSync(join(directory, 'note'), 'utf8'));
});
