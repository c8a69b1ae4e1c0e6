import { setTimeout as sleep } from 'node:timers/promises';
import { ClassicLevel } from 'classic-level';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MemoryLevel } from 'memory-level';
import { join } from 'node:path';
import {
  type FlushRun,
  type FlushTarget,
  type LifecycleEvent,
  levelTarget,
  MemTableList,
  type MemTableListOptions,
  WriteBatch,
} from '../src/index.js';
import { withoutBuffers, kthOf, uncaughtIn } from './buffers.js';
import { error, text, utf8 } from './bytes.js';

/** Keeps what it is given, as a store would; `before` decides what goes wrong first. */
class RecordingTarget implements FlushTarget {
  readonly stored = new Map<string, string>();
  readonly runs: number[] = [];
  attempts = 0;
  constructor(private readonly before: (attempt: number, signal: AbortSignal) => Promise<void> = async () => {}) {}

  async write(run: FlushRun, { signal }: { signal: AbortSignal }): Promise<void> {
    await this.before(++this.attempts, signal);
    let previous: string | undefined;
    for (const { key, value } of run) {
      if (text(key) !== previous) this.stored.set(text(key), text(value));
      previous = text(key);
    }
    this.runs.push(run.id);
  }
}

const small: Omit<MemTableListOptions, 'target'> = {
  writeBufferBytes: 2000,
  blockBytes: 512,
  retryMs: 1,
  retryMsMax: 4,
};

const entry = (i: number) => [utf8(`key${String(i).padStart(5, '0')}`), utf8(`value ${i} `.padEnd(60, '.'))] as const;

async function writeAll(list: MemTableList, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await list.put(...entry(i));
}

const expected = (count: number) =>
  new Map(Array.from({ length: count }, (_, i) => entry(i).map(text) as [string, string]));

describe('rotation', () => {
  test('a write that finds the buffer passed freezes it first; tables are flushed oldest first and dropped', async () => {
    const target = new RecordingTarget();
    const events: LifecycleEvent[] = [];
    const list = new MemTableList({ ...small, target, onEvent: (event) => events.push(event) });
    await writeAll(list, 200);
    await list.close();
    expect(target.stored).toEqual(expected(200));
    const runs = target.runs.length;
    expect(runs).toBeGreaterThan(5);
    // Each but the last was over the limit, by less than one write and a block.
    const frozen = events.filter((event) => event.type === 'freeze');
    for (const { stats } of frozen.slice(0, -1)) {
      expect(stats.arena.memoryUsage).toBeGreaterThan(2000);
      expect(stats.arena.memoryUsage).toBeLessThanOrEqual(2000 + 512 + 8);
    }
    // A run has the number of its last write.
    let written = 0;
    expect(target.runs).toEqual(frozen.map(({ stats }) => (written += stats.entryCount)));
    expect(written).toBe(200);
    const order = events.filter(({ type }) => ['freeze', 'flush', 'drop'].includes(type));
    for (let table = 1; table <= runs; table++) {
      const types = order.filter((event) => 'table' in event && event.table === table).map(({ type }) => type);
      expect(types).toEqual(['freeze', 'flush', 'drop']);
    }
    expect(list.stats()).toMatchObject({ state: 'closed', flush: { flushedTables: runs, flushedEntries: 200 } });
  });

  test('sequences go on from table to table; the batch itself is left alone', async () => {
    const list = new MemTableList({ ...small, target: new RecordingTarget(), lastSequence: 41 });
    const batch = new WriteBatch().put(utf8('a'), utf8('1')).del(utf8('b'));
    batch.sequence = 7;
    await list.write(batch);
    expect([list.lastSequence, batch.sequence]).toEqual([43, 7]);
    await list.flush();
    await list.put(utf8('a'), utf8('2'));
    expect(list.lastSequence).toBe(44);
    await list.close();
  });

  test('reads see the active and the frozen tables, newest first, at any sequence', async () => {
    let release = () => {};
    const target = new RecordingTarget(() => new Promise((resolve) => (release = resolve)));
    const list = new MemTableList({ target, frozenMax: 2 });
    await list.put(utf8('k'), utf8('one'));
    void list.flush();
    await list.del(utf8('k'));
    await list.put(utf8('l'), utf8('two'));
    const at = (key: string, sequence?: number) => {
      const found = list.get(utf8(key), sequence);
      return found && [found.type, text(found.value)];
    };
    expect(at('k')).toEqual([0, '']);
    expect(at('k', 1)).toEqual([1, 'one']);
    expect(at('l', 2)).toBeUndefined();
    expect(list.tables().map((table) => [table.state, table.entryCount])).toEqual([
      ['active', 2],
      ['frozen', 1],
    ]);
    release();
    const closed = list.close();
    await sleep(5);
    release();
    await closed;
  });

  test('a value larger than the write buffer gets through', async () => {
    const target = new RecordingTarget();
    const list = new MemTableList({ ...small, target });
    await writeAll(list, 10);
    await list.put(utf8('big'), utf8('x'.repeat(100_000)));
    await list.put(utf8('next'), utf8('y'));
    await list.close();
    expect(target.stored.get('big')).toHaveLength(100_000);
    expect(target.stored.size).toBe(12);
  });

  test('a table whose memory is bounded rotates when it is full, and refuses only what no table can hold', async () => {
    const target = new RecordingTarget();
    const list = new MemTableList({ ...small, target, writeBufferBytes: 1 << 20, reserveBytes: 4096, maxBytes: 8192 });
    await writeAll(list, 300);
    await expect(list.put(utf8('big'), new Uint8Array(10_000))).rejects.toThrow(error('MEMTABLE_FULL'));
    await list.close();
    expect(target.stored).toEqual(expected(300));
    expect(target.runs.length).toBeGreaterThan(2);
  });
});

