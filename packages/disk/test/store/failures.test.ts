/** Failures of a disk under an open store: nothing that was acknowledged is lost, reads go on, and it heals. */
import { type FileOperation, MemoryFiles } from '@memtable/testing';
import { type DiskStore, type DiskStoreEvent, openStore } from '../../src/index.js';
import { error } from '../bytes.js';

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

/** Files whose operations fail while `fails` says so. */
function failing() {
  const state = { fails: (() => false) as (operation: FileOperation) => boolean, code: 'EIO', count: 0 };
  const files = new MemoryFiles({
    onOperation(operation) {
      state.count++;
      if (state.fails(operation)) throw systemError(state.code);
    },
  });
  return { files, state };
}

/** A store that is used, and what must be in it. */
class Used {
  readonly content = new Map<string, string>();
  readonly #store: DiskStore;
  #count = 0;
  refusals = 0;

  constructor(store: DiskStore) {
    this.#store = store;
  }

  /** Makes a write. It is made, or refused with a code and not made. */
  write(): void {
    const n = ++this.#count;
    try {
      if (n % 7 === 0) {
        this.#store.batch([
          { type: 'put', key: `a${n % 3}`, value: `batch ${n}` },
          { type: 'del', key: `k${n % 5}` },
        ]);
        this.content.set(`a${n % 3}`, `batch ${n}`);
        this.content.delete(`k${n % 5}`);
      } else {
        this.#store.put(`k${n % 5}`, `${n}`.padEnd((n * 13) % 40, 'v'));
        this.content.set(`k${n % 5}`, `${n}`.padEnd((n * 13) % 40, 'v'));
      }
    } catch (caught) {
      expect(caught).toEqual(error(expect.stringMatching(/^DISK_(IO|LOG_POISONED)$/) as unknown as string));
      this.refusals++;
    }
    expect(new Map(this.#store)).toEqual(this.content);
  }
}

/** Uses a store until its end; waits for the disk and checkpoints may fail with a code. */
async function use(store: DiskStore, used: Used, steps: number): Promise<void> {
  const allowed = (caught: unknown): void => expect(caught).toEqual(error('DISK_IO'));
  for (let i = 0; i < steps; i++) {
    used.write();
    if (i % 3 === 1) await store.durable().catch(allowed);
    if (i % 5 === 4) {
      const checkpoint = store.checkpoint().catch(allowed);
      used.write();
      await checkpoint;
    }
  }
}

/** The disk is sound again: the store takes writes, and what it has survives. */
async function expectHealed(files: MemoryFiles, store: DiskStore, used: Used): Promise<void> {
  await store.checkpoint();
  expect(store.stats().log.failure).toBeUndefined();
  const { refusals } = used;
  for (let i = 0; i < 3; i++) used.write();
  expect(used.refusals).toBe(refusals);
  await store.durable();
  store.verify();
  for (let seed = 0; seed < 5; seed++) {
    const again = await openStore(files.crash(seed));
    expect(new Map(again)).toEqual(used.content);
    await again.close();
  }
  await store.close();
  expect((await files.list()).filter((name) => name.endsWith('.ldb'))).toHaveLength(1);
}

test.each([
  ['once', 1],
  ['four times', 4],
  ['from then on', Infinity],
])('the k-th operation fails %s, for every k: nothing that was acknowledged is lost', async (_, times) => {
  for (let k = 1, isOver = false; !isOver; k++) {
    const { files, state } = failing();
    const store = await openStore(files, { retryMs: 0, retryMsMax: 1 });
    const used = new Used(store);
    used.write();
    await store.durable();
    const first = state.count + k;
    state.code = ['EIO', 'ENOSPC', 'EROFS'][k % 3];
    state.fails = () => state.count >= first && state.count < first + times;
    await use(store, used, 11);
    isOver = state.count < first;
    // Whoever kills the process now finds all that was acknowledged.
    expect(new Map(await openStore(files.copy()))).toEqual(used.content);
    state.fails = () => false;
    await expectHealed(files, store, used);
    if (isOver) expect(k).toBeGreaterThan(40);
  }
});

test('a store whose log failed says so, is healed by itself when the disk is sound, and takes writes again', async () => {
  const { files, state } = failing();
  const events: DiskStoreEvent['type'][] = [];
  let healed!: () => void;
  const isHealed = new Promise<void>((resolve) => (healed = resolve));
  const store = await openStore(files, {
    retryMs: 0,
    retryMsMax: 5,
    onEvent({ type }) {
      if (type.startsWith('log-') || type.startsWith('checkpoint')) events.push(type);
      if (type === 'log-healed') healed();
    },
  });
  store.put('a', '1');
  state.fails = ({ kind }) => kind === 'append' || kind === 'sync';
  await expect(store.durable()).rejects.toEqual(error('DISK_IO'));
  expect(() => store.put('a', '2')).toThrow(error('DISK_LOG_POISONED'));
  expect(() => store.del('a')).toThrow(error('DISK_LOG_POISONED'));
  expect(() => store.clear()).toThrow(error('DISK_LOG_POISONED'));
  expect(store.get('a')).toBe('1');
  expect(store.stats().log).toMatchObject({ syncedSequence: 0, failure: { code: 'EIO' } });
  await new Promise((goOn) => setTimeout(goOn, 20));
  state.fails = () => false;
  await isHealed;
  store.put('a', '3');
  expect(new Set(events)).toEqual(new Set(['log-error', 'checkpoint-error', 'checkpoint', 'log-healed']));
  expect(events.slice(-2)).toEqual(['checkpoint', 'log-healed']);
  await store.close();
});

test('a full disk: the write that does not fit is refused, and room heals the store', async () => {
  const files = new MemoryFiles({ capacityBytes: 20_000 });
  const store = await openStore(files, { retryMs: 0, retryMsMax: 1 });
  const content = new Map<string, string>();
  files.put('ballast', new Uint8Array(15_000));
  for (let i = 0; ; i++) {
    try {
      store.put(`key ${i % 10}`, `${i}`.padEnd(100, 'v'));
    } catch (caught) {
      expect(caught).toEqual(error('DISK_IO', { cause: expect.objectContaining({ code: 'ENOSPC' }) as unknown }));
      break;
    }
    content.set(`key ${i % 10}`, `${i}`.padEnd(100, 'v'));
  }
  expect(new Map(store)).toEqual(content);
  await files.remove('ballast');
  await store.checkpoint();
  store.put('more', 'fits');
  content.set('more', 'fits');
  await store.close();
  expect(new Map(await openStore(files))).toEqual(content);
});

test('close() of a store whose log failed writes a checkpoint, or says that writes are not durable', async () => {
  for (const isSound of [true, false]) {
    const { files, state } = failing();
    const store = await openStore(files, { retryMs: 1000 });
    store.put('a', '1');
    state.fails = ({ kind }) => kind === 'sync';
    await expect(store.durable()).rejects.toEqual(error('DISK_IO'));
    if (isSound) state.fails = () => false;
    const closed = store.close();
    if (!isSound) await expect(closed).rejects.toEqual(error('DISK_IO'));
    await closed.catch(() => {});
    expect(() => store.get('a')).toThrow('the store has been closed');
    if (!isSound) continue;
    for (let seed = 0; seed < 5; seed++) expect([...(await openStore(files.crash(seed)))]).toEqual([['a', '1']]);
  }
});
