/** `npm run test:long`: our store, and the user code it calls, with two million commands. */
import { memStoreHarness } from '../../store/test/harness.js';
import { assertStore } from '../src/index.js';
import { runLong } from './long-run.js';

const variants = [
  {},
  { garbageBytesMin: 0, garbageRatioMax: 0.01 },
  { garbageBytesMin: 1000, garbageRatioMax: 0.3, reserveBytes: 1 << 20, blockBytes: 4096 },
] as const;

test('MemStore agrees with its model over two million commands', async () => {
  await runLong(variants, (options, runOptions) => assertStore(memStoreHarness(options), runOptions));
});
