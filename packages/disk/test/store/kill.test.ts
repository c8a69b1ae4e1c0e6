/** kill -9 of a process that writes: what it had reported is there, and LevelDB finds the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killRounds } from './kill-rounds.js';

const root = mkdtempSync(join(tmpdir(), 'memtable-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each(['os', 'disk'] as const)(
  'five processes killed while they write, at level %s: nothing is lost',
  async (level) => {
    await killRounds(join(root, level), level, 5, Number(process.env.MEMTABLE_SEED));
  },
);
