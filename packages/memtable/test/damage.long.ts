/** `npm run test:long`: 100,000 damaged buffers for each layout, and for `inspectMemTable`. */
import type { DamageHarness } from '@memtable/testing';
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  const numRuns = name.startsWith('MemTable, layout') ? 100_000 : name.startsWith('MemTable') ? 50_000 : 25_000;
  expectSurvival(name, harness as DamageHarness, codes, numRuns, true);
});
