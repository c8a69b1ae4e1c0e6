/** A stranger's project: an empty directory, in which the tarballs of `npm run pack` are installed. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(__dirname, '../..');
export const binaries = join(root, 'node_modules/.bin');

const packed = join(root, 'dist/packed');
/** The paths of the tarballs. */
export const tarballs = readdirSync(packed).map((name) => join(packed, name));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly exports: Readonly<Record<string, object>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export const manifestIn = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

/** The directories of the packages that are published. */
export const packages = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name))
  .filter((directory) => manifestIn(directory).private !== true);

/** An empty directory, which is removed after the tests of the file. */
export function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'memtable-packed-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files, by their path. */
export function write(directory: string, files: Readonly<Record<string, string | object>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** Runs a program, without the variables of the jest and npm around it. What it printed is in the error if it fails. */
export async function run(file: string, args: readonly string[], cwd: string): Promise<string> {
  const ours = /^(NODE_ENV|NODE_OPTIONS|JEST_.*|MEMTABLE_.*|FORCE_COLOR|npm_.*)$/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, {
      cwd,
      env: { ...env, NO_COLOR: '1' },
      timeout: 100_000,
      maxBuffer: 1 << 26,
    });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${file} ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}

/**
 * Installs all tarballs and packages of the registry in a project.
 * @param scripts - packages whose install script runs: Bun and Deno fetch their program by it
 */
export async function install(
  project: string,
  fromRegistry: readonly string[] = [],
  scripts: readonly string[] = [],
): Promise<void> {
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  await run('npm', ['install', ...options, ...fromRegistry, ...tarballs], project);
  if (scripts.length > 0) await run('npm', ['rebuild', '--loglevel=error', ...scripts], project);
}
