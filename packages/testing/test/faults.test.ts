import { MemTable, MemTableList } from '@memtable/memtable';
import { error } from './error.js';
import {
  contentOf,
  failAllocation,
  failEveryAllocation,
  type FlushOutcome,
  type FlushRun,
  InjectedFault,
  ScriptedTarget,
} from '../src/index.js';

const bytes = (...numbers: number[]) => Uint8Array.of(...numbers);

test('failAllocation() fails the k-th request and no other, and then restores the allocator', () => {
  const { arena } = new MemTable();
  const answers: number[] = [];
  const allocate = () => answers.push(arena.allocate(8), arena.allocateAligned(8), arena.allocate(8));
  expect(failAllocation(arena, 2, allocate)).toBe(true);
  expect(answers.map((at) => at > 0)).toEqual([true, false, true]);
  expect(failAllocation(arena, 4, allocate)).toBe(false);
  expect(Object.keys(arena)).not.toContain('allocate');
  expect(() =>
    failAllocation(arena, 1, allocate, () => {
      throw new InjectedFault('out of memory');
    }),
  ).toThrow(InjectedFault);
  expect(arena.allocate(8)).toBeGreaterThan(0);
});

describe('failEveryAllocation()', () => {
  test.each([
    ['compact', 1],
    ['leveldb', 2],
  ] as const)(
    'shows that add() in the layout %s makes %i allocations, and changes nothing if one fails',
    (layout, count) => {
      const prepare = () => {
        const table = new MemTable({ layout });
        table.add(1, 1, bytes(1), bytes(2));
        return table;
      };
      let failures = 0;
      const requests = failEveryAllocation(
        prepare,
        (table) => table.arena,
        (table) => table.add(2, 1, bytes(3)),
        (table, thrown) => {
          failures++;
          expect(thrown).toEqual(error('MEMTABLE_FULL'));
          expect(contentOf(table)).toEqual(contentOf(prepare()));
          expect(Buffer.from(table.arena.memory.u8.slice(0, 256))).toEqual(
            Buffer.from(prepare().arena.memory.u8.slice(0, 256)),
          );
        },
      );
      expect([requests, failures]).toEqual([count, count]);
    },
  );

  test('passes on an error of the action that no failure caused', () => {
    const table = new MemTable();
    table.freeze();
    const add = () =>
      failEveryAllocation(
        () => table,
        ({ arena }) => arena,
        (frozen) => frozen.add(1, 1, bytes(1)),
        () => {},
      );
    expect(add).toThrow(error('MEMTABLE_FROZEN'));
  });
});

describe('ScriptedTarget', () => {
  const run = (...sequences: number[]): FlushRun => ({
    entryCount: sequences.length,
    *[Symbol.iterator]() {
      for (const sequence of sequences) yield { key: bytes(sequence), sequence, type: 1, value: bytes() };
    },
  });
  const { signal } = new AbortController();

  test.each<[FlushOutcome, stored: number, accepted: number]>([
    ['resolves', 2, 2],
    ['rejects', 0, 0],
    ['half-writes', 1, 0],
  ])('that %s has stored %i of two entries, and accepted %i', async (outcome, stored, accepted) => {
    const target = new ScriptedTarget([outcome]);
    const written = target.write(run(1, 2), { signal }).then(
      () => 'resolved',
      (error: unknown) => error,
    );
    if (outcome === 'resolves') expect(await written).toBe('resolved');
    else expect(await written).toBeInstanceOf(InjectedFault);
    expect([target.stored.length, target.accepted.length]).toEqual([stored, accepted]);
    await target.write(run(1, 2), { signal });
    expect(target.accepted).toHaveLength(accepted + 2);
  });

  test('that throws does so before it returns a promise', () => {
    expect(() => new ScriptedTarget(['throws']).write(run(1), { signal })).toThrow(InjectedFault);
  });

  test('that hangs stays pending until it is aborted', async () => {
    const attempt = new AbortController();
    let settled = false;
    const written = new ScriptedTarget(['hangs']).write(run(1), attempt).finally(() => (settled = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(settled).toBe(false);
    attempt.abort();
    await expect(written).rejects.toThrow(InjectedFault);
  });

  test('reports each broken rule of flushing', async () => {
    const target = new ScriptedTarget([]);
    await Promise.all([target.write(run(3), { signal }), target.write(run(4), { signal })]);
    expect(target.violations).toEqual(['a flush began while another one was running']);
    await target.write(run(2), { signal });
    await target.write({ ...run(5), entryCount: 7, [Symbol.iterator]: run(5)[Symbol.iterator] }, { signal });
    expect(target.violations.slice(1)).toEqual([
      'a flush brought entries that are not newer than all accepted before',
      'a run of 7 entries yielded 1',
    ]);
  });

  test('gets all entries of a MemTableList, though it fails in every way', async () => {
    const target = new ScriptedTarget(['throws', 'rejects', 'half-writes', 'hangs']);
    const list = new MemTableList({ target, writeBufferBytes: 1, retryMs: 0, flushMsMax: 5 });
    for (let i = 0; i < 5; i++) await list.put(bytes(i), bytes(i));
    await list.close();
    expect(target.accepted.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(target.violations).toEqual([]);
  });
});
