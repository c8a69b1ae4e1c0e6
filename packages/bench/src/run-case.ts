import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { median } from 'simple-statistics';
import { Chunk } from './chunk.js';
import { contenderOf } from './contenders/index.js';
import type { DataSet } from './data-set.js';
import { Input } from './inputs.js';
import { load } from './load.js';
import { measure, type Measured, type Operation, OPERATIONS } from './operations.js';
import { prove } from './prove.js';

/** One contender with one data set, measured in its own process. */
export interface Case {
  readonly contender: string;
  readonly dataSet: DataSet;
  readonly operations: readonly Operation[];
}

/** A case of at most this many entries first loads about this many as a warm-up, in at most WARM_UPS_MAX loads. */
const WARM_UP_ENTRIES = 100_000;
const WARM_UPS_MAX = 5;

/** Memory, pauses and stalls of the load. */
export interface Figures {
  readonly accountedBytes?: number;
  /** Growth of heap and external memory, after a full collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly longestPauseMs: number;
  readonly pausesMs: number;
  /** Duration of a full collection while all data is live. */
  readonly fullGcMs: number;
  readonly longestStallMs: number;
}

export interface CaseResult {
  readonly digests: readonly string[];
  readonly operations: Partial<Record<Operation, Measured>>;
  readonly figures: Figures;
}

export async function runCase({ contender: name, dataSet, operations }: Case, directory: string): Promise<CaseResult> {
  const kind = contenderOf(name);
  const digests = await prove(kind, dataSet, emptyDirectory(directory, 'proof'));

  const input = new Input(dataSet);
  const chunk = new Chunk({ keys: kind.keys, fresh: kind.keeps === 'references' });
  // A small load would end before V8 has optimized the code.
  const warmUps = dataSet.entries > WARM_UP_ENTRIES ? 0 : Math.min(WARM_UPS_MAX, WARM_UP_ENTRIES / dataSet.entries);
  for (let i = 0; i < warmUps; i++) {
    const contender = await kind.open({ input, directory: emptyDirectory(directory, `warm-up-${i}`) });
    await load(contender, input, chunk);
    await contender.close();
  }
  chunk.clear();
  collect();
  const before = memory();
  const contender = await kind.open({ input, directory: emptyDirectory(directory, 'data') });
  const { measured, ...stalls } = await load(contender, input, chunk);
  chunk.clear();
  collect();
  const after = memory();
  const accountedBytes = contender.bytes?.();
  const figures: Figures = {
    ...(accountedBytes === undefined ? {} : { accountedBytes }),
    heapBytes: after.heap - before.heap,
    residentBytes: after.resident - before.resident,
    ...stalls,
    fullGcMs: median([1, 2, 3].map(() => timeOf(fullGc))),
  };

  const found: CaseResult['operations'] = { insert: measured };
  for (const operation of OPERATIONS) {
    if (operation === 'insert' || !operations.includes(operation)) continue;
    const result = await measure(operation, contender, input, chunk);
    if (result !== undefined) found[operation] = result;
  }
  await contender.close();
  return { digests, operations: found, figures };
}

/** Collects twice, because V8 frees a buffer only after the collection that found it unused. */
function collect(): void {
  fullGc();
  fullGc();
}

function fullGc(): void {
  if (globalThis.gc === undefined) throw new Error('node --expose-gc is needed');
  void globalThis.gc();
}

function memory(): { heap: number; resident: number } {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

function timeOf(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

function emptyDirectory(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}