describe('a target that fails', () => {
  test.each([1, 2, 3, 7])('%i times: writers wait with a reason, nothing is lost, and it goes on', async (failures) => {
    const events: string[] = [];
    const target = new RecordingTarget(async (attempt) => {
      if (attempt <= failures) throw new Error(`disk full ${attempt}`);
    });
    const list = new MemTableList({ ...small, target, onEvent: ({ type }) => events.push(type) });
    await writeAll(list, 100);
    await list.close();
    expect(target.stored).toEqual(expected(100));
    expect(events.filter((type) => type === 'flush-error')).toHaveLength(failures);
    const stall = events.indexOf('stall');
    expect(stall).toBeGreaterThan(-1);
    expect(events.indexOf('resume')).toBeGreaterThan(stall);
    expect(list.stats().waiting).toMatchObject({ writers: 0, reason: undefined });
    expect(list.stats().waiting.totalMs).toBeGreaterThan(0);
  });

  test('for ever: the reason is visible, closing says what could not be flushed, and it can still be read', async () => {
    const failure = new Error('disk full');
    let heal = false;
    const target = new RecordingTarget(async () => {
      if (!heal) throw failure;
    });
    const list = new MemTableList({ ...small, target });
    let accepted = 0;
    const writer = (async () => {
      for (; ; accepted++) await list.put(...entry(accepted));
    })();
    writer.catch(() => {});
    while (list.stats().flush.failures < 2) await sleep(1);
    expect(list.stats()).toMatchObject({
      waiting: { writers: 1, reason: 'flush-failing' },
      flush: { lastError: failure },
    });
    expect(list.stats().waiting.ms).toBeGreaterThan(0);
    const probe = new WriteBatch().put(...entry(99_999));
    expect(() => list.apply(probe)).toThrow(error('MEMTABLE_STALLED', 'Error: disk full'));

    await expect(list.close()).rejects.toThrow(
      expect.objectContaining({
        code: 'MEMTABLE_UNFLUSHED',
        message: expect.stringContaining(`${accepted} entries in 2 memtable(s)`) as string,
        cause: failure,
      }) as Error,
    );
    await expect(writer).rejects.toThrow(error('MEMTABLE_CLOSED'));
    for (let i = 0; i < accepted; i++) expect(text(list.get(entry(i)[0])!.value)).toBe(text(entry(i)[1]));

    heal = true; // Closing again tries again.
    await list.close();
    expect(target.stored).toEqual(expected(accepted));
  });

  test('that throws at once is one that rejects', async () => {
    let attempts = 0;
    const target: FlushTarget = {
      write() {
        if (++attempts < 3) throw new Error('at once');
        return Promise.resolve();
      },
    };
    const list = new MemTableList({ ...small, target });
    await list.put(...entry(1));
    await list.flush();
    expect(attempts).toBe(3);
    await list.close();
  });
});

