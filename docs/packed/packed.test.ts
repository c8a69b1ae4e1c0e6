/** Packs every public package, installs the tarballs into an empty project, and uses them there, as strangers do. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');
const binaries = join(root, 'node_modules/.bin');

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly packageManager?: string;
}

const manifestIn = (directory: string) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
const packages = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name))
  .filter((directory) => manifestIn(directory).private !== true);

const project = mkdtempSync(join(tmpdir(), 'memtable-packed-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** Runs a command; what it printed is part of the error if it fails. */
async function run(file: string, args: readonly string[], cwd = project): Promise<string> {
  try {
    return (await promisify(execFile)(file, args, { cwd })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${file} ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}

let tarballs: string[] = [];

beforeAll(async () => {
  // pnpm puts versions in the place of `workspace:*`, as it does when it publishes.
  const pnpm = manifestIn(root).packageManager!;
  const pack = (directory: string) => run('npx', ['-y', pnpm, 'pack', '--pack-destination', project], directory);
  await Promise.all(packages.map(pack));
  tarballs = readdirSync(project).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'stranger', version: '1.0.0', type: 'module' }));
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  await run('npm', ['install', ...options, ...tarballs.map((name) => `./${name}`)]);
}, 120_000);

test('all public packages were packed', () => {
  expect(tarballs).toHaveLength(packages.length);
  expect(packages.map((directory) => manifestIn(directory).name).sort()).toEqual([
    '@memtable/arena',
    '@memtable/memtable',
    '@memtable/skiplist',
    '@memtable/store',
    '@memtable/testing',
    'memtable-level',
  ]);
});

test('they are as large as their READMEs say, within a tenth', async () => {
  const table = await run(process.execPath, [join(root, 'scripts/sizes.mjs'), project], root);
  const rows = [...table.matchAll(/^(\S+) +[\d.]+ kB +([\d.]+) kB +([\d.]+) kB$/gm)];
  expect(rows).toHaveLength(packages.length);
  for (const [, name, ...measured] of rows) {
    const readme = readFileSync(join(project, 'node_modules', name, 'README.md'), 'utf8');
    const [sentence] = /^Minified and gzipped it takes [^(]*\(`npm run sizes`\)/m.exec(readme)!;
    const said = [...sentence.matchAll(/([\d.]+) kB/g)].map(([, figure]) => Number(figure));
    for (const [i, figure] of said.entries()) {
      const percent = Math.round((100 * Number(measured[i])) / figure);
      expect({ name, measured: measured[i], figure, fits: percent >= 90 && percent <= 110 }).toMatchObject({
        fits: true,
      });
    }
  }
}, 60_000);

test.each(['use.mjs', 'use.cjs'])('they run: %s', async (name) => {
  copyFileSync(join(__dirname, name), join(project, name));
  expect(await run(process.execPath, [name])).toBe('used\n');
});

test('they compile: strict, with libraries checked, and what must not compile does not', async () => {
  copyFileSync(join(__dirname, 'consumer.ts'), join(project, 'consumer.ts'));
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable', 'dom'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  expect(await run(join(binaries, 'tsc'), ['-p', '.'])).toBe('');
}, 60_000);

test('publint and attw have nothing to say', async () => {
  await Promise.all(
    tarballs.map(async (name) => {
      expect(await run(join(binaries, 'publint'), ['run', name, '--strict'])).toContain('All good!');
      // It fails when there is a problem.
      expect(await run(join(binaries, 'attw'), [name, '--profile', 'esm-only'])).toContain('node16 (from ESM)');
    }),
  );
}, 60_000);
