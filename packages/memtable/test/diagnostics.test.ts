import { channel, tracingChannel } from 'node:diagnostics_channel';
import { type LifecycleEvent, MemTableList } from '../src/index.js';
import { utf8 } from './bytes.js';

test('what happens in a list is published, and each attempt of a flush is traced', async () => {
  const events: LifecycleEvent[] = [];
  const messages: unknown[] = [];
  const listen = (message: unknown) => messages.push(message);
  channel('memtable:list').subscribe(listen);
  const seen: string[] = [];
  const note = (name: string) => (context: object) => {
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
  let attempts = 0;
  const write = async () => {
    if (++attempts === 1) throw new Error('no');
  };
  const list = new MemTableList({ target: { write }, retryMs: 1, onEvent: (event) => events.push(event) });
  await list.put(utf8('a'), utf8('b'));
  await list.flush();
  await list.close();
  channel('memtable:list').unsubscribe(listen);
  tracingChannel('memtable:flush').unsubscribe(subscribers);
  expect(events.map(({ type }) => type)).toEqual(['freeze', 'flush-error', 'flush', 'drop']);
  expect(messages).toEqual(events.map((event) => ({ list, ...event })));
  expect(seen).toEqual([
    ...['start', 'end', 'error: Error: no', 'asyncStart: Error: no', 'asyncEnd: Error: no'],
    ...['start', 'end', 'asyncStart, done', 'asyncEnd, done'],
  ]);
});
