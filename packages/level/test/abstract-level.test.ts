/** Runs abstract-level's public suite, which is written for tape. No assertion may fail, and none may go missing. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import suite from 'abstract-level/test';
import { createHarness } from 'tape';
import { MemtableLevel, type StoreEncoding } from '../src/index.js';

interface Outcome {
  assertions: number;
  readonly failed: string[];
}

async function run(factory: (options?: object) => unknown): Promise<Outcome> {
  const harness = createHarness();
  const rows = harness.createStream({ objectMode: true });
  suite({ test: harness, factory });
  const outcome: Outcome = { assertions: 0, failed: [] };
  let test = '';
  rows.on('data', (row) => {
    if (row.type === 'test') test = row.name ?? '';
    if (row.type !== 'assert') return;
    outcome.assertions++;
    if (row.ok === false) outcome.failed.push(`${test}: ${row.name ?? ''} ${String(row.error?.message ?? row.actual)}`);
  });
  await new Promise((resolve) => rows.on('end', resolve));
  return outcome;
}

const modes: (StoreEncoding | undefined)[] = ['buffer', 'view', 'utf8', undefined];

/** Memory-level passes as many in the same mode. The number depends on the manifest. */
const expected = { buffer: 5120, view: 5120, utf8: 4462 };

test.each(modes)(
  "MemtableLevel passes abstract-level's suite with storeEncoding %s",
  async (storeEncoding) => {
    const { assertions, failed } = await run((options) => new MemtableLevel({ ...options, storeEncoding }));
    process.stdout.write(
      `abstract-level's suite, storeEncoding ${storeEncoding ?? 'left out'}: ${assertions} assertions\n`,
    );
    expect(failed).toEqual([]);
    expect(assertions).toBe(expected[storeEncoding ?? 'buffer']);
  },
  60_000,
);

test("MemtableLevel passes abstract-level's suite in directories", async () => {
  // Syncs of a thousand databases take a while on a disk.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'memtable-suite-'));
  let count = 0;
  const { assertions, failed } = await run((options) => new MemtableLevel(join(root, String(++count)), options));
  process.stdout.write(`abstract-level's suite, in ${count} directories: ${assertions} assertions\n`);
  rmSync(root, { recursive: true, force: true });
  expect(failed).toEqual([]);
  expect(assertions).toBe(5126); // More than in memory: this database says that it is permanent.
}, 300_000);
