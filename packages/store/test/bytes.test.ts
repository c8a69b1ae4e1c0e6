/** A store as bytes, and back: `@memtable/store/bytes`. */
import { Worker } from 'node:worker_threads';
import { crc32c } from '@memtable/memtable/internal';
import { SortedTarget, survivesDamage } from '@memtable/testing';
import { fromBytes, toBytes } from '../src/bytes.js';
import { MemStore } from '../src/index.js';
import { orderedEncoding } from '../src/ordered.js';
import { error } from '../../testing/test/error.js';
import { expectSurvival, interrupt } from '../../testing/test/survival.js';

const filled = (count: number) => {
  const store = new MemStore();
  for (let i = 0; i < count; i++) store.put(`key ${(i * 7919) % count}`, 'x'.repeat((i * 31) % 300));
  for (let i = 0; i < count; i += 7) store.del(`key ${i}`);
  return store;
};

test('a store comes back from its bytes, and so do those of its snapshot', () => {
  for (const count of [0, 1, 2, 1000]) {
    const store = filled(count);
    const before = [...store];
    const snapshot = store.snapshot();
    store.clear({ gte: 'key 5' });
    store.put('new', 'entry');
    const copy = fromBytes(toBytes(store));
    expect([...copy]).toEqual([...store]);
    copy.verify();
    expect([...fromBytes(toBytes(store, { snapshot }))]).toEqual(before);
    snapshot.close();
    expect(store.stats().pins).toEqual([]);
  }
});

test('the bytes are those of the drawing, the same for the same entries', () => {
  const store = MemStore.from([['k', 'vvvv']]);
  const bytes = toBytes(store);
  expect(Buffer.from(bytes.subarray(0, 12)).toString('latin1')).toBe('memstore\x01\0\0\0');
  expect(Buffer.from(bytes.subarray(12, 16)).readUInt32LE()).toBe(crc32c(bytes, 16));
  expect(Buffer.from(bytes.subarray(16)).toString('latin1')).toBe('\x01\x04kvvvv');
  expect(bytes.buffer.byteLength).toBe(bytes.length);
  store.put('k', 'v').put('k', 'vvvv').del('a');
  expect(toBytes(store)).toEqual(bytes);
});

test('encodings and order are those of the new store', () => {
  const keyEncoding = orderedEncoding<[string, number]>();
  const store = new MemStore<[string, number], { n: number }>({ keyEncoding, valueEncoding: 'json' });
  for (let n = 0; n < 20; n++) store.put(['a', n], { n });
  const bytes = toBytes(store);
  const same = fromBytes<[string, number], { n: number }>(bytes, { keyEncoding, valueEncoding: 'json' });
  expect([...same]).toEqual([...store]);
  const comparator = (a: Uint8Array, b: Uint8Array) => Buffer.compare(b, a);
  const options = { keyEncoding, valueEncoding: 'json', comparator } as const;
  const backward = fromBytes<[string, number], { n: number }>(bytes, options);
  expect([...backward.keys()]).toEqual([...store.keys()].reverse());
  backward.verify();
});

test('they have a buffer of their own, which a worker can take over', async () => {
  const bytes = toBytes(filled(100));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     parentPort.postMessage([workerData.length, workerData.buffer.byteLength]);`,
    { eval: true, workerData: bytes, transferList: [bytes.buffer] },
  );
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  expect(answer).toEqual([toBytes(filled(100)).length, toBytes(filled(100)).length]);
  expect(() => fromBytes(bytes)).toThrow(/^the argument of fromBytes has no bytes any more/);
  await worker.terminate();
});

test('a store with a target has no bytes: it lacks what has been flushed', () => {
  const store = new MemStore({ target: new SortedTarget() });
  expect(() => toBytes(store)).toThrow(error('MEMTABLE_BUFFER_ONLY', 'toBytes()'));
});

test('a store that has no room for the entries is not made', () => {
  const bytes = toBytes(MemStore.from([['a', 'x'.repeat(300_000)]]));
  const events: string[] = [];
  const make = () => fromBytes(bytes, { maxBytes: 128 << 10, onEvent: ({ type }) => events.push(type) });
  expect(make).toThrow(error('MEMTABLE_FULL'));
  expect(events).toEqual(['drop']);
  expect(() => fromBytes('memstore' as never)).toThrow(TypeError);
});

/** The bytes of some entries, with the right checksum. */
const forged = (...entries: number[]) => withChecksum(Uint8Array.from([...toBytes(new MemStore()), ...entries]));

function withChecksum(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length >= 16) new DataView(bytes.buffer).setUint32(12, crc32c(bytes, 16), true);
  return bytes;
}

test.each<[string, Uint8Array, string]>([
  ['no bytes', new Uint8Array(), '0 bytes are no store'],
  ['other bytes', new TextEncoder().encode('{"a": 1, "b": 2}'), "do not begin with 'memstore'"],
  ['another version', toBytes(new MemStore()).with(8, 2), 'the bytes at 8 say version 2'],
  ['a flipped bit', toBytes(filled(10)).with(40, 0), 'the bytes from 16 on have the checksum'],
  ['a cut', toBytes(filled(10)).slice(0, -1), 'the bytes from 16 on have the checksum'],
  ['a length alone', forged(1), 'the entry at 16 has no lengths'],
  ['a length without an end', forged(0, 0, 255, 255, 255, 255, 255, 0), 'the entry at 18 has no lengths'],
  ['an entry that is too long', forged(3, 2, 1, 1), 'the entry at 16 ends at 23, the bytes at 20'],
  ['a key twice', forged(1, 0, 97, 1, 0, 97), '2 entries have 1 keys'],
])('%s: refused with MEMTABLE_MALFORMED and the place', (_, bytes, message) => {
  expect(() => fromBytes(bytes)).toThrow(error('MEMTABLE_MALFORMED', message));
});

describe('damaged bytes', () => {
  const harness = {
    use: (store: MemStore) => {
      store.verify();
      const bytes = toBytes(store);
      if (Buffer.compare(bytes, toBytes(fromBytes(bytes))) !== 0) throw new Error('other bytes');
      store.close();
    },
    sound: [0, 1, 10, 200].map((count) => toBytes(filled(count))),
    headBytes: 16,
    // Twenty times what a sound one takes, for a busy machine.
    msMax: (byteLength: number) => 50 + byteLength / 500,
    interrupt,
  };

  test('are refused by their checksum', () => {
    const { refused, accepted } = survivesDamage((bytes) => fromBytes(bytes), harness.use, {
      ...harness,
      numRuns: 1000,
    });
    expect(Object.keys(refused)).toEqual(['MEMTABLE_MALFORMED']);
    expect(accepted).toBeLessThan(100); // Not every mutation changes a byte.
  });

  test('with the right checksum are refused, or are a store', () => {
    const open = (bytes: Uint8Array<ArrayBuffer>) => fromBytes(withChecksum(bytes));
    expectSurvival('bytes of a store', { ...harness, open }, ['MEMTABLE_MALFORMED'], 1000);
  });
});
