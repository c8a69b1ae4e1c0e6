import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Origin, Results } from './results.js';

export const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
/** Directory of the results. Tests set their own. */
export const RESULTS = process.env.MEMTABLE_BENCH_RESULTS ?? join(PACKAGE, 'results');

export function writeResults(name: string, results: Origin): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}

/** @throws Error that names the file if it is missing, or that says why it is not JSON */
export function readResults<T extends Origin = Results>(path: string): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    throw new Error(`cannot read the results of an earlier run: ${(error as Error).message}`, { cause: error });
  }
}
