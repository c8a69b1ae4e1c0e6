import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { originOf, type Spread, spreadOf, versionsOf } from '../report/results.js';
import type { DiskCase, DiskCaseName, Figures } from './measure.js';
import type { DiskResults } from './results.js';

const PUTS = 300_000;
const RECOVERED = 1_000_000;
const ROUNDS = 3;

/** Cases of a round, with the name of their directory where they share one. */
const ROUND: readonly (readonly [name: DiskCaseName, directory: string | undefined, entries: number])[] = [
  ['puts without a log', undefined, PUTS],
  ['puts, memory', undefined, PUTS],
  ['puts, os', undefined, PUTS],
  ['puts, disk', undefined, PUTS],
  ['puts, 64 writers that wait for the disk', undefined, PUTS],
  ['classic-level, batches of 1', undefined, PUTS],
  ['classic-level, batches of 100', undefined, PUTS],
  ['classic-level, batches of 1, sync', undefined, PUTS],
  ['classic-level, batches of 100, sync', undefined, PUTS],
  ['write a log', 'log', RECOVERED],
  ['recovery from a log', 'log', RECOVERED],
  ['a checkpoint', 'tables', RECOVERED],
  ['recovery from tables', 'tables', RECOVERED],
];

export interface DiskRun {
  /** Of all cases. @defaultValue 300,000 puts, and 1,000,000 for recoveries and the checkpoint */
  readonly entries: number | undefined;
  /** @defaultValue 3 */
  readonly rounds: number | undefined;
}

/** Measures a durable store, and LevelDB beside it. */
export async function runDisk({ entries, rounds = ROUNDS }: DiskRun): Promise<DiskResults> {
  const measured = new Map<string, number[]>();
  for (let round = 1; round <= rounds; round++) {
    const root = mkdtempSync(join(tmpdir(), 'memtable-bench-disk-'));
    const cleanUp = () => rmSync(root, { recursive: true, force: true });
    process.once('exit', cleanUp);
    try {
      for (const [name, shared, defaultEntries] of ROUND) {
        const directory = join(root, shared ?? 'alone');
        process.stderr.write(`round ${round} of ${rounds}: ${name}\n`);
        const figures = await runCase({ name, directory, entries: entries ?? defaultEntries });
        for (const [figure, value] of Object.entries(figures)) {
          const key = `${name}\n${figure}`;
          measured.set(key, [...(measured.get(key) ?? []), value]);
        }
        if (shared === undefined) rmSync(directory, { recursive: true, force: true });
      }
    } finally {
      process.off('exit', cleanUp);
      cleanUp();
    }
  }
  const rows = [...measured].map(([key, values]): [string, string, Spread] => {
    const [name, figure] = key.split('\n');
    return [name, figure, spreadOf(values)];
  });
  return {
    ...originOf(versionsOf(['@memtable/disk', '@memtable/store', 'classic-level'])),
    rounds,
    rows: rows.map(([name, figure, spread]) => ({ name, figure, ...spread })),
  };
}

async function runCase(one: DiskCase): Promise<Figures> {
  const child = fileURLToPath(new URL('child.js', import.meta.url));
  const args = ['--max-old-space-size=8192', child, JSON.stringify(one)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Figures;
}
