import { CONTENDERS, OURS } from './contenders/index.js';
import { dataSet, type DataSet } from './data-set.js';
import { LEVELDB_MEMTABLE, LEVELDB_OPERATIONS } from './native/leveldb-memtable.js';
import { type Operation, OPERATIONS } from './operations.js';

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
const CORE = [OURS, 'memtable-skiplist', 'sorted-btree', 'js-sdsl', 'memory-level', 'limit'];
const CORE_OPERATIONS: readonly Operation[] = ['insert', 'get', 'view', 'miss', 'scan', 'reverse-scan', 'range100'];

const CORE_DATA_SETS: readonly DataSet[] = [
  dataSet('ascending', 1_000_000),
  dataSet('small', 1_000_000),
  dataSet('random', 1_000_000),
  dataSet('paths', 100_000),
  dataSet('large', 100_000),
];

const QUICK: readonly PlanItem[] = [
  { dataSet: dataSet('main', 100_000), contenders: ALL, operations: OPERATIONS, rounds: 3 },
  { dataSet: dataSet('ascending', 100_000), contenders: CORE, operations: CORE_OPERATIONS, rounds: 3 },
];

const FULL: readonly PlanItem[] = [
  { dataSet: dataSet('main', 1_000_000), contenders: ALL, operations: OPERATIONS, rounds: 5 },
  ...CORE_DATA_SETS.map((dataSet) => ({
    dataSet,
    contenders: CORE,
    operations: CORE_OPERATIONS,
    rounds: 3,
  })),
  ...QUICK,
];

const GROWTH: readonly PlanItem[] = [10_000, 100_000, 1_000_000, 4_000_000].map((entries) => ({
  dataSet: dataSet('main', entries),
  contenders: CORE,
  operations: ['insert', 'get', 'scan'],
  rounds: entries > 1_000_000 ? 1 : 3,
}));

const LEVELDB: readonly PlanItem[] = [100_000, 1_000_000].map((entries) => ({
  dataSet: dataSet('main', entries),
  contenders: [OURS, 'memtable-skiplist', 'memtable-leveldb', LEVELDB_MEMTABLE.name],
  operations: LEVELDB_OPERATIONS,
  rounds: 5,
}));

const PLANS = { quick: QUICK, full: FULL, growth: GROWTH, leveldb: LEVELDB };
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
    contenders: contenders ?? item.contenders,
    operations: operations ?? item.operations,
    rounds: rounds ?? item.rounds,
  }));
}

/** Estimates the duration of a case. */
export function estimateSeconds(contender: string, { entries }: DataSet, operations: readonly Operation[]): number {
  const { rate } = [...CONTENDERS, LEVELDB_MEMTABLE].find(({ name }) => name === contender)!;
  const reads = Math.min(entries, 100_000);
  const changes = operations.includes('delete-half') ? entries / 2 + 2 * reads : 0;
  const loads = entries > 100_000 ? 1.1 : 2.1;
  const thousands = (loads * entries + 2.5 * reads + changes) / 1000;
  // Operations on small data sets are about twice as fast.
  return 1 + (2.5 * entries) / 1e6 + thousands / Math.min(entries > 100_000 ? rate : 2 * rate, 1000);
}
