import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Case, CaseResult } from './run-case.js';
import { dataSetName } from './data-set.js';
import { LEVELDB_MEMTABLE, runLeveldbMemtable } from './native/leveldb-memtable.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));
const ERROR_CHARACTERS = 2000;

/** Runs a case in its own process. @throws Error with the error output of a failed process */
export async function spawnCase(one: Case): Promise<CaseResult> {
  const directory = mkdtempSync(join(tmpdir(), 'memtable-bench-'));
  let child: ChildProcess | undefined;
  const cleanUp = () => {
    child?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  try {
    if (one.contender === LEVELDB_MEMTABLE.name) return runLeveldbMemtable(one, directory);
    return await new Promise((resolve, reject) => {
      child = fork(CHILD, [JSON.stringify(one), directory], {
        // Each forced collection would discard the code that has not run since the one before, compiled code included.
        execArgv: ['--expose-gc', '--no-flush-bytecode', '--max-old-space-size=8192'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      let result: CaseResult | undefined;
      let errors = '';
      child.on('message', (message) => (result = message as CaseResult));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (result !== undefined && code === 0) return resolve(result);
        const how = signal === null ? `exited with ${code}` : `was killed by ${signal}`;
        const name = `${one.contender} with ${dataSetName(one.dataSet)}`;
        reject(new Error(`${name} ${how}: ${errors.trim().slice(-ERROR_CHARACTERS)}`));
      });
    });
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
}
