import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { max, median, min } from 'simple-statistics';
import { CONTENDERS, oursOf } from '../contenders/index.js';
import { type DataSet, dataSetName } from '../data-set.js';
import { type Operation, OPERATIONS } from '../operations.js';
import { LEVELDB_MEMTABLE } from '../native/leveldb-memtable.js';
import { packageRoot } from '../package-root.js';
import type { CaseResult } from '../run-case.js';
import type { Measurements } from '../schedule.js';

/** A figure over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Entries per second. */
export interface Speed extends Spread {
  /** How many times as fast ours is, over the rounds. */
  readonly ratio?: number;
  readonly ratioMin?: number;
  readonly ratioMax?: number;
}

/** Medians over the rounds. For the longest pause and stall: medians of each round's longest. */
export interface FigureResults {
  readonly accountedBytesPerEntry?: number;
  readonly heapBytesPerEntry: number;
  readonly residentBytesPerEntry: number;
  readonly longestPauseMs: number;
  readonly pausesMs: number;
  readonly fullGcMs: number;
  readonly longestStallMs: number;
}

export interface ContenderResults {
  readonly name: string;
  readonly rounds: number;
  readonly speeds: Partial<Record<Operation, Speed>>;
  readonly figures?: FigureResults;
}

export interface DataSetResults {
  readonly name: string;
  readonly dataSet: DataSet;
  readonly contenders: readonly ContenderResults[];
}

/** When, where and with what a run was made. */
export interface Origin {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryBytes: number };
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
}

/** The JSON document of a run. */
export interface Results extends Origin {
  readonly dataSets: readonly DataSetResults[];
}

export function resultsOf(measurements: readonly Measurements[]): Results {
  const names = new Set(measurements.flatMap(({ results }) => [...results.keys()]));
  const kinds = [...CONTENDERS, LEVELDB_MEMTABLE].filter(({ name }) => names.has(name));
  return {
    ...originOf(versionsOf(kinds.flatMap((kind) => kind.package ?? []))),
    dataSets: measurements.map(({ item, results }) => {
      const ours = results.get(oursOf(item.dataSet));
      return {
        name: dataSetName(item.dataSet),
        dataSet: item.dataSet,
        contenders: [...results].map(([name, rounds]) => contenderResults(name, rounds, ours, item.dataSet.entries)),
      };
    }),
  };
}

/** Here and now. */
export function originOf(packages: Origin['packages']): Origin {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem() },
    node: process.version,
    packages,
  };
}

/** The data sets of a scenario, in the order of their sizes. */
export function dataSetsOf({ dataSets }: Results, scenario: string): DataSetResults[] {
  return dataSets
    .filter(({ dataSet }) => dataSet.scenario === scenario)
    .sort((a, b) => a.dataSet.entries - b.dataSet.entries);
}

function contenderResults(
  name: string,
  rounds: readonly CaseResult[],
  ours: readonly CaseResult[] | undefined,
  entries: number,
): ContenderResults {
  const speeds: Partial<Record<Operation, Speed>> = {};
  for (const operation of OPERATIONS) {
    const rates = ratesOf(rounds, operation);
    if (rates.length === 0) continue;
    const oursRates = ratesOf(ours ?? [], operation);
    const ratios = rates.flatMap((rate, round) => (round in oursRates ? [oursRates[round] / rate] : []));
    speeds[operation] = {
      median: Math.round(median(rates)),
      min: Math.round(min(rates)),
      max: Math.round(max(rates)),
      ...(ratios.length === 0
        ? {}
        : { ratio: rounded(median(ratios)), ratioMin: rounded(min(ratios)), ratioMax: rounded(max(ratios)) }),
    };
  }
  const figures = figuresOf(rounds, entries);
  return { name, rounds: rounds.length, speeds, ...(figures === undefined ? {} : { figures }) };
}

function figuresOf(rounds: readonly CaseResult[], entries: number): FigureResults | undefined {
  const figures = rounds.flatMap((round) => round.figures ?? []);
  if (figures.length === 0) return undefined;
  const middle = (numbers: number[]) => rounded(median(numbers));
  const accounted = figures.flatMap(({ accountedBytes }) => accountedBytes ?? []);
  return {
    ...(accounted.length === 0 ? {} : { accountedBytesPerEntry: middle(accounted.map((bytes) => bytes / entries)) }),
    heapBytesPerEntry: middle(figures.map(({ heapBytes }) => heapBytes / entries)),
    residentBytesPerEntry: middle(figures.map(({ residentBytes }) => residentBytes / entries)),
    longestPauseMs: middle(figures.map(({ longestPauseMs }) => longestPauseMs)),
    pausesMs: middle(figures.map(({ pausesMs }) => pausesMs)),
    fullGcMs: middle(figures.map(({ fullGcMs }) => fullGcMs)),
    longestStallMs: middle(figures.map(({ longestStallMs }) => longestStallMs)),
  };
}

function ratesOf(rounds: readonly CaseResult[], operation: Operation): number[] {
  return rounds.flatMap(({ operations }) => {
    const measured = operations[operation];
    return measured === undefined ? [] : [measured.operations / measured.seconds];
  });
}

function rounded(number: number): number {
  return Number(number.toPrecision(4));
}

/** The versions of packages that are installed. */
export function versionsOf(packages: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    [...new Set(packages)].map((name) => {
      const text = readFileSync(join(packageRoot(name) ?? '', 'package.json'), 'utf8');
      return [name, (JSON.parse(text) as { version: string }).version];
    }),
  );
}

/** With four digits, since the figures of a run are no more precise. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: rounded(median([...values])), min: rounded(min([...values])), max: rounded(max([...values])) };
}
