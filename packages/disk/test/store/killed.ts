/** A process that writes to a store and is killed at a random moment. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Durability } from '../../src/index.js';

/** What the process had reported when it was killed. */
export interface Report {
  /** Sequence of the last write that it found; undefined when it was killed before it had opened the store. */
  readonly begins: number | undefined;
  /** The last write of which it said that it was made. */
  readonly written: number;
}

/** Starts the process and kills it after so many reports and milliseconds. */
export async function runAndKill(
  directory: string,
  durability: Durability,
  afterReports: number,
  ms: number,
): Promise<Report> {
  const child = fork(join(__dirname, 'writer.mjs'), [directory, durability], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let begins: number | undefined;
  let written = 0;
  let reports = 0;
  child.on('message', (message: { begins?: number; written?: number }) => {
    if (message.begins !== undefined) begins = written = message.begins;
    else written = message.written!;
    if (++reports === afterReports) setTimeout(() => child.kill('SIGKILL'), ms);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('exit', (...how) => child.on('close', () => resolve(how)));
  });
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself with code ${code}`);
  return { begins, written };
}
