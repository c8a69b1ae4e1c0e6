/** Faults that show only after millions of operations. Each test has a process, and so its own memory figures. */
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

test('10,000,000 overwrites of 100 keys in one synchronous loop raise resident memory by less than 64 MiB', async () => {
  const { overwrites, riseBytes, compactions, memoryUsage, entryCount } = await run<Overwrites>('overwrites.mjs');
  expect([overwrites, entryCount]).toEqual([10_000_000, 100]);
  expect(compactions).toBeGreaterThan(100);
  expect(memoryUsage).toBeLessThan(8 << 20);
  expect(riseBytes).toBeLessThan(64 << 20);
}, 120_000);

test('under a mixed load a store agrees with a model, and its memory does not grow', async () => {
  // `npm run soak` runs ten minutes, and also checks the longest call.
  const seed = process.env.MEMTABLE_SEED!;
  const { calls, compactions, riseBytes, wrong } = await run<Soak>('soak.mjs', '10', seed);
  expect(wrong).toEqual([]);
  expect(calls).toBeGreaterThan(50_000);
  expect(compactions).toBeGreaterThan(0);
  expect(riseBytes).toBeLessThan(128 << 20);
}, 120_000);
