import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const MAIN = join(__dirname, '../dist/main.js');

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const directory = mkdtempSync(join(tmpdir(), 'memtable-bench-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the command with its own directory for results. */
function bench(...args: string[]): Promise<Outcome> {
  const env = { ...process.env, MEMTABLE_BENCH_RESULTS: directory };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

const TINY = ['--entries', '2000', '--rounds', '1', '--json'];

/** Proves all contenders that take a data set, in one process; prints their digests. */
const PROVE_ALL = `
  import { mkdirSync } from 'node:fs';
  import { openContender, takes } from './contenders/contender.js';
  import { CONTENDERS } from './contenders/index.js';
  import { dataSet } from './data-set.js';
  import { prove } from './prove.js';
  const found = {};
  for (const scenario of ['main', 'defaults', 'random', 'paths', 'large']) {
    found[scenario] = {};
    const data = dataSet(scenario, 2000);
    for (const contender of CONTENDERS.filter((one) => takes(one, data))) {
      const directory = [process.argv[1], scenario, contender.name].join('-');
      mkdirSync(directory);
      found[scenario][contender.name] = await prove(contender, data, (input) =>
        openContender(contender, { input, directory }),
      );
    }
  }
  console.log(JSON.stringify(found));
`;

test('every contender holds the inserted entries, for each kind of keys', async () => {
  const script = PROVE_ALL.replaceAll("'./", `'${pathToFileURL(join(__dirname, '../dist')).href}/`);
  const args = ['--input-type=module', '--eval', script, join(directory, 'proof')];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const found = JSON.parse(stdout) as Record<string, Record<string, string[]>>;
  expect(Object.keys(found)).toEqual(['main', 'defaults', 'random', 'paths', 'large']);
  for (const [scenario, contenders] of Object.entries(found)) {
    const digests = Object.values(contenders);
    if (scenario === 'defaults') {
      // Those that take strings. All of them can change their content.
      expect(digests).toHaveLength(10);
      expect(new Set(digests.map(String)).size).toBe(1);
      continue;
    }
    expect(digests).toHaveLength(15);
    expect(new Set(digests.map(([loaded]) => loaded)).size).toBe(1);
    // One contender, limit, cannot change its content.
    expect(new Set(digests.map(([, changed]) => changed)).size).toBe(2);
  }
}, 60_000);

interface Measured {
  readonly name: string;
  readonly speeds: Record<string, { readonly median: number }>;
  readonly figures?: object;
}

test('a cold process measures puts so far and first gets, and each contender reads the same values', async () => {
  const { code, stdout, stderr } = await bench(
    ...['--scenario', 'cold,cold-bytes', '--contender', 'memtable-block,mem-store,sorted-btree,memory-level'],
    ...TINY,
  );
  expect({ code, error: stderr.match(/error:.*/)?.[0] }).toEqual({ code: 0, error: undefined });
  const { dataSets } = JSON.parse(stdout) as { dataSets: { name: string; contenders: Measured[] }[] };
  expect(dataSets.map(({ name, contenders }) => [name, contenders.length])).toEqual([
    ['cold-2k', 3],
    ['cold-bytes-2k', 4],
  ]);
  for (const { speeds, figures } of dataSets.flatMap(({ contenders }) => contenders)) {
    expect(Object.keys(speeds)).toEqual(['cold-1k', 'cold-get']);
    expect(figures).toBeUndefined();
  }
}, 60_000);

test('a load, a scan in place and a scan that hands out see the same entries in each store', async () => {
  const operations = 'load,scan,entries,range100';
  const stores = 'mem-store,memtable-level,sorted-btree,js-sdsl,map-sorted';
  const args = ['--scenario', 'defaults', '--contender', stores, '--operation', operations];
  const { code, stdout, stderr } = await bench(...args, ...TINY);
  // Unequal sums would be an error.
  expect({ code, error: stderr.match(/error:.*/)?.[0] }).toEqual({ code: 0, error: undefined });
  const [{ contenders }] = (JSON.parse(stdout) as { dataSets: [{ contenders: Measured[] }] }).dataSets;
  expect(contenders.map(({ speeds }) => Object.keys(speeds))).toEqual(
    contenders.map(() => ['insert', ...operations.split(',')]),
  );
}, 60_000);

interface Accounted {
  readonly name: string;
  readonly figures: { readonly accountedBytesPerEntry: number };
}

const hasCompiler = spawnSync('g++', ['--version']).status === 0;
if (!hasCompiler) console.warn("LevelDB's own memtable is not compared: g++ is missing");

(hasCompiler ? test : test.skip)(
  "LevelDB's own memtable reads the same values as ours, and uses the same number of bytes",
  async () => {
    const { code, stdout, stderr } = await bench('--leveldb', ...TINY);
    expect({ code, stderr: stderr.match(/error:.*/)?.[0] }).toEqual({ code: 0, stderr: undefined });
    const [{ contenders }] = (JSON.parse(stdout) as { dataSets: [{ contenders: Accounted[] }] }).dataSets;
    const bytes = Object.fromEntries(contenders.map(({ name, figures }) => [name, figures.accountedBytesPerEntry]));
    expect(Object.keys(bytes)).toEqual(['memtable-block', 'memtable-skiplist', 'memtable-leveldb', 'leveldb-c++']);
    expect(bytes['leveldb-c++']).toBe(bytes['memtable-leveldb']);
  },
);

test('bench --check names only the ratios that fell', async () => {
  const args = [...TINY, '--contender', 'memtable-block,limit', '--operation', 'get'];
  const { stdout } = await bench(...args);
  const text = JSON.stringify(JSON.parse(stdout), (name, value: unknown) => (name === 'ratio' ? 1e-9 : value));
  const file = join(directory, 'baseline.json');
  const check = async (baseline: string) => {
    writeFileSync(file, baseline);
    const { code, stdout } = await bench(...args.filter((arg) => arg !== '--json'), '--check', '--baseline', file);
    return { code, verdict: stdout.split('\n').filter((line) => !/^[│┌├└]/.test(line) && line !== '') };
  };
  const noise = 'noise, half the spread of a ratio over the rounds: unknown, as each case ran once';
  expect(await check(text)).toEqual({
    code: 0,
    verdict: ['none of 2 ratios fell by more than 25 %', `${noise}; in the earlier run unknown, as each case ran once`],
  });

  interface Ratio {
    ratio: number;
    ratioMin: number;
    ratioMax: number;
  }
  const doctored = JSON.parse(text) as { dataSets: [{ contenders: { speeds: { get: Ratio } }[] }] };
  Object.assign(doctored.dataSets[0].contenders[1].speeds.get, { ratio: 1e9, ratioMin: 0.9e9, ratioMax: 1.3e9 });
  const { code, verdict } = await check(JSON.stringify(doctored));
  expect(code).toBe(1);
  expect(verdict).toEqual([
    expect.stringMatching(/^fell: main-2k get: \S+ times limit, was 1\.00e\+9 ±20 % \(100 % less\)$/),
    `${noise}; in the earlier run median ±20 %, largest ±20 %`,
  ]);
}, 60_000);

test('bench --disk measures puts, LevelDB, recoveries that find every entry, and a checkpoint', async () => {
  const { code, stdout, stderr } = await bench('--disk', ...TINY);
  expect({ code, error: stderr.match(/error:.*/)?.[0] }).toEqual({ code: 0, error: undefined });
  const { rows } = JSON.parse(stdout) as { rows: { name: string; figure: string; median: number }[] };
  expect(rows.map(({ name, figure }) => `${name}: ${figure}`)).toEqual([
    'puts without a log: entries/s',
    'puts, memory: entries/s',
    'puts, os: entries/s',
    'puts, disk: entries/s',
    'puts, 64 writers that wait for the disk: entries/s',
    'classic-level, batches of 1: entries/s',
    'classic-level, batches of 100: entries/s',
    'classic-level, batches of 1, sync: entries/s',
    'classic-level, batches of 100, sync: entries/s',
    'recovery from a log: entries/s',
    'a checkpoint: ms of all',
    'a checkpoint: ms of the longest call',
    'a checkpoint: ms of the longest wait',
    'recovery from tables: entries/s',
  ]);
  for (const { median } of rows) expect(median).toBeGreaterThan(0);
  expect(existsSync(join(directory, 'disk.json'))).toBe(false); // Not a whole run.
}, 60_000);

/** Prints the READMEs that differ from what the committed results give. */
const STALE = `
  import { readFileSync } from 'node:fs';
  import { readmes } from './report/report.js';
  for (const [path, text] of await readmes()) if (readFileSync(path, 'utf8') !== text) console.log(path);
`;

test('the tables of the READMEs are those of the committed runs', async () => {
  const script = STALE.replaceAll("'./", `'${pathToFileURL(join(__dirname, '../dist')).href}/`);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stdout).toBe('');
}, 30_000);

test('bench refuses invalid options with exit code 2, and lists the valid ones', async () => {
  const [contender, scenario, entries, both] = await Promise.all([
    bench('--contender', 'memtable-block,treap'),
    bench('--scenario', 'worst'),
    bench('--entries', 'many'),
    bench('--full', '--leveldb'),
  ]);
  expect([contender, scenario, entries, both].map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  expect(contender.stderr).toContain("no contender 'treap'. Choose from: memtable-block, memtable-skiplist,");
  expect(scenario.stderr).toContain('Choose from: main, defaults,');
  expect(entries.stderr).toContain('A number must be from 1 to');
  expect(both.stderr).toContain('cannot be used with');
}, 30_000);

test('bench --check fails on an unreadable baseline before it runs any case', async () => {
  const { code, stderr } = await bench('--check', '--baseline', join(directory, 'none.json'));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: cannot read the results of an earlier run: .*none\.json'\n$/);
}, 30_000);
