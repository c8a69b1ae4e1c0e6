import { CONTENDERS } from '../contenders/index.js';
import { SCENARIOS } from '../data-set.js';
import { LEVELDB_MEMTABLE } from '../native/leveldb-memtable.js';
import { ABOUT_OPERATIONS, OPERATIONS } from '../operations.js';
import type { Origin, Results } from './results.js';
import { markdown, markdownTables } from './table.js';

const BEGIN = '<!-- generated: begin -->';
const END = '<!-- generated: end -->';

/** Replaces the generated part of the README. @throws Error if the markers are missing */
export function withGenerated(readme: string, generated: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the README lacks the lines ${BEGIN} and ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${generated.trim()}\n\n${readme.slice(end)}`;
}

/** The latest whole run of each kind, if there is one. */
export interface Runs {
  readonly full: Results | undefined;
  readonly leveldb: Results | undefined;
}

export function generatedPart({ full, leveldb }: Runs): string {
  const parts: string[] = [];
  if (full !== undefined) {
    parts.push(
      `## Results\n\n${origin(full)}`,
      '![speed of main-1m](results/main-speed.svg)',
      '![memory and pauses of main-1m](results/main-memory.svg)',
      '![speed over the number of entries](results/growth.svg)',
      '![puts of a fresh process and of a warm one](results/cold.svg)',
      ...full.dataSets.flatMap((one) => [
        `### ${one.name}: ${aboutDataSet(one.dataSet.scenario)}`,
        markdownTables(one),
      ]),
    );
  }
  if (leveldb !== undefined) {
    parts.push(`## LevelDB's own memtable\n\n${origin(leveldb)}`);
    parts.push(...leveldb.dataSets.flatMap((one) => [`### ${one.name}`, markdownTables(one)]));
  }
  parts.push(
    '## Contenders, operations, scenarios',
    markdown(
      ['contender', 'description'],
      [...CONTENDERS, LEVELDB_MEMTABLE].map(({ name, about }) => [name, about]),
    ),
    markdown(
      ['operation', 'description'],
      OPERATIONS.map((operation) => [operation, ABOUT_OPERATIONS[operation]]),
    ),
    markdown(
      ['scenario', 'description'],
      Object.entries(SCENARIOS).map(([name, { about }]) => [name, about]),
    ),
  );
  return parts.join('\n\n');
}

function aboutDataSet(scenario: string): string {
  return SCENARIOS[scenario]?.about ?? scenario;
}

/** When, where and with what a run was made. */
export function origin(results: Results): string {
  const rounds = results.dataSets.flatMap(({ contenders }) => contenders.map((contender) => contender.rounds));
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  const runs =
    most === 1 ? 'one round, so the noise is unknown' : `${least === most ? '' : `${least} to `}${most} rounds`;
  return originLine(results, runs);
}

/** @param runs - how often each case ran */
export function originLine({ date, machine, node, packages }: Origin, runs: string): string {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  const memory = Math.round(machine.memoryBytes / 2 ** 30);
  return `${date}, ${machine.cores} × ${machine.cpu}, ${memory} GiB, Node ${node}, ${runs}; ${versions.join(', ')}.`;
}
