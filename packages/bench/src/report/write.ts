import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Results } from './results.js';

export const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
/** Where results are written to; tests have a place of their own. */
export const RESULTS = process.env.MEMTABLE_BENCH_RESULTS ?? join(PACKAGE, 'results');

export function writeResults(name: string, results: Results): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}

/** @throws Error that names the file when it is missing or no JSON */
export function readResults(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch (error) {
    throw new Error(`cannot read the results of an earlier run: ${(error as Error).message}`, { cause: error });
  }
}