/** Never settles by itself; rejects when it is aborted. */
const hang = (_attempt: number, signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('a target that hangs', () => {
  test('is aborted after flushMsMax and tried again', async () => {
    const target = new RecordingTarget(async (attempt, signal) => (attempt < 3 ? hang(attempt, signal) : undefined));
    const list = new MemTableList({ ...small, target, flushMsMax: 5 });
    await writeAll(list, 60);
    await list.close();
    expect(target.stored).toEqual(expected(60));
    expect(target.attempts).toBeGreaterThan(3);
  });

  test('does not hold up a close that is given a signal', async () => {
    const target = new RecordingTarget(hang);
    const list = new MemTableList({ ...small, target });
    await writeAll(list, 20);
    const reason = new Error('enough');
    await expect(list.close({ signal: AbortSignal.abort(reason) })).rejects.toThrow(
      expect.objectContaining({ code: 'MEMTABLE_UNFLUSHED' }) as Error,
    );
    expect(text(list.get(entry(19)[0])!.value)).toBe(text(entry(19)[1]));
  });

  test('is not asked again by a close that gives up in the pause after a failure', async () => {
    const target = new RecordingTarget(async (attempt, signal) => {
      if (attempt > 1) await hang(attempt, signal);
      throw new Error('not now');
    });
    const list = new MemTableList({ target, retryMs: 60_000, retryMsMax: 60_000 });
    await list.put(utf8('a'), utf8('1'));
    const flushed = expect(list.flush()).rejects.toThrow(error('MEMTABLE_UNFLUSHED'));
    await sleep(0);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(list.close({ signal })).rejects.toThrow(error('MEMTABLE_UNFLUSHED'));
    await flushed;
    expect(target.attempts).toBe(1);
    expect(text(list.get(utf8('a'))!.value)).toBe('1');
  });

  test('a writer can stop waiting for it; its batch is not applied, and the one behind it keeps its place', async () => {
    let release = () => {};
    const target = new RecordingTarget((attempt) =>
      attempt === 1 ? new Promise((resolve) => (release = resolve)) : Promise.resolve(),
    );
    const list = new MemTableList({ ...small, target });
    const flushed = (async () => {
      let i = 0;
      while (list.stats().waiting.writers === 0) {
        void list.put(...entry(i++));
        await sleep(0);
      }
      return i;
    })();
    const count = await flushed;
    const abort = new AbortController();
    const given = list.put(utf8('given up'), utf8('x'), { signal: abort.signal });
    const behind = list.put(utf8('behind'), utf8('y'));
    abort.abort(new Error('no time'));
    await expect(given).rejects.toThrow('no time');
    release();
    await behind;
    await list.close();
    expect(target.stored.has('given up')).toBe(false);
    expect(target.stored.get('behind')).toBe('y');
    expect(target.stored.size).toBe(count + 1);
  });
});

describe('waiting', () => {
  test('admit lets one caller at a time apply, in order, as there is room', async () => {
    const target = new RecordingTarget(() => sleep(2));
    const list = new MemTableList({ ...small, target });
    const applied: number[] = [];
    const writer = async (i: number) => {
      const batch = new WriteBatch().put(utf8(`w${i}`), new Uint8Array(1000));
      await list.admit(batch.byteLength);
      list.apply(batch);
      applied.push(i);
    };
    await Promise.all([...Array(30).keys()].map(writer));
    expect(applied).toEqual([...Array(30).keys()]);
    await list.close();
    expect(target.stored.size).toBe(30);
  });

  test('a batch that waits is the one that was passed, whatever the caller does with it meanwhile', async () => {
    const target = new RecordingTarget(() => sleep(1));
    const list = new MemTableList({ ...small, target });
    const batch = new WriteBatch();
    const writes: Promise<void>[] = [];
    for (let i = 0; i < 100; i++) {
      batch.clear().put(...entry(i));
      writes.push(list.write(batch));
    }
    await Promise.all(writes);
    await list.close();
    expect(target.stored).toEqual(expected(100));
  });

  test('flush resolves when what was written before it has reached the target', async () => {
    const target = new RecordingTarget(() => sleep(3));
    const list = new MemTableList({ ...small, target });
    await list.flush();
    await writeAll(list, 5);
    await list.flush();
    expect(target.stored).toEqual(expected(5));
    const never = new AbortController();
    await list.put(...entry(6));
    const waiting = list.flush({ signal: never.signal });
    never.abort(new Error('later'));
    await expect(waiting).rejects.toThrow('later');
    await list.close();
    expect(target.stored.size).toBe(6);
  });
});

/** A target whose writes settle when they are told to. */
function gate(): { target: RecordingTarget; release: (error?: Error) => Promise<void> } {
  const held: ((error?: Error) => void)[] = [];
  const target = new RecordingTarget(
    () => new Promise((resolve, reject) => held.push((error) => (error === undefined ? resolve() : reject(error)))),
  );
  const release = async (error?: Error): Promise<void> => {
    held.shift()?.(error);
    await sleep(1);
  };
  return { target, release };
}

describe('a call that waits, waits for something that runs (Q2, W3)', () => {
  const batchOf = (key: string, bytes = 1) => new WriteBatch().put(utf8(key), new Uint8Array(bytes));

  test('a list that is written to and flushed by turns goes on', async () => {
    const target = new RecordingTarget();
    const list = new MemTableList({ target });
    for (let i = 0; i < 20; i++) {
      list.apply(batchOf(`k${i}`));
      await list.flush();
      expect(target.stored.size).toBe(i + 1);
    }
    await list.close();
  });

  test('one writer whose writes are larger than a table goes on, at whatever moment of a flush it comes', async () => {
    for (let ticks = 0; ticks < 12; ticks++) {
      const target = new RecordingTarget();
      const list = new MemTableList({ target, writeBufferBytes: 1 });
      for (let i = 0; i < 20; i++) {
        await list.write(batchOf(`k${i}`, 100));
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      }
      await list.close();
      expect(target.stored.size).toBe(20);
    }
  });

  test('a write that is given up lets a smaller one behind it go on at once, though the flush still runs', async () => {
    const { target, release } = gate();
    const list = new MemTableList({
      target,
      writeBufferBytes: 1 << 20,
      reserveBytes: 4096,
      maxBytes: 32 << 10,
      blockBytes: 512,
    });
    await list.write(batchOf('a', 20_000));
    await list.write(batchOf('b', 20_000)); // In the second table, as the first one has no room for it.
    const abort = new AbortController();
    const big = list.write(batchOf('c', 20_000), { signal: abort.signal });
    const small = list.write(batchOf('d'));
    expect(list.stats().waiting).toMatchObject({ writers: 2 });
    abort.abort(new Error('no time'));
    await expect(big).rejects.toThrow('no time');
    await small;
    expect(list.get(utf8('d'))).toBeDefined();
    expect(list.stats()).toMatchObject({ waiting: { writers: 0 }, frozen: [{ state: 'frozen' }] });
    const closed = list.close();
    await release();
    await release();
    await closed;
  });

  test('an admission that is given up lets the next one in when the turn before it ends', async () => {
    const list = new MemTableList({ target: new RecordingTarget() });
    await list.admit();
    const abort = new AbortController();
    const second = list.admit(1, { signal: abort.signal });
    const third = list.admit(1);
    abort.abort(new Error('no time'));
    await expect(second).rejects.toThrow('no time');
    await third; // Nobody uses the first turn.
    list.apply(batchOf('k'));
    await list.close();
  });

  test('flush() waits rather than freeze more than frozenMax tables, and flushes what was written before it', async () => {
    const { target, release } = gate();
    const list = new MemTableList({ target, frozenMax: 2 });
    const flushes: Promise<void>[] = [];
    for (let i = 0; i < 50; i++) {
      list.apply(batchOf(`k${i}`));
      const before = i + 1;
      flushes.push(list.flush().then(() => expect(target.stored.size).toBeGreaterThanOrEqual(before)));
      expect(list.stats().frozen.length).toBeLessThanOrEqual(2);
    }
    expect(list.stats().waiting.writers).toBe(0); // The active table has room: nobody but the flushes waits.
    for (let i = 0; i < 3; i++) await release();
    await Promise.all(flushes);
    expect(target.stored.size).toBe(50);
    await list.close();
  });

  test('flush() behind writers that wait flushes what they write', async () => {
    const { target, release } = gate();
    const list = new MemTableList({ target, writeBufferBytes: 1 });
    for (const key of ['a', 'b']) await list.write(batchOf(key));
    const writes = ['c', 'd'].map((key) => list.write(batchOf(key)));
    const flushed = list.flush();
    expect(list.stats().waiting).toMatchObject({ writers: 2, bytes: 2 * batchOf('c').byteLength });
    for (let i = 0; i < 4; i++) await release();
    await Promise.all(writes);
    await flushed;
    expect([...target.stored.keys()]).toEqual(['a', 'b', 'c', 'd']);
    await list.close();
  });

  test('a flush() behind writers can be given up, and is refused when the list is closed', async () => {
    const { target, release } = gate();
    const list = new MemTableList({ target, writeBufferBytes: 1 });
    for (const key of ['a', 'b']) await list.write(batchOf(key));
    const refused = expect(list.write(batchOf('c'))).rejects.toThrow(error('MEMTABLE_CLOSED'));
    const abort = new AbortController();
    const given = list.flush({ signal: abort.signal });
    const flushed = expect(list.flush()).rejects.toThrow(error('MEMTABLE_CLOSED'));
    abort.abort(new Error('no time'));
    await expect(given).rejects.toThrow('no time');
    const closed = list.close();
    await Promise.all([refused, flushed]);
    await release();
    await release();
    await closed;
  });

  test('a close() whose signal has been aborted does not wait for a target that ignores its own', async () => {
    const list = new MemTableList({ target: { write: () => new Promise(() => undefined) } });
    list.apply(batchOf('a'));
    const flushed = expect(list.flush()).rejects.toThrow(error('MEMTABLE_UNFLUSHED'));
    await expect(list.close({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      error('MEMTABLE_UNFLUSHED'),
    );
    await flushed;
    expect(list.stats()).toMatchObject({ state: 'closed', active: { entryCount: 0 }, frozen: [{ entryCount: 1 }] });
  });

  test('a close() that fails has frozen all that is left', async () => {
    const { target, release } = gate();
    const list = new MemTableList({ target });
    list.apply(batchOf('a'));
    void list.flush().catch(() => undefined);
    list.apply(batchOf('b'));
    const failed = expect(list.close()).rejects.toThrow(error('MEMTABLE_UNFLUSHED', '2 entries in 2 memtable(s)'));
    await release(new Error('not now'));
    await release(new Error('nor now'));
    await failed;
    expect(list.stats()).toMatchObject({ active: { entryCount: 0 }, frozen: [{ entryCount: 1 }, { entryCount: 1 }] });
    const closed = list.close();
    await release();
    await release();
    await closed;
    expect(target.stored.size).toBe(2);
  });

  test.each([1, 2])('a close() that comes during an attempt gives the table a complete one, call %i', async (calls) => {
    const { target, release } = gate();
    const list = new MemTableList({ target });
    list.apply(batchOf('a'));
    void list.flush().catch(() => undefined);
    const closed = Array.from({ length: calls }, () => list.close());
    await release(new Error('the attempt that was running'));
    await release();
    await Promise.all(closed);
    expect(target.stored.size).toBe(1);
  });

  test('a close() that an observer calls when a flush has failed tries again at once', async () => {
    const { target, release } = gate();
    let closed: Promise<void> | undefined;
    const list: MemTableList = new MemTableList({
      target,
      retryMs: 60_000,
      retryMsMax: 60_000,
      onEvent: ({ type }) => {
        if (type === 'flush-error') closed = list.close();
      },
    });
    list.apply(batchOf('a'));
    void list.flush();
    await release(new Error('not now'));
    await release();
    await closed;
    expect(target.stored.size).toBe(1);
  });

  test('an observer that writes while a waiting write is made finds it made once', async () => {
    const { target, release } = gate();
    const outcomes: unknown[] = [];
    let isOn = false;
    const list: MemTableList = new MemTableList({
      target,
      writeBufferBytes: 1,
      onEvent: ({ type }) => {
        if (!isOn || type !== 'freeze') return;
        isOn = false;
        try {
          list.apply(batchOf('x'));
        } catch (refusal) {
          outcomes.push(refusal);
        }
      },
    });
    for (const key of ['a', 'b']) await list.write(batchOf(key));
    const waiting = list.write(batchOf('c'));
    isOn = true;
    await release();
    await waiting;
    expect(outcomes).toEqual([error('MEMTABLE_STALLED')]);
    expect(list.tables().flatMap((table) => [...table].map(({ key }) => text(key)))).toEqual(['c', 'b']);
    const closed = list.close();
    await release();
    await release();
    await closed;
  });
});

describe('a system without memory', () => {
  const BIG = 64 << 10;
  const options = { writeBufferBytes: 2000, blockBytes: 512, retryMs: 0, retryMsMax: 1 };

  test.each([
    ['the k-th buffer', false],
    ['all buffers from the k-th on, for a while', true],
  ])(
    'refuses %s: what was accepted is kept, the rest is refused with a code, nobody waits for ever',
    async (_, lasting) => {
      let mostRefused = 0;
      for (let k = 1; ; k++) {
        const target = new RecordingTarget(() => sleep(0));
        const list = new MemTableList({ ...options, target }); // The first table: of that the constructor throws.
        const accepted = new Map<string, string>();
        const isKth = kthOf(k, BIG);
        let isOut = false;
        const refuses = (bytes: number): boolean => (isOut = isKth(bytes) || (lasting && isOut && bytes >= BIG));
        let refused = 0;
        const uncaught = await uncaughtIn(async () => {
          refused = await withoutBuffers(refuses, async () => {
            for (let i = 0; i < 120; i++) {
              const [key, value] = entry(i);
              try {
                await list.put(key, value);
                accepted.set(text(key), text(value));
              } catch (refusal) {
                expect(refusal).toEqual(error('MEMTABLE_FULL'));
              }
              if (i % 50 === 49) await list.flush();
            }
          });
          await list.close();
        });
        expect(uncaught).toEqual([]);
        expect(target.stored).toEqual(accepted);
        mostRefused = Math.max(mostRefused, refused);
        if (refused === 0) break;
        expect(accepted.size).toBe(120); // A table that begins small does as well.
      }
      expect(mostRefused).toBeGreaterThan(0);
    },
  );

  test('has not even a small one: it is an event and a figure, and the next write or flush tries again', async () => {
    const target = new RecordingTarget();
    const events: string[] = [];
    const list = new MemTableList({
      ...options,
      writeBufferBytes: 1,
      target,
      onEvent: ({ type }) => events.push(type),
    });
    const isTable = (bytes: number): boolean => bytes === 4096 || bytes >= BIG;
    await list.put(...entry(0));
    await withoutBuffers(isTable, async () => {
      await expect(list.put(...entry(1))).rejects.toThrow(error('MEMTABLE_FULL', 'after number 1'));
      await expect(list.flush()).rejects.toThrow(error('MEMTABLE_FULL'));
      await expect(list.admit()).rejects.toThrow(error('MEMTABLE_FULL'));
    });
    expect(events).toEqual(['rotate-error', 'rotate-error', 'rotate-error']);
    expect(list.stats().rotation).toMatchObject({
      failures: 3,
      lastError: { code: 'ARENA_OUT_OF_MEMORY' },
    });
    await list.put(...entry(1)); // Memory is back.
    await list.close();
    expect(target.stored).toEqual(expected(2));
  });

  test('while a flush is running: writers wait for it, as it gives memory back', async () => {
    const { target, release } = gate();
    const list = new MemTableList({ ...options, writeBufferBytes: 1, frozenMax: 3, target });
    for (let i = 0; i < 2; i++) await list.put(...entry(i));
    let written: Promise<void> | undefined;
    let flushed: Promise<void> | undefined;
    await withoutBuffers(
      (bytes) => bytes === 4096 || bytes >= BIG,
      async () => {
        written = list.put(...entry(2));
        flushed = list.flush();
        await sleep(1);
      },
    );
    expect(list.stats()).toMatchObject({ waiting: { writers: 1 }, rotation: { failures: 1 } });
    await release();
    await written;
    await release();
    await release();
    await flushed;
    expect(target.stored).toEqual(expected(3));
    await list.close();
  });

  test('close() says what it could not freeze, which stays readable, and can be called again', async () => {
    const target = new RecordingTarget();
    const list = new MemTableList({ ...options, target });
    await list.put(...entry(0));
    await withoutBuffers(
      (bytes) => bytes === 4096 || bytes >= BIG,
      async () => {
        await expect(list.close()).rejects.toMatchObject({
          code: 'MEMTABLE_UNFLUSHED',
          cause: { code: 'ARENA_OUT_OF_MEMORY' },
        });
      },
    );
    expect(text(list.get(entry(0)[0])!.value)).toBe(text(entry(0)[1]));
    await list.close();
    expect(target.stored).toEqual(expected(1));
  });
});

test('a target that writes to its list from within write() gets one run at a time (Q1)', async () => {
  let [running, most, left] = [0, 0, 3];
  const list: MemTableList = new MemTableList({
    writeBufferBytes: 1,
    frozenMax: 8,
    target: {
      async write() {
        most = Math.max(most, ++running);
        // The second write freezes the table of the first one, while this call is still on the stack.
        if (left-- > 0) for (const i of [left, 20 + left]) list.apply(new WriteBatch().put(...entry(i)));
        await sleep(1);
        running--;
      },
    },
  });
  for (let i = 10; i < 12; i++) await list.put(...entry(i));
  while (left > 0) await list.flush();
  await list.close();
  expect(list.stats().flush.flushedEntries).toBe(8);
  expect(most).toBe(1);
});

test('a run is numbered by its last write, which goes on from process to process; a retry has the same number', async () => {
  const ids: number[] = [];
  const target: FlushTarget = {
    async write({ id }) {
      if (ids.push(id) === 1) throw new Error('not now');
    },
  };
  const list = new MemTableList({ ...small, target, lastSequence: 100 });
  await writeAll(list, 3);
  await list.flush();
  await list.put(...entry(3));
  await list.close();
  expect(ids).toEqual([103, 103, 104]);
});

test('after close, writing is refused', async () => {
  const list = new MemTableList({ ...small, target: new RecordingTarget() });
  await list.close();
  await list.close();
  await expect(list.put(...entry(1))).rejects.toThrow(error('MEMTABLE_CLOSED'));
  await expect(list.admit()).rejects.toThrow(error('MEMTABLE_CLOSED'));
  await expect(list.flush()).rejects.toThrow(error('MEMTABLE_CLOSED'));
  expect(() => list.apply(new WriteBatch())).toThrow(error('MEMTABLE_CLOSED'));
});

test('await using closes', async () => {
  const target = new RecordingTarget();
  {
    await using list = new MemTableList({ ...small, target });
    await writeAll(list, 30);
  }
  expect(target.stored).toEqual(expected(30));
});

test('a run cannot be used after its write has ended', async () => {
  let kept: FlushRun | undefined;
  const list = new MemTableList({
    ...small,
    target: {
      async write(run) {
        kept = run;
      },
    },
  });
  await list.put(...entry(1));
  await list.close();
  expect(() => [...kept!]).toThrow(error('MEMTABLE_RUN_ENDED'));
});

test('an observer that throws disturbs nothing and is not swallowed', async () => {
  const uncaught: unknown[] = [];
  const original = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (task) =>
    original(() => {
      try {
        task();
      } catch (thrown) {
        uncaught.push(thrown);
      }
    });
  try {
    const target = new RecordingTarget();
    const list = new MemTableList({
      ...small,
      target,
      onEvent() {
        throw new Error('observer');
      },
    });
    await writeAll(list, 100);
    await list.close();
    expect(target.stored).toEqual(expected(100));
    expect(uncaught.length).toBeGreaterThan(0);
  } finally {
    globalThis.queueMicrotask = original;
  }
});

test.each<Partial<MemTableListOptions>>([
  { writeBufferBytes: 0 },
  { frozenMax: 0 },
  { retryMs: -1 },
  { retryMs: 10, retryMsMax: 5 },
  { flushMsMax: 0 },
  { lastSequence: 0.5 },
])('options %p are refused', (options) => {
  expect(() => new MemTableList({ target: new RecordingTarget(), ...options })).toThrow(
    error('MEMTABLE_INVALID_OPTION'),
  );
});

test('a list without a target is misuse', () => {
  expect(() => new MemTableList({} as MemTableListOptions)).toThrow(TypeError);
});

test('whatever fails, and however often: in the end the target has the last value of every key', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.tuple(fc.nat(20), fc.nat(400)), { minLength: 1, maxLength: 6 }), { maxLength: 40 }),
      fc.array(fc.boolean(), { maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      async (batches, fails, frozenMax) => {
        const target = new RecordingTarget(async (attempt) => {
          await Promise.resolve();
          if (fails[attempt - 1] === true) throw new Error('not now');
        });
        const list = new MemTableList({ ...small, target, frozenMax, retryMs: 0, retryMsMax: 0 });
        const model = new Map<string, string>();
        for (const operations of batches) {
          const batch = new WriteBatch();
          for (const [key, length] of operations) {
            batch.put(utf8(`k${key}`), utf8('v'.repeat(length)));
            model.set(`k${key}`, 'v'.repeat(length));
          }
          await list.write(batch);
        }
        for (const [key, value] of model) {
          const found = list.get(utf8(key));
          expect(found === undefined ? target.stored.get(key) : text(found.value)).toBe(value);
        }
        while (list.stats().frozen.length > 0 || list.stats().active.entryCount > 0) {
          await list.close().catch((thrown) => expect(thrown).toEqual(error('MEMTABLE_UNFLUSHED')));
        }
        expect(target.stored).toEqual(model);
      },
    ),
    { numRuns: 50 },
  );
});

