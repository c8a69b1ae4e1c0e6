import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogReport } from '../src/cli/log-report.js';
import { contentOf, fileOf, fresh, lab, start } from './cli.js';

const ENTRIES = 2000;
/** Each key twice. */
const KEYS = ENTRIES / 2;

function lines(value: string): string {
  return Array.from({ length: ENTRIES }, (_, i) => `{"key":"k${i % KEYS}","value":"${value}${i}"}\n`).join('');
}

function expected(value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: KEYS }, (_, i) => [`k${i}`, `${value}${i + KEYS}`]));
}

function namesIn(directory: string, extension: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(extension));
}

describe('run --log', () => {
  test('leaves a directory that the store recovers from its log, and that LevelDB reads', async () => {
    const directory = fresh('store');
    const { code, stdout, stderr } = await lab([fileOf('a.ndjson', lines('v')), '--log', directory]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^put {8}2,000 entries, .* entries\/s/m);
    expect(stdout).toMatch(/^log {8}\d.* KiB \(a checkpoint begins at 16 MiB\)$/m);
    expect(stdout).toMatch(/^synced {5}\d+ times, .* on average, .* at most: .* within /m);
    expect(stdout).not.toMatch(/^checkpoint/m);
    expect(stdout).toMatch(/^recovered {2}1,000 entries, .* entries\/s/m);
    expect(stdout).toContain('the store  verified 1000 entries\nLevelDB    verified 1000 entries\n');
    expect(code).toBe(0);
    expect(await contentOf(directory)).toEqual(expected('v'));
  });

  test('writes checkpoints when the log is long, and keeps the entries of an earlier run', async () => {
    const directory = fresh('store');
    const input = fileOf('a.ndjson', lines('v'));
    await lab([fileOf('old.ndjson', '{"key":"old","value":"1"}\n'), '--log', directory]);
    const args = [input, '--log', directory, '--durability', 'os', '--log-bytes', '20KiB', '--json'];
    const { code, stdout } = await lab(args);
    expect(code).toBe(0);
    const { options, put, log, checkpoints, recovered, verified } = JSON.parse(stdout) as LogReport;
    expect(options.durability).toBe('os');
    expect(put.entries).toBe(ENTRIES);
    expect(log.bytesMax).toBe(20 << 10);
    expect(checkpoints.at(-1)).toEqual({ entries: KEYS + 1, ms: expect.any(Number) as number });
    expect(recovered!.entries).toBe(KEYS + 1);
    const found = { entries: KEYS, missing: 0, different: 0, others: 1, firstKeys: [] };
    expect(verified).toEqual({ store: found, leveldb: found });
    expect(namesIn(directory, '.ldb')).not.toEqual([]);
    expect(await contentOf(directory)).toEqual({ ...expected('v'), old: '1' });
  });

  test('keeps the entries before a bad one, and before Ctrl-C', async () => {
    const stopped = fresh('store');
    const bad = await lab(['-', '--log', stopped], { stdin: '{"key":"a","value":"1"}\nx\n' });
    expect(bad.stderr).toContain('stdin:2: ');
    expect(bad.stderr).toContain('stopped there; the 1 entries before it were accepted');
    expect(bad.stdout).toContain('LevelDB    verified 1 entries');
    expect(bad.code).toBe(1);

    const interrupted = fresh('store');
    const running = start(['-', '--log', interrupted, '--log-bytes', '1']);
    running.child.stdin.write('{"key":"a","value":"1"}\n');
    await running.says('checkpoint 1 written');
    running.child.kill('SIGINT');
    const { code, stdout } = await running.done;
    expect(stdout).toContain('LevelDB    verified 1 entries');
    expect(code).toBe(130);
  });

  test('refuses a directory that is damaged, or that is the input', async () => {
    const directory = fresh('store');
    await lab(['-', '--log', directory], { stdin: '{"key":"a","value":"1"}\n' });
    writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-999999\n');
    const damaged = await lab(['-', '--log', directory]);
    expect(damaged.stderr).toMatch(/^error: cannot open a store in .*MANIFEST-999999/);
    expect(damaged.code).toBe(1);
    const same = await lab([directory, '--log', directory]);
    expect(same.stderr).toContain('are the same directory');
    expect(same.code).toBe(1);
  });
});
