import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packageRoot } from './package-root.js';

/** The files of the packages that the benchmark depends on, sorted: `vega/build/vega.js`. */
export function realPaths(): string[] {
  const paths = new Set<string>();
  for (const name of [
    'typescript',
    'vega',
    'vega-lite',
    'js-sdsl',
    'lmdb',
    'memory-level',
    'classic-level',
    'mitata',
  ]) {
    const root = packageRoot(name);
    if (root === undefined) continue;
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        paths.add(`${name}/${relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')}`);
    }
  }
  return [...paths].sort();
}
