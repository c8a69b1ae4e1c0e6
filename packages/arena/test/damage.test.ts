/** Any bytes are refused with a code and a place, or all calls work. */
import type { DamageHarness } from '@memtable/testing';
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  expectSurvival(name, harness as DamageHarness, codes, 2000);
});
