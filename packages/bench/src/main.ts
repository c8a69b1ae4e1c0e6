#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTENDERS, oursOf } from './contenders/index.js';
import { SCENARIOS } from './data-set.js';
import { diskTable } from './disk/results.js';
import { type Operation, OPERATIONS } from './operations.js';
import { type PlanItem, type PlanName, planOf, type Selection } from './plan.js';
import { Progress } from './progress.js';
import { compare, type Comparison, describeFall, describeNoise, hasFallen } from './report/check.js';
import { type Results, resultsOf } from './report/results.js';
import { tables } from './report/table.js';
import { readResults, RESULTS, writeResults } from './report/write.js';
import { runPlan } from './schedule.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const ENTRIES_MAX = 10_000_000;
const ROUNDS_MAX = 1000;
const EXIT_USAGE = 2;

interface Options {
  contender?: string[];
  scenario?: string[];
  operation?: Operation[];
  entries?: number[];
  rounds?: number;
  full?: true;
  leveldb?: true;
  check?: true;
  micro?: true;
  allocators?: true;
  disk?: true;
  report?: true;
  json?: true;
  baseline: string;
}

const program = new Command('memtable-bench')
  .description('Compares the memtable toolkit with its alternatives: speed, memory, pauses.')
  .version(version)
  .addOption(
    new Option('-c, --contender <names>', 'only these contenders, separated by commas').argParser(
      namesOf(
        'contender',
        CONTENDERS.map(({ name }) => name),
      ),
    ),
  )
  .addOption(
    new Option('-s, --scenario <names>', 'only these scenarios').argParser(namesOf('scenario', Object.keys(SCENARIOS))),
  )
  .addOption(new Option('-o, --operation <names>', 'only these operations').argParser(namesOf('operation', OPERATIONS)))
  .option('-n, --entries <numbers>', 'number of entries to load', numbersOf(ENTRIES_MAX))
  .option('-r, --rounds <number>', 'number of runs of each case', (text) => numbersOf(ROUNDS_MAX)(text)[0])
  .addOption(
    new Option('--full', 'what the READMEs show; writes results/full.json and the READMEs').conflicts([
      'leveldb',
      'check',
      'micro',
      'report',
    ]),
  )
  .addOption(
    new Option(
      '--leveldb',
      "compare with LevelDB's own memtable in C++ (needs g++); writes results/leveldb.json and the README",
    ).conflicts(['check', 'micro', 'report']),
  )
  .addOption(
    new Option('--check', 'compare ratios with an earlier run; exit with 1 if one fell by over 25 %').conflicts([
      'micro',
      'report',
    ]),
  )
  .addOption(new Option('--micro', 'measure single parts, for tuning').conflicts('report'))
  .addOption(new Option('--allocators', 'measure arena, slabs and heap alone').conflicts(['micro', 'report']))
  .addOption(
    new Option(
      '--disk',
      'measure a store in a directory, and LevelDB; a whole run writes results/disk.json and the README',
    ).conflicts(['contender', 'scenario', 'operation', 'full', 'leveldb', 'check', 'micro', 'allocators', 'report']),
  )
  .option('--report', 'redraw plots and README from the stored results')
  .option('--json', 'print the results as JSON instead of tables')
  .option('--baseline <file>', 'the earlier run for --check', join(RESULTS, 'full.json'))
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));
program.parse();

// On exit, the running case is killed and its files are removed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  await main(program.opts<Options>());
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  if (options.micro) return (await import('./micro/main.js')).runMicro();
  if (options.allocators) return (await import('./allocators/main.js')).runAllocators(options.json ?? false);
  if (options.disk) return disk(options);
  if (options.report) return report();
  const baseline = options.check && readResults(options.baseline);
  const name: PlanName = options.full ? 'full' : options.leveldb ? 'leveldb' : 'quick';
  const items = planOf(name, selectionOf(options));
  const results = await run(items);
  process.stdout.write(
    options.json ? `${JSON.stringify(results, undefined, 2)}\n` : results.dataSets.map(tables).join('\n'),
  );
  // A partial run must not replace the results of a whole one.
  const whole = !options.contender && !options.scenario && !options.operation && !options.entries;
  const path = writeResults(whole ? name : 'quick', results);
  process.stderr.write(`wrote ${path}\n`);
  if (whole && name !== 'quick') await report();
  if (baseline) await check(baseline, results, items);
}

