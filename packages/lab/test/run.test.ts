import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReport } from '../src/cli/report.js';
import { contentOf, fileOf, fresh, lab, latin1, scratch } from './cli.js';

/** Makes a directory of files. */
function directoryOf(files: Record<string, string | Buffer>): string {
  const path = fresh('files');
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), bytes);
  }
  return path;
}

describe('a directory', () => {
  test('every regular file below it is an entry; links are left alone', async () => {
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

  test('is walked in the order of the keys, and --max-bytes stops before the entry that would exceed it', async () => {
    const path = directoryOf({ 'a/x': '1234', 'a.txt': '1234', b: '123456789', c: '' });
    const out = fresh('db');
    const { code, stdout } = await lab([path, '--out', out, '--max-bytes', '25', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as RunReport;
    expect(report.input.limitReached).toBe(true);
    expect(report.totals.bytes).toBe(16);
    expect(await contentOf(out)).toEqual({ 'a.txt': '1234', 'a/x': '1234' });
  });

  test('--out inside of it is no part of the input', async () => {
    const path = directoryOf({ 'a.txt': '1' });
    const args = [path, '--out', join(path, 'db')];
    await lab(args);
    const { code, stdout } = await lab(args);
    expect(stdout).toContain('verified 1 entries\n');
    expect(stdout).not.toContain('other entries');
    expect(code).toBe(0);
  });

  test('the default is node_modules of the current directory, into a new directory for temporary files', async () => {
    const cwd = directoryOf({ 'node_modules/a/index.js': 'x', 'src/b.js': 'y' });
    const { code, stdout } = await lab(['--json'], { cwd });
    expect(code).toBe(0);
    const { out, input, options } = JSON.parse(stdout) as RunReport;
    expect(out.startsWith(scratch)).toBe(true);
    expect(input.path).toBe('node_modules');
    expect(options.maxBytes).toBe(64 << 20);
    expect(await contentOf(out)).toEqual({ 'a/index.js': 'x' });
  });
});

describe('files of records', () => {
  test('NDJSON with renamed fields, all kinds of values, and whatever ends a line', async () => {
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

  test('CSV with a byte order mark, quotes, line breaks, columns of any order, and bytes that are no UTF-8', async () => {
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

  test('standard input is NDJSON, or what --format says', async () => {
    const out = fresh('db');
    const first = await lab(['-', '-o', out], { stdin: '{"key":"a","value":"1"}\n' });
    expect(first.stdout).toContain('verified 1 entries\n');
    const second = await lab(['-', '-o', out, '-f', 'csv'], { stdin: 'key,value\nb,2\n' });
    expect(second.stdout).toContain('verified 1 entries\n');
    expect(await contentOf(out)).toEqual({ a: '1', b: '2' });
  });

  test('--format is for files of any name', async () => {
    const out = fresh('db');
    await lab([fileOf('a.txt', '{"key":"a","value":"1"}\n'), '-o', out, '--format', 'ndjson']);
    expect(await contentOf(out)).toEqual({ a: '1' });
  });

  test('no entries at all', async () => {
    const { code, stdout } = await lab([fileOf('a.csv', '')]);
    expect(stdout).toContain('no entries');
    expect(stdout).toContain('verified 0 entries\n');
    expect(code).toBe(0);
  });
});

describe('entries', () => {
  test('of the same key, within a memtable and across several: the last one wins', async () => {
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

  test('with an empty key, which LevelDB stores as any other', async () => {
    const out = fresh('db');
    const { code, stdout } = await lab(['-', '-o', out], { stdin: '{"key":"","value":"nameless"}\n' });
    expect(stdout).toContain('verified 1 entries\n');
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({ '': 'nameless' });
  });

  test('of 32 MiB, and larger than the write buffer', async () => {
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
    expect(memtables.map(({ entries }) => entries)).toEqual([2, 2]); // A table passes the buffer by one write.
    expect(memtables[0].dedicatedBlocks).toBe(1);
    expect(memtables[0].memoryUsage).toBeGreaterThan(large.length);
    expect(verified!.entries).toBe(4);
    const content = await contentOf(out);
    expect(Object.keys(content)).toEqual(['a-small', 'b-large', 'c-small', 'd-over']);
    expect(content['b-large'] === large.toString('latin1')).toBe(true);
  });

  test('of 16 MiB on a line of standard input', async () => {
    const value = 'x'.repeat(16 << 20);
    const out = fresh('db');
    const { code, stdout } = await lab(['-', '-o', out], { stdin: `{"key":"a","value":"${value}"}\n` });
    expect(stdout).toContain('verified 1 entries\n');
    expect(code).toBe(0);
    expect((await contentOf(out))['a'] === value).toBe(true);
  });

  test('that were in --out before are counted, and kept', async () => {
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

describe('the figures', () => {
  const COUNT = 2000;
  const VALUE = 'v'.repeat(100);
  const lines = Array.from({ length: COUNT }, (_, i) => `{"key":"${i}","value":"${VALUE}"}\n`).join('');
  const inputBytes = Array.from({ length: COUNT }, (_, i) => String(i).length + VALUE.length).reduce((a, b) => a + b);

  test.each([
    ['compact', 'skiplist', 16384, []],
    ['compact', 'block', 16384, []],
    ['leveldb', 'skiplist', 4096, []],
    ['leveldb', 'skiplist', 8192, ['--block-bytes', '8KiB']],
  ])('of layout %s, index %s, with blocks of %i bytes add up', async (layout, index, blockBytes, more) => {
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
      // Entries this small are all in regular blocks, each with its header of 8 bytes.
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
  });

  test('are shown as a table, and progress goes to standard error', async () => {
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
});
