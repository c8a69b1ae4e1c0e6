/**
 * A property test of a sorted map of one's own. Thousands of random commands go to the map and to a model. When the two
 * disagree, the error has the shortest run that shows it, as code to paste. Run it with `node --test`.
 */
import { rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertStore, CounterexampleError, type Range, storeConformance } from '@memtable/testing';

type Bounds = { gt?: string; gte?: string; lt?: string; lte?: string; reverse?: boolean; limit?: number };

/** The map under test: a Map that sorts its keys when a range is read. */
class SortedMap extends Map<string, string> {
  *range({ gt, gte, lt, lte, reverse = false, limit = Infinity }: Bounds): Generator<[string, string]> {
    const isWithin = (key: string): boolean =>
      (gt === undefined || key > gt) &&
      (gte === undefined || key >= gte) &&
      (lt === undefined || key < lt) &&
      (lte === undefined || key <= lte);
    const found = [...this].filter(([key]) => isWithin(key)).sort(([a], [b]) => (a < b ? -1 : 1));
    yield* (reverse ? found.reverse() : found).slice(0, limit);
  }
}

/** The same with a fault: the limit of a reverse range is counted from the wrong end. */
class FaultyMap extends SortedMap {
  override *range({ reverse = false, ...bounds }: Bounds): Generator<[string, string]> {
    const found = [...super.range(bounds)];
    yield* reverse ? found.reverse() : found;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** The suite speaks bytes. Hexadecimal text sorts as its bytes do. */
const storeOf = (map: SortedMap) => ({
  put: (key: Uint8Array, value: Uint8Array) => void map.set(hex(key), hex(value)),
  del: (key: Uint8Array) => void map.delete(hex(key)),
  get: (key: Uint8Array) => (map.has(hex(key)) ? bytes(map.get(hex(key))!) : undefined),
  has: (key: Uint8Array) => map.has(hex(key)),
  *iterator({ reverse = false, limit = Infinity, ...ends }: Range = {}): Generator<[Uint8Array, Uint8Array]> {
    const bounds = Object.fromEntries(Object.entries(ends).map(([name, key]) => [name, hex(key)]));
    for (const [key, value] of map.range({ ...bounds, reverse, limit })) yield [bytes(key), bytes(value)];
  },
});

/** What is left out or false is not tested. */
const supports = { ranges: true, has: true, copies: true, batches: false, snapshots: false, flush: false };

storeConformance({ describe, it, factory: () => storeOf(new SortedMap()), supports });

void it('finds a fault', async (test) => {
  const run = assertStore({ factory: () => storeOf(new FaultyMap()), supports });
  await rejects(run, (error) => error instanceof CounterexampleError);
  await run.catch((error: CounterexampleError) => test.diagnostic(error.message));
});
