/** Runs `survivesDamage` for the packages of this repository. */
import { createContext, Script } from 'node:vm';
import { type DamageHarness, survivesDamage } from '../src/index.js';

const context = createContext() as { call?: () => void };
const script = new Script('call()');

/** Runs a call, and throws if it has not ended after `ms` milliseconds. */
export function interrupt(call: () => void, ms: number): void {
  context.call = call;
  script.runInContext(context, { timeout: Math.ceil(ms) });
}

/**
 * Checks that damaged bytes are refused with one of the package's own codes, or can be used. Of so many inputs some
 * must be accepted: a flipped bit in a value is no damage that anyone could see.
 * @param print - shows what was accepted, what was refused, and the slowest inputs
 */
export function expectSurvival<Opened>(
  name: string,
  harness: DamageHarness<Opened>,
  codes: readonly string[],
  numRuns: number,
  print = false,
): void {
  // Beside other tests, on a busy machine, only a hang is told from a slow input.
  const msMax = print ? harness.msMax : (byteLength: number) => 10 * harness.msMax(byteLength);
  const { accepted, refused, slowest } = survivesDamage(harness.open, harness.use, { ...harness, msMax, numRuns });
  if (print) {
    const figures = { accepted, ...refused, slowest: slowest.map(({ ms }) => Number(ms.toFixed(1))) };
    process.stdout.write(`${name}: ${numRuns} damaged buffers ${JSON.stringify(figures)}\n`);
    const [{ sound, mutations }] = slowest;
    process.stdout.write(`  the slowest: damaged(sound[${sound}], ${JSON.stringify(mutations)})\n`);
  }
  expect(Object.keys(refused).filter((code) => !codes.includes(code))).toEqual([]);
  expect(accepted).toBeGreaterThan(0);
}

/** Code of {@link checkBlockBytes}. */
export const LARGE_BLOCKS = 'LARGE_BLOCKS';

/**
 * Refuses an arena that would make blocks of more than a MiB. Without a block of that size in it, any size is as good
 * as another, so nobody can see that the word is damaged; but the memory that it asks for takes its time.
 */
export function checkBlockBytes(blockBytes: number): void {
  if (blockBytes > 1 << 20) throw Object.assign(new Error(`blocks of ${blockBytes} bytes`), { code: LARGE_BLOCKS });
}
