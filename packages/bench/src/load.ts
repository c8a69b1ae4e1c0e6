import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { Chunk, CHUNK_ENTRIES, type Key, type Value } from './chunk.js';
import type { Contender, ContenderKind } from './contenders/contender.js';
import type { Input } from './inputs.js';
import type { Measured } from './operations.js';

export interface Load {
  readonly measured: Measured;
  readonly longestPauseMs: number;
  readonly pausesMs: number;
  /** The longest turn of the event loop: preparing and inserting a chunk of 1000 entries. */
  readonly longestStallMs: number;
}

/** Inserts all entries in chunks. Times only the inserts. The event loop turns after each chunk. */
export async function load(contender: Contender, input: Input, chunk: Chunk): Promise<Load> {
  const { order } = input;
  let milliseconds = 0;
  let longestStallMs = 0;
  const pauses: number[] = [];
  const observer = new PerformanceObserver((list) => pauses.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ entryTypes: ['gc'] });
  for (let from = 0; from < order.length; from += CHUNK_ENTRIES) {
    const turn = performance.now();
    chunk.fillEntries(input, order, from, 0);
    const start = performance.now();
    const done = contender.insert(chunk);
    if (done !== undefined) await done;
    const end = performance.now();
    milliseconds += end - start;
    await setImmediate();
    longestStallMs = Math.max(longestStallMs, performance.now() - turn);
  }
  const start = performance.now();
  const done = contender.finish?.();
  if (done !== undefined) await done;
  const finishMs = performance.now() - start;
  await setImmediate();
  pauses.push(...observer.takeRecords().map(({ duration }) => duration));
  observer.disconnect();
  return {
    measured: { operations: order.length, seconds: (milliseconds + finishMs) / 1000, sum: 0 },
    longestPauseMs: Math.max(0, ...pauses),
    pausesMs: pauses.reduce((sum, pause) => sum + pause, 0),
    longestStallMs: Math.max(longestStallMs, finishMs),
  };
}

/**
 * Times the load of all entries by one call, and closes the contender; undefined if it has no such call. The sum is
 * that of a scan afterwards.
 */
export async function loadAtOnce(
  contender: Contender,
  kind: ContenderKind,
  input: Input,
): Promise<Measured | undefined> {
  if (contender.load === undefined) {
    await contender.close();
    return undefined;
  }
  const { order } = input;
  const entries: [Key, Value][] = [];
  for (let from = 0; from < order.length; from += CHUNK_ENTRIES) {
    // Each chunk has its own bytes.
    const chunk = new Chunk(kind, input.dataSet);
    chunk.fillEntries(input, order, from, 0);
    for (let i = 0; i < chunk.count; i++) entries.push([chunk.keys[i], chunk.values[i]]);
  }
  const start = performance.now();
  const done = contender.load(entries);
  if (done !== undefined) await done;
  const seconds = (performance.now() - start) / 1000;
  const sum = await contender.scan();
  await contender.close();
  return { operations: order.length, seconds, sum };
}
