import { type Chunk, CHUNK_ENTRIES } from './chunk.js';
import type { Contender, Sum } from './contenders/contender.js';
import type { DataSet } from './data-set.js';
import type { Input } from './inputs.js';
import { picks, shuffled, skewedPicks } from './random.js';

/** All operations, in the order of measurement. The last three change the content. */
export const OPERATIONS = [
  'insert',
  'get',
  'view',
  'miss',
  'scan',
  'reverse-scan',
  'range100',
  'overwrite',
  'mixed',
  'delete-half',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export const ABOUT_OPERATIONS: Readonly<Record<Operation, string>> = {
  insert: 'inserts new keys; memory, pauses and stalls are measured here',
  get: 'looks up existing keys at random, and copies the value out',
  view: 'as get, but returns a view or a reference; a copy if the store offers neither',
  miss: 'looks up missing keys, each next to an existing one',
  scan: 'visits all entries in order, and reads one byte of each value',
  'reverse-scan': 'as scan, in reverse order',
  range100: 'visits 100 entries from each of many random keys; counts entries per second',
  overwrite: 'writes new values for existing keys, with a skew towards a few keys',
  mixed: 'alternates get and overwrite',
  'delete-half': 'deletes half of the keys in random order',
};

export interface Measured {
  readonly operations: number;
  readonly seconds: number;
  /** Sum over the values that the operation read. Every contender must reach the same sum. */
  readonly sum: number;
}

const READS = 100_000;
const RANGE = 100;
const RANGES = 2000;
/** A small data set is scanned repeatedly, until about this many entries are visited. */
const SCANNED = 500_000;
const SCANS_MAX = 5;
export const OVERWRITE_VERSION = 1;
export const MIXED_VERSION = 2;

/** Operations that change the content. */
export const CHANGES: readonly Operation[] = ['overwrite', 'mixed', 'delete-half'];

/** The entries that an operation uses. Each operation has its own seed. */
export function entriesOf(operation: Operation, { entries }: DataSet): Uint32Array {
  const reads = Math.min(READS, 2 * entries);
  switch (operation) {
    case 'overwrite':
      return skewedPicks(reads, entries, 31);
    case 'delete-half':
      return shuffled(entries, 37).subarray(0, entries >> 1);
    case 'mixed':
      return picks(reads, entries, 41);
    case 'range100':
      return picks(Math.min(RANGES, Math.ceil(entries / 50)), entries, 43);
    case 'miss':
      return picks(reads, entries, 47);
    default:
      return picks(reads, entries, 53);
  }
}

/** Times one operation of a loaded contender; undefined if the contender lacks it. */
export async function measure(
  operation: Exclude<Operation, 'insert'>,
  contender: Contender,
  input: Input,
  chunk: Chunk,
): Promise<Measured | undefined> {
  switch (operation) {
    case 'get':
      return read(operation, input, chunk, () => contender.get(chunk));
    case 'view':
      return read(operation, input, chunk, () => contender.view(chunk));
    case 'miss':
      return contender.knows ? undefined : read(operation, input, chunk, () => contender.get(chunk));
    case 'scan':
      return scan(input, () => contender.scan());
    case 'reverse-scan':
      return contender.reverseScan && scan(input, () => contender.reverseScan?.() ?? 0);
    case 'range100': {
      const found = await read(operation, input, chunk, () => contender.range(chunk, RANGE));
      return { ...found, operations: found.operations * RANGE };
    }
    case 'overwrite':
      return contender.overwrite && write(operation, input, chunk, OVERWRITE_VERSION, contender);
    case 'delete-half':
      return contender.remove && write(operation, input, chunk, 0, contender);
    case 'mixed':
      return contender.mixed && write(operation, input, chunk, MIXED_VERSION, contender);
  }
}

async function read(operation: Operation, input: Input, chunk: Chunk, call: () => Sum): Promise<Measured> {
  const numbers = entriesOf(operation, input.dataSet);
  let milliseconds = 0;
  let sum = 0;
  for (let from = 0; from < numbers.length; from += CHUNK_ENTRIES) {
    if (operation === 'miss') chunk.fillMisses(input, numbers, from);
    else chunk.fillKeys(input, numbers, from);
    const start = performance.now();
    const seen = call();
    sum += typeof seen === 'number' ? seen : await seen;
    milliseconds += performance.now() - start;
  }
  return { operations: numbers.length, seconds: milliseconds / 1000, sum };
}

/** The number of scans of a data set. */
export function scansOf({ entries }: DataSet): number {
  return Math.min(SCANS_MAX, Math.ceil(SCANNED / entries));
}

async function scan(input: Input, call: () => Sum): Promise<Measured> {
  const { entries } = input.dataSet;
  const times = scansOf(input.dataSet);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    const seen = call();
    sum += typeof seen === 'number' ? seen : await seen;
  }
  return { operations: entries * times, seconds: (performance.now() - start) / 1000, sum };
}

async function write(
  operation: 'overwrite' | 'mixed' | 'delete-half',
  input: Input,
  chunk: Chunk,
  version: number,
  contender: Contender,
): Promise<Measured> {
  const numbers = entriesOf(operation, input.dataSet);
  let milliseconds = 0;
  let sum = 0;
  for (let from = 0; from < numbers.length; from += CHUNK_ENTRIES) {
    if (operation === 'delete-half') chunk.fillKeys(input, numbers, from);
    else chunk.fillEntries(input, numbers, from, version);
    const start = performance.now();
    if (operation === 'mixed') {
      const seen = contender.mixed?.(chunk) ?? 0;
      sum += typeof seen === 'number' ? seen : await seen;
    } else {
      const done = operation === 'overwrite' ? contender.overwrite?.(chunk) : contender.remove?.(chunk);
      if (done !== undefined) await done;
    }
    milliseconds += performance.now() - start;
  }
  const start = performance.now();
  const done = contender.finish?.();
  if (done !== undefined) await done;
  milliseconds += performance.now() - start;
  return { operations: numbers.length, seconds: milliseconds / 1000, sum };
}
