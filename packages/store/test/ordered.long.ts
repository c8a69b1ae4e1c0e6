/** `npm run test:long`: the order of 1,000,000 random pairs of keys. */
import { orderedEncoding } from '../src/ordered.js';
import { checkPairs } from './ordered.js';

test('ordered keys sort by their values and come back equal: 1,000,000 pairs', () => {
  checkPairs(orderedEncoding(), 1_000_000, Number(process.env.MEMTABLE_SEED));
});
