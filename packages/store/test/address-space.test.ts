/** How much address space stores take, and what they say when the system has none left. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { error } from '../../testing/test/error.js';
import { MemStore } from '../src/index.js';

const GIB = 1 << 30;

/** Runs a program of this directory over the built packages, with at most that much address space. */
function run(program: string, bytes: number): Record<string, unknown> {
  const command = `ulimit -v ${bytes / 1024}; exec "$0" "$1"`;
  const printed = execFileSync('/bin/sh', ['-c', command, process.execPath, join(__dirname, program)], {
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Record<string, unknown>;
}

const onUnix = process.platform === 'linux' ? test : test.skip;

onUnix('fifty stores of default options and 6 MiB live in a process of 3 GB', () => {
  const { bytes, entries, arrayBuffers } = run('fifty-stores.mjs', 3 * GIB);
  expect(bytes).toBeGreaterThan(50 * (6 << 20));
  expect(entries).toBe(50 * Math.ceil((6 << 20) / 1016));
  expect(arrayBuffers).toBeLessThan(GIB / 2);
});

onUnix('a store that the system refuses address space says so, keeps its data, and stays sound', () => {
  const found = run('address-space.mjs', 1.5 * GIB);
  expect(found).toMatchObject({ name: 'MemTableError', code: 'MEMTABLE_FULL', cause: 'ARENA_OUT_OF_MEMORY' });
  expect(found.message).toMatch(
    /^no room for \d+ bytes: the system has no buffer of \d+ bytes to move to, though only \d+ of 2146435072 bytes are/,
  );
  expect(found.bytes).toBeGreaterThan(8 << 20);
});

test('a store that is full by maxBytes does not blame the system', () => {
  const store = new MemStore({ maxBytes: 1 << 20 });
  const fill = () => {
    for (let i = 0; ; i++) store.put(String(i), 'v'.repeat(1000));
  };
  expect(fill).toThrow(error('MEMTABLE_FULL', 'of 1048576 bytes are in use'));
  expect(() => store.put('k', 'v'.repeat(2 << 20))).toThrow(/^no room for \d+ bytes: \d+ of/);
});

test.each([
  [{ reserveBytes: 4095 }, 'reserveBytes must be a whole number from 4096 to 2146435072: 4095'],
  [{ reserveBytes: 2 ** 31 }, 'reserveBytes must be a whole number from 4096 to 2146435072: 2147483648'],
  [{ reserveBytes: '1' as never }, "reserveBytes must be a whole number from 4096 to 2146435072: '1'"],
  [{ blockBytes: 63 }, 'blockBytes must be a multiple of 8 from 64 to 268304384, a sixteenth of maxBytes: 63'],
  [{ blockBytes: 8200, maxBytes: 131072 }, 'a multiple of 8 from 64 to 8192, a sixteenth of maxBytes: 8200'],
])('a store refuses %p with its own code', (options, message) => {
  expect(() => new MemStore(options)).toThrow(error('MEMTABLE_INVALID_OPTION', message));
});

test.each([
  [{ reserveBytes: 4096 }],
  [{ blockBytes: 64 }],
  [{ blockBytes: 8192, maxBytes: 131072 }],
  [{ blockBytes: 8192, maxBytes: 131072, target: { write: async () => {} } }],
])('a store takes %p, and puts', (options) => {
  const store = new MemStore(options);
  for (let i = 0; i < 100; i++) store.put(`k${i}`, 'v'.repeat(20));
  store.verify();
  expect(store.get('k7')).toBe('v'.repeat(20));
  store.close({ discard: true });
});
