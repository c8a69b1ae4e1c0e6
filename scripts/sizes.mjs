// Prints the size of every public package: all that it exports, bundled and minified by esbuild, and gzipped; `alone`
// is gzipped without the other packages. What others publish (abstract-level, fast-check) is never inside. An
// argument names a directory in which the packages are installed; by default they are the workspace's, as built.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publicPackages } from './packages.mjs';
import { root } from './pnpm.mjs';

const manifests = publicPackages.map(({ manifest }) => manifest);
const names = manifests.map((manifest) => manifest.name);
const foreign = manifests
  .flatMap((manifest) => Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
  .filter((name) => !names.includes(name));

async function bundle(name, external) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${name}';`, resolveDir: process.argv[2] ?? root },
    bundle: true,
    external,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
  });
  return outputFiles[0].contents;
}

const row = (name, ...cells) => console.log(name.padEnd(20), ...cells.map((cell) => cell.padStart(9)));
const kB = (bytes) => `${(bytes.length / 1000).toFixed(1)} kB`;

row('', 'minified', 'gzipped', 'alone');
for (const name of names) {
  const whole = await bundle(name, foreign);
  const alone = await bundle(name, [...foreign, ...names.filter((other) => other !== name)]);
  row(name, kB(whole), kB(gzipSync(whole)), kB(gzipSync(alone)));
}