async function disk({ entries, rounds, json }: Options): Promise<void> {
  const { runDisk } = await import('./disk/main.js');
  const results = await runDisk({ entries: entries?.[0], rounds });
  process.stdout.write(json ? `${JSON.stringify(results, undefined, 2)}\n` : diskTable(results));
  // A partial run must not replace the results of a whole one.
  if (entries !== undefined || rounds !== undefined) return;
  process.stderr.write(`wrote ${writeResults('disk', results)}\n`);
  await report();
}

/** Imports the plots late: they load slowly, and most runs plot nothing. */
async function report(): Promise<void> {
  const { writeReport } = await import('./report/report.js');
  await writeReport();
}

async function run(items: readonly PlanItem[]): Promise<Results> {
  const { measurements, failures } = await runPlan(items, new Progress());
  for (const failure of failures) process.stderr.write(`error: ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
  return resultsOf(measurements);
}

/** Measures fallen ratios a second time, because the machine may have been disturbed. Reports those that fell twice. */
async function check(baseline: Results, results: Results, items: readonly PlanItem[]): Promise<void> {
  const compared = compare(baseline, results);
  if (compared.length === 0) throw new Error('the earlier run contains none of these cases');
  let fallen = compared.filter(hasFallen);
  if (fallen.length > 0) {
    process.stderr.write(`${fallen.length} of ${compared.length} ratios fell; measuring them again\n`);
    const again = compare(baseline, await run(againOf(items, fallen, results))).filter(hasFallen);
    fallen = again.filter((one) => fallen.some((first) => keyOf(first) === keyOf(one)));
  }
  for (const one of fallen) process.stdout.write(`fell: ${describeFall(one)}\n`);
  if (fallen.length > 0) process.exitCode = 1;
  else process.stdout.write(`none of ${compared.length} ratios fell by more than 25 %\n`);
  process.stdout.write(`${describeNoise(compared)}\n`);
}

function againOf(items: readonly PlanItem[], fallen: readonly Comparison[], results: Results): PlanItem[] {
  return items.flatMap((item, i) => {
    const here = fallen.filter(({ dataSet }) => dataSet === results.dataSets[i].name);
    const contenders = [oursOf(item.dataSet), ...new Set(here.map(({ contender }) => contender))];
    return here.length === 0 ? [] : [{ ...item, contenders }];
  });
}

function keyOf({ dataSet, contender, operation }: Comparison): string {
  return [dataSet, contender, operation].join();
}

function selectionOf({ contender, scenario, operation, entries, rounds }: Options): Selection {
  return {
    ...(contender && { contenders: contender }),
    ...(scenario && { scenarios: scenario }),
    ...(operation && { operations: operation }),
    ...(entries && { entries }),
    ...(rounds && { rounds }),
  };
}

/** Returns a parser for known names separated by commas. */
function namesOf<T extends string>(what: string, names: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(',').map((part) => {
      const name = names.find((one) => one === part.trim());
      if (name === undefined) {
        throw new InvalidArgumentError(`There is no ${what} '${part}'. Choose from: ${names.join(', ')}.`);
      }
      return name;
    });
}

function numbersOf(max: number): (text: string) => number[] {
  return (text) =>
    text.split(',').map((part) => {
      const match = /^(\d+)([km]?)$/i.exec(part.trim());
      const units: Record<string, number> = { '': 1, k: 1000, m: 1_000_000 };
      const number = match === null ? 0 : Number(match[1]) * units[match[2].toLowerCase()];
      if (number >= 1 && number <= max) return number;
      throw new InvalidArgumentError(`A number must be from 1 to ${max}, and may end in k or m, such as 100k.`);
    });
}
