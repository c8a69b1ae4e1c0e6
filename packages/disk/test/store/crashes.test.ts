/** A crash before every operation on a file, in histories of writes, waits for the disk, and checkpoints. */
import { assertDurableStore, durableStoreConformance, MemoryFiles } from '@memtable/testing';
import { type Files, openStore } from '../../src/index.js';
import { diskStoreHarness } from './harness.js';

const seed = Number(process.env.MEMTABLE_SEED);

/** `npm run test:long` makes a million. */
test('a crash before any operation loses nothing that was durable', async () => {
  const { crashes, opened } = await assertDurableStore(diskStoreHarness(), { numRuns: 5, seed });
  process.stdout.write(`crashes: ${crashes}, lost: 0 (${opened} different states of the files)\n`);
  expect(crashes).toBeGreaterThan(10_000);
}, 600_000);

test('a checkpoint whose edit was not synced by the process that was killed, and a power cut while the next one opens', async () => {
  let killed: MemoryFiles | undefined;
  let isWatched = false;
  const files = new MemoryFiles({
    onOperation({ kind, name }, at) {
      if (isWatched && kind === 'sync' && name.startsWith('MANIFEST')) killed ??= at.copy();
    },
  });
  const store = await openStore(files);
  for (let i = 0; i < 5; i++) store.put(`key ${i}`, 'v'.repeat(100));
  isWatched = true;
  const checkpoint = store.checkpoint();
  store.put('more', '1');
  await checkpoint;
  const cut: MemoryFiles[] = [];
  const next = await openStore(
    killed!.copy({
      onOperation(_, at) {
        for (let each = 0; each < 50; each++) cut.push(at.crash(each));
      },
    }),
  );
  expect(next.size).toBe(6);
  for (const each of cut) expect((await openStore(each)).size).toBeLessThanOrEqual(6);
});

describe('DiskStore without a level of durability', () => {
  durableStoreConformance({ describe, it, ...diskStoreHarness({ durability: 'memory' }), numRuns: 1, seed });
});

describe('the suite finds a store that leaves out', () => {
  /** Files that do not sync what has such a name. */
  const lazy = (files: MemoryFiles, pattern: RegExp): Files => ({
    makeDirectory: () => files.makeDirectory(),
    list: () => files.list(),
    open: (name) => files.open(name),
    async create(name) {
      const file = await files.create(name);
      return pattern.test(name) ? { ...file, async sync() {} } : file;
    },
    syncFile: async (name) => (pattern.test(`file ${name}`) ? undefined : files.syncFile(name)),
    rename: (from, to) => files.rename(from, to),
    remove: (name) => files.remove(name),
    syncDirectory: async () => (pattern.test('directory') ? undefined : files.syncDirectory()),
    lock: (name) => files.lock(name),
  });

  test.each([
    ['the sync of logs', /^\d+\.log/],
    ['the sync of logs that another process wrote', /^file .*log$/],
    ['the sync of tables', /ldb$/],
    ['the sync of the MANIFEST', /^MANIFEST/],
    ['the sync of the next CURRENT', /dbtmp$/],
    ['the sync of the directory', /^directory$/],
  ])('%s', async (_, pattern) => {
    const { open, supports } = diskStoreHarness();
    // The suite gives files that it made itself; the store takes those that leave something out.
    const harness = { supports, open: (files: MemoryFiles) => open(lazy(files, pattern) as MemoryFiles) };
    await expect(assertDurableStore(harness, { numRuns: 20, seed })).rejects.toThrow(/ of seed \d+, /);
  });
});
