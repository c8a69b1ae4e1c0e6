/** Any bytes are refused with a code and a place, or all calls work. */
import { type DamageHarness, replay } from '@memtable/testing';
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

/** 2,000 for each layout. */
test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  expectSurvival(name, harness as DamageHarness, codes, name.startsWith('MemTable, layout') ? 2000 : 1000);
});

/** What took longest among the 450,000 inputs of the long run. `replay` interrupts a hang. */
const slowest: [keyof typeof harnesses, sound: number, mutations: unknown[]][] = [
  ['MemTable, index block', 2, [['word', 20, 12104]]],
  ['MemTable, index block, by a comparator', 4, [['word', 12, 5663]]],
  ['MemTable, index skiplist', 2, [['copy', 9415, 193, 13]]],
  ['MemTable, index skiplist, by a comparator', 2, [['word', 232, 4]]],
  ['MemTable, layout leveldb', 1, [['word', 1172, 464285695]]],
  ['inspectMemTable, index block', 2, [['fill', 9408, 346, 0]]],
  ['inspectMemTable, index block, by a comparator', 4, [['word', 212, 280]]],
  ['inspectMemTable, index skiplist', 1, [['word', 132, -2147483648]]],
  ['inspectMemTable, layout leveldb', 2, [['copy', 5, 720, 569]]],
];

test.each(slowest)('the slowest input for %s is refused or can be used', async (name, sound, mutations) => {
  const recording = { suite: 'damage', setup: sound, operations: mutations };
  const harness = { ...(harnesses[name] as DamageHarness), msMax: () => 5000 };
  const ended = replay(JSON.stringify(recording), harness);
  await expect(ended).resolves.toBeUndefined();
});
