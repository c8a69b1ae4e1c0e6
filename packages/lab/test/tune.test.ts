import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fresh, lab, MAIN } from './cli.js';

const tune = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'tune', ...args], { encoding: 'utf8' });
  expect(stderr).not.toMatch(/^\s+at |file:\/\//m);
  return { code: status, stdout, stderr };
};

interface Report {
  requests: number;
  arenas: number;
  recommended: object;
  rows: { source: string; blockBytes: number; ms: number; memoryBytes: number; wastePercent: number; cost: number }[];
}

test('tune replays the recorded trace of a run with every source and block size, and lists the cheapest first', async () => {
  const [input, trace, plot] = [fresh('input.ndjson'), fresh('trace'), fresh('plot.svg')];
  const lines = Array.from({ length: 3000 }, (_, i) => `{"key":"${i}","value":"${'v'.repeat(i % 300)}"}\n`);
  writeFileSync(input, lines.join(''));
  const run = await lab([input, '--record', trace, '--write-buffer', '64KiB', '--json']);
  expect(run.code).toBe(0);
  const { memtables } = JSON.parse(run.stdout) as { memtables: { askedBytes: number }[] };
  // The recorded requests are those of the run's memtables.
  const requests = readFileSync(trace, 'utf8').split('drop\n').slice(0, -1);
  const asked = requests.map((arena) => arena.split('\n').reduce((sum, line) => sum + Number(line.split(' ')[0]), 0));
  expect(asked).toEqual(memtables.map(({ askedBytes }) => askedBytes));

  const { code, stdout } = tune('--trace', trace, '--plot', plot, '--json');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report.arenas).toBe(memtables.length);
  expect(report.requests).toBe(requests.reduce((sum, arena) => sum + arena.split('\n').length - 1, 0));
  expect(report.rows).toHaveLength(30);
  expect(new Set(report.rows.map(({ source, blockBytes }) => `${source} ${blockBytes}`)).size).toBe(30);
  expect(report.recommended).toEqual(report.rows[0]);
  const costs = report.rows.map(({ cost }) => cost);
  expect(costs).toEqual([...costs].sort((a, b) => a - b));
  for (const { wastePercent, memoryBytes } of report.rows) {
    expect(wastePercent).toBeGreaterThan(0);
    expect(wastePercent).toBeLessThan(100);
    expect(memoryBytes).toBeGreaterThan(64 << 10);
  }
  const svg = readFileSync(plot, 'utf8');
  expect(svg).toMatch(/^<svg/);
  for (const { source } of report.rows) expect(svg).toContain(source);
});

test('tune replays a distribution, and its table starts with the recommended choice', () => {
  const plot = fresh('plot.svg');
  const { code, stdout } = tune('--distribution', 'uniform', '--count', '2000', '--plot', plot);
  expect(code).toBe(0);
  const [, source] = /^take {5}(.*), blocks of/m.exec(stdout)!;
  const rows = stdout.split('\n').filter((line) => / \d+\.\d\d │$/.test(line));
  expect(rows).toHaveLength(30);
  expect(rows[0]).toContain(`│ ${source} `);
});

test('tune writes no file unless it is asked for', () => {
  const cwd = fresh('empty');
  mkdirSync(cwd);
  const { status } = spawnSync(process.execPath, [MAIN, 'tune', '--count', '1000'], { cwd });
  expect(status).toBe(0);
  expect(readdirSync(cwd)).toEqual([]);
});

test.each([[], ['run'], ['tune']])('%s --version prints a version', (...command) => {
  const { stdout, status } = spawnSync(process.execPath, [MAIN, ...command, '--version'], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string, status: 0 });
});

test('tune refuses an invalid or missing trace, an invalid option, and an unwritable plot', () => {
  const trace = fresh('trace');
  writeFileSync(trace, '24\n16 8\n16 3\n');
  expect(tune('--trace', trace)).toMatchObject({ code: 1, stderr: expect.stringContaining('trace:3') as string });
  expect(tune('--trace', fresh('missing')).code).toBe(1);
  expect(tune('--count', '0').code).toBe(2);
  expect(tune('--distribution', 'other').code).toBe(2);
  expect(tune('--count', '10', '--plot', join(fresh('nowhere'), 'plot.svg')).code).toBe(1);
});
