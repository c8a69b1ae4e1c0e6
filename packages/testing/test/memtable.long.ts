/** `npm run test:long`: our memtable in both layouts, and over both indexes, with two million commands. */
import { memTableHarness } from '../../memtable/test/harness.js';
import { assertMemtable } from '../src/index.js';
import { runLong } from './long-run.js';

const variants = [
  { layout: 'compact', index: 'skiplist' },
  { layout: 'leveldb', index: 'skiplist' },
  { layout: 'compact', index: 'block' },
  { layout: 'compact', index: 'block', reserveBytes: 1 << 20 },
] as const;

test('MemTable agrees with its model over two million commands', async () => {
  await runLong(variants, (options, runOptions) => assertMemtable(memTableHarness(options), runOptions));
});
