import { MemoryFiles } from '@memtable/testing';
import { openStore } from '../../src/index.js';

test('what is written is there when the store is opened again', async () => {
  const files = new MemoryFiles();
  const store = await openStore(files);
  store.put('a', '1');
  store.batch([
    { type: 'put', key: 'b', value: '2' },
    { type: 'put', key: 'c', value: '3' },
  ]);
  store.del('b');
  files.kill();
  const second = await openStore(files);
  expect([...second]).toEqual([
    ['a', '1'],
    ['c', '3'],
  ]);
  expect(second.stats().lastSequence).toBe(4);
  second.put('a', '1.1');
  await second.checkpoint();
  second.clear();
  second.put('d', '4');
  await second.close();
  const third = await openStore(files);
  expect([...third]).toEqual([['d', '4']]);
  third.verify();
  await third.close();
});
