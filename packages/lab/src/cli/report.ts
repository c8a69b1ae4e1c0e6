import Table from 'cli-table3';
import type { DumpedTable } from './dump.js';
import { count, size } from './numbers.js';
import type { MemtableRow } from './memtable-log.js';
import type { Verification } from './verify.js';

/** The result of a run. `--json` prints this object. Sizes are in bytes, times in milliseconds. */
export interface RunReport {
  readonly input: {
    readonly path: string;
    readonly format: string;
    /** Entries skipped because of `--skip-bad`. */
    readonly skipped: number;
    readonly limitReached: boolean;
  };
  /** Directory of the LevelDB. */
  readonly out: string;
  /** Whether that directory outlives the run. */
  readonly kept: boolean;
  readonly options: {
    readonly keyField: string;
    readonly valueField: string;
    readonly maxBytes: number | null;
    readonly skipBad: boolean;
    readonly writeBuffer: number;
    readonly blockBytes: number;
    readonly layout: string;
    readonly index: string;
  };
  /** The memtable that `--dump` wrote; null if it wrote none. */
  readonly dump: DumpedTable | null;
  readonly memtables: readonly MemtableRow[];
  readonly totals: Totals;
  /** Null if a flush or the reading back failed. */
  readonly verified: Verification | null;
  readonly interrupted: boolean;
  /** Why the run ended early or failed. */
  readonly error: string | null;
}

/** Sums over all memtables. */
export interface Totals {
  readonly entries: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  readonly askedBytes: number;
  readonly memoryUsage: number;
  readonly inserted: Throughput;
  readonly flushed: Throughput;
  /** Total time of write stalls: inserts waited for a flush. */
  readonly waitedMs: number;
  /** From the first entry to the last flush. Includes reading the input. */
  readonly elapsedMs: number;
}

export interface Throughput {
  readonly entries: number;
  readonly bytes: number;
  readonly ms: number;
  /** Null if no time was measured. */
  readonly entriesPerSecond: number | null;
  readonly bytesPerSecond: number | null;
}

export function throughput(entries: number, bytes: number, ms: number): Throughput {
  const perSecond = (amount: number): number | null => (ms > 0 ? (amount / ms) * 1000 : null);
  return { entries, bytes, ms, entriesPerSecond: perSecond(entries), bytesPerSecond: perSecond(bytes) };
}

export function totalsOf(rows: readonly MemtableRow[], waitedMs: number, elapsedMs: number): Totals {
  const sum = (of: (row: MemtableRow) => number, some = rows): number => some.reduce((all, row) => all + of(row), 0);
  const throughputOf = (some: readonly MemtableRow[], of: (row: MemtableRow) => number): Throughput =>
    throughput(
      sum((row) => row.entries, some),
      sum((row) => row.keyBytes + row.valueBytes, some),
      sum(of, some),
    );
  const inserted = throughputOf(rows, (row) => row.fillMs);
  const flushedRows = rows.filter((row) => row.flushMs !== null);
  return {
    entries: inserted.entries,
    bytes: inserted.bytes,
    askedBytes: sum((row) => row.askedBytes),
    memoryUsage: sum((row) => row.memoryUsage),
    inserted,
    flushed: throughputOf(flushedRows, (row) => row.flushMs!),
    waitedMs,
    elapsedMs,
  };
}

/** The report as lines of text. */
export function linesOf(report: RunReport): string[] {
  const { input, options, dump, memtables, totals, verified } = report;
  const parts = [
    `input    ${input.path} (${input.format})${input.limitReached ? `, cut off at ${size(options.maxBytes!)}` : ''}`,
    `LevelDB  ${report.out}${report.kept ? '' : ' (removed at the end; --keep keeps it)'}`,
    `options  layout ${options.layout}, index ${options.index}, write buffer ${size(options.writeBuffer)}, ` +
      `blocks of ${size(options.blockBytes)}`,
    '',
    ...(memtables.length === 0 ? ['no entries'] : tableOf(memtables)),
    '',
    `inserted ${throughputLine(totals.inserted)}`,
    `flushed  ${throughputLine(totals.flushed)}`,
    `waited   ${ms(totals.waitedMs)} ms for flushes, of ${ms(totals.elapsedMs)} ms with the reading of the input`,
    '',
  ];
  if (dump !== null) parts.push(dumpLineOf(dump));
  if (input.skipped > 0) parts.push(`skipped ${input.skipped} bad entries`);
  if (verified === null) parts.push('not verified');
  else {
    const distinct = verified.entries + verified.missing + verified.different;
    const all = distinct === verified.entries ? '' : ` of ${distinct}`;
    parts.push(`verified ${verified.entries}${all} entries`);
    if (verified.others > 0) parts.push(`the LevelDB holds ${verified.others} other entries, which were there before`);
  }
  return parts;
}

function dumpLineOf({ path, layout, index, entryCount, bytes }: DumpedTable): string {
  const what = `the first memtable, layout ${layout}, index ${index}, ${count(entryCount)} entries`;
  return `dump     ${path}: ${what}, ${size(bytes)}`;
}

/** One line that describes the differences found by verification, or no line. */
export function differencesOf({ missing, different, firstKeys }: Verification): string[] {
  if (missing + different === 0) return [];
  return [
    `${missing + different} entries differ from the input after reading back: ${missing} missing, ` +
      `${different} with another value; the first keys: ${firstKeys.join(', ')}`,
  ];
}

function tableOf(rows: readonly MemtableRow[]): string[] {
  const table = new Table({
    head: [
      '#',
      'entries',
      'asked\nbytes',
      'memory\nusage',
      'waste\n%',
      'blocks',
      'tallest\ntower',
      'fill\nms',
      'flush\nms',
      'RSS before\ndrop',
      'RSS after\ndrop',
    ],
    colAligns: Array<'right'>(11).fill('right'),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    table.push([
      row.table,
      count(row.entries),
      count(row.askedBytes),
      count(row.memoryUsage),
      row.wastePercent.toFixed(2),
      `${row.regularBlocks} + ${row.dedicatedBlocks}`,
      row.height,
      ms(row.fillMs),
      row.flushMs === null ? '-' : ms(row.flushMs),
      row.rssBeforeDrop === null ? '-' : size(row.rssBeforeDrop),
      row.rssAfterDrop === null ? '-' : size(row.rssAfterDrop),
    ]);
  }
  return table.toString().split('\n');
}

export function throughputLine({ entries, bytes, ms: time, entriesPerSecond, bytesPerSecond }: Throughput): string {
  const amount = `${count(entries)} entries, ${size(bytes)} in ${ms(time)} ms`;
  if (entriesPerSecond === null || bytesPerSecond === null) return amount;
  return `${amount}: ${count(Math.round(entriesPerSecond))} entries/s, ${size(bytesPerSecond)}/s`;
}

export function ms(value: number): string {
  return value.toFixed(1);
}
