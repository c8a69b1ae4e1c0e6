import { MemTable, MemTableList } from '@memtable/memtable';
import { memTableHarness, memTableListHarness } from '../../memtable/test/harness.js';
import { assertMemtable, assertMemtableList, CounterexampleError, replay, supportsNothing } from '../src/index.js';
import { error } from './error.js';

const counterexampleOf = async (action: Promise<unknown>): Promise<CounterexampleError> => {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CounterexampleError);
  return error as CounterexampleError;
};

/** A table that forgets every key of two bytes. */
class ForgetfulTable extends MemTable {
  override get(key: Uint8Array, sequence?: number) {
    return key.length === 2 ? undefined : super.get(key, sequence);
  }
}
const forgetful = { factory: () => new ForgetfulTable(), supports: supportsNothing };

test('a seed finds the same failing run each time, and its JSON replays it with the same message', async () => {
  const first = await counterexampleOf(assertMemtable(forgetful, { seed: 7 }));
  const second = await counterexampleOf(assertMemtable(forgetful, { seed: 7 }));
  expect(second.message).toBe(first.message);
  const again = await counterexampleOf(replay(first.json, forgetful));
  expect(again.message).toBe(first.message.replace(/^seed: .*\n/m, ''));
  expect(again.lines).toEqual(first.lines);
  await replay(first.json, { ...forgetful, factory: () => new MemTable() });
});

test('a failing run needs each of its commands', async () => {
  const { json, lines } = await counterexampleOf(assertMemtable(forgetful, { seed: 8 }));
  const recording = JSON.parse(json) as { operations: unknown[] };
  expect(lines.length).toBeLessThanOrEqual(2);
  for (const i of lines.keys()) {
    await replay(JSON.stringify({ ...recording, operations: recording.operations.toSpliced(i, 1) }), forgetful);
  }
});

test('the JSON of a failing list run replays its schedule task by task', async () => {
  const harness = memTableListHarness({ frozenMax: 1, writeBufferBytes: 1 });
  class LeakyList extends MemTableList {
    override async close() {}
  }
  const leaky = {
    ...harness,
    factory: (given: Parameters<typeof harness.factory>[0]) => new LeakyList({ ...given, writeBufferBytes: 1 }),
  };
  const found = await counterexampleOf(assertMemtableList(leaky, { seed: 1 }));
  expect(found.lines.at(-1)).toBe('last: close');
  const again = await counterexampleOf(replay(found.json, leaky));
  expect(again.lines).toEqual(found.lines);
  const recording = JSON.parse(found.json) as { operations: number[] };
  await expect(
    replay(JSON.stringify({ ...recording, operations: [99, ...recording.operations] }), leaky),
  ).rejects.toThrow(error('TESTING_REPLAY_DIVERGED', 'asks for task 99'));
});

test.each([
  ['a text that is not JSON', 'nonsense'],
  ['JSON that is no recording', '7'],
  ['an unknown suite', '{"suite":"graph","setup":null,"operations":[]}'],
  ['an unknown command', '{"suite":"memtable","setup":null,"operations":[["fly",1]]}'],
  ['malformed bytes', '{"suite":"memtable","setup":null,"operations":[["get","0x6"]]}'],
])('replay() refuses %s', async (_, json) => {
  await expect(replay(json, memTableHarness())).rejects.toThrow(error('TESTING_MALFORMED'));
});

test('assertMemtableList() restores the global timers', async () => {
  const { setTimeout: before } = globalThis;
  await assertMemtableList(memTableListHarness({ writeBufferBytes: 1 }), { numRuns: 3 });
  expect(globalThis.setTimeout).toBe(before);
});
