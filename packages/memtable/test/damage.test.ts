/** Any bytes are refused with a code and a place, or all calls work. */
import type { DamageHarness } from '@memtable/testing';
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

/** 2,000 for each layout. */
test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  expectSurvival(name, harness as DamageHarness, codes, name.startsWith('MemTable, layout') ? 2000 : 1000);
});
