// Installs the workspace with the pnpm version that package.json pins, using nothing but node and npm.
// Does nothing when node_modules is at least as new as the lockfile.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installed = `${root}node_modules/.modules.yaml`;
const lockfile = `${root}pnpm-lock.yaml`;
if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) process.exit(0);

// The exact pin: another patch version would refuse to run in a project that pins this one.
const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
console.error(`installing the workspace with ${packageManager} (once)`);
const { status, error } = spawnSync('npx', ['-y', packageManager, 'install', '--frozen-lockfile'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  shell: process.platform === 'win32',
});
if (error) console.error(`npx could not be started: ${error.message}`);
// pnpm leaves the file alone when nothing had to change; without a new date the next run would install again.
if (status === 0) utimesSync(installed, new Date(), new Date());
process.exit(status ?? 1);
