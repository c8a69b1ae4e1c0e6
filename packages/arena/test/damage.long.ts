/** `npm run test:long`: 100,000 damaged buffers for each allocator. */
import type { DamageHarness } from '@memtable/testing';
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  expectSurvival(name, harness as DamageHarness, codes, 100_000, true);
});
