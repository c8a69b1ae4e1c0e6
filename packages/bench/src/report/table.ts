import Table from 'cli-table3';
import { type Operation, OPERATIONS } from '../operations.js';
import type { ContenderResults, DataSetResults, FigureResults, Speed } from './results.js';

const FIGURES: readonly [keyof FigureResults, string][] = [
  ['accountedBytesPerEntry', 'bytes/entry, own account'],
  ['heapBytesPerEntry', 'bytes/entry, heap + external'],
  ['residentBytesPerEntry', 'bytes/entry, resident'],
  ['longestPauseMs', 'longest GC pause, ms'],
  ['pausesMs', 'all GC pauses, ms'],
  ['fullGcMs', 'full GC with data live, ms'],
  ['longestStallMs', 'longest stall, ms'],
];

/** Formats tables for a terminal. */
export function tables({ name, contenders }: DataSetResults): string {
  const operations = operationsOf(contenders);
  const speeds = new Table({ head: [name, ...operations], style: { head: [], border: [], compact: true } });
  for (const contender of contenders) {
    const cells = operations.map((operation) => speedCell(contender.speeds[operation], '\n'));
    speeds.push([contender.name, ...cells]);
  }
  const measured = contenders.filter(({ figures }) => figures !== undefined);
  if (measured.length === 0) return `${speeds.toString()}\n`;
  const figures = new Table({
    head: [name, ...FIGURES.map(([, title]) => title.replace(', ', '\n'))],
    style: { head: [], border: [], compact: true },
  });
  for (const contender of measured) figures.push([contender.name, ...figureCells(contender)]);
  return `${speeds.toString()}\n${figures.toString()}\n`;
}

/** Formats tables for a README. */
export function markdownTables({ contenders }: DataSetResults): string {
  const operations = operationsOf(contenders);
  const speeds = markdown(
    ['entries/s', ...operations],
    contenders.map(({ name, speeds }) => [name, ...operations.map((one) => speedCell(speeds[one], '<br>'))]),
  );
  const measured = contenders.filter(({ figures }) => figures !== undefined);
  if (measured.length === 0) return speeds;
  const figures = markdown(
    ['', ...FIGURES.map(([, title]) => title)],
    measured.map((contender) => [contender.name, ...figureCells(contender)]),
  );
  return `${speeds}\n${figures}`;
}

export function markdown(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, i) => (i === 0 ? '---' : '---:'))) + rows.map(line).join('');
}

function operationsOf(contenders: readonly ContenderResults[]): Operation[] {
  return OPERATIONS.filter((operation) => contenders.some(({ speeds }) => speeds[operation] !== undefined));
}

/** `2.31 M ±4 %` and `5.2×`. */
function speedCell(speed: Speed | undefined, newLine: string): string {
  if (speed === undefined) return '–';
  const { median, min, max, ratio } = speed;
  const spread = max > min ? ` ±${Math.ceil((50 * (max - min)) / median)} %` : '';
  return shortRate(median) + spread + (ratio === undefined ? '' : `${newLine}${short(ratio)}×`);
}

function figureCells({ figures }: ContenderResults): string[] {
  return FIGURES.map(([figure]) => {
    const value = figures?.[figure];
    return value === undefined ? '–' : short(value);
  });
}

export function shortRate(rate: number): string {
  return rate >= 1e6 ? `${short(rate / 1e6)} M` : `${short(rate / 1e3)} k`;
}

export function short(number: number): string {
  const digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2;
  return number.toFixed(digits);
}
