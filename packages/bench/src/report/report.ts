import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { growthPlot, memoryPlot, speedPlot } from './plots.js';
import { generatedPart, withGenerated } from './readme.js';
import type { Results } from './results.js';
import { PACKAGE, readResults, RESULTS } from './write.js';

const README = join(PACKAGE, 'README.md');

/** Draws the plots and writes the generated part of the README, from the stored results. */
export async function writeReport(): Promise<void> {
  const full = ofFile('full');
  const growth = ofFile('growth');
  const leveldb = ofFile('leveldb');
  if (full !== undefined) {
    const [main] = full.dataSets;
    writeFileSync(join(RESULTS, `${main.name}-speed.svg`), `${await speedPlot(main)}\n`);
    writeFileSync(join(RESULTS, `${main.name}-memory.svg`), `${await memoryPlot(main)}\n`);
  }
  if (growth !== undefined) writeFileSync(join(RESULTS, 'growth.svg'), `${await growthPlot(growth)}\n`);
  const readme = withGenerated(readFileSync(README, 'utf8'), generatedPart({ full, growth, leveldb }));
  writeFileSync(README, await format(readme, { ...(await resolveConfig(README)), parser: 'markdown' }));
}

function ofFile(name: string): Results | undefined {
  const path = join(RESULTS, `${name}.json`);
  return existsSync(path) ? readResults(path) : undefined;
}
