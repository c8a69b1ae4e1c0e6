import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { median } from 'simple-statistics';
import { Chunk } from './chunk.js';
import { runCold } from './cold.js';
import { type Contender, openContender } from './contenders/contender.js';
import { contenderOf } from './contenders/index.js';
import type { DataSet } from './data-set.js';
import { Input } from './inputs.js';
import { load, loadAtOnce } from './load.js';
import { isMeasured, measure, type Measured, type Operation, OPERATIONS } from './operations.js';
import { collect, fullGc, type ProcessMemory, processMemory } from './process-memory.js';
import { prove } from './prove.js';

/** One contender with one data set, measured in its own process. */
export interface Case {
  readonly contender: string;
  readonly dataSet: DataSet;
  readonly operations: readonly Operation[];
}

/**
 * The entries of small data sets are first loaded into several stores, which hold about this many together. That warms
 * up the code, and the memory of all of them together stands out from that of the process.
 */
const WARM_UP_ENTRIES = 200_000;
/** Beyond this, the measured load is the only one: most of it runs warm. */
const SMALL_ENTRIES_MAX = 100_000;
const WARM_UPS_MAX = 20;

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
  /** A cold process has none. */
  readonly figures?: Figures;
}

export async function runCase({ contender: name, dataSet, operations }: Case, directory: string): Promise<CaseResult> {
  const kind = contenderOf(name);
  const open = (input: Input, name: string) => {
    const path = join(directory, name);
    mkdirSync(path);
    return openContender(kind, { input, directory: path });
  };
  if (dataSet.isCold) {
    const input = new Input(dataSet);
    return { digests: [], operations: await runCold(() => open(input, 'data'), kind, input) };
  }
  const digests = await prove(kind, dataSet, (input) => open(input, 'proof'));
  const input = new Input(dataSet);
  const chunk = new Chunk(kind, dataSet);
  collect();
  const empty = processMemory();
  const warmUps = warmUpsOf(dataSet);
  const stores: Contender[] = [];
  for (let i = 0; i < warmUps; i++) {
    const store = await open(input, `warm-up-${i}`);
    await load(store, input, chunk);
    stores.push(store);
  }
  let memory = warmUps > 0 ? growthSince(empty, chunk, warmUps) : undefined;
  // Every operation runs once before it is measured, or the figures of small sets would be those of the interpreter.
  if (stores.length > 0) await runAll(stores[0]);
  for (const store of stores.splice(0)) await store.close();
  if (warmUps > 0 && operations.includes('load')) await loadAtOnce(await open(input, 'warm-up-load'), kind, input);
  collect();
  const contender = await open(input, 'data');
  const { measured, ...stalls } = await load(contender, input, chunk);
  memory ??= growthSince(empty, chunk, 1);
  const accountedBytes = contender.bytes?.();
  const figures: Figures = {
    ...(accountedBytes === undefined ? {} : { accountedBytes }),
    heapBytes: memory.heap,
    residentBytes: memory.resident,
    ...stalls,
    fullGcMs: median([1, 2, 3].map(() => timeOf(fullGc))),
  };

  const found: CaseResult['operations'] = { insert: measured, ...(await runAll(contender)) };
  await contender.close();
  if (operations.includes('load')) {
    const result = await loadAtOnce(await open(input, 'load'), kind, input);
    if (result !== undefined) found.load = result;
  }
  return { digests, operations: found, figures };

  async function runAll(store: Contender): Promise<CaseResult['operations']> {
    const results: CaseResult['operations'] = {};
    for (const operation of OPERATIONS) {
      if (!isMeasured(operation) || !operations.includes(operation)) continue;
      const result = await measure(operation, store, input, chunk);
      if (result !== undefined) results[operation] = result;
    }
    return results;
  }
}

/** Memory of one of several equal stores, after a collection. */
function growthSince(empty: ProcessMemory, chunk: Chunk, stores: number): ProcessMemory {
  chunk.clear();
  collect();
  const { heap, resident } = processMemory();
  return { heap: (heap - empty.heap) / stores, resident: (resident - empty.resident) / stores };
}

/** The number of loads before the measured one. */
export function warmUpsOf({ entries }: DataSet): number {
  return entries > SMALL_ENTRIES_MAX ? 0 : Math.min(WARM_UPS_MAX, Math.floor(WARM_UP_ENTRIES / entries));
}

function timeOf(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}
