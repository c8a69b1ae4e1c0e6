/** What only shows after millions of operations; each in a process of its own, so that its memory is its own too. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

async function run<T>(script: string, ...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, script), ...args]);
  process.stdout.write(stdout);
  return JSON.parse(stdout) as T;
}

interface Overwrites {
  readonly overwrites: number;
  readonly riseBytes: number;
  readonly compactions: number;
  readonly memoryUsage: number;
  readonly entryCount: number;
}

interface Soak {
  readonly calls: number;
  readonly compactions: number;
  readonly riseBytes: number;
  readonly wrong: readonly string[];
}

test('10,000,000 overwrites of 100 keys in a synchronous loop raise resident memory by less than 64 MiB', async () => {
  const { overwrites, riseBytes, compactions, memoryUsage, entryCount } = await run<Overwrites>('overwrites.mjs');
  expect([overwrites, entryCount]).toEqual([10_000_000, 100]);
  expect(compactions).toBeGreaterThan(100);
  expect(memoryUsage).toBeLessThan(8 << 20);
  expect(riseBytes).toBeLessThan(64 << 20);
}, 120_000);

test('under a mixed load the content stays that of a model, and memory stays flat', async () => {
  // `npm run soak` goes on for ten minutes, and looks at the longest call as well.
  const seed = process.env.MEMTABLE_SEED!;
  const { calls, compactions, riseBytes, wrong } = await run<Soak>('soak.mjs', '20', seed);
  expect(wrong).toEqual([]);
  expect(calls).toBeGreaterThan(50_000);
  expect(compactions).toBeGreaterThan(0);
  expect(riseBytes).toBeLessThan(128 << 20);
}, 120_000);
