import type { Durability, Latencies } from '@memtable/disk';
import { count, size } from './numbers.js';
import { ms, type RunReport, type Throughput, throughputLine } from './report.js';
import type { Verification } from './verify.js';

/** The result of a run with a log. `--json` prints this object. Sizes are in bytes, times in milliseconds. */
export interface LogReport {
  readonly input: RunReport['input'];
  /** The directory of the store. */
  readonly directory: string;
  readonly options: {
    readonly keyField: string;
    readonly valueField: string;
    readonly maxBytes: number | null;
    readonly skipBad: boolean;
    readonly durability: Durability;
  };
  /** Entries that were put. The time is that of the puts alone. */
  readonly put: Throughput;
  /** The log at the end of the input. Where it is too long, a checkpoint follows. */
  readonly log: {
    /** Bytes that an open reads. */
    readonly bytes: number;
    /** Bytes at which a checkpoint begins. */
    readonly bytesMax: number;
    readonly syncs: Latencies;
  };
  readonly checkpoints: readonly CheckpointRow[];
  /** Entries that the second open found. Null if it failed. */
  readonly recovered: Throughput | null;
  /** What the store and a LevelDB found in the directory. Null if one of them could not read it. */
  readonly verified: { readonly store: Verification; readonly leveldb: Verification } | null;
  readonly interrupted: boolean;
  /** Why the run ended early or failed. */
  readonly error: string | null;
}

export interface CheckpointRow {
  readonly entries: number;
  readonly ms: number;
}

/** The report as lines of text. */
export function linesOf({
  input,
  directory,
  options,
  put,
  log,
  checkpoints,
  recovered,
  verified,
}: LogReport): string[] {
  const parts = [
    `input      ${input.path} (${input.format})${input.limitReached ? `, cut off at ${size(options.maxBytes!)}` : ''}`,
    `directory  ${directory}, durability ${options.durability}`,
    '',
    `put        ${throughputLine(put)}`,
    `log        ${size(log.bytes)} (a checkpoint begins at ${size(log.bytesMax)})`,
    `synced     ${syncsOf(log.syncs)}`,
    ...checkpoints.map(({ entries, ms: time }) => `checkpoint ${count(entries)} entries in ${ms(time)} ms`),
    recovered === null ? 'not recovered' : `recovered  ${throughputLine(recovered)}`,
    '',
  ];
  if (input.skipped > 0) parts.push(`skipped ${input.skipped} bad entries`);
  if (verified === null) return [...parts, 'not verified'];
  parts.push(`the store  ${foundOf(verified.store)}`, `LevelDB    ${foundOf(verified.leveldb)}`);
  return parts;
}

function syncsOf({ count: times, totalMs, maxMs, buckets }: Latencies): string {
  if (times === 0) return '0 times';
  const each = buckets.map(
    ({ ms: bound, count: within }) => `${count(within)} within ${bound < 1 ? bound.toPrecision(2) : bound} ms`,
  );
  return `${count(times)} times, ${ms(totalMs / times)} ms on average, ${ms(maxMs)} ms at most: ${each.join(', ')}`;
}

function foundOf({ entries, missing, different, others }: Verification): string {
  const distinct = entries + missing + different;
  const all = distinct === entries ? '' : ` of ${distinct}`;
  return `verified ${entries}${all} entries${others > 0 ? `, and holds ${others} others` : ''}`;
}
