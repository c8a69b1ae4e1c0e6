/**
 * Orders that survive kill -9. Two workers die in the middle of their work. The third process goes on where they were,
 * and LevelDB itself reads the directory at the end.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@memtable/disk';
import { ClassicLevel } from 'classic-level';

/** Delivers what is left of 1,000 orders. @returns how many; a worker dies when it has delivered `countMax` */
async function deliver(directory: string, countMax = Infinity): Promise<number> {
  const store = await openStore(directory);
  const first = Number(store.get('next') ?? 0);
  for (let order = first; order < 1000; order++) {
    if (order - first === countMax) process.kill(process.pid, 'SIGKILL');
    // One batch: after a crash both writes are there, or neither.
    store.batch([
      { type: 'put', key: `order:${String(order).padStart(4, '0')}`, value: 'delivered' },
      { type: 'put', key: 'next', value: String(order + 1) },
    ]);
  }
  await store.close(); // All writes survive a power cut, too.
  return 1000 - first;
}

const [, program, workerDirectory] = process.argv;
if (workerDirectory !== undefined) await deliver(workerDirectory, 300);
else {
  const directory = await mkdtemp(join(tmpdir(), 'orders-'));
  for (const name of ['first', 'second']) {
    const { signal } = spawnSync(process.execPath, [program, directory]);
    console.log(`the ${name} worker ended with ${signal}`);
  }
  console.log(`this process delivered the last ${await deliver(directory)} orders`);
  const level = new ClassicLevel(directory);
  const orders = await level.keys({ gt: 'order:', lt: 'order;' }).all();
  console.log(`LevelDB reads ${orders.length} orders, from ${orders[0]} to ${orders.at(-1)}`);
  await level.close();
  await rm(directory, { recursive: true });
}

// Prints:
// the first worker ended with SIGKILL
// the second worker ended with SIGKILL
// this process delivered the last 400 orders
// LevelDB reads 1000 orders, from order:0000 to order:0999
