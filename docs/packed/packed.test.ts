/** Packs every public package, installs the tarballs into an empty project, and uses them there, as strangers do. */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');
const binaries = join(root, 'node_modules/.bin');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly packageManager?: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestIn = (directory: string) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
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

describe.each(packages.map((directory) => manifestIn(directory).name))('the tarball of %s', (name) => {
  const directory = join(project, 'node_modules', name);
  const files = (): string[] => readdirSync(directory, { recursive: true, encoding: 'utf8' });

  test('says what it is, under which license, and nothing of the workspace', () => {
    const manifest = manifestIn(directory);
    expect(manifest).toMatchObject({
      name,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      description: expect.stringMatching(/.{20}/) as string,
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20' },
    });
    expect(manifest.keywords!.length).toBeGreaterThan(4);
    if (name.startsWith('@')) expect(manifest).toHaveProperty('publishConfig.access', 'public');
    expect(JSON.stringify(manifest)).not.toContain('workspace:');
    // They use one another's internal parts, so each needs the others of its own version.
    const ours = Object.entries(manifest.dependencies ?? {}).filter(([other]) => other.startsWith('@memtable/'));
    for (const [, version] of ours) expect(version).toBe(manifest.version);
    expect(changelog).toContain(`\n## [${manifest.version}]`);
    expect(readFileSync(join(directory, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
    expect(readFileSync(join(directory, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${name}\n`));
  });

  test('has sources, and a build of nothing else', () => {
    const built = files().filter((file) => /^dist\/.*\.js$/.test(file));
    expect(built.length).toBeGreaterThan(0);
    for (const file of built) {
      const source = file.replace(/^dist(.*)\.js$/, 'src$1.ts');
      expect([file, existsSync(join(directory, source))]).toEqual([file, true]);
    }
    expect(
      files().filter((file) => /(^|\/)(test|node_modules|tsconfig.*|typedoc.json|.*tsbuildinfo)$/.test(file)),
    ).toEqual([]);
  });
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
      const isRight = Math.abs(Number(measured[i]) - figure) < figure / 10 + 0.2;
      expect({ name, figure, measured: measured[i], isRight }).toMatchObject({ isRight: true });
    }
  }
}, 60_000);

test('a release refuses a dirty tree', async () => {
  const repository = join(project, 'repository');
  cpSync(join(root, 'scripts'), join(repository, 'scripts'), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(repository, 'package.json'));
  await run('git', ['init', '--quiet'], repository);
  const release = run(process.execPath, ['scripts/release.mjs'], repository);
  await expect(release).rejects.toThrow('Refused: commit these changes:\n?? package.json');
});

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
