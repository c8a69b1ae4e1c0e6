import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FlushRun, type FlushTarget, levelTarget, type LifecycleEvent, ValueType } from '@memtable/memtable';
import { MemStore, type MemStoreOptions } from '../src/index.js';
import { MemoryLevel } from 'memory-level';
import { kthOf, uncaughtIn, withoutBuffers } from '../../memtable/test/buffers.js';

const error = (code: string, message = '') =>
  expect.objectContaining({
    name: 'MemTableError',
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;

const text = new TextDecoder();

/** A target that keeps what it gets, and settles when it is told to. */
class Shelf implements FlushTarget {
  readonly content = new Map<string, string>();
  /** What came with each write, in order: `key=value`, or `key` of a deletion. */
  readonly writes: string[][] = [];
  readonly runs: FlushRun[] = [];
  readonly signals: AbortSignal[] = [];
  #settle: ((error?: Error) => void) | undefined;
  readonly #isPatient: boolean;

  constructor(options: { isPatient?: boolean } = {}) {
    this.#isPatient = options.isPatient ?? false;
  }

  get isWriting(): boolean {
    return this.#settle !== undefined;
  }

  async write(run: FlushRun, { signal }: { signal: AbortSignal }): Promise<void> {
    this.runs.push(run);
    this.signals.push(signal);
    if (this.#isPatient) {
      await new Promise<void>((resolve, reject) => {
        this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      });
    }
    const entries = [...run];
    this.writes.push(
      entries.map(
        ({ type, key, value }) => text.decode(key) + (type === ValueType.Value ? `=${text.decode(value)}` : ''),
      ),
    );
    for (const { type, key, value } of entries) {
      if (type === ValueType.Value) this.content.set(text.decode(key), text.decode(value));
      else this.content.delete(text.decode(key));
    }
  }

  /** Lets the write that waits go on, or fail. */
  async settle(error?: Error): Promise<void> {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(error);
    await sleep(1);
  }
}

const withTarget = (target: FlushTarget, options: MemStoreOptions<string, string> = {}) => {
  const events: LifecycleEvent[] = [];
  const store = new MemStore({
    target,
    retryMs: 1,
    reserveBytes: 4096,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { store, events };
};

test('the newest versions go to the target in order, deletions too, and the memory is given back', async () => {
  const shelf = new Shelf();
  const { store, events } = withTarget(shelf);
  store.put('b', '1');
  store.put('a', '1');
  store.put('b', '22');
  store.del('a');
  store.del('c'); // Not here, but perhaps in the target.
  store.del('c');
  expect(store.size).toBe(1);
  expect([store.isDeleted('a'), store.isDeleted('b'), store.isDeleted('c'), store.isDeleted('d')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  const before = store.memoryUsage();
  await store.flush();
  expect(shelf.writes).toEqual([['a', 'b=22', 'c']]);
  expect(shelf.runs[0]).toMatchObject({ id: 5, entryCount: 3, memoryUsage: before }); // Of the five writes.
  expect([store.size, store.get('b'), store.isDeleted('c')]).toEqual([0, undefined, false]);
  expect(events).toEqual([
    {
      type: 'freeze',
      reason: 'flush',
      table: 1,
      stats: expect.objectContaining({ entryCount: 4 }) as object,
      garbageBytes: expect.any(Number) as number,
    },
    { type: 'flush', table: 1, entryCount: 3, attempts: 1, ms: expect.any(Number) as number },
    { type: 'drop', table: 1, bytes: before },
  ]);
  expect(store.stats()).toMatchObject({
    heldBytes: 0,
    pins: [],
    flush: { running: false, flushedTables: 1, flushedEntries: 3 },
  });
  await store.flush(); // There is nothing.
  expect(shelf.writes).toHaveLength(1);
  store.close();
});

test('the put that begins a flush does not walk the table', async () => {
  let calls = 0;
  const comparator = (a: Uint8Array, b: Uint8Array) => (calls++, Buffer.compare(a, b));
  const { store, events } = withTarget(new Shelf({ isPatient: true }), { comparator, writeBufferBytes: 256 << 10 });
  let most = 0;
  for (let i = 0; events.length === 0; i++) {
    calls = 0;
    store.put(`key ${(i * 7919) % 10_007}`, 'v'.repeat(20));
    most = Math.max(most, calls);
  }
  expect(store.size).toBeGreaterThan(4000);
  expect(most).toBeLessThan(100);
  store.verify();
  store.close({ discard: true });
});

test('a run is numbered by its last write, which goes on from process to process; a retry has the same number', async () => {
  const shelf = new Shelf({ isPatient: true });
  const { store } = withTarget(shelf, { lastSequence: 100 });
  store.put('a', '1');
  store.put('b', '1');
  const flushed = store.flush();
  store.put('c', '1');
  await shelf.settle(new Error('not now'));
  while (!shelf.isWriting) await sleep(1);
  await shelf.settle();
  await flushed;
  const second = store.flush();
  await shelf.settle();
  await second;
  expect(shelf.runs.map(({ id }) => id)).toEqual([102, 102, 103]);
  expect(store.stats().lastSequence).toBe(103);
  store.close();
});

test('what is written during a flush stays, and goes with the next one', async () => {
  const shelf = new Shelf({ isPatient: true });
  const { store } = withTarget(shelf);
  for (const key of ['a', 'b', 'c']) store.put(key, 'old');
  const flushed = store.flush();
  store.put('a', 'new');
  store.del('b');
  store.batch([
    { type: 'put', key: 'd', value: 'first' },
    { type: 'put', key: 'd', value: 'then' },
    { type: 'del', key: 'e' },
  ]);
  store.verify();
  expect(store.stats().pins).toMatchObject([{ kind: 'flush' }]);
  expect([...store]).toEqual([
    ['a', 'new'],
    ['c', 'old'],
    ['d', 'then'],
  ]);
  await shelf.settle();
  await flushed;
  expect(shelf.writes).toEqual([['a=old', 'b=old', 'c=old']]);
  expect([...store]).toEqual([
    ['a', 'new'],
    ['d', 'then'],
  ]);
  expect([store.isDeleted('b'), store.isDeleted('e')]).toEqual([true, true]);
  store.verify();
  const second = store.flush();
  await shelf.settle();
  await second;
  expect([...shelf.content]).toEqual([
    ['a', 'new'],
    ['c', 'old'],
    ['d', 'then'],
  ]);
  store.close();
});

test('all that was written before flush() is in the target when it resolves, though another flush is running', async () => {
  const shelf = new Shelf({ isPatient: true });
  const { store } = withTarget(shelf);
  store.put('a', '1');
  const first = store.flush();
  store.put('b', '2');
  let isDone = false;
  const second = store.flush().then(() => (isDone = true));
  await shelf.settle();
  await first;
  expect([isDone, shelf.content.has('b')]).toEqual([false, false]);
  await shelf.settle();
  await second;
  expect(shelf.writes).toEqual([['a=1'], ['b=2']]);
  store.close();
});

test.each([1, 2, 7])('a target that fails %i times loses nothing', async (times) => {
  const shelf = new Shelf({ isPatient: true });
  const { store, events } = withTarget(shelf);
  store.put('a', '1');
  const flushed = store.flush();
  for (let i = 0; i < times; i++) {
    while (!shelf.isWriting) await sleep(1);
    await shelf.settle(new Error(`failure ${i}`));
    expect(store.stats().flush).toMatchObject({ running: true, failures: i + 1 });
    expect(String(store.stats().flush.lastError)).toBe(`Error: failure ${i}`);
    expect(store.get('a')).toBe('1');
    store.put(`b${i}`, '2');
  }
  while (!shelf.isWriting) await sleep(1);
  await shelf.settle();
  await flushed;
  expect([...shelf.content]).toEqual([['a', '1']]);
  expect(store.size).toBe(times);
  const failures = events.filter(({ type }) => type === 'flush-error');
  expect(failures.map((event) => 'attempts' in event && event.attempts)).toEqual(
    Array.from({ length: times }, (_, i) => i + 1),
  );
  expect(events.find(({ type }) => type === 'flush')).toMatchObject({ attempts: times + 1 });
  store.close({ discard: true });
});

test('a full write buffer is flushed by itself; when the next one is full too, writers wait', async () => {
  const shelf = new Shelf({ isPatient: true });
  const { store, events } = withTarget(shelf, { writeBufferBytes: 64 << 10, blockBytes: 4096 });
  const written = new Map<string, string>();
  const value = 'v'.repeat(1000);
  const fill = (): void => {
    for (let i = written.size; ; i++) {
      store.put(`key ${i}`, value);
      written.set(`key ${i}`, value);
    }
  };
  expect(fill).toThrow(error('MEMTABLE_STALLED', 'is running'));
  // The table with both halves, and the second half once more.
  expect(store.memoryUsage()).toBeLessThan(5 * (64 << 10));
  expect(() => store.batch([{ type: 'put', key: 'x', value }])).toThrow(error('MEMTABLE_STALLED'));
  await shelf.settle(new Error('disk full'));
  expect(() => store.del('x')).toThrow(error('MEMTABLE_STALLED', 'has failed 1 times (Error: disk full)'));
  const admitted = store.admit(100);
  const aborted = expect(store.admit(100, { signal: AbortSignal.timeout(5) })).rejects.toThrow('timeout');
  await aborted;
  expect(events.at(-1)).toEqual({ type: 'stall', reason: 'flush-failing', bytes: 100 });
  while (!shelf.isWriting) await sleep(1);
  await shelf.settle();
  await admitted;
  expect(events.filter(({ type }) => type === 'resume')).toHaveLength(1);
  store.put('last', value);
  written.set('last', value);
  store.verify();
  const flushed = store.flush();
  while (store.size > 0) await shelf.settle();
  await flushed;
  expect([...shelf.content].sort()).toEqual([...written].sort());
  store.close();
});

test('snapshots and iterators read on in a table that has been flushed, which is held until they are closed', async () => {
  const shelf = new Shelf();
  const { store, events } = withTarget(shelf);
  for (const letter of 'abcde') store.put(letter, letter.toUpperCase());
  const snapshot = store.snapshot();
  const iterator = store.iterator({ reverse: true });
  expect(iterator.next().value).toEqual(['e', 'E']);
  store.put('f', 'F');
  await store.flush();
  store.put('a', 'new');
  expect(events.filter(({ type }) => type === 'drop')).toHaveLength(0);
  const { heldBytes, pins, memoryUsage } = store.stats();
  expect(heldBytes).toBe(6 * 12); // Each entry has two bytes of its own and ten around them.
  expect(pins).toMatchObject([
    { kind: 'snapshot', heldBytes },
    { kind: 'iterator', heldBytes },
  ]);
  expect(store.get('a', { snapshot })).toBe('A');
  expect(store.get('f', { snapshot })).toBeUndefined();
  expect([...store.keys({ snapshot })].join('')).toBe('abcde');
  expect([...iterator].map(([key]) => key).join('')).toBe('dcba');
  expect(store.count({ snapshot, gt: 'b' })).toBe(3);
  expect([...store]).toEqual([['a', 'new']]);
  store.verify();
  snapshot.close();
  expect(events.filter(({ type }) => type === 'drop')).toHaveLength(1);
  expect(store.memoryUsage()).toBeLessThan(memoryUsage);
  expect(store.stats()).toMatchObject({ heldBytes: 0, pins: [] });
  await store.flush();
  store.close();
});

test('clear() deletes what is here, and tells the target', async () => {
  const { store } = withTarget(new Shelf());
  store.put('a', '1');
  store.put('b', '1');
  store.clear();
  expect([store.size, store.isDeleted('a'), store.isDeleted('b')]).toEqual([0, true, true]);
  store.close({ discard: true });
});

test('the bytes of a run are those of its write, wherever the memory moves meanwhile', async () => {
  const seen: string[] = [];
  const { store } = withTarget({
    async write(run) {
      const views = [...run.views()];
      for (let i = 0; i < 200; i++) store.put(`more ${i}`, 'm'.repeat(1000)); // From 4 KiB on it grows several times.
      await sleep(1);
      for (const { key, value } of views) seen.push(`${text.decode(key)}=${text.decode(value)}`);
    },
  });
  store.put('a', '1');
  store.put('b', '2');
  await store.flush();
  expect(seen).toEqual(['a=1', 'b=2']);
  store.close({ discard: true });
});

test('a comparator that throws while a write is made to the fresh table too costs another flush, and no entry', async () => {
  let repeated = 0;
  for (let calls = 1; calls < 20; calls++) {
    let left = Infinity;
    const shelf = new Shelf({ isPatient: true });
    const { store } = withTarget(shelf, {
      comparator: (a, b) => {
        if (--left === 0) throw new Error('no order');
        return Buffer.compare(a, b);
      },
    });
    const written = new Map<string, string>();
    const put = (key: string) => {
      store.put(key, '1');
      written.set(key, '1');
    };
    for (const key of 'aceg') put(key);
    const flushed = store.flush();
    for (const key of 'bdf') put(key);
    left = calls;
    try {
      put('e2');
    } catch (error) {
      expect(error).toEqual(new Error('no order')); // From the search in the table that is read: nothing was written.
    }
    left = Infinity;
    await shelf.settle();
    if (store.stats().flush.flushedTables === 0) repeated++;
    while (shelf.isWriting) await shelf.settle();
    await flushed;
    store.verify();
    const rest = store.flush();
    while (shelf.isWriting) await shelf.settle();
    await rest;
    expect([...shelf.content].sort()).toEqual([...written].sort());
    store.close();
  }
  expect(repeated).toBeGreaterThan(1);
});

describe('a call that waits for a store, waits for something that runs (T3)', () => {
  // A table has 64 KiB, of which a write may have about 31,000 bytes.
  const small = { maxBytes: 128 << 10, writeBufferBytes: 1 << 20, blockBytes: 1024 };
  const write = async (store: MemStore, key: string, bytes: number, signal?: AbortSignal) => {
    await store.admit(bytes + key.length, { signal });
    store.put(key, 'v'.repeat(bytes));
  };

  test.each([
    [true, 20_000, 12_000],
    [false, 45_000, 16_000],
  ])(
    'an admission that is given up lets a smaller one behind it go on, target: %s',
    async (hasTarget, there, wanted) => {
      const shelf = new Shelf({ isPatient: true });
      const store = new MemStore({ ...small, ...(hasTarget && { target: shelf }) });
      store.put('a', 'v'.repeat(there)); // Room is left for 10 bytes, and not for what is wanted.
      const abort = new AbortController();
      const big = store.admit(wanted, { signal: abort.signal });
      const little = store.admit(10);
      expect(store.stats().waiting).toMatchObject({ writers: 2, bytes: wanted + 10 });
      abort.abort(new Error('no time'));
      await expect(big).rejects.toThrow('no time');
      await little;
      store.put('b', '1');
      store.close({ discard: true });
    },
  );

  test('those who go on together have room together, and those behind them go on when they have written', async () => {
    const shelf = new Shelf({ isPatient: true });
    const { store } = withTarget(shelf, small);
    store.put('full', 'v'.repeat(30_000));
    const writes = [...Array(10).keys()].map((i) => write(store, `k${i}`, 12_000));
    expect(store.stats().waiting.writers).toBe(10);
    const done = Promise.all(writes);
    for (let flush = 0; flush < 10; flush++) await shelf.settle();
    await done;
    const flushed = store.flush();
    while (store.stats().flush.running) await shelf.settle();
    await flushed;
    expect(shelf.content.size).toBe(11);
    store.close();
  });

  test('who is admitted and writes nothing does not hold up those behind', async () => {
    const shelf = new Shelf({ isPatient: true });
    const { store } = withTarget(shelf, small);
    store.put('full', 'v'.repeat(30_000));
    const admissions = [...Array(4).keys()].map(() => store.admit(12_000));
    await shelf.settle();
    await Promise.all(admissions);
    store.close({ discard: true });
  });

  test('who wants more than the table has left after a flush gets it after another one', async () => {
    const shelf = new Shelf({ isPatient: true });
    const { store } = withTarget(shelf, small);
    store.put('full', 'v'.repeat(30_000));
    const big = store.admit(25_000);
    store.put('meanwhile', 'v'.repeat(8000)); // It is in the table to come, which then has less than 25,000 left.
    await shelf.settle();
    expect(store.stats().flush).toMatchObject({ running: true, flushedTables: 1 });
    await shelf.settle();
    await big;
    store.close();
  });

  test.each([true, false])('what has no room in an empty store is refused, target: %s', async (hasTarget) => {
    const store = new MemStore({ ...small, ...(hasTarget && { target: new Shelf() }) });
    await store.admit(30_000);
    await expect(store.admit(32_000)).rejects.toEqual(error('MEMTABLE_FULL'));
    expect(store.stats().waiting.writers).toBe(0);
    store.close();
  });

  test('an observer that closes the store when a flush begins: the target is not called', async () => {
    const shelf = new Shelf();
    const store: MemStore = new MemStore({
      target: shelf,
      onEvent: ({ type }) => {
        if (type === 'freeze') store.close({ discard: true });
      },
    });
    store.put('a', '1');
    await expect(store.flush()).rejects.toEqual(error('MEMTABLE_CLOSED'));
    expect(shelf.runs).toEqual([]);
    expect(store.stats()).toMatchObject({ state: 'closed', memoryUsage: 0, pins: [] });
  });

  test('an observer that closes the store when a flush has failed leaves no pause behind', async () => {
    const shelf = new Shelf({ isPatient: true });
    const store: MemStore = new MemStore({
      target: shelf,
      retryMs: 60_000,
      retryMsMax: 60_000,
      onEvent: ({ type }) => {
        if (type === 'flush-error') store.close({ discard: true });
      },
    });
    store.put('a', '1');
    const refused = expect(store.flush()).rejects.toEqual(error('MEMTABLE_CLOSED'));
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await shelf.settle(new Error('not now'));
    await refused;
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThanOrEqual(before);
  });
});

describe('a flush that cannot begin', () => {
  test('a system without memory for it: no write fails that was made, and it is tried again', async () => {
    let mostRefused = 0;
    for (let k = 1; ; k++) {
      const shelf = new Shelf();
      const { store, events } = withTarget(shelf, { writeBufferBytes: 4096, reserveBytes: 64 << 10, blockBytes: 1024 });
      const written = new Map<string, string>();
      let refused = 0;
      const uncaught = await uncaughtIn(async () => {
        refused = await withoutBuffers(kthOf(k, 64 << 10), async () => {
          for (let i = 0; i < 60; i++) {
            await store.admit(300);
            store.put(`k${i % 40}`, 'v'.repeat(200 + i)); // It throws nothing, or the test fails.
            written.set(`k${i % 40}`, 'v'.repeat(200 + i));
            store.verify();
            if (i % 10 === 9) await store.flush();
          }
          await store.flush();
        });
      });
      expect(uncaught).toEqual([]);
      expect([...shelf.content].sort()).toEqual([...written].sort());
      const failures = events.filter(({ type }) => type === 'flush-error');
      expect(failures).toHaveLength(refused);
      if (refused > 0)
        expect(failures).toMatchObject([{ attempts: 1, retryMs: 1, error: { code: 'ARENA_OUT_OF_MEMORY' } }]);
      store.close();
      mostRefused = Math.max(mostRefused, refused);
      if (refused === 0) break;
    }
    expect(mostRefused).toBeGreaterThan(0);
  });

  test('while there is no memory, the figures say so, waiters wait for the next try, and close() ends it', async () => {
    const { store } = withTarget(new Shelf(), { retryMs: 60_000, retryMsMax: 60_000 });
    store.put('a', '1');
    const refused: Promise<void>[] = [];
    await withoutBuffers(
      (bytes) => bytes === 4096,
      async () => {
        refused.push(expect(store.flush()).rejects.toEqual(error('MEMTABLE_CLOSED')));
        await sleep(1);
      },
    );
    expect(store.stats().flush).toMatchObject({
      running: false,
      failures: 1,
      lastError: { code: 'ARENA_OUT_OF_MEMORY' },
    });
    expect(store.stats().pins).toEqual([]);
    store.put('b', '1');
    store.verify();
    store.close({ discard: true });
    await Promise.all(refused);
  });

  test('a comparator that throws while the target reads fails no write', async () => {
    for (let calls = 1; calls < 12; calls++) {
      let left = Infinity;
      const shelf = new Shelf();
      const { store } = withTarget(shelf, {
        comparator: (a, b) => {
          if (--left === 0) throw new Error('no order');
          return Buffer.compare(a, b);
        },
      });
      for (const key of 'abcdefgh') store.put(key, '1');
      left = calls;
      const flushed = store.flush();
      await flushed;
      left = Infinity;
      expect(shelf.content.size).toBe(8);
      store.close();
    }
  });
});

describe('the end', () => {
  test('a frozen store takes no writes, and can be read, flushed and closed', async () => {
    const shelf = new Shelf();
    const { store, events } = withTarget(shelf);
    store.put('a', '1');
    store.freeze();
    store.freeze();
    expect(events).toMatchObject([{ type: 'freeze', reason: 'call' }]);
    expect(store.stats().state).toBe('frozen');
    const writes: (() => void)[] = [
      () => store.put('b', '1'),
      () => store.del('a'),
      () => store.batch([]),
      () => store.clear(),
    ];
    for (const write of writes) expect(write).toThrow(error('MEMTABLE_FROZEN'));
    const alone = new MemStore();
    alone.freeze();
    expect(() => alone.putIfAbsent('b', '1')).toThrow(error('MEMTABLE_FROZEN'));
    expect(() => alone.compareAndSet('a', '1', '2')).toThrow(error('MEMTABLE_FROZEN'));
    expect(() => alone.update('a', () => '2')).toThrow(error('MEMTABLE_FROZEN'));
    await expect(store.admit()).rejects.toEqual(error('MEMTABLE_FROZEN'));
    expect([...store]).toEqual([['a', '1']]);
    await store.flush();
    expect(shelf.writes).toEqual([['a=1']]);
    store.close();
  });

  test('without a target a store can be frozen and compacted, but not flushed', async () => {
    const store = new MemStore();
    store.put('a', '1');
    store.put('a', '333');
    store.freeze();
    await store.compact();
    expect(store.stats().garbageBytes).toBe(0);
    await expect(store.flush()).rejects.toEqual(error('MEMTABLE_INVALID_OPTION', 'flush() needs a target'));
    store.close();
  });

  test('who waits to write is refused when the store is frozen', async () => {
    const { store } = withTarget(new Shelf({ isPatient: true }), { writeBufferBytes: 1 });
    store.put('a', '1');
    store.put('b', '1');
    const admitted = store.admit(10);
    store.freeze();
    await expect(admitted).rejects.toEqual(error('MEMTABLE_FROZEN'));
    store.close({ discard: true });
  });

  test('close() refuses to lose what has not been flushed, unless told to', async () => {
    const shelf = new Shelf({ isPatient: true });
    const { store } = withTarget(shelf);
    store.put('a', '1');
    store.del('b');
    expect(() => store.close()).toThrow(error('MEMTABLE_UNFLUSHED', '2 entries'));
    expect(store.get('a')).toBe('1');
    const flushed = store.flush();
    const refused = expect(flushed).rejects.toEqual(error('MEMTABLE_CLOSED'));
    expect(() => store.close()).toThrow(error('MEMTABLE_UNFLUSHED'));
    store.close({ discard: true });
    await refused;
    expect(shelf.signals[0].aborted).toBe(true);
    expect(store.stats()).toMatchObject({ state: 'closed', memoryUsage: 0, heldBytes: 0, pins: [] });
    await shelf.settle(); // The target goes on, and is not told that there was nothing to write.
    expect(() => [...shelf.runs[0]]).toThrow(error('MEMTABLE_RUN_ENDED'));
    expect(shelf.writes).toEqual([]);
    store.close();
  });

  test('`await using` flushes', async () => {
    const database = new MemoryLevel();
    {
      await using store = new MemStore({ target: levelTarget(database) });
      store.put('a', '1');
      store.put('b', '2');
      store.del('a');
    }
    expect(await database.iterator().all()).toEqual([['b', '2']]);
  });

  test('options that make no sense are refused by name', () => {
    expect(() => new MemStore({ target: {} as FlushTarget })).toThrow(TypeError);
    expect(() => new MemStore({ writeBufferBytes: 0 })).toThrow(error('MEMTABLE_INVALID_OPTION', 'writeBufferBytes'));
    expect(() => new MemStore({ target: new Shelf(), retryMs: -1 })).toThrow(
      error('MEMTABLE_INVALID_OPTION', 'retryMs'),
    );
  });
});

describe('beside a map', () => {
  const key = fc.nat(15).map((n) => `k${n.toString(16)}`);
  const value = fc.integer({ min: 0, max: 40 }).map((length) => 'v'.repeat(length));
  interface Run {
    store: MemStore;
    shelf: Shelf;
    model: Map<string, string>;
    open: (() => void)[];
  }
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ type: fc.constant('put' as const), key, value }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant('del' as const), key }) },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('batch' as const), keys: fc.array(key, { maxLength: 6 }), value }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constantFrom('snapshot' as const, 'iterator' as const, 'closeOne' as const) }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('flush' as const, 'fail' as const) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('settle' as const) }) },
  );

  /**
   * Without this it would be a matter of time, and of other work on the machine, how many flushes there are to fail.
   */
  const begun = async (store: MemStore, shelf: Shelf): Promise<void> => {
    while (store.stats().flush.running && !shelf.isWriting) await sleep(0);
  };

  const steps: Record<string, (run: Run, step: never) => void | Promise<void>> = {
    put({ store, model }, { key, value }: { key: string; value: string }) {
      store.put(key, value);
      model.set(key, value);
    },
    del({ store, model }, { key }: { key: string }) {
      store.del(key);
      model.delete(key);
    },
    batch({ store, model }, { keys, value }: { keys: string[]; value: string }) {
      store.batch(keys.map((key, i) => (i % 2 === 0 ? { type: 'put', key, value } : { type: 'del', key })));
      keys.forEach((key, i) => (i % 2 === 0 ? model.set(key, value) : model.delete(key)));
    },
    snapshot({ store, open }) {
      const snapshot = store.snapshot();
      const then = [...store];
      open.push(() => {
        expect([...store.iterator({ snapshot })]).toEqual(then);
        for (const [key, value] of then) expect(store.get(key, { snapshot })).toBe(value);
        snapshot.close();
      });
    },
    iterator({ store, open }) {
      const then = [...store];
      const iterator = store.iterator();
      expect(iterator.nextv(2)).toEqual(then.slice(0, 2));
      open.push(() => expect([...iterator]).toEqual(then.slice(2)));
    },
    closeOne: ({ open }) => open.shift()?.(),
    flush: ({ store }) => void store.flush().catch(() => undefined),
    async fail({ store, shelf }) {
      void store.flush().catch(() => undefined);
      await begun(store, shelf);
      await shelf.settle(new Error('failed'));
    },
    async settle({ store, shelf }) {
      await begun(store, shelf);
      await shelf.settle();
    },
  };

  test('store and target together are the map, whatever fails and whoever reads', async () => {
    let [across, flushes, failures] = [0, 0, 0];
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 40, maxLength: 150, size: 'max' }),
      async (operations) => {
        const shelf = new Shelf({ isPatient: true });
        const store = new MemStore({ target: shelf, retryMs: 0, reserveBytes: 4096, blockBytes: 1024 });
        const run: Run = { store, shelf, model: new Map(), open: [] };
        for (const operation of operations) {
          const { flushedTables, failures: failed } = store.stats().flush;
          await steps[operation.type](run, operation as never);
          const { flush, pins } = store.stats();
          if (flush.flushedTables > flushedTables && pins.length > 0) across++;
          if (flush.failures > failed) failures++;
          store.verify();
          for (let n = 0; n < 16; n++) {
            const each = `k${n.toString(16)}`;
            const here = store.get(each);
            const known = here ?? (store.isDeleted(each) ? undefined : shelf.content.get(each));
            expect(known).toBe(run.model.get(each));
          }
        }
        for (const close of run.open) close();
        const flushed = store.flush();
        while (store.stats().flush.running) await shelf.settle();
        await flushed;
        expect([...shelf.content].sort()).toEqual([...run.model].sort());
        expect(store.stats()).toMatchObject({
          entryCount: 0,
          heldBytes: 0,
          pins: [],
          memoryUsage: store.memoryUsage(),
        });
        flushes += store.stats().flush.flushedTables;
        store.close();
      },
    );
    await fc.assert(property, { numRuns: 40 });
    expect(flushes).toBeGreaterThan(100);
    expect(across).toBeGreaterThan(20); // Flushes that ended with somebody reading.
    expect(failures).toBeGreaterThan(20);
  }, 60_000);
});

test('canonicalKey of a levelTarget: several flushes, one key however it is spelled', async () => {
  const database = new MemoryLevel();
  const lower = (key: Uint8Array) => Buffer.from(Buffer.from(key).toString().toLowerCase());
  const comparator = (a: Uint8Array, b: Uint8Array) => Buffer.compare(lower(a), lower(b));
  const store = new MemStore({ comparator, target: levelTarget(database, { canonicalKey: lower }) });
  store.put('Key', '1');
  store.put('gone', '1');
  await store.flush();
  store.put('KEY', '2');
  store.del('GONE');
  await store.flush();
  expect(await database.iterator().all()).toEqual([['key', '2']]);
  store.close();
});
