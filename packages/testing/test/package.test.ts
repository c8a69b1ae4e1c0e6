import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PACKAGES = join(__dirname, '../..');

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const manifestIn = (directory: string) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

/** The directory in which a package finds another: below its own node_modules, or below one further up. */
function resolve(from: string, name: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const found = join(directory, 'node_modules', name);
    if (existsSync(found)) return realpathSync(found);
    if (directory === dirname(directory)) return undefined;
  }
}

/** Names of all packages that a package loads, its own included. */
function runtimeTree(directory: string, seen = new Map<string, string>()): Map<string, string> {
  const { name, dependencies, optionalDependencies, peerDependencies } = manifestIn(directory);
  if (seen.has(directory)) return seen;
  seen.set(directory, name);
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    const found = resolve(directory, dependency);
    if (found !== undefined) runtimeTree(found, seen);
  }
  return seen;
}

const packages = readdirSync(PACKAGES).filter((name) => existsSync(join(PACKAGES, name, 'package.json')));

test('fast-check is a peer dependency of @memtable/testing, and no other package depends on it', () => {
  expect(packages.length).toBeGreaterThanOrEqual(4);
  for (const name of packages) {
    const directory = join(PACKAGES, name);
    const { dependencies, peerDependencies } = manifestIn(directory);
    const tree = [...runtimeTree(directory).values()];
    expect({ name, fastCheck: tree.includes('fast-check') }).toEqual({ name, fastCheck: name === 'testing' });
    if (name !== 'testing') expect(tree).not.toContain('@memtable/testing');
    expect(Object.keys({ ...dependencies })).not.toContain('fast-check');
    expect(Object.keys({ ...peerDependencies }).includes('fast-check')).toBe(name === 'testing');
  }
});

test('@memtable/testing has no dependency, and imports fast-check only', () => {
  expect(manifestIn(join(PACKAGES, 'testing')).dependencies).toBeUndefined();
  const sources = readdirSync(join(PACKAGES, 'testing/src'), { recursive: true, encoding: 'utf8' });
  const imported = sources
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join(PACKAGES, 'testing/src', file), 'utf8').matchAll(
        /^(?:import|export) .*from '([^.'][^']*)';$/gm,
      ),
    ])
    .map(([, name]) => name);
  expect([...new Set(imported)]).toEqual(['fast-check']);
});
