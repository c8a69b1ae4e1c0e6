/** A log that was cut at any byte, or of which any byte is another: a prefix, or an error with a code. */
import { MemoryFiles } from '@memtable/testing';
import { DiskError, openStore } from '../../src/index.js';

/** What the store had after each of its writes. */
const contents: string[] = [''];
const files = new MemoryFiles();
const SMALL = { maxBytes: 128 << 10 };
let name = '';

const contentOf = (store: Iterable<[string, string]>): string => JSON.stringify([...store]);

beforeAll(async () => {
  const store = await openStore(files);
  contents[0] = contentOf(store);
  for (let i = 0; i < 12; i++) {
    if (i % 4 === 3) {
      store.batch([
        { type: 'put', key: `b${i}`, value: 'in a batch' },
        { type: 'del', key: `k${i - 1}` },
      ]);
    } else store.put(`k${i}`, 'v'.repeat(i * 3));
    contents.push(contentOf(store));
    if (i % 5 === 2) await store.durable();
  }
  await store.close();
  name = (await files.list()).find((each) => each.endsWith('.log'))!;
});

/** Opens the files with another log. @returns the number of the content that is found, or the code of the error */
async function opened(log: Uint8Array): Promise<number | string> {
  const damaged = files.crash(0);
  damaged.put(name, log);
  try {
    const store = await openStore(damaged, SMALL);
    const found = contents.indexOf(contentOf(store));
    expect(found).toBeGreaterThanOrEqual(0);
    // The flaw is judged once: what is written from now on does not lie behind it.
    store.put('later', 'here');
    await store.close();
    const again = await openStore(damaged, SMALL);
    expect(contentOf(again)).toBe(
      contentOf([...(JSON.parse(contents[found]) as [string, string][]), ['later', 'here']]),
    );
    return found;
  } catch (error) {
    if (error instanceof DiskError) return error.code;
    throw error;
  }
}

test('the log cut at every byte: the writes before the cut', async () => {
  const log = files.content(name);
  let found = 0;
  for (let length = 0; length <= log.length; length++) {
    const here = await opened(log.subarray(0, length));
    expect(here).toBeGreaterThanOrEqual(found);
    found = here as number;
  }
  expect(found).toBe(contents.length - 1);
});

test('each byte of the log changed: the writes before it', async () => {
  const log = files.content(name);
  const outcomes = new Set<number | string>();
  for (let at = 0; at < log.length; at++) {
    const changed = log.slice();
    changed[at] ^= at % 2 === 0 ? 1 : 0x80;
    outcomes.add(await opened(changed));
  }
  expect([...outcomes].sort()).toEqual(
    contents
      .slice(1)
      .map((_, i) => i)
      .sort(),
  );
});

test('a byte changed in one block, and durable writes in the next: refused, with the writes that are lost', async () => {
  const disk = new MemoryFiles();
  const store = await openStore(disk);
  for (let i = 0; i < 30; i++) {
    store.put(`key ${i}`, 'v'.repeat(2500));
    await store.durable();
  }
  await store.close();
  const log = (await disk.list()).find((each) => each.endsWith('.log'))!;
  const bytes = disk.content(log);
  for (let at = 50; at < 32_768; at += 173) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    const damaged = disk.crash(0);
    damaged.put(log, changed);
    const refused = await openStore(damaged).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'DISK_LOG_HOLE', file: log, lostFrom: expect.any(Number) as number });
    expect((refused as DiskError).lostFrom).toBeLessThan(15);
    if (at % 10 > 0) continue;
    // Whoever gives the lost writes up takes the others.
    const salvaged = await openStore(damaged, { recovery: 'salvage' });
    const { size } = salvaged;
    expect([salvaged.has('key 29'), size < 30]).toEqual([true, true]);
    await salvaged.close();
    expect((await openStore(damaged)).size).toBe(size);
  }
});
