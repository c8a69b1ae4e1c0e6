import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReport } from '../src/cli/report.js';
import { contentOf, fileOf, fresh, lab, latin1, scratch } from './cli.js';

/** Creates a directory with these files. */
function directoryOf(files: Record<string, string | Buffer>): string {
  const path = fresh('files');
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), bytes);
  }
  return path;
}

describe('run on a directory', () => {
  test('stores every regular file below it, and skips links', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const path = directoryOf({ 'a/b/c.txt': 'deep', 'a/empty': '', 'z.bin': bytes, grün: 'green' });
    symlinkSync(join(path, 'z.bin'), join(path, 'link-to-file'));
    symlinkSync(join(path, 'a'), join(path, 'link-to-directory'));
    writeFileSync(Buffer.concat([Buffer.from(path), Buffer.from('/\xff\xfe', 'latin1')]), 'no UTF-8');
    const out = fresh('db');
    const { code, stdout, stderr } = await lab([path, '--out', out]);
    expect(stderr).not.toContain('error');
    expect(stdout).toContain('verified 5 entries\n');
    expect(stdout).toContain(out);
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({
      'a/b/c.txt': 'deep',
      'a/empty': '',
      'z.bin': bytes.toString('latin1'),
      [latin1('grün')]: 'green',
      '\xff\xfe': 'no UTF-8',
    });
  });

  test('reads in key order, and stops before the entry that would exceed --max-bytes', async () => {
    const path = directoryOf({ 'a/x': '1234', 'a.txt': '1234', b: '123456789', c: '' });
    const out = fresh('db');
    const { code, stdout } = await lab([path, '--out', out, '--max-bytes', '25', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as RunReport;
    expect(report.input.limitReached).toBe(true);
    expect(report.totals.bytes).toBe(16);
    expect(await contentOf(out)).toEqual({ 'a.txt': '1234', 'a/x': '1234' });
  });

  test('skips an --out inside it', async () => {
    const path = directoryOf({ 'a.txt': '1' });
    const args = [path, '--out', join(path, 'db')];
    await lab(args);
    const { code, stdout } = await lab(args);
    expect(stdout).toContain('verified 1 entries\n');
    expect(stdout).not.toContain('other entries');
    expect(code).toBe(0);
  });

  test('reads node_modules of the current directory by default, into a temporary directory that --keep keeps', async () => {
    const cwd = directoryOf({ 'node_modules/a/index.js': 'x', 'src/b.js': 'y' });
    const { code, stdout } = await lab(['--json', '--keep'], { cwd });
    expect(code).toBe(0);
    const { out, input, options } = JSON.parse(stdout) as RunReport;
    expect(out.startsWith(scratch)).toBe(true);
    expect(input.path).toBe('node_modules');
    expect(options.maxBytes).toBe(64 << 20);
    expect(await contentOf(out)).toEqual({ 'a/index.js': 'x' });
    const removed = await lab(['--json'], { cwd });
    expect(removed.code).toBe(0);
    expect(existsSync((JSON.parse(removed.stdout) as RunReport).out)).toBe(false);
  });
});

describe('run reads', () => {
  test('NDJSON with renamed fields, all kinds of values, and all kinds of line ends', async () => {
    const path = fileOf(
      'a.jsonl',
      '\ufeff{"id":"a","data":"text ü","key":"other"}\r\n' +
        '\n' +
        '{"id":7,"data":{"deep":[1,null]}}\n' +
        '{"id":"b","data":null}\n' +
        '{"id":"line\\u2028break\u2028","data":true}\n' +
        '{"id":"e","data":""}',
    );
    const out = fresh('db');
    const { code, stdout } = await lab([path, '-o', out, '--key-field', 'id', '--value-field', 'data']);
    expect(stdout).toContain('verified 5 entries\n');
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({
      a: latin1('text ü'),
      7: '{"deep":[1,null]}',
      b: 'null',
      [latin1('line\u2028break\u2028')]: 'true',
      e: '',
    });
  });

  test('CSV with a byte order mark, quotes, line breaks, columns in any order, and invalid UTF-8', async () => {
    const path = fileOf(
      'a.csv',
      Buffer.from(
        '\xef\xbb\xbf"value",x,key\r\n1,,a\r\n"two\nlines, ""quoted""",,b\r\n\r\n\xff\xfe,,\xe9\r\n',
        'latin1',
      ),
    );
    const out = fresh('db');
    const { code, stdout } = await lab([path, '-o', out]);
    expect(stdout).toContain('verified 3 entries\n');
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({ a: '1', b: 'two\nlines, "quoted"', '\xe9': '\xff\xfe' });
  });

  test('TSV with renamed columns', async () => {
    const path = fileOf('a.tsv', 'name\tsize, bytes\nx,y\t1\n"tab\there"\t2\n');
    const out = fresh('db');
    const { code } = await lab([path, '-o', out, '--key-field', 'name', '--value-field', 'size, bytes']);
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({ 'x,y': '1', 'tab\there': '2' });
  });

  test('standard input as NDJSON, or in the format of --format', async () => {
    const out = fresh('db');
    const first = await lab(['-', '-o', out], { stdin: '{"key":"a","value":"1"}\n' });
    expect(first.stdout).toContain('verified 1 entries\n');
    const second = await lab(['-', '-o', out, '-f', 'csv'], { stdin: 'key,value\nb,2\n' });
    expect(second.stdout).toContain('verified 1 entries\n');
    expect(await contentOf(out)).toEqual({ a: '1', b: '2' });
  });

  test('a file of any name in the format of --format', async () => {
    const out = fresh('db');
    await lab([fileOf('a.txt', '{"key":"a","value":"1"}\n'), '-o', out, '--format', 'ndjson']);
    expect(await contentOf(out)).toEqual({ a: '1' });
  });

  test('an empty file, and verifies 0 entries', async () => {
    const { code, stdout } = await lab([fileOf('a.csv', '')]);
    expect(stdout).toContain('no entries');
    expect(stdout).toContain('verified 0 entries\n');
    expect(code).toBe(0);
  });
});

describe('run stores', () => {
  test('the last value of a key that occurs in one memtable and in several', async () => {
    const keys = 10;
    let text = '';
    for (let i = 0; i < 3000; i++) text += `{"key":"k${i % keys}","value":"${i}"}\n`;
    const out = fresh('db');
    const { code, stdout } = await lab([fileOf('a.ndjson', text), '-o', out, '-w', '4KiB', '--json']);
    expect(code).toBe(0);
    const { memtables, totals, verified } = JSON.parse(stdout) as RunReport;
    expect(memtables.length).toBeGreaterThan(10);
    expect(totals.inserted.ms).toBeLessThan(totals.elapsedMs);
    expect(totals.entries).toBe(3000);
    expect(verified).toMatchObject({ entries: keys, missing: 0, different: 0, others: 0 });
    const expected = Array.from({ length: keys }, (_, i) => [`k${i}`, String(3000 - keys + i)]);
    expect(await contentOf(out)).toEqual(Object.fromEntries(expected));
  });

  test('an entry with an empty key', async () => {
    const out = fresh('db');
    const { code, stdout } = await lab(['-', '-o', out], { stdin: '{"key":"","value":"nameless"}\n' });
    expect(stdout).toContain('verified 1 entries\n');
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({ '': 'nameless' });
  });

  test('an entry of 32 MiB, and entries larger than the write buffer', async () => {
    const large = Buffer.alloc(32 << 20, 'memtable');
    const path = directoryOf({
      'a-small': '1',
      'b-large': large,
      'c-small': '2',
      'd-over': large.subarray(0, 5 << 20),
    });
    const out = fresh('db');
    const { code, stdout } = await lab([path, '-o', out, '--write-buffer', '1MiB', '--json']);
    expect(code).toBe(0);
    const { memtables, verified } = JSON.parse(stdout) as RunReport;
    // A table exceeds the write buffer by at most one write.
    expect(memtables.map(({ entries }) => entries)).toEqual([2, 2]);
    expect(memtables[0].dedicatedBlocks).toBe(1);
    expect(memtables[0].memoryUsage).toBeGreaterThan(large.length);
    expect(verified!.entries).toBe(4);
    const content = await contentOf(out);
    expect(Object.keys(content)).toEqual(['a-small', 'b-large', 'c-small', 'd-over']);
    expect(content['b-large'] === large.toString('latin1')).toBe(true);
  });

  test('an entry of 16 MiB from a line of standard input', async () => {
    const value = 'x'.repeat(16 << 20);
    const out = fresh('db');
    const { code, stdout } = await lab(['-', '-o', out], { stdin: `{"key":"a","value":"${value}"}\n` });
    expect(stdout).toContain('verified 1 entries\n');
    expect(code).toBe(0);
    expect((await contentOf(out))['a'] === value).toBe(true);
  });

  test('entries beside those already in --out, and counts the old ones', async () => {
    const out = fresh('db');
    await lab(['-', '-o', out], {
      stdin: '{"key":"a","value":"1"}\n{"key":"b","value":"1"}\n{"key":"c","value":"1"}\n',
    });
    const { code, stdout } = await lab(['-', '-o', out], { stdin: '{"key":"b","value":"2"}\n' });
    expect(code).toBe(0);
    expect(stdout).toContain('verified 1 entries\n');
    expect(stdout).toContain('holds 2 other entries');
    expect(await contentOf(out)).toEqual({ a: '1', b: '2', c: '1' });
  });
});

describe('the report of run', () => {
  const COUNT = 2000;
  const VALUE = 'v'.repeat(100);
  const lines = Array.from({ length: COUNT }, (_, i) => `{"key":"${i}","value":"${VALUE}"}\n`).join('');
  const inputBytes = Array.from({ length: COUNT }, (_, i) => String(i).length + VALUE.length).reduce((a, b) => a + b);

  test.each([
    ['compact', 'skiplist', 16384, []],
    ['compact', 'block', 16384, []],
    ['leveldb', 'skiplist', 4096, []],
    ['leveldb', 'skiplist', 8192, ['--block-bytes', '8KiB']],
  ])(
    'has consistent figures in layout %s with index %s and blocks of %i bytes',
    async (layout, index, blockBytes, more) => {
      const out = fresh('db');
      const args = ['-', '-o', out, '-w', '64KiB', '-l', layout, '-i', index, '--json', ...more];
      const { code, stdout } = await lab(args, { stdin: lines });
      expect(code).toBe(0);
      const report = JSON.parse(stdout) as RunReport;
      const { memtables: rows, totals } = report;
      const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((all, row) => all + of(row), 0);
      expect(rows.length).toBeGreaterThan(3);
      expect(rows.map(({ table }) => table)).toEqual(rows.map((_, i) => i + 1));
      for (const [i, row] of rows.entries()) {
        // Small entries all go into regular blocks, each with a header of 8 bytes.
        expect(row.dedicatedBlocks).toBe(0);
        expect(row.memoryUsage).toBe(row.regularBlocks * (blockBytes + 8));
        expect(row.memoryUsage > 65536).toBe(i < rows.length - 1);
        expect(row.askedBytes).toBeGreaterThan(row.keyBytes + row.valueBytes);
        expect(row.wastePercent).toBeCloseTo(100 * (1 - row.askedBytes / row.memoryUsage), 9);
        expect(row.height).toBeGreaterThanOrEqual(1);
        expect(row.fillMs).toBeGreaterThan(0);
        expect(row.flushMs).toBeGreaterThan(0);
        expect(row.flushAttempts).toBe(1);
        expect(row.rssBeforeDrop).toBeGreaterThan(1 << 20);
        expect(row.rssAfterDrop).toBeGreaterThan(1 << 20);
      }
      expect(sum((row) => row.entries)).toBe(COUNT);
      expect(sum((row) => row.keyBytes + row.valueBytes)).toBe(inputBytes);
      expect(totals).toMatchObject({
        entries: COUNT,
        bytes: inputBytes,
        askedBytes: sum((row) => row.askedBytes),
        memoryUsage: sum((row) => row.memoryUsage),
        inserted: { entries: COUNT, bytes: inputBytes },
        flushed: { entries: COUNT, bytes: inputBytes },
      });
      expect(totals.inserted.ms).toBeCloseTo(sum((row) => row.fillMs));
      expect(totals.inserted.entriesPerSecond).toBeCloseTo((COUNT / totals.inserted.ms) * 1000);
      expect(report).toMatchObject({
        input: { path: '-', format: 'ndjson', skipped: 0, limitReached: false },
        out,
        options: { writeBuffer: 65536, blockBytes, layout, index, maxBytes: null },
        verified: { entries: COUNT, missing: 0, different: 0 },
        interrupted: false,
        error: null,
      });
      expect(readdirSync(out)).toContain('CURRENT');
    },
  );

  test('is a table on standard output, with the progress on standard error', async () => {
    const { stdout, stderr } = await lab(['-', '-w', '128KiB', '-l', 'leveldb'], { stdin: lines });
    expect(stdout).toContain('layout leveldb, index skiplist, write buffer 128 KiB, blocks of 4 KiB');
    const rows = stdout.split('\n').filter((line) => /^│ +\d/.test(line));
    expect(rows.length).toBe(3);
    // Number, entries, asked, usage, waste, blocks, tower, fill, flush, RSS twice.
    const [number, entries, , usage, waste, blocks] = rows[0]
      .split('│')
      .slice(1)
      .map((cell) => cell.trim());
    expect(number).toBe('1');
    expect(Number(entries)).toBeGreaterThan(500);
    expect(usage).toBe('131,328');
    expect(waste).toMatch(/^\d+\.\d\d$/);
    expect(blocks).toBe('32 + 0');
    expect(stdout).toMatch(/^inserted 2,000 entries, .* entries\/s, .*\/s$/m);
    expect(stdout).toMatch(/^flushed {2}2,000 entries, .* entries\/s, .*\/s$/m);
    expect(stderr).toMatch(/^memtable 1 flushed; \d.* accepted so far$/m);
  });

  test('has the figures of the layout leveldb with --leveldb, which --layout contradicts', async () => {
    const args = ['-', '-w', '128KiB', '--json'];
    const figures = async (...layout: string[]) => {
      const { stdout } = await lab([...args, ...layout], { stdin: lines });
      const { options, memtables } = JSON.parse(stdout) as RunReport;
      expect(options).toMatchObject({ layout: 'leveldb', index: 'skiplist', blockBytes: 4096 });
      return memtables.map(({ entries, askedBytes, memoryUsage, height }) => [
        entries,
        askedBytes,
        memoryUsage,
        height,
      ]);
    };
    expect(await figures('--leveldb')).toEqual(await figures('--layout', 'leveldb'));
    const both = await lab([...args, '--leveldb', '-l', 'compact'], { stdin: lines });
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("'--leveldb' cannot be used with")]);
  });

  // A C library that keeps small buffers for later gives one of more than 32 MiB back at once.
  (process.platform === 'linux' ? test : test.skip)(
    'shows that the resident memory falls by each large memtable that is dropped',
    async () => {
      const value = 'v'.repeat(1 << 20);
      const stdin = Array.from({ length: 37 }, (_, i) => `{"key":"${i}","value":"${value}"}\n`).join('');
      const { stdout } = await lab(['-', '-w', '34MiB', '--json'], { stdin });
      const [{ memoryUsage, rssBeforeDrop, rssAfterDrop }] = (JSON.parse(stdout) as RunReport).memtables;
      expect(memoryUsage).toBeGreaterThan(34 << 20);
      expect(rssBeforeDrop! - rssAfterDrop!).toBeGreaterThan(memoryUsage / 2);
    },
  );
});
