/** `npm run test:long`: 100,000 damaged buffers for each class of index. */
import { expectSurvival } from '../../testing/test/survival.js';
import { codes, harnesses } from './damage.js';

test.each(Object.entries(harnesses))('%s survives damaged bytes', (name, harness) => {
  expectSurvival(name, harness, codes, name.startsWith('Block') ? 50_000 : 25_000, true);
});
