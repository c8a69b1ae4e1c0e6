import { type FileOperation, MemoryFiles, type MemoryFilesOptions } from '../src/index.js';

const bytes = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const SEEDS = Array.from({ length: 300 }, (_, i) => i);

/** What a crash leaves, as text, each outcome once. */
const outcomes = (files: MemoryFiles, say: (crashed: MemoryFiles) => string): string[] =>
  [...new Set(SEEDS.map((seed) => say(files.crash(seed))))].sort();

async function names(files: MemoryFiles): Promise<string> {
  return (await files.list()).sort().join();
}

async function allNames(files: MemoryFiles): Promise<string[]> {
  return [...new Set(await Promise.all(SEEDS.map((seed) => names(files.crash(seed)))))].sort();
}

async function withFile(name: string, options?: MemoryFilesOptions) {
  const files = new MemoryFiles(options);
  const file = await files.create(name);
  await files.syncDirectory();
  return { files, file };
}

describe('bytes', () => {
  test('what was synced is there after every crash, and stays as it was', async () => {
    const { files, file } = await withFile('a');
    file.append(bytes(1000, 1));
    await file.sync();
    file.append(bytes(3000, 2));
    for (const seed of SEEDS) {
      const left = files.crash(seed).content('a');
      expect(Buffer.compare(left.subarray(0, 1000), bytes(1000, 1))).toBe(0);
    }
  });

  test('what was not synced is whole, gone, cut, or torn in each sector: kept, zeros, or noise', async () => {
    const { files, file } = await withFile('a');
    file.append(bytes(700, 1));
    await file.sync();
    file.append(bytes(1500, 2));
    const kinds = outcomes(files, (crashed) => {
      const left = crashed.content('a').subarray(700);
      if (left.length < 1500) return left.length === 0 ? 'gone' : 'cut';
      const sectors = [0, 324, 836, 1348].map((at, i, all) => {
        const sector = left.subarray(at, all[i + 1] ?? 1500);
        if (sector.every((byte) => byte === 2)) return 'kept';
        if (sector.every((byte) => byte === 0)) return 'zeros';
        return sector.at(-1) === 0 && sector[0] === 2 ? 'torn' : 'noise';
      });
      return [...new Set(sectors)].sort().join();
    });
    expect(kinds).toEqual(
      expect.arrayContaining(['cut', 'gone', 'kept', 'kept,zeros', 'kept,noise', 'kept,torn', 'noise,zeros']),
    );
  });

  test('a sync covers what was appended before it, not what comes while it runs', async () => {
    const { files, file } = await withFile('a');
    file.append(bytes(100, 1));
    const synced = file.sync();
    file.append(bytes(100, 2));
    await synced;
    const sizes = outcomes(files, (crashed) => String(crashed.content('a').length >= 200));
    expect(sizes).toEqual(['false', 'true']);
    expect(SEEDS.every((seed) => files.crash(seed).content('a').length >= 100)).toBe(true);
  });

  test('bytes whose sync failed are never durable, whatever later syncs say', async () => {
    let fails = true;
    const { files, file } = await withFile('a', {
      onOperation({ kind }: FileOperation) {
        if (kind === 'sync' && fails) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
    });
    file.append(bytes(512, 1));
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    fails = false;
    file.append(bytes(512, 2));
    await file.sync();
    const first = outcomes(files, (crashed) =>
      String(
        crashed
          .content('a')
          .subarray(0, 512)
          .every((byte) => byte === 1),
      ),
    );
    expect(first).toEqual(['false', 'true']);
    for (const seed of SEEDS) expect(files.crash(seed).content('a').subarray(512)).toEqual(bytes(512, 2));
  });
});

describe('names', () => {
  test('a name is durable when its directory was synced, and not with its bytes', async () => {
    const files = new MemoryFiles();
    const file = await files.create('a');
    file.append(bytes(10, 1));
    await file.sync();
    expect(await allNames(files)).toEqual(['', 'a']);
    await files.syncDirectory();
    expect(await allNames(files)).toEqual(['a']);
    await files.remove('a');
    expect(await names(files)).toBe('');
    expect(await allNames(files)).toEqual(['', 'a']);
  });

  test('a rename is one step, which may come before or after others', async () => {
    const { files, file } = await withFile('CURRENT');
    file.append(bytes(1, 1));
    await file.sync();
    const next = await files.create('next');
    next.append(bytes(1, 2));
    await next.sync();
    await files.rename('next', 'CURRENT');
    await files.create('other');
    expect(outcomes(files, (crashed) => String(crashed.content('CURRENT')[0]))).toEqual(['1', '2']);
    expect(await allNames(files)).toEqual(['CURRENT', 'CURRENT,next', 'CURRENT,next,other', 'CURRENT,other']);
    await files.syncDirectory();
    expect(await allNames(files)).toEqual(['CURRENT,other']);
    expect(outcomes(files, (crashed) => String(crashed.content('CURRENT')[0]))).toEqual(['2']);
  });

  test('a copy has everything, and what is not durable is not durable there either', async () => {
    const { files, file } = await withFile('a');
    file.append(bytes(10, 1));
    await file.sync();
    file.append(bytes(10, 2));
    await files.create('b');
    const copy = files.copy();
    file.append(bytes(10, 3));
    expect(await names(copy)).toBe('a,b');
    expect(copy.content('a')).toEqual(Uint8Array.from([...bytes(10, 1), ...bytes(10, 2)]));
    expect(await allNames(copy)).toEqual(['a', 'a,b']);
    expect(outcomes(copy, (crashed) => String(crashed.content('a').length))).toContain('10');
    await copy.syncFile('a');
    expect(outcomes(copy, (crashed) => String(crashed.content('a').length))).toEqual(['20']);
    expect(outcomes(files, (crashed) => String(crashed.content('a').length))).toContain('10');
  });

  test('a crash leaves the files as they are, and what it returns is durable', async () => {
    const { files, file } = await withFile('a');
    file.append(bytes(100, 1));
    const crashed = files.crash(3);
    const left = crashed.content('a');
    expect(files.content('a')).toEqual(bytes(100, 1));
    for (const seed of SEEDS) expect(crashed.crash(seed).content('a')).toEqual(left);
  });
});

describe('errors', () => {
  test('names that are there, and names that are not', async () => {
    const { files } = await withFile('a');
    await expect(files.create('a')).rejects.toMatchObject({ code: 'EEXIST' });
    for (const call of [files.open('b'), files.remove('b'), files.rename('b', 'c')]) {
      await expect(call).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  test('a read beyond the end', async () => {
    const files = new MemoryFiles();
    files.put('a', bytes(10, 7));
    const file = await files.open('a');
    const to = new Uint8Array(4);
    file.read(to, 6);
    expect(to).toEqual(bytes(4, 7));
    expect(() => file.read(to, 7)).toThrow(expect.objectContaining({ code: 'EIO' }) as Error);
  });

  test('no space: what fits is written, and removed files give theirs back', async () => {
    const { files, file } = await withFile('a', { capacityBytes: 100 });
    file.append(bytes(60, 1));
    expect(() => file.append(bytes(60, 2))).toThrow(expect.objectContaining({ code: 'ENOSPC' }) as Error);
    expect([files.content('a').length, files.usedBytes]).toEqual([100, 100]);
    await files.remove('a');
    const other = await files.create('b');
    other.append(bytes(100, 3));
    expect(files.usedBytes).toBe(100);
  });

  test('each operation can be made to fail, and is counted', async () => {
    const seen: string[] = [];
    const files = new MemoryFiles({
      onOperation: ({ kind, name, bytes: length }) => {
        seen.push(`${kind} ${name} ${length}`);
        if (kind === 'rename') throw new Error('no');
      },
    });
    const file = await files.create('a');
    file.append(bytes(5, 1));
    await file.sync();
    await expect(files.rename('a', 'b')).rejects.toThrow('no');
    await files.syncDirectory();
    expect(await files.list()).toEqual(['a']);
    expect(seen).toEqual(['create a 0', 'append a 5', 'sync a 0', 'rename a 0', 'syncDirectory  0', 'list  0']);
    expect(files.operationCount).toBe(6);
  });

  test('a process that dies leaves its locks, and nothing becomes durable', async () => {
    const { files, file } = await withFile('a');
    await files.lock('LOCK');
    file.append(bytes(1000, 1));
    files.kill();
    expect(await files.lock('LOCK')).toBeDefined();
    expect(files.content('a')).toEqual(bytes(1000, 1));
    expect(SEEDS.some((seed) => files.crash(seed).content('a').length === 0)).toBe(true);
  });

  test('a lock has one owner, and none after a crash', async () => {
    const files = new MemoryFiles();
    const lock = (await files.lock('LOCK'))!;
    expect(await files.lock('LOCK')).toBeUndefined();
    expect(await files.crash(1).lock('LOCK')).toBeDefined();
    await lock.release();
    expect(await files.lock('LOCK')).toBeDefined();
  });
});
