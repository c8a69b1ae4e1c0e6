// Runs the pnpm version that package.json pins, using nothing but node and npm.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
// The exact pin: another patch version would refuse to run in a project that pins this one.
export const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Runs it at the root of the workspace. Returns its exit code. */
export function pnpm(args, stdio = 'inherit') {
  const options = { cwd: root, stdio, shell: process.platform === 'win32' };
  const { status, error } = spawnSync('npx', ['-y', packageManager, ...args], options);
  if (error) console.error(`npx could not be started: ${error.message}`);
  return status ?? 1;
}
