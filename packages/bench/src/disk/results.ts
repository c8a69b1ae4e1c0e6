import Table from 'cli-table3';
import { originLine } from '../report/readme.js';
import type { Origin, Spread } from '../report/results.js';
import { markdown, short, shortRate } from '../report/table.js';

/** The JSON document of a run of `--disk`. */
export interface DiskResults extends Origin {
  readonly rounds: number;
  readonly rows: readonly DiskRow[];
}

/** A figure of a case: entries per second or milliseconds, over the rounds. */
export interface DiskRow extends Spread {
  readonly name: string;
  readonly figure: string;
}

const HEAD = ['', 'median', 'least', 'most'];

/** Formats the table for a terminal. */
export function diskTable({ rows }: DiskResults): string {
  const table = new Table({
    head: HEAD,
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(cellsOf(row));
  return `${table.toString()}\n`;
}

/** The generated part of the README of the package disk. */
export function diskPart(results: DiskResults): string {
  return `${originLine(results, `${results.rounds} rounds`)}\n\n${markdown(HEAD, results.rows.map(cellsOf))}`;
}

function cellsOf({ name, figure, median, min, max }: DiskRow): string[] {
  const text = figure === 'entries/s' ? shortRate : short;
  return [`${name}, ${figure}`, text(median), text(min), text(max)];
}
