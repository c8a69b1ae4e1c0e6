import { LcgRandom } from '@memtable/testing';
import { Arena } from '../src/index.js';

test("the Rust port's randomized workload: 10,000 requests, one in four aligned, none overlapping", () => {
  const arena = new Arena();
  const random = new LcgRandom(0x1234_5678_9abc_def0n);
  const taken: { at: number; size: number }[] = [];
  let asked = 0;
  for (let i = 0; i < 10_000; i++) {
    const size = 1 + random.uniform(256);
    const aligned = random.oneIn(4);
    const at = aligned ? arena.allocateAligned(size) : arena.allocate(size);
    if (aligned) expect(at % 8).toBe(0);
    arena.memory.u8.fill(i % 251, at, at + size);
    taken.push({ at, size });
    asked += size;
  }
  taken.forEach(({ at, size }, i) => {
    for (let j = at; j < at + size; j++)
      if (arena.memory.u8[j] !== i % 251) throw new Error(`byte ${j} of request ${i}`);
  });
  expect(arena.stats().askedBytes).toBe(asked);
  expect(arena.memoryUsage() / asked).toBeLessThan(1.1);
  arena.verify();
});
