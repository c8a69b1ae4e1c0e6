/** Runs the built command line in a process, and reads what it printed and stored. */
import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ClassicLevel } from 'classic-level';

// Processes start slowly when many tests run at once.
jest.setTimeout(30_000);

export const MAIN = join(__dirname, '../dist/cli/main.js');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Resolves when standard error contains this text. */
  says(text: string): Promise<void>;
  readonly done: Promise<Outcome>;
}

export interface Surroundings {
  cwd?: string;
  /** Written to standard input, which is then closed. */
  stdin?: string | Buffer;
  /** A command with arguments that starts the command line. */
  under?: string[];
}

/** A directory for this test file, removed at its end. It also holds the default --out. */
export const scratch = mkdtempSync(join(tmpdir(), 'memtable-lab-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const children = new Set<ChildProcess>();
// A failed test must not leave a process that keeps later tests waiting.
afterEach(() => children.forEach((child) => child.kill('SIGKILL')));

let made = 0;

/** An unused path in the scratch directory. */
export function fresh(name: string): string {
  return join(scratch, `${++made}-${name}`);
}

/** Writes a file with this content in the scratch directory. @returns its path */
export function fileOf(name: string, content: string | Buffer): string {
  const path = fresh(name);
  writeFileSync(path, content);
  return path;
}

export function start(args: string[], { cwd = scratch, under = [] }: Surroundings = {}): Running {
  const [command, ...rest] = [...under, process.execPath, MAIN, 'run', ...args];
  const child = spawn(command, rest, { cwd, env: { ...process.env, TMPDIR: scratch } });
  children.add(child);
  child.on('close', () => children.delete(child));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined); // The process may end before it has read all input.
  const done = (async () => {
    const [code] = (await once(child, 'close')) as [number | null];
    // No failure prints a stack trace.
    expect(stderr).not.toMatch(/^\s+at |file:\/\//m);
    return { code, stdout, stderr };
  })();
  done.catch(() => undefined);
  return {
    child,
    done,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        child.stderr.on('data', look);
        child.on('close', () => reject(new Error(`it ended without saying "${text}": ${stderr}`)));
        look();
      }),
  };
}

/** Runs the command line to its end. */
export async function lab(args: string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const running = start(args, surroundings);
  running.child.stdin.end(surroundings.stdin ?? '');
  return running.done;
}

/** The content of a LevelDB, read with classic-level alone. Keys and values have one character per byte. */
export async function contentOf(path: string): Promise<Record<string, string>> {
  const database = new ClassicLevel(path, { keyEncoding: 'buffer', valueEncoding: 'buffer', createIfMissing: false });
  const content: Record<string, string> = {};
  for await (const [key, value] of database.iterator<Buffer, Buffer>({})) {
    content[key.toString('latin1')] = value.toString('latin1');
  }
  await database.close();
  return content;
}

export function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const isRoot = process.getuid?.() === 0;
const SETPRIV = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];

/** A command prefix that makes file modes apply even to root; undefined if the system has none. */
export function underFileModes(): string[] | undefined {
  if (!isRoot) return process.platform === 'win32' ? undefined : [];
  return available([...SETPRIV, 'true']) ? SETPRIV : undefined;
}

export function available(command: string[]): boolean {
  return spawnSync(command[0], command.slice(1)).status === 0;
}

/** Defines a test that needs a system feature. Without the feature it is skipped, and its title says why. */
export function itWith(needed: boolean, what: string): (name: string, body: () => Promise<void>) => void {
  return (name, body) => (needed ? it(name, body) : it.skip(`${name} (needs ${what})`, body));
}
