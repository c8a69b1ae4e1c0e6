import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CounterexampleError, TestingError } from '../src/index.js';
import { harnessOf } from './mutants/mutant-harness.js';
import { type Mutant, mutants } from './mutants/mutants.js';

const FIXTURES = join(__dirname, 'mutants/fixtures');
/** Set it to rewrite the fixtures: the suite searches each mutant with a few seeds and keeps the shortest run. */
const REWRITE = process.env.MEMTABLE_REWRITE_FIXTURES !== undefined;
const REWRITE_SEEDS = [1, 2, 3];

let caught = 0;
afterAll(() => {
  process.stdout.write(`mutants: ${caught} of ${mutants.length} caught\n`);
});

describe.each(mutants)("the mutant '$name'", (mutant) => {
  const path = join(FIXTURES, `${mutant.name.replaceAll(' ', '-')}.txt`);

  if (REWRITE) {
    test('has its fixture rewritten', async () => {
      const harness = harnessOf(mutant);
      let shortest: CounterexampleError | undefined;
      for (const seed of REWRITE_SEEDS) {
        const found = await failureOf(() => harness.check({ seed }));
        if (found !== undefined && found.lines.length < (shortest?.lines.length ?? Infinity)) shortest = found;
      }
      writeFileSync(path, describeRun(mutant, shortest!));
    }, 600_000);
    return;
  }

  test(`is caught by the suite '${mutant.suite}' with its default number of runs`, async () => {
    expect(await failureOf(() => harnessOf(mutant).check({ shrink: false }))).toBeInstanceOf(CounterexampleError);
    caught++;
  });

  test('fails the run of its fixture, and without the fault the run passes', async () => {
    expect(existsSync(path)).toBe(true);
    const fixture = readFileSync(path, 'utf8');
    const json = fixture.slice(fixture.lastIndexOf('replay: ') + 'replay: '.length);
    const failure = await failureOf(() => harnessOf(mutant).replay(json));
    expect(failure).toBeInstanceOf(CounterexampleError);
    expect(describeRun(mutant, failure!)).toBe(fixture);
    expect(await failureOf(() => harnessOf(mutant, true).replay(json))).toBeUndefined();
  });
});

/** The counterexample with which an action fails; undefined if it does not. */
async function failureOf(action: () => Promise<unknown>): Promise<CounterexampleError | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof CounterexampleError) return error;
    // Without the fault, a task of the recorded schedule may never be pending. That is no failure.
    if (error instanceof TestingError && error.code === 'TESTING_REPLAY_DIVERGED') return undefined;
    throw error;
  }
}

/** The text of a fixture: the shortest run that shows the fault, the mismatch, and the run as JSON. */
function describeRun({ name, suite }: Mutant, { cause, lines, json }: CounterexampleError): string {
  // Messages of other packages may change. Their codes do not.
  const { code } = cause as { code?: string };
  const reason = cause instanceof TestingError || code === undefined ? (cause as Error).message : code;
  return [`${name}: found by the suite '${suite}'`, '', ...lines, `=> ${reason}`, '', `replay: ${json}`, ''].join('\n');
}
