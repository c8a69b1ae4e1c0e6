/** Runs every program of `examples/` as a process, over the built packages, and compares what it prints. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = join(__dirname, '../examples');
const programs = readdirSync(directory)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name: name.slice(0, -3), source: readFileSync(join(directory, name), 'utf8') }));

/** Runs a program as its users do; `npm test` has built it. */
function run(name: string, args: readonly string[] = []): string {
  const file = join(directory, 'dist', `${name}.js`);
  const { stdout, stderr, status } = spawnSync(process.execPath, [...args, file], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

test('six programs of under 60 lines, named in the README', () => {
  const readme = readFileSync(join(directory, 'README.md'), 'utf8');
  expect(programs).toHaveLength(6);
  for (const { name, source } of programs) {
    expect(source.trimEnd().split('\n').length).toBeLessThan(60);
    expect(readme).toContain(`(${name}.ts)`);
  }
});

const printing = programs.filter(({ source }) => source.includes('\n// Prints:\n'));

test.each(printing)('$name prints what its last lines say', ({ name, source }) => {
  const [, end] = source.split('\n// Prints:\n');
  expect(run(name)).toBe(end.replace(/^\/\/ /gm, ''));
});

test.each(programs.filter((program) => !printing.includes(program)))('$name passes as a test', ({ name }) => {
  expect(run(name, ['--test'])).toMatch(/# pass [1-9]\d*\n# fail 0\n/);
});
