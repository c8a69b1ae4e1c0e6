/** Any bytes are refused with a code and a place, or all calls work. */
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

/** 2,000 for each class of index. */
test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  expectSurvival(name, harness, codes, name.startsWith('Block') ? 1000 : 500);
});
