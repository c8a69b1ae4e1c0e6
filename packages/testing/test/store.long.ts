/** `npm run test:long`: our store, and the code of its user, with two million commands. */
import { memStoreHarness } from '../../store/test/harness.js';
import { assertStore } from '../src/index.js';

const COMMANDS_MIN = 2_000_000;
const RUNS_AT_A_TIME = 500;
const variants = [
  {},
  { garbageBytesMin: 0, garbageRatioMax: 0.01 },
  { garbageBytesMin: 1000, garbageRatioMax: 0.3, reserveBytes: 1 << 20, blockBytes: 4096 },
] as const;

test('agrees with its model over two million commands', async () => {
  const first = Number(process.env.MEMTABLE_SEED);
  const counts = variants.map(() => 0);
  for (let round = 0; counts.reduce((sum, count) => sum + count) < COMMANDS_MIN; round++) {
    for (const [i, options] of variants.entries()) {
      const seed = first + round;
      const { commands } = await assertStore(memStoreHarness(options), { numRuns: RUNS_AT_A_TIME, seed });
      counts[i] += commands;
    }
  }
  const figures = variants.map((options, i) => `${counts[i]} over ${JSON.stringify(options)}`);
  process.stdout.write(`commands: ${counts.reduce((sum, count) => sum + count)} (${figures.join(', ')})\n`);
});
