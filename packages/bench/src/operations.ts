import { type Chunk, CHUNK_ENTRIES } from './chunk.js';
import type { Contender, Sum } from './contenders/contender.js';
import type { DataSet } from './data-set.js';
import type { Input } from './inputs.js';
import { picks, shuffled, skewedPicks } from './random.js';

/** The numbers of puts whose time is taken in a cold process. */
export const COLD_PUTS = { 'cold-1k': 1000, 'cold-10k': 10_000, 'cold-100k': 100_000, 'cold-1m': 1_000_000 } as const;
type ColdOperation = keyof typeof COLD_PUTS | 'cold-get';

/** The operations of a warm process, in the order of measurement. The last three change the content. */
const WARM_OPERATIONS = [
  'insert',
  'load',
  'get',
  'view',
  'miss',
  'scan',
  'entries',
  'reverse-scan',
  'range100',
  'overwrite',
  'mixed',
  'delete-half',
] as const;
export const COLD_OPERATIONS = [...(Object.keys(COLD_PUTS) as (keyof typeof COLD_PUTS)[]), 'cold-get'] as const;
/** All operations. A cold data set has those of a cold process, any other data set has the rest. */
export const OPERATIONS = [...WARM_OPERATIONS, ...COLD_OPERATIONS] as const;
export type Operation = (typeof OPERATIONS)[number];

export const ABOUT_OPERATIONS: Readonly<Record<Operation, string>> = {
  insert: 'inserts new keys; memory, pauses and stalls are measured here',
  load: 'inserts all entries into another store by one call for that',
  get: 'looks up existing keys at random; the store hands out a copy or a reference, as it does',
  view: 'as get, but reads the value in place',
  miss: 'looks up missing keys, each next to an existing one',
  scan: 'visits all entries in order by the fastest way, and touches key and value',
  entries: 'visits all entries in order, and the store hands out key and value',
  'reverse-scan': 'as scan, in reverse order',
  range100: 'visits 100 entries from each of many random keys; counts entries per second',
  overwrite: 'writes new values for existing keys, with a skew towards a few keys',
  mixed: 'alternates get and overwrite',
  'delete-half': 'deletes half of the keys in random order',
  'cold-1k': 'opens the store and inserts the first thousand entries, in a process in which nothing has run before',
  'cold-10k': 'the same with ten thousand entries, the first thousand included',
  'cold-100k': 'the same with a hundred thousand entries',
  'cold-1m': 'the same with a million entries',
  'cold-get': 'the first thousand gets after these inserts',
};

export interface Measured {
  readonly operations: number;
  readonly seconds: number;
  /** Sum over the values that the operation read. Every contender must reach the same sum. */
  readonly sum: number;
}

const READS = 100_000;
const TINY = 10_000;
const RANGE = 100;
const RANGES = 2000;
/** A small data set is scanned repeatedly, until about this many entries are visited. */
const SCANNED = 500_000;
const SCANS_MAX = 5;
export const OVERWRITE_VERSION = 1;
export const MIXED_VERSION = 2;

/** Whether an operation of a warm process is timed by {@link measure}. */
export function isMeasured(operation: Operation): operation is Exclude<Operation, 'insert' | 'load' | ColdOperation> {
  return operation !== 'insert' && operation !== 'load' && !COLD_OPERATIONS.some((cold) => cold === operation);
}

/** Operations that change the content. */
export const CHANGES: readonly Operation[] = ['overwrite', 'mixed', 'delete-half'];

/** The entries that an operation uses. Each operation has its own seed. */
export function entriesOf(operation: Operation, { entries }: DataSet): Uint32Array {
  // What is measured has enough reads to run warm. Tiny sets only prove that the content is right.
  const isTiny = entries < TINY;
  const reads = isTiny ? 2 * entries : READS;
  switch (operation) {
    case 'overwrite':
      return skewedPicks(reads, entries, 31);
    case 'delete-half':
      return shuffled(entries, 37).subarray(0, entries >> 1);
    case 'mixed':
      return picks(reads, entries, 41);
    case 'range100':
      return picks(isTiny ? Math.ceil(entries / 50) : RANGES, entries, 43);
    case 'miss':
      return picks(reads, entries, 47);
    default:
      return picks(reads, entries, 53);
  }
}

/** Times one operation of a loaded contender; undefined if the contender lacks it. */
export async function measure(
  operation: Exclude<Operation, 'insert' | 'load' | ColdOperation>,
  contender: Contender,
  input: Input,
  chunk: Chunk,
): Promise<Measured | undefined> {
  switch (operation) {
    case 'get':
      return read(operation, input, chunk, () => contender.get(chunk));
    case 'view':
      return contender.view && read(operation, input, chunk, () => contender.view?.(chunk) ?? 0);
    case 'miss':
      return contender.knows ? undefined : read(operation, input, chunk, () => contender.get(chunk));
    case 'scan':
      return scan(input, () => contender.scan());
    case 'entries':
      return scan(input, () => contender.entries());
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
