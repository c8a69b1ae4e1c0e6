/** Installs the tarballs of all public packages in an empty project, and inspects, uses and compiles them there. */
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binaries, emptyDirectory, install, manifestIn, packages, root, run, tarballs, write } from './stranger.js';

const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const project = emptyDirectory();

beforeAll(async () => {
  write(project, { 'package.json': { name: 'stranger', version: '1.0.0', type: 'module' } });
  await install(project);
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
    // A range: two packages of ours that want different versions would bring two copies of a third.
    const ours = Object.entries(manifest.dependencies ?? {}).filter(([other]) => other.startsWith('@memtable/'));
    for (const [, version] of ours) expect(version).toBe(`^${manifest.version}`);
    expect(changelog).toContain(`\n## [${manifest.version}]`);
    expect(readFileSync(join(directory, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
    expect(readFileSync(join(directory, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${name}\n`));
  });

  test('has sources, and a build of nothing else', () => {
    const built = files().filter((file) => /^dist\/.*\.js$/.test(file));
    const modules = built.filter((file) => !file.startsWith('dist/cjs/'));
    expect(modules.length).toBeGreaterThan(0);
    for (const file of modules) {
      const source = file.replace(/^dist(.*)\.js$/, 'src$1.ts');
      expect([file, existsSync(join(directory, source))]).toEqual([file, true]);
    }
    // The CommonJS build has the same files.
    const commonJs = built.filter((file) => file.startsWith('dist/cjs/'));
    expect(commonJs.map((file) => file.replace('/cjs', '')).sort()).toEqual(modules.sort());
    expect(
      files().filter((file) => /(^|\/)(test|node_modules|tsconfig.*|typedoc.json|.*tsbuildinfo)$/.test(file)),
    ).toEqual([]);
  });
});

test('relative links of documents lead into their tarball', () => {
  const findings: string[] = [];
  for (const { name } of packages.map(manifestIn)) {
    const directory = join(project, 'node_modules', name);
    const documents = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.md$/.test(file),
    );
    expect(documents).toContain('README.md');
    for (const document of documents) {
      const prose = readFileSync(join(directory, document), 'utf8').replace(/^```[^]*?^```/gm, '');
      for (const [, target] of prose.matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)) {
        const isThere = /^https:/.test(target) || existsSync(join(directory, dirname(document), target));
        if (!isThere) findings.push(`${name}/${document}: ${target}`);
      }
    }
  }
  expect(findings).toEqual([]);
});

test('npm pack and npm publish are refused in a package, with the command that works', async () => {
  for (const command of ['pack', 'publish']) {
    const npm = run('npm', [command, '--dry-run'], packages[0]);
    await expect(npm).rejects.toThrow(new RegExp(`Refused: .* Run: npx pnpm@[\\d.]+ ${command}\n`));
  }
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
  expect(await run(process.execPath, [name], project)).toBe('used\n');
});

const strict = {
  target: 'es2022',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};

test('they compile: strict, with libraries checked, and what must not compile does not', async () => {
  copyFileSync(join(__dirname, 'consumer.ts'), join(project, 'consumer.ts'));
  const compilerOptions = {
    ...strict,
    lib: ['es2023', 'esnext.disposable', 'dom'],
    module: 'nodenext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  write(project, { 'tsconfig.json': { compilerOptions, files: ['consumer.ts'] } });
  expect(await run(join(binaries, 'tsc'), ['-p', '.'], project)).toBe('');
}, 60_000);

/** All names under which a package is imported. */
function entriesOf(name: string): string[] {
  const { exports } = manifestIn(join(project, 'node_modules', name));
  return Object.keys(exports).map((entry) => entry.replace('.', name));
}

// abstract-level's types need those of Node.
const plain = packages.map((directory) => manifestIn(directory).name).filter((name) => name !== 'memtable-level');

test.each([
  { type: 'module', module: 'nodenext' },
  { type: 'commonjs', module: 'nodenext' },
  { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
])('their types need no library but es2022: $type, $module', async ({ type, ...modules }) => {
  const directory = join(project, `plain-${type}-${modules.module}`);
  write(directory, {
    'package.json': { type },
    'plain.ts': plain
      .flatMap(entriesOf)
      .map((name, i) => `export * as p${i} from '${name}';\n`)
      .join(''),
    'tsconfig.json': { compilerOptions: { ...strict, ...modules, lib: ['es2022'], types: [] }, files: ['plain.ts'] },
  });
  expect(await run(join(binaries, 'tsc'), ['-p', '.'], directory)).toBe('');
});

test('publint and attw have nothing to say', async () => {
  await Promise.all(
    tarballs.map(async (name) => {
      expect(await run(join(binaries, 'publint'), ['run', name, '--strict'], project)).toContain('All good!');
      // It fails when there is a problem, in CommonJS, ES modules or TypeScript's older resolution of modules.
      expect(await run(join(binaries, 'attw'), [name, '--profile', 'strict'], project)).toContain('node16 (from CJS)');
    }),
  );
}, 60_000);
