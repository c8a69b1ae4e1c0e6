import { channel } from 'node:diagnostics_channel';
import { type LifecycleEvent, MemTableList } from '../src/index.js';
import { utf8 } from './bytes.js';
import { failingOnce, listenToFlushes, TWO_ATTEMPTS } from './flush-traces.js';

test('MemTableList publishes its events on memtable:list and traces each flush attempt', async () => {
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
