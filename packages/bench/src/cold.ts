import { Chunk, CHUNK_ENTRIES } from './chunk.js';
import type { Contender, ContenderKind } from './contenders/contender.js';
import type { Input } from './inputs.js';
import { COLD_PUTS, type Measured, type Operation } from './operations.js';
import { picks } from './random.js';

/** Upper bound on the chunks that are prepared while the clock stands. */
const PREPARED_CHUNKS_MAX = 100;

/**
 * Opens a store and inserts all entries, without any warm-up; then gets 1000. Many chunks are prepared before the clock
 * goes on, so that V8 seldom compiles while it stands.
 */
export async function runCold(
  open: () => Contender | Promise<Contender>,
  kind: ContenderKind,
  input: Input,
): Promise<Partial<Record<Operation, Measured>>> {
  const { order, dataSet } = input;
  const found: Partial<Record<Operation, Measured>> = {};
  const start = performance.now();
  const contender = await open();
  let milliseconds = performance.now() - start;
  const insertTo = async (from: number, to: number): Promise<void> => {
    const chunks = prepared(kind, input, from, to);
    const start = performance.now();
    for (const chunk of chunks) {
      const done = contender.insert(chunk);
      if (done !== undefined) await done;
    }
    milliseconds += performance.now() - start;
  };
  let from = 0;
  for (const [operation, puts] of Object.entries(COLD_PUTS)) {
    const stop = Math.min(puts, order.length);
    while (from < stop) {
      const to = Math.min(stop, from + PREPARED_CHUNKS_MAX * CHUNK_ENTRIES);
      await insertTo(from, to);
      from = to;
    }
    if (stop < puts) break;
    found[operation as keyof typeof COLD_PUTS] = { operations: puts, seconds: milliseconds / 1000, sum: 0 };
  }
  const chunk = new Chunk(kind, dataSet);
  chunk.fillKeys(input, picks(CHUNK_ENTRIES, from, 53), 0);
  const begin = performance.now();
  const sum = await contender.get(chunk);
  found['cold-get'] = { operations: chunk.count, seconds: (performance.now() - begin) / 1000, sum };
  await contender.close();
  return found;
}

function prepared(kind: ContenderKind, input: Input, from: number, to: number): Chunk[] {
  const order = input.order.subarray(0, to);
  const chunks: Chunk[] = [];
  for (let at = from; at < to; at += CHUNK_ENTRIES) {
    const chunk = new Chunk(kind, input.dataSet);
    chunk.fillEntries(input, order, at, 0);
    chunks.push(chunk);
  }
  return chunks;
}
