/** Stores, snapshots, tables and lists refuse to be cloned or posted. They would arrive as objects without methods. */
import { MessageChannel } from 'node:worker_threads';
import { inspect } from 'node:util';
import { MemTable, MemTableList } from '@memtable/memtable';
import { SortedTarget } from '@memtable/testing';
import { MemStore } from '../src/index.js';

const objects: Record<string, { make: () => object; advice: string }> = {
  MemStore: { make: () => new MemStore(), advice: 'post toBytes(store)' },
  StoreSnapshot: { make: () => new MemStore().snapshot(), advice: 'post toBytes(store, { snapshot })' },
  MemTable: { make: () => new MemTable(), advice: 'post table.arena.memory.buffer' },
  MemTableList: { make: () => new MemTableList({ target: new SortedTarget() }), advice: 'it belongs to one thread' },
};

describe.each(Object.keys(objects))('a %s', (name) => {
  const { make, advice } = objects[name];
  const refusal = `Symbol(a ${name}: ${advice}`;

  test('is not cloned, and the error says what to post', () => {
    for (const clone of [() => structuredClone(make()), () => structuredClone({ list: [make()] })]) {
      expect(clone).toThrow(expect.objectContaining({ name: 'DataCloneError' }) as Error);
      expect(clone).toThrow(expect.objectContaining({ message: expect.stringContaining(refusal) as string }) as Error);
    }
  });

  test('is not posted', () => {
    const { port1, port2 } = new MessageChannel();
    expect(() => port1.postMessage(make())).toThrow(
      expect.objectContaining({ message: expect.stringContaining(refusal) as string }) as Error,
    );
    port1.close();
    port2.close();
  });

  test('prints, compares and turns to JSON as before', () => {
    const object = make();
    expect(inspect(object)).not.toContain('uncloneable');
    expect(JSON.stringify(object)).not.toContain('uncloneable');
    expect({ ...object }).toEqual({ ...object });
  });
});

test('two stores with the same entries are equal for jest', () => {
  expect(MemStore.from([['a', '1']])).toEqual(MemStore.from([['a', '1']]));
  expect(MemStore.from([['a', '1']])).not.toEqual(MemStore.from([['a', '2']]));
});
