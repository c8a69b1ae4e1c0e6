import { Arena } from '../src/index.js';
import { parkMiller } from './park-miller.js';
import trace from './golden/arena_trace.json';

/** The request sequence of LevelDB's util/arena_test.cc, "Simple". */
function* requests(): Generator<{ bytes: number; aligned: boolean }> {
  const random = parkMiller(trace.seed);
  for (let i = 0; i < trace.N; i++) {
    let bytes: number;
    if (i % (trace.N / 10) === 0) bytes = i;
    else if (random.oneIn(4000)) bytes = random.uniform(6000);
    else bytes = random.oneIn(10) ? random.uniform(100) : random.uniform(20);
    if (bytes === 0) bytes = 1;
    yield { bytes, aligned: random.oneIn(10) };
  }
}

describe("LevelDB's arena trace", () => {
  test('every address of the first 300, and the usage after each, as block and offset', () => {
    const arena = new Arena();
    const rows: number[][] = [];
    for (const { bytes, aligned } of requests()) {
      const at = aligned ? arena.allocateAligned(bytes) : arena.allocate(bytes);
      const blocks = arena.blocks();
      const block = blocks.findIndex((b) => at >= b.address && at < b.address + b.bytes);
      rows.push([bytes, aligned ? 1 : 0, block, at - blocks[block].address, arena.memoryUsage()]);
      if (rows.length === trace.firstAllocs.length) break;
    }
    expect(rows).toEqual(trace.firstAllocs);
  });

  test('usage and bytes asked for after every 1000 of 100,000, and the waste bound of its test', () => {
    const arena = new Arena();
    const usage: number[] = [];
    const asked: number[] = [];
    let bytesAsked = 0;
    let worstRatio = 0;
    let i = 0;
    for (const { bytes, aligned } of requests()) {
      bytesAsked += bytes;
      if (aligned) arena.allocateAligned(bytes);
      else arena.allocate(bytes);
      i++;
      if (i > trace.N / 10 + 1) worstRatio = Math.max(worstRatio, arena.memoryUsage() / bytesAsked);
      if (i % trace.every === 0) {
        usage.push(arena.memoryUsage());
        asked.push(arena.stats().askedBytes);
      }
    }
    expect(usage).toEqual(trace.memoryUsage);
    expect(asked).toEqual(trace.bytesRequestedAt);
    expect(arena.memoryUsage()).toBe(trace.final);
    expect(arena.blocks()).toHaveLength(trace.blocks);
    expect(worstRatio).toBeLessThanOrEqual(1.1);
    arena.verify();
  });
});
