import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { RunReport } from '../src/cli/report.js';
import { available, contentOf, fileOf, fresh, itWith, lab, scratch, start, underFileModes } from './cli.js';

test('run refuses an invalid command line with exit code 2 and the reason', async () => {
  const directory = fresh('files');
  mkdirSync(directory);
  const cases: [string[], string][] = [
    [['--bogus'], "unknown option '--bogus'"],
    [['-w', '4 apples'], "'4 apples' is invalid"],
    [['--max-bytes=-3'], "'-3' is invalid"],
    [['-w', '0'], 'from 1 to 1073741824'],
    [['-b', '100'], 'a multiple of 8 from 64'],
    [['-l', 'flat'], 'Allowed choices are compact, leveldb'],
    [['-i', 'tree'], 'Allowed choices are skiplist, block'],
    [['-l', 'leveldb', '-i', 'block'], "layout 'leveldb' has the index 'skiplist' only"],
    [['-f', 'xml'], 'Allowed choices are ndjson, csv, tsv'],
    [['a', 'b'], 'too many arguments'],
    [[fileOf('a.txt', '')], 'name its format with --format'],
    [[directory, '-f', 'csv'], '--format csv is for files'],
  ];
  const outcomes = await Promise.all(cases.map(([args]) => lab(args)));
  for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
    expect(stderr).toContain(cases[i][1]);
    expect(stderr).toMatch(/^error: .*\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  }
});

