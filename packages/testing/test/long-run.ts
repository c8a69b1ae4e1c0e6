import type { RunReport } from '../src/index.js';

const COMMANDS_MIN = 2_000_000;
const RUNS_AT_A_TIME = 500;

/**
 * Runs a suite over each variant in turn until all of them together have executed two million commands, and prints how
 * many each of them got. The seed is that of the jest run, then one more each round.
 */
export async function runLong<Options>(
  variants: readonly Options[],
  run: (options: Options, runOptions: { numRuns: number; seed: number }) => Promise<RunReport>,
): Promise<void> {
  const first = Number(process.env.MEMTABLE_SEED);
  const counts = variants.map(() => 0);
  const sum = () => counts.reduce((a, b) => a + b);
  for (let round = 0; sum() < COMMANDS_MIN; round++) {
    for (const [i, options] of variants.entries()) {
      const { commands } = await run(options, { numRuns: RUNS_AT_A_TIME, seed: first + round });
      counts[i] += commands;
    }
    process.stdout.write(`seed ${first + round}: ${sum()} commands\n`);
  }
  const figures = variants.map((options, i) => `${counts[i]} over ${JSON.stringify(options)}`);
  process.stdout.write(`commands: ${sum()} (${figures.join(', ')})\n`);
}
