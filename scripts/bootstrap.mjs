// Installs the workspace. Does nothing when node_modules is at least as new as the lockfile.
import { existsSync, statSync, utimesSync } from 'node:fs';
import { packageManager, pnpm, root } from './pnpm.mjs';

const installed = `${root}node_modules/.modules.yaml`;
const lockfile = `${root}pnpm-lock.yaml`;
if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) process.exit(0);

console.error(`installing the workspace with ${packageManager} (once)`);
const status = pnpm(['install', '--frozen-lockfile'], ['ignore', 'inherit', 'inherit']);
// pnpm leaves the file alone when nothing had to change; without a new date the next run would install again.
if (status === 0) utimesSync(installed, new Date(), new Date());
process.exit(status);
