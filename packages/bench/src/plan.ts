import { takes } from './contenders/contender.js';
import { CONTENDERS } from './contenders/index.js';
import { dataSet, type DataSet, SCENARIOS } from './data-set.js';
import { LEVELDB_MEMTABLE, LEVELDB_OPERATIONS } from './native/leveldb-memtable.js';
import { type Operation, OPERATIONS } from './operations.js';
import { warmUpsOf } from './run-case.js';

/** A data set with the contenders, operations and rounds to measure. */
export interface PlanItem {
  readonly dataSet: DataSet;
  readonly contenders: readonly string[];
  readonly operations: readonly Operation[];
  readonly rounds: number;
}

export interface Selection {
  readonly contenders?: readonly string[];
  readonly scenarios?: readonly string[];
  readonly operations?: readonly Operation[];
  readonly entries?: readonly number[];
  readonly rounds?: number;
}

const ALL = CONTENDERS.map(({ name }) => name);
/** What one would use for a sorted store in JavaScript. */
const TREES = ['sorted-btree', 'js-sdsl', 'functional-red-black-tree'];
const STORES = ['mem-store', 'memtable-level', ...TREES, 'memory-level'];
const CORE_OPERATIONS: readonly Operation[] = ['insert', 'load', 'get', 'scan', 'entries', 'range100'];
const SIZES = [10_000, 100_000, 1_000_000];
const ROUNDS = 3;
const LARGE_ROUNDS = 2;

const QUICK: readonly PlanItem[] = [
  { dataSet: dataSet('main', 100_000), contenders: ALL, operations: OPERATIONS, rounds: ROUNDS },
];

/** What the READMEs show. It must end within 15 minutes on two cores. */
const FULL: readonly PlanItem[] = [
  ...SIZES.map((entries) => core('main', entries, ['memtable-block', 'memtable-skiplist', 'mem-store', ...TREES])),
  ...SIZES.map((entries) => core('defaults', entries, STORES)),
  core('cold', 1_000_000, STORES),
  core('cold-bytes', 1_000_000, ['memtable-block', 'sorted-btree']),
  core('ascending', 100_000, ['memtable-block', 'mem-store', 'sorted-btree', 'js-sdsl']),
  core('paths', 100_000, ['memtable-block', 'mem-store', 'sorted-btree', 'js-sdsl']),
];

function core(scenario: string, entries: number, contenders: readonly string[]): PlanItem {
  // Warm cases of large sets take most of the time.
  const rounds = entries > 100_000 && !SCENARIOS[scenario].isCold ? LARGE_ROUNDS : ROUNDS;
  return { dataSet: dataSet(scenario, entries), contenders, operations: CORE_OPERATIONS, rounds };
}

const LEVELDB: readonly PlanItem[] = [100_000, 1_000_000].map((entries) => ({
  dataSet: dataSet('main', entries),
  contenders: ['memtable-block', 'memtable-skiplist', 'memtable-leveldb', LEVELDB_MEMTABLE.name],
  operations: LEVELDB_OPERATIONS,
  rounds: 5,
}));

const PLANS = { quick: QUICK, full: FULL, leveldb: LEVELDB };
export type PlanName = keyof typeof PLANS;

/** A plan, reduced to a selection. Scenarios and sizes that the plan lacks are measured like its first item. */
export function planOf(name: PlanName, selection: Selection): PlanItem[] {
  const { contenders, scenarios, operations, entries, rounds } = selection;
  let items = [...PLANS[name]];
  if (scenarios !== undefined || entries !== undefined) {
    const sizes = entries ?? [...new Set(items.map((item) => item.dataSet.entries))];
    items = (scenarios ?? ['main']).flatMap((scenario) =>
      sizes.map((size) => ({
        ...items[0],
        dataSet: dataSet(scenario, size),
      })),
    );
  }
  return items.map((item) => ({
    dataSet: item.dataSet,
    contenders: (contenders ?? item.contenders).filter((name) => canHold(name, item.dataSet)),
    operations: operations ?? item.operations,
    rounds: rounds ?? item.rounds,
  }));
}

function canHold(name: string, dataSet: DataSet): boolean {
  const kind = CONTENDERS.find((one) => one.name === name);
  return kind === undefined || takes(kind, dataSet);
}

/** Estimates the duration of a case. */
export function estimateSeconds(contender: string, dataSet: DataSet, operations: readonly Operation[]): number {
  const { entries, isCold } = dataSet;
  const { rate } = [...CONTENDERS, LEVELDB_MEMTABLE].find(({ name }) => name === contender)!;
  const reads = Math.min(entries, 100_000);
  const changes = operations.includes('delete-half') ? entries / 2 + 2 * reads : 0;
  const loads = isCold ? 1 : 1.1 + warmUpsOf(dataSet) + (operations.includes('load') ? 1 : 0);
  const thousands = (loads * entries + (isCold ? 0 : 2.5 * reads + changes)) / 1000;
  // Operations on small data sets are about twice as fast.
  return 1 + (2.5 * entries) / 1e6 + thousands / Math.min(entries > 100_000 ? rate : 2 * rate, 1000);
}
