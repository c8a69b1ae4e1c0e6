import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What `shared-readers.mjs` says. */
export interface ReadersReport {
  readonly tables: number;
  readonly reads: number;
  readonly attaches: number;
  /** Answers that were not right, and the first of them. */
  readonly wrong: number;
  readonly first?: string;
}

/** Lets threads read what another one writes, in a process of their own, for so long. */
export function readBesideWriter(layout: 'compact' | 'leveldb', ms: number): ReadersReport {
  const script = join(__dirname, 'shared-readers.mjs');
  const printed = execFileSync(process.execPath, [script, layout, String(ms)], { encoding: 'utf8' });
  return JSON.parse(printed) as ReadersReport;
}
