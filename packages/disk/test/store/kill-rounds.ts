import { ClassicLevel } from 'classic-level';
import { LcgRandom } from '@memtable/testing';
import { type Durability, openStore } from '../../src/index.js';
import { runAndKill } from './killed.js';

/** Kills a writing process again and again; checks after each time what is there, here and by LevelDB. */
export async function killRounds(directory: string, level: Durability, rounds: number, seed: number): Promise<void> {
  const random = new LcgRandom(seed);
  let written = 0;
  for (let round = 0; round < rounds; round++) {
    const report = await runAndKill(
      directory,
      level,
      1 + random.uniform(level === 'disk' ? 150 : 2000),
      random.uniform(20),
    );
    written = Math.max(written, report.written);
    const store = await openStore(directory);
    const { lastSequence } = store.stats();
    // The last write may have been made and not reported.
    if (lastSequence < written) throw new Error(`round ${round}, seed ${seed}: ${lastSequence} of ${written} writes`);
    const found = [...store];
    expect(found).toEqual(contentAt(lastSequence));
    await store.close();
    const db = new ClassicLevel(directory);
    expect(await db.iterator().all()).toEqual(found);
    await db.close();
    written = lastSequence;
  }
}

/** What writer.mjs has written up to a sequence, in the order of the keys. */
function contentAt(sequence: number): [string, string][] {
  const content = new Map<string, string>();
  for (let i = Math.max(1, sequence - 999); i <= sequence; i++) content.set(`key ${i % 1000}`, `value ${i}`);
  return [...content].sort(([a], [b]) => (a < b ? -1 : 1));
}
