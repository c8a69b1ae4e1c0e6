import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { channel } from '../src/index.js';

type Exports = { channel: typeof channel };

test('channel() returns the channel of that name of node:diagnostics_channel', () => {
  const seen: unknown[] = [];
  const listen = (event: unknown) => seen.push(event);
  const some = channel<number>('memtable:test:some');
  expect(some.hasSubscribers).toBe(false);
  some.publish(1);
  subscribe('memtable:test:some', listen);
  expect(some.hasSubscribers).toBe(true);
  some.publish(2);
  unsubscribe('memtable:test:some', listen);
  some.publish(3);
  expect(seen).toEqual([2]);
  expect(channel('memtable:test:some')).toBe(some);
});

test('channel() returns a silent channel without that module', () => {
  const getBuiltinModule = Reflect.get(process, 'getBuiltinModule') as unknown;
  try {
    Reflect.set(process, 'getBuiltinModule', undefined);
    jest.isolateModules(() => {
      const { channel: silent } = jest.requireActual<Exports>('../src/channel.js');
      const some = silent('memtable:test:other');
      some.publish(1);
      expect(some.hasSubscribers).toBe(false);
      expect(some).not.toBe(channel('memtable:test:other'));
    });
  } finally {
    Reflect.set(process, 'getBuiltinModule', getBuiltinModule);
  }
});