describe('levelTarget', () => {
  const directory = mkdtempSync(join(tmpdir(), 'memtable-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('brings the newest versions into a real LevelDB, deletions too', async () => {
    const database = new ClassicLevel<string, string>(join(directory, 'versions'));
    await database.put('gone', 'before');
    const list = new MemTableList({ target: levelTarget(database, { batchBytes: 500 }) });
    for (let i = 0; i < 100; i++) await list.put(...entry(i));
    await list.put(entry(5)[0], utf8('newer'));
    await list.del(entry(6)[0]);
    await list.del(utf8('gone'));
    await list.close();
    const found = new Map(await database.iterator().all());
    const model = expected(100).set('key00005', 'newer');
    model.delete('key00006');
    expect(found).toEqual(model);
    await database.close();
  });

  test('a database that is closed midway loses nothing: the flush goes on when it is open again', async () => {
    const database = new ClassicLevel<string, string>(join(directory, 'closed'));
    await database.open();
    await database.close();
    const list = new MemTableList({ ...small, target: levelTarget(database) });
    const writing = writeAll(list, 200);
    while (list.stats().flush.failures === 0) await sleep(1);
    expect(list.stats().flush.lastError).toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' });
    await database.open();
    await writing;
    await list.close();
    expect(new Map(await database.iterator().all())).toEqual(expected(200));
    await database.close();
  });

  const lower = (key: Uint8Array) => utf8(text(key).toLowerCase());
  const caseBlind = (a: Uint8Array, b: Uint8Array) => Buffer.compare(lower(a), lower(b));

  test('one flush brings one entry of keys that a comparator takes for equal, spelled as in the newest write', async () => {
    const runs: string[][] = [];
    const database = new MemoryLevel();
    await database.put('gone', 'before');
    const target = levelTarget(database);
    const list = new MemTableList({
      comparator: caseBlind,
      target: {
        write(run, options) {
          runs.push([...run.newest()].map(({ key, value, type }) => `${text(key)} ${type} ${text(value)}`));
          return target.write(run, options);
        },
      },
    });
    for (const [key, value] of [
      ['Key', '1'],
      ['KEY', '2'],
      ['other', '3'],
    ]) {
      await list.put(utf8(key), utf8(value));
    }
    await list.put(utf8('Gone'), utf8('4'));
    await list.del(utf8('gone'));
    await list.close();
    expect(runs).toEqual([['gone 0 ', 'KEY 1 2', 'other 1 3']]);
    expect(await database.iterator().all()).toEqual([
      ['KEY', '2'],
      ['other', '3'],
    ]);
  });

  test('canonicalKey: several flushes, one key however it is spelled', async () => {
    const database = new MemoryLevel();
    const list = new MemTableList({ comparator: caseBlind, target: levelTarget(database, { canonicalKey: lower }) });
    await list.put(utf8('Key'), utf8('1'));
    await list.put(utf8('gone'), utf8('1'));
    await list.flush();
    await list.put(utf8('KEY'), utf8('2'));
    await list.del(utf8('GONE'));
    await list.flush();
    expect(await database.iterator().all()).toEqual([['key', '2']]);
    await list.close();
  });
});
