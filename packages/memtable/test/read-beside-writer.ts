import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The report of `shared-readers.mjs`. */
export interface ReadersReport {
  readonly tables: number;
  readonly reads: number;
  readonly attaches: number;
  /** Number of wrong answers, and the first of them. */
  readonly wrong: number;
  readonly first?: string;
}

/** Lets threads read beside a writer for `ms` milliseconds, in a process of their own. */
export function readBesideWriter(layout: 'compact' | 'leveldb', ms: number): ReadersReport {
  const script = join(__dirname, 'shared-readers.mjs');
  const printed = execFileSync(process.execPath, [script, layout, String(ms)], { encoding: 'utf8' });
  return JSON.parse(printed) as ReadersReport;
}
