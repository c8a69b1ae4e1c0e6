import { channel, tracingChannel } from 'node:diagnostics_channel';
import { type LifecycleEvent, MemStore, MemTableList } from '../src/index.js';
import { utf8 } from './bytes.js';

/** The channels of the flushes from now on, in the order in which they are used. */
function listenToFlushes(): { seen: string[]; contexts: Set<unknown>; stop: () => void } {
  const seen: string[] = [];
  const contexts = new Set<unknown>();
  const note = (name: string) => (context: object) => {
    contexts.add(context);
    const { error, result } = context as { error?: Error; result?: object };
    seen.push(error !== undefined ? `${name}: ${String(error)}` : result !== undefined ? `${name}, done` : name);
  };
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  };
  tracingChannel('memtable:flush').subscribe(subscribers);
  return { seen, contexts, stop: () => tracingChannel('memtable:flush').unsubscribe(subscribers) };
}

/** What each of them tells when the first attempt fails and the second does not. */
const TWO_ATTEMPTS = [
  ...['start', 'end', 'error: Error: no', 'asyncStart: Error: no', 'asyncEnd: Error: no'],
  ...['start', 'end', 'asyncStart, done', 'asyncEnd, done'],
];

function failingOnce(): { write: () => Promise<void> } {
  let attempts = 0;
  return {
    write: async () => {
      if (++attempts === 1) throw new Error('no');
    },
  };
}

test('what happens in a list is published, and each attempt of a flush is traced', async () => {
  const events: LifecycleEvent[] = [];
  const messages: unknown[] = [];
  const listen = (message: unknown) => messages.push(message);
  channel('memtable:list').subscribe(listen);
  const { seen, stop } = listenToFlushes();
  const list = new MemTableList({ target: failingOnce(), retryMs: 1, onEvent: (event) => events.push(event) });
  await list.put(utf8('a'), utf8('b'));
  await list.flush();
  await list.close();
  channel('memtable:list').unsubscribe(listen);
  stop();
  expect(events.map(({ type }) => type)).toEqual(['freeze', 'flush-error', 'flush', 'drop']);
  expect(messages).toEqual(events.map((event) => ({ list, ...event })));
  expect(seen).toEqual(TWO_ATTEMPTS);
});

test('so is each attempt of a flush of a store', async () => {
  const { seen, contexts, stop } = listenToFlushes();
  const store = new MemStore({ target: failingOnce(), retryMs: 1 });
  store.put('a', 'b');
  store.del('c');
  await store.flush();
  stop();
  expect(seen).toEqual(TWO_ATTEMPTS);
  for (const context of contexts) expect(context).toMatchObject({ store, table: 1, entryCount: 2 });
  expect(contexts.size).toBe(2);
  store.close();
});
