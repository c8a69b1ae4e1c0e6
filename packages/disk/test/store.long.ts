/** `npm run test:long`: a million crashes, and 200 processes that are killed while they write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertDurableStore } from '@memtable/testing';
import { diskStoreHarness } from './store/harness.js';
import { killRounds } from './store/kill-rounds.js';

const CRASHES = 1_000_000;
const seed = Number(process.env.MEMTABLE_SEED);

test('a million crashes before operations on files lose nothing that was durable', async () => {
  let crashes = 0;
  for (let first = seed; crashes < CRASHES; first += 10) {
    crashes += (await assertDurableStore(diskStoreHarness(), { numRuns: 10, seed: first })).crashes;
  }
  process.stdout.write(`crashes: ${crashes}, lost: 0\n`);
});

test.each(['os', 'disk'] as const)(
  '100 processes killed while they write, at level %s: nothing is lost',
  async (level) => {
    const directory = mkdtempSync(join(tmpdir(), 'memtable-kill-'));
    await killRounds(directory, level, 100, seed);
    process.stdout.write(`killed at level ${level}: 100, lost: 0\n`);
    rmSync(directory, { recursive: true, force: true });
  },
);
