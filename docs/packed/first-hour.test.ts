/** Follows examples/first-hour/README.md in an empty folder: its commands, its files, and what they print. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyDirectory, manifestIn, packages, root, run, tarballs, write } from './stranger.js';

const directory = emptyDirectory();
const guide = readFileSync(join(root, 'examples/first-hour/README.md'), 'utf8');
const sections = guide.split(/^## /m).filter((section) => section.includes('\n```'));

/** The blocks of code of a section: what is behind the fence, and the code. */
function blocksOf(section: string): { kind: string; code: string }[] {
  return [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, kind, code]) => ({ kind, code }));
}

/** Installs from tarballs what the guide installs from the registry. */
function withTarballs(command: string): string[] {
  const names = packages.map((directory) => manifestIn(directory).name);
  const [program, ...args] = command.split(' ');
  return [program, ...args.flatMap((arg) => (names.includes(arg) ? tarballs : [arg]))];
}

/** Runs a command. One that is marked so must fail. @returns what it prints */
async function follow(command: string): Promise<string> {
  const [plain, mark] = command.split(' # ');
  const [program, ...args] = withTarballs(plain);
  const printed = run(program === 'node' ? process.execPath : program, args, directory);
  if (mark !== 'fails') return printed;
  return printed.then(
    () => Promise.reject(new Error(`${plain} should fail`)),
    ({ message }: Error) => message,
  );
}

/** Whether the lines occur in what was printed, in order; `...` stands for any lines. */
function expectPrinted(printed: string, expected: string): void {
  const parts = expected.split(/^\.\.\.\n/m).map((part) => part.trim().replace(/^ +/gm, ''));
  let rest = printed.replace(/^ +/gm, '');
  if (parts.length === 1) return expect(rest.trim()).toBe(parts[0]);
  for (const part of parts) {
    expect(rest).toContain(part);
    rest = rest.slice(rest.indexOf(part) + part.length);
  }
}

test.each(sections.map((section) => [section.split('\n')[0], section]))('%s', async (_, section) => {
  for (const { kind, code } of blocksOf(section)) {
    if (kind === 'js') write(directory, { [/^\/\/ (\S+)\n/.exec(code)![1]]: code });
    else if (kind === 'sh') for (const line of code.trim().split('\n')) await follow(line);
    else {
      for (const [, command, printed] of code.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
        expectPrinted(await follow(command), printed);
      }
    }
  }
});

test('the guide has a leaderboard, a time series, a queue and a tested memtable', () => {
  const files = [...guide.matchAll(/^```js\n\/\/ (\S+)$/gm)].map(([, name]) => name);
  expect(files).toEqual(
    expect.arrayContaining(['leaderboard.js', 'time-series.js', 'queue.js', 'my-memtable.test.js']),
  );
});
