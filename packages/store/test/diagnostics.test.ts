import { failingOnce, listenToFlushes, TWO_ATTEMPTS } from '../../memtable/test/flush-traces.js';
import { MemStore } from '../src/index.js';

test('MemStore traces each attempt of a flush', async () => {
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
