import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { diskPart, type DiskResults } from '../disk/results.js';
import { coldPlot, growthPlot, memoryPlot, speedPlot } from './plots.js';
import { generatedPart, withGenerated } from './readme.js';
import { dataSetsOf, type Origin, type Results } from './results.js';
import { winners } from './winners.js';
import { PACKAGE, readResults, RESULTS } from './write.js';

const README = join(PACKAGE, 'README.md');
const HOUSE_README = join(PACKAGE, '../../README.md');
const DISK_README = join(PACKAGE, '../disk/README.md');

/** Draws the plots and writes the generated parts of the READMEs, from the stored results. */
export async function writeReport(): Promise<void> {
  const full = ofFile('full');
  if (full !== undefined) {
    const main = dataSetsOf(full, 'main');
    const defaults = dataSetsOf(full, 'defaults');
    const largest = main.at(-1)!;
    const plots = {
      'main-speed': speedPlot(largest),
      'main-memory': memoryPlot(largest),
      growth: growthPlot(main),
      cold: coldPlot(dataSetsOf(full, 'cold')[0], defaults),
    };
    for (const [name, plot] of Object.entries(plots)) writeFileSync(join(RESULTS, `${name}.svg`), `${await plot}\n`);
  }
  for (const [path, text] of await readmes()) writeFileSync(path, text);
}

/** The READMEs with tables from the stored results, by their paths. */
export async function readmes(): Promise<Map<string, string>> {
  const full = ofFile('full');
  const leveldb = ofFile('leveldb');
  const texts = new Map([[README, await rewritten(README, generatedPart({ full, leveldb }))]]);
  if (full !== undefined) texts.set(HOUSE_README, await rewritten(HOUSE_README, winners(full, leveldb)));
  const disk = ofFile<DiskResults>('disk');
  if (disk !== undefined) texts.set(DISK_README, await rewritten(DISK_README, diskPart(disk)));
  return texts;
}

async function rewritten(path: string, generated: string): Promise<string> {
  const text = withGenerated(readFileSync(path, 'utf8'), generated);
  return format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
}

function ofFile<T extends Origin = Results>(name: string): T | undefined {
  const path = join(RESULTS, `${name}.json`);
  return existsSync(path) ? readResults<T>(path) : undefined;
}
