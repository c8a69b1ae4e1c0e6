import { type Chunk, CHUNK_ENTRIES } from './chunk.js';
import type { Contender, Sum } from './contenders/contender.js';
import type { DataSet } from './data-set.js';
import type { Input } from './inputs.js';
import { picks, shuffled, skewedPicks } from './random.js';

/** In the order in which a process measures them; the last three change what is there. */
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
  insert: 'new keys; memory, pauses and stalls are of this operation',
  get: 'random keys that are there, the value copied out',
  view: 'the same, the value as it comes: a view, a reference, a copy where there is nothing else',
  miss: 'keys that are not there, next to those that are',
  scan: 'all entries in order, one byte of each value touched',
  'reverse-scan': 'the same from the end',
  range100: 'from random keys on 100 entries each; entries a second',
  overwrite: 'new values for keys that are there, a few keys far more often than most',
  mixed: 'a get and an overwrite in turn',
  'delete-half': 'half of the keys in random order',
};

export interface Measured {
  readonly operations: number;
  readonly seconds: number;
  /** What the operation saw; the same for every contender. */
  readonly sum: number;
}

const READS = 100_000;
const RANGE = 100;
const RANGES = 2000;
/** A small table is scanned several times. */
const SCANNED = 500_000;
const SCANS_MAX = 5;
export const OVERWRITE_VERSION = 1;
export const MIXED_VERSION = 2;

/** Those that change what is there. */
export const CHANGES: readonly Operation[] = ['overwrite', 'mixed', 'delete-half'];

/** The entries that an operation goes to; a seed of its own for each. */
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

/** Runs one operation of a loaded contender against the clock; undefined when it does not have it. */
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

/** How often all of a data set is scanned. */
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
