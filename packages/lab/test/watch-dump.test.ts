import { readFileSync, writeFileSync } from 'node:fs';
import { inspectMemTable } from '@memtable/memtable/inspect';
import { available, fresh, itWith, lab } from './cli.js';

const lines = (count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `{"key":"k${String(i).padStart(4, '0')}","value":"${'v'.repeat(100)}"}\n`,
  ).join('');

describe('run --dump', () => {
  test.each(['skiplist', 'block'])(
    'writes the first frozen memtable with index %s, and inspectMemTable reads it',
    async (index) => {
      const path = fresh('table.dump');
      const args = ['-', '-w', '64KiB', '-i', index, '--dump', path];
      const { code, stdout, stderr } = await lab(args, { stdin: lines(2000) });
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('dump')]);
      expect(stdout).toContain(`dump     ${path}: the first memtable, layout compact, index ${index}, `);
      const bytes = readFileSync(path);
      const { stats, entries, arena } = inspectMemTable(new Uint8Array(bytes).buffer);
      expect(stats).toMatchObject({ state: 'frozen', layout: 'compact', index });
      expect(stats.entryCount).toBeGreaterThan(300);
      expect(stats.entryCount).toBeLessThan(1000);
      expect(stats.arena.memoryUsage).toBeGreaterThan(64 << 10);
      expect(arena.usedBytes).toBe(bytes.length);
      const keys = Array.from(entries.keyStarts, (start, i) =>
        bytes.toString('latin1', start, start + entries.keyBytes[i]),
      );
      expect(keys).toEqual(keys.map((_, i) => `k${String(i).padStart(4, '0')}`));
    },
  );

  test("writes LevelDB's layout with one flag, and says so", async () => {
    const path = fresh('leveldb.dump');
    const { stdout } = await lab(['-', '--leveldb', '--dump', path, '--json'], { stdin: lines(50) });
    const { stats, arena } = inspectMemTable(new Uint8Array(readFileSync(path)).buffer);
    expect(stats).toMatchObject({ layout: 'leveldb', index: 'skiplist' });
    expect(JSON.parse(stdout)).toMatchObject({
      dump: { path, layout: 'leveldb', index: 'skiplist', entryCount: 50, bytes: arena.usedBytes },
    });
  });

  test('explains a missing dump, and still flushes and verifies all entries', async () => {
    const path = fresh('no/such/directory/table.dump');
    const { code, stdout, stderr } = await lab(['-', '--dump', path], { stdin: lines(3) });
    expect(stdout).toContain('verified 3 entries');
    expect(stderr).toContain(`cannot write the dump to ${path}: no such file or directory`);
    expect(stderr).not.toContain('stopped there');
    expect(code).toBe(1);
    const empty = await lab(['-', '--dump', fresh('empty.dump')], { stdin: '' });
    expect(empty.stderr).toContain('there was no entry');
  });
});

describe('run --watch', () => {
  test('prints a line for each event if standard error is not a terminal', async () => {
    const { code, stderr } = await lab(['-', '-w', '64KiB', '--watch'], { stdin: lines(2000) });
    expect(code).toBe(0);
    const tables = stderr.match(/^memtable \d+ frozen: \d+ entries, [\d,]+ bytes$/gm)!.length;
    expect(tables).toBeGreaterThan(3);
    expect(stderr.match(/^memtable \d+ flushed in [\d.]+ ms$/gm)).toHaveLength(tables);
    expect(stderr.match(/^memtable \d+ dropped: [\d,]+ bytes freed$/gm)).toHaveLength(tables);
    expect(stderr.indexOf('memtable 1 dropped')).toBeGreaterThan(stderr.indexOf('memtable 1 flushed'));
  });

  // `script` runs the command in a terminal and copies the terminal's output.
  itWith(available(['script', '--version']), 'script')('draws writers, tables and target in a terminal', async () => {
    const input = fresh('input.ndjson');
    writeFileSync(input, lines(2000));
    const { stdout } = await lab([input, '-w', '64KiB', '--watch'], {
      under: ['sh', '-c', 'exec script -qec "stty rows 40 cols 120; $(printf "%s " "$@")" /dev/null', 'sh'],
    });
    expect(stdout).toContain('\u001b[');
    for (const station of ['writers ', 'active ', 'frozen ', 'flushed ', 'memory ', 'input '])
      expect(stdout).toContain(station);
    expect(stdout).toMatch(/flushed {3}[1-9]\d* memtables, 2,000 entries/);
    expect(stdout).toContain('2,000 entries, ');
    expect(stdout).toContain('verified 2000 entries');
  });
});
