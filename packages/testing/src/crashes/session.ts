import type { DurableStore, DurableStoreSupports, StoreOperation } from '../contract.js';
import type { LcgRandom } from '../lcg-random.js';
import type { History } from './history.js';

const STEPS = 14;
const KEYS = 12;
const utf8 = new TextEncoder();

/**
 * Uses a store as a program may: writes of one key and of several, waits for the disk, and two checkpoints at least,
 * during which the writes go on. It ends without `close()`.
 */
export async function runSession<T extends DurableStore>(
  open: () => Promise<T>,
  { write, checkpoint }: DurableStoreSupports<T>,
  history: History,
  random: LcgRandom,
): Promise<void> {
  const store = await open();
  history.durable = history.made; // What was found is known to be there.
  const pending: Promise<void>[] = [];
  const writeSome = async (): Promise<void> => {
    const operations = someOperations(history.count + 1, random);
    history.begin(operations);
    const count = history.count;
    await write(store, operations);
    history.made = Math.max(history.made, count);
  };
  const wait = async (): Promise<void> => {
    const count = history.made;
    await store.durable();
    history.durable = Math.max(history.durable, count);
  };
  for (let step = 0; step < STEPS; step++) {
    await writeSome();
    const choice = random.uniform(6);
    if (choice < 2) await wait();
    else if (choice === 2) pending.push(wait());
    if (checkpoint !== false && step % (STEPS / 2) === 4) {
      const running = checkpoint(store);
      for (let i = random.uniform(4); i > 0; i--) {
        await writeSome();
        if (random.oneIn(2)) await new Promise((goOn) => setTimeout(goOn, 0));
      }
      await running;
    }
  }
  await Promise.all(pending);
  await wait();
}

/** A write of one to three keys. Each value is new, so that contents differ. */
function someOperations(number: number, random: LcgRandom): StoreOperation[] {
  return Array.from({ length: random.oneIn(3) ? 3 : 1 }, (_, i) => {
    const key = utf8.encode(`key ${random.uniform(KEYS)}`);
    if (random.oneIn(5)) return { type: 'del', key };
    const bytes = random.oneIn(12) ? 700 : random.uniform(60);
    return { type: 'put', key, value: utf8.encode(`${number}.${i} `.padEnd(bytes, 'v')) };
  });
}
