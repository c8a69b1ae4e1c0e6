// Builds and tests the packed packages, then publishes those whose version is not in the registry yet. Arguments go to
// `pnpm publish`: with --dry-run it shows names, versions, files and sizes, and publishes nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { pnpm, root } from './pnpm.mjs';

const args = process.argv.slice(2);
const isDryRun = args.includes('--dry-run');

const changes = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
if (changes !== '') {
  console.error(`${isDryRun ? 'A release would refuse' : 'Refused: commit'} these changes:\n${changes}`);
  if (!isDryRun) process.exit(1);
}

const { status } = spawnSync('npm', ['run', '--silent', 'test:packed'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) process.exit(status ?? 1);

// pnpm too refuses a dirty tree, and a branch other than main.
process.exit(pnpm(['publish', '--recursive', ...args, ...(isDryRun ? ['--no-git-checks'] : [])]));
