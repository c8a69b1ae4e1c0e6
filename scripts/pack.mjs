// Packs every public package into `dist/packed`: `npm install <path>/dist/packed/*.tgz` installs them all.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { publicPackages } from './packages.mjs';
import { pnpm, root } from './pnpm.mjs';

const target = join(root, 'dist/packed');
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const { directory } of publicPackages) {
  const status = pnpm(['--dir', directory, 'pack', '--pack-destination', target], ['ignore', 'ignore', 'inherit']);
  if (status !== 0) process.exit(status);
}
for (const name of readdirSync(target)) console.log(join('dist/packed', name));