describe('run on bad input', () => {
  test('fails if the input does not exist', async () => {
    const out = fresh('db');
    const { code, stdout, stderr } = await lab(['nowhere/at/all', '-o', out]);
    expect(stderr).toBe('error: nowhere/at/all: no such file or directory (ENOENT)\n');
    expect(stdout).toBe('');
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  test('refuses a device, and a directory on standard input', async () => {
    const pipe = await lab(['/dev/null', '-f', 'csv']);
    expect(pipe.stderr).toBe('error: /dev/null: is neither a file nor a directory; read it with - < /dev/null\n');
    expect(pipe.code).toBe(1);
    const directory = await lab(['-'], { under: ['sh', '-c', 'exec "$@" < /', 'sh'] });
    expect(directory.stderr).toBe('error: stdin: is a directory; pass its path instead\n');
    expect(directory.code).toBe(1);
  });

  test('fails if the default input does not exist', async () => {
    const { code, stderr } = await lab([], { cwd: scratch });
    expect(stderr).toMatch(/^error: no input was given.*node_modules/);
    expect(code).toBe(1);
  });

  test('stops at a malformed line of NDJSON, and flushes the lines before it', async () => {
    const path = fileOf('a.ndjson', '{"key":"a","value":"1"}\n\n{"key":"b","value"\n{"key":"c","value":"3"}\n');
    const out = fresh('db');
    const { code, stdout, stderr } = await lab([path, '-o', out]);
    expect(stderr).toContain(`${path}:3: not JSON: `);
    expect(stderr).toContain('the 1 entries before it were flushed');
    expect(stdout).toContain('verified 1 entries\n');
    expect(code).toBe(1);
    expect(await contentOf(out)).toEqual({ a: '1' });
  });

  test('names and skips NDJSON lines that are bad in any way, with --skip-bad', async () => {
    const bad: [string | Buffer, string][] = [
      ['{"key":', 'not JSON'],
      ['[1,2]', 'not a JSON object'],
      ['{"value":"1"}', 'no field "key"'],
      ['{"key":"toString"}', 'no field "value"'],
      ['{"key":null,"value":1}', 'neither a string nor a number'],
      ['{"key":"a","value":1,"value":2}', '2 fields "value"'],
      ['['.repeat(100_000), 'not JSON'],
      ['{"key":"\\ud800","value":1}', 'half of a surrogate pair'],
      [Buffer.from('{"key":"\xff","value":1}', 'latin1'), 'not UTF-8'],
    ];
    const parts = bad.flatMap(([line]) => [Buffer.from(line), Buffer.from('\n{"key":"good","value":"1"}\n')]);
    const path = fileOf('a.ndjson', Buffer.concat(parts));
    const { code, stdout, stderr } = await lab([path, '--skip-bad', '--json']);
    const said = stderr.split('\n').filter((line) => line.startsWith('skipped: '));
    expect(said).toHaveLength(bad.length);
    for (const [i, [, what]] of bad.entries()) {
      expect(said[i]).toMatch(`skipped: ${path}:${2 * i + 1}: `);
      expect(said[i]).toMatch(what);
    }
    const report = JSON.parse(stdout) as RunReport;
    expect(report.input.skipped).toBe(bad.length);
    expect(report.totals.entries).toBe(bad.length);
    expect(report.verified!.entries).toBe(1);
    expect(code).toBe(0);
  });

  test('names the first ten bad lines and counts all of them, with --skip-bad', async () => {
    const { stdout, stderr } = await lab(['-', '--skip-bad'], { stdin: 'x\n'.repeat(100) });
    expect(stderr.match(/^skipped: stdin:/gm)).toHaveLength(10);
    expect(stdout).toContain('skipped 100 bad entries');
  });

  test('stops at a malformed record of CSV, or skips it with --skip-bad', async () => {
    const path = fileOf('a.csv', 'key,value\na,1\nb\nc,3\n"d"x,4\n');
    const out = fresh('db');
    const stopped = await lab([path, '-o', out]);
    expect(stopped.stderr).toContain(`${path}:3: Invalid Record Length: expect 2, got 1`);
    expect(stopped.stderr).toContain('the 1 entries before it were flushed');
    expect(stopped.code).toBe(1);
    expect(await contentOf(out)).toEqual({ a: '1' });

    const skipped = await lab([path, '-o', out, '--skip-bad']);
    expect(skipped.stderr).toContain(`skipped: ${path}:3: `);
    expect(skipped.stderr).toContain(`skipped: ${path}:5: Invalid Closing Quote`);
    expect(skipped.code).toBe(0);
    expect(await contentOf(out)).toEqual({ a: '1', c: '3' });
  });

  test('fails if a CSV file has no key column, even with --skip-bad', async () => {
    const path = fileOf('a.csv', 'id,value\na,1\n');
    const { code, stderr } = await lab([path, '--skip-bad']);
    expect(stderr).toContain(`${path}:1: no column "key"; the header has id, value`);
    expect(code).toBe(1);
  });
});

test('run counts and names the keys that differ after reading back', async () => {
  // Loaded before the program: makes LevelDB lose one entry and garble another.
  const preload = fileOf(
    'forgetful.cjs',
    `const { ClassicLevel } = require(${JSON.stringify(require.resolve('classic-level'))});
    const { batch } = ClassicLevel.prototype;
    ClassicLevel.prototype.batch = function (operations, options) {
      const kept = operations.filter(({ key }) => Buffer.from(key).toString() !== 'lost');
      for (const operation of kept) if (Buffer.from(operation.key).toString() === 'garbled') operation.value[0] ^= 1;
      return batch.call(this, kept, options);
    };`,
  );
  const stdin = ['lost', 'kept', 'garbled'].map((key) => `{"key":"${key}","value":"value"}\n`).join('');
  const under = ['env', `NODE_OPTIONS=--require=${preload}`];
  const { code, stdout, stderr } = await lab(['-'], { stdin, under });
  expect(stdout).toContain('verified 1 of 3 entries\n');
  expect(stderr).toContain('2 entries differ from the input after reading back: 1 missing, 1 with another value');
  expect(stderr).toContain('the first keys: "garbled", "lost"');
  expect(code).toBe(1);
  const json = await lab(['-', '--json'], { stdin, under });
  expect(JSON.parse(json.stdout)).toMatchObject({ verified: { entries: 1, missing: 1, different: 1 } });
  expect(json.code).toBe(1);
});

describe('run without access', () => {
  const under = underFileModes();
  const itMayNot = itWith(under !== undefined, 'setpriv');

  itMayNot(
    'stops at an unreadable directory and flushes the files before it, or skips it with --skip-bad',
    async () => {
      const path = fresh('files');
      mkdirSync(join(path, 'b'), { recursive: true });
      for (const name of ['a', 'b/1', 'c']) writeFileSync(join(path, name), name);
      chmodSync(join(path, 'b'), 0);
      const out = fresh('db');
      const stopped = await lab([path, '-o', out], { under: under! });
      expect(stopped.stderr).toContain(`${join(path, 'b')}: cannot be read: permission denied (EACCES)`);
      expect(stopped.stderr).toContain('the 1 entries before it were flushed');
      expect(stopped.code).toBe(1);
      expect(await contentOf(out)).toEqual({ a: 'a' });

      const skipped = await lab([path, '-o', out, '--skip-bad'], { under: under! });
      expect(skipped.stdout).toContain('skipped 1 bad entries');
      expect(skipped.code).toBe(0);
      expect(await contentOf(out)).toEqual({ a: 'a', c: 'c' });
      chmodSync(join(path, 'b'), 0o700);
    },
  );

  itMayNot('reports an unreadable file', async () => {
    const path = fresh('files');
    mkdirSync(path);
    writeFileSync(join(path, 'a'), '');
    chmodSync(join(path, 'a'), 0);
    const below = await lab([path], { under: under! });
    expect(below.stderr).toContain(`${join(path, 'a')}: cannot be read: permission denied (EACCES)`);
    expect(below.code).toBe(1);

    const file = fileOf('a.csv', 'key,value\n');
    chmodSync(file, 0);
    const itself = await lab([file], { under: under! });
    expect(itself.stderr).toContain(`${file}: cannot be read: permission denied (EACCES)`);
    expect(itself.code).toBe(1);
  });

  itMayNot('reports an unwritable --out', async () => {
    const parent = fresh('closed');
    mkdirSync(parent);
    chmodSync(parent, 0o500);
    const inside = await lab(['-', '-o', join(parent, 'db')], { under: under! });
    expect(inside.stderr).toBe(`error: cannot make the directory ${join(parent, 'db')}: permission denied (EACCES)\n`);
    expect(inside.code).toBe(1);
    const itself = await lab(['-', '-o', parent], { under: under! });
    expect(itself.stderr).toMatch(`error: cannot open a LevelDB in ${parent}: `);
    expect(itself.stderr).toContain('ermission denied');
    expect(itself.code).toBe(1);
  });

  test('refuses an --out that is a file or the input', async () => {
    const file = fileOf('a', '');
    const { code, stderr } = await lab(['-', '-o', file]);
    expect(stderr).toBe(`error: cannot make the directory ${file}: file already exists (EEXIST)\n`);
    expect(code).toBe(1);
    const same = fresh('same');
    mkdirSync(same);
    const outcome = await lab([same, '-o', join(same, '.')]);
    expect(outcome.stderr).toContain('are the same directory');
    expect(outcome.code).toBe(1);
  });

  test('reports a LevelDB that another process has locked', async () => {
    const out = fresh('db');
    const database = new ClassicLevel(out);
    await database.open();
    const { code, stdout, stderr } = await lab(['-', '-o', out], { stdin: '{"key":"a","value":"1"}\n' });
    expect(stderr).toBe(`error: the LevelDB in ${out} is in use: another process holds its lock\n`);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    await database.close();
  });

  test('goes on without an error when its reader, such as head, closes standard output', async () => {
    const out = fresh('db');
    const running = start(['-', '-o', out]);
    running.child.stdout.destroy();
    running.child.stdin.end('{"key":"a","value":"1"}\n');
    const { code, stderr } = await running.done;
    expect(stderr).not.toMatch(/EPIPE|error/);
    expect(code).toBe(0);
    expect(await contentOf(out)).toEqual({ a: '1' });
  });
});

itWith(existsSync('/dev/full'), '/dev/full')('run reports a full device on standard output', async () => {
  const { code, stderr } = await lab(['-'], { under: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] });
  expect(stderr).toContain('error: cannot write the result: ENOSPC');
  expect(code).toBe(1);
});

describe('run on a full disk', () => {
  const under = ['prlimit', '--fsize=300000:unlimited'];
  const itOnDisk = itWith(available([...under, 'true']), 'prlimit');
  const VALUE = 'v'.repeat(1000);
  const lines = Array.from({ length: 1000 }, (_, i) => `{"key":"${i}","value":"${VALUE}"}\n`).join('');

  itOnDisk('repeats the flush until there is room, and loses nothing', async () => {
    const out = fresh('db');
    const running = start(['-', '-o', out, '-w', '400KiB', '--json'], { under });
    running.child.stdin.write(lines);
    await running.says('attempt 2: ');
    execFileSync('prlimit', ['--pid', String(running.child.pid), '--fsize=unlimited:unlimited']);
    running.child.stdin.end();
    const { code, stdout, stderr } = await running.done;
    expect(stderr).toMatch(/^flush of memtable \d failed, attempt 1: IO error: .*; trying again in 50 ms$/m);
    expect(code).toBe(0);
    const { memtables, verified } = JSON.parse(stdout) as RunReport;
    expect(Math.max(...memtables.map(({ flushAttempts }) => flushAttempts))).toBeGreaterThan(2);
    expect(verified).toMatchObject({ entries: 1000, missing: 0, different: 0 });
    expect(Object.values(await contentOf(out))).toEqual(Array<string>(1000).fill(VALUE));
  });

  itOnDisk('names the memtables that it could not flush', async () => {
    const running = start(['-', '-w', '400KiB'], { under });
    running.child.stdin.write(lines);
    await running.says('attempt 1: ');
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.done;
    expect(stderr).toMatch(/^\d+ entries in memtables 1 to 2 could not be flushed: IO error: /m);
    expect(stderr).not.toContain('all of them were flushed');
    expect(stdout).toContain('not verified');
    expect(code).toBe(1);
  });
});

describe('run on SIGINT', () => {
  test('stops reading in the middle of a stream, and flushes all accepted entries', async () => {
    const out = fresh('db');
    const running = start(['-', '-o', out, '-w', '4KiB']);
    let sent = 0;
    const feeding = (async () => {
      while (running.child.exitCode === null && running.child.signalCode === null) {
        running.child.stdin.write(`{"key":"${String(sent).padStart(6, '0')}","value":"${'v'.repeat(500)}"}\n`);
        sent++;
        await setTimeout(1);
      }
    })();
    await running.says('memtable 1 flushed');
    for (const enough = sent + 50; sent < enough;) await setTimeout(5);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.done;
    await feeding;
    expect(code).toBe(130);
    const accepted = Number(/^interrupted after (\d+) entries; all of them were flushed$/m.exec(stderr)?.[1]);
    expect(accepted).toBeGreaterThan(7); // More than one memtable.
    expect(accepted).toBeLessThanOrEqual(sent);
    expect(stdout).toContain(`verified ${accepted} entries\n`);
    const keys = Object.keys(await contentOf(out));
    expect(keys).toEqual(Array.from({ length: accepted }, (_, i) => String(i).padStart(6, '0')));
  });

  test('stops waiting for more input, and flushes all accepted entries', async () => {
    const out = fresh('db');
    const running = start(['-', '-o', out, '-w', '1', '--json']);
    running.child.stdin.write('{"key":"a","value":"1"}\n{"key":"b","value":"2"}\n{"key":"half');
    await running.says('memtable 1 flushed');
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.done;
    expect(stderr).toContain('memtable 1 flushed; 2 entries, 4 B accepted so far\n');
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, error: null, verified: { entries: 2 } });
    expect(await contentOf(out)).toEqual({ a: '1', b: '2' });
  });

  test('ends at once when a second SIGINT comes', async () => {
    const running = start(['-', '-w', '1GiB']);
    const line = `","value":"${'v'.repeat(1 << 20)}"}\n`;
    for (let i = 0; i < 80; i++) running.child.stdin.write(`{"key":"${i}${line}`);
    await new Promise((resolve) => running.child.stdin.once('drain', resolve));
    running.child.kill('SIGINT');
    await running.says('interrupted: flushing');
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.done;
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).not.toContain('all of them were flushed');
  });
});
