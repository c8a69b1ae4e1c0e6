/**
 * Consistent reads under snapshots: a report that takes its time while transfers go on beside it.
 *
 * Every transfer is a batch, so the sum of all accounts never changes. A reader that waits between its reads sees
 * accounts of different moments, and its sum is wrong. A reader with a snapshot sees a single moment.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { MemStore, type StoreSnapshot } from '@memtable/store';

const ACCOUNTS = 200;
const store = new MemStore<string, number>({ valueEncoding: 'json' });
const accountKey = (i: number): string => `account/${String(i).padStart(4, '0')}`;
for (let i = 0; i < ACCOUNTS; i++) store.put(accountKey(i), 100);

function transfer(from: string, to: string, amount: number): void {
  store.batch([
    { type: 'put', key: from, value: store.get(from)! - amount },
    { type: 'put', key: to, value: store.get(to)! + amount },
  ]);
}

/** Reads ten accounts at a time and waits in between, as a report does that sends page after page to a client. */
async function sumOf(snapshot?: StoreSnapshot): Promise<number> {
  let sum = 0;
  let last = '';
  for (;;) {
    const page = [...store.entries({ gt: last, limit: 10, snapshot })];
    if (page.length === 0) return sum;
    for (const [key, balance] of page) {
      sum += balance;
      last = key;
    }
    await pause(1);
  }
}

/** Moves money from the account that a report reads last to the one that it reads first. */
const transfers = setInterval(() => transfer(accountKey(ACCOUNTS - 1), accountKey(0), 1), 1);

console.log(`without a snapshot the sum is right: ${(await sumOf()) === ACCOUNTS * 100}`);
{
  using snapshot = store.snapshot(); // closed at the end of the block; its old versions can go then
  console.log(`with a snapshot the sum is right: ${(await sumOf(snapshot)) === ACCOUNTS * 100}`);
  console.log(`old versions are held for it: ${store.stats().heldBytes > 0}`);
}
console.log(`after it has been closed: ${store.stats().heldBytes} bytes`);
clearInterval(transfers);
store.close();

// Prints:
// without a snapshot the sum is right: false
// with a snapshot the sum is right: true
// old versions are held for it: true
// after it has been closed: 0 bytes
