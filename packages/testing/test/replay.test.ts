import { MemTable, MemTableList } from '@memtable/memtable';
import { memTableHarness, memTableListHarness } from '../../memtable/test/harness.js';
import { assertMemtable, assertMemtableList, CounterexampleError, replay, supportsNothing } from '../src/index.js';

const counterexampleOf = async (action: Promise<unknown>): Promise<CounterexampleError> => {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CounterexampleError);
  return error as CounterexampleError;
};

/** Takes every key of two bytes for another one. */
class ForgetfulTable extends MemTable {
  override get(key: Uint8Array, sequence?: number) {
    return key.length === 2 ? undefined : super.get(key, sequence);
  }
}
const forgetful = { factory: () => new ForgetfulTable(), supports: supportsNothing };

test('the same seed finds the same run; its JSON repeats it, with the same words', async () => {
  const first = await counterexampleOf(assertMemtable(forgetful, { seed: 7 }));
  const second = await counterexampleOf(assertMemtable(forgetful, { seed: 7 }));
  expect(second.message).toBe(first.message);
  const again = await counterexampleOf(replay(first.json, forgetful));
  expect(again.message).toBe(first.message.replace(/^seed: .*\n/m, ''));
  expect(again.lines).toEqual(first.lines);
  await replay(first.json, { ...forgetful, factory: () => new MemTable() });
});

test('a run is made as short as it can be: without any of its commands it holds', async () => {
  const { json, lines } = await counterexampleOf(assertMemtable(forgetful, { seed: 8 }));
  const recording = JSON.parse(json) as { operations: unknown[] };
  expect(lines.length).toBeLessThanOrEqual(2);
  for (const i of lines.keys()) {
    await replay(JSON.stringify({ ...recording, operations: recording.operations.toSpliced(i, 1) }), forgetful);
  }
});

test('an order of a list is repeated step by step', async () => {
  const harness = memTableListHarness({ frozenMax: 1, writeBufferBytes: 1 });
  class LeakyList extends MemTableList {
    override async close() {}
  }
  const leaky = {
    ...harness,
    factory: (given: Parameters<typeof harness.factory>[0]) => new LeakyList({ ...given, writeBufferBytes: 1 }),
  };
  const found = await counterexampleOf(assertMemtableList(leaky, { seed: 1 }));
  expect(found.lines.at(-1)).toBe('at last: close');
  const again = await counterexampleOf(replay(found.json, leaky));
  expect(again.lines).toEqual(found.lines);
  const recording = JSON.parse(found.json) as { operations: number[] };
  await expect(
    replay(JSON.stringify({ ...recording, operations: [99, ...recording.operations] }), leaky),
  ).rejects.toMatchObject({ code: 'TESTING_REPLAY_DIVERGED' });
});

test.each([
  ['not JSON', 'nonsense'],
  ['no recording', '7'],
  ['a suite that there is not', '{"suite":"graph","setup":null,"operations":[]}'],
  ['a command that there is not', '{"suite":"memtable","setup":null,"operations":[["fly",1]]}'],
  ['bytes that are none', '{"suite":"memtable","setup":null,"operations":[["get","0x6"]]}'],
])('%s is refused', async (_, json) => {
  await expect(replay(json, memTableHarness())).rejects.toMatchObject({
    name: 'TestingError',
    code: 'TESTING_MALFORMED',
  });
});

test('the timers of the system are back after a run of a list', async () => {
  const { setTimeout: before } = globalThis;
  await assertMemtableList(memTableListHarness({ writeBufferBytes: 1 }), { numRuns: 3 });
  expect(globalThis.setTimeout).toBe(before);
});
