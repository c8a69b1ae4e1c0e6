import { dataSetName } from './data-set.js';
import { CHANGES, OPERATIONS } from './operations.js';
import { estimateSeconds, type PlanItem } from './plan.js';
import type { Progress } from './progress.js';
import type { Case, CaseResult } from './run-case.js';
import { spawnCase } from './spawn-case.js';

/** The results of one item of a plan: for each contender, one result per round. */
export interface Measurements {
  readonly item: PlanItem;
  readonly results: ReadonlyMap<string, readonly CaseResult[]>;
}

export interface Outcome {
  readonly measurements: readonly Measurements[];
  /** Error messages. */
  readonly failures: readonly string[];
}

/** Number of rounds that include the operations that change the content. They take longest. */
const CHANGING_ROUNDS = 3;

interface Run {
  readonly item: PlanItem;
  readonly one: Case;
  readonly round: number;
  readonly seconds: number;
}

/**
 * Runs all cases of a plan, one at a time, each in its own process. Each round runs every contender with every data set
 * and starts with another contender, so that a disturbance of the machine affects all contenders.
 */
export async function runPlan(items: readonly PlanItem[], progress: Progress): Promise<Outcome> {
  const runs = items.flatMap((item) => runsOf(item)).sort((a, b) => a.round - b.round);
  const results = new Map(items.map((item) => [item, new Map<string, CaseResult[]>()]));
  const failures: string[] = [];
  const failed = new Set<string>();
  progress.start(
    runs.length,
    runs.reduce((sum, { seconds }) => sum + seconds, 0),
  );
  for (const { item, one, round, seconds } of runs) {
    const name = `${one.contender} with ${dataSetName(one.dataSet)}`;
    progress.next(`${name}, round ${round + 1} of ${item.rounds}`);
    if (!failed.has(name)) {
      try {
        const result = await spawnCase(one);
        const found = results.get(item)!;
        const earlier = found.get(one.contender) ?? [];
        found.set(one.contender, [...earlier, result]);
        const other = [...found].find(([, [first]]) => first !== undefined);
        const difference = other && differenceOf(result, other[1][0]);
        if (other && difference) throw new Error(`${name} differs from ${other[0]}: ${difference}`);
      } catch (error) {
        failures.push((error as Error).message);
        failed.add(name);
        results.get(item)?.delete(one.contender);
      }
    }
    progress.done(seconds);
  }
  progress.stop();
  const measurements = [...results].map(([item, found]) => ({ item, results: inOrder(item, found) }));
  return { measurements, failures };
}

function runsOf(item: PlanItem): Run[] {
  const { dataSet, contenders, rounds } = item;
  return Array.from({ length: rounds }, (_, round) => {
    const first = round % contenders.length;
    const operations =
      round < CHANGING_ROUNDS ? item.operations : item.operations.filter((operation) => !CHANGES.includes(operation));
    return [...contenders.slice(first), ...contenders.slice(0, first)].map((contender) => ({
      item,
      one: { contender, dataSet, operations },
      round,
      seconds: estimateSeconds(contender, dataSet, operations),
    }));
  }).flat();
}

/** The first difference between two results. Leaves out `mixed`, whose sum depends on when a batch is written. */
function differenceOf(a: CaseResult, b: CaseResult): string | undefined {
  for (const [i, digest] of a.digests.entries()) {
    const other = b.digests[i];
    if (other !== undefined && digest !== other) return `${digest}, not ${other}`;
  }
  for (const operation of OPERATIONS) {
    const sum = a.operations[operation]?.sum;
    const other = b.operations[operation]?.sum;
    if (operation === 'mixed' || sum === undefined || other === undefined) continue;
    if (sum !== other) return `${operation} adds up to ${sum}, not ${other}`;
  }
  return undefined;
}

function inOrder<V>(item: PlanItem, found: ReadonlyMap<string, V>): Map<string, V> {
  return new Map([...found].sort(([a], [b]) => item.contenders.indexOf(a) - item.contenders.indexOf(b)));
}
