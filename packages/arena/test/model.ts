import fc from 'fast-check';
import { type Addr, type Memory, NIL } from '../src/index.js';

/** An allocator that takes single allocations back. */
export interface Freeing {
  readonly memory: Memory;
  allocate(bytes: number): Addr;
  free(address: Addr): void;
  reallocate?(address: Addr, bytes: number): Addr;
  stats(): { readonly usedCount: number; readonly capacityBytes: number };
  verify(): void;
}

type Step =
  | { kind: 'allocate'; bytes: number }
  | { kind: 'free'; pick: number }
  | { kind: 'reallocate'; pick: number; bytes: number };

/** Requests; `pick` chooses among the allocations in use. */
export const steps = (bytesMax: number): fc.Arbitrary<Step[]> => {
  const bytes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: bytesMax }));
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('allocate' as const), bytes }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('free' as const), pick: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('reallocate' as const), pick: fc.nat(), bytes }) },
    ),
    { maxLength: 200 },
  );
};

/** The allocations in use, with their sizes and contents. */
export type Used = Map<Addr, { bytes: number; fill: number }>;

/**
 * Does all steps, each with a content of its own, and checks that allocations lie inside, at multiples of 8, are
 * counted, keep their bytes (so do not overlap), and that a failed request has changed nothing.
 * @returns the allocations in use
 */
export function runSteps(allocator: Freeing, list: readonly Step[]): Used {
  const used: Used = new Map();
  const put = (at: Addr, bytes: number, fill: number): void => {
    expect(at % 8).toBe(0);
    expect(at + bytes).toBeLessThanOrEqual(allocator.memory.usedBytes);
    allocator.memory.u8.fill(fill, at, at + bytes);
    used.set(at, { bytes, fill });
  };
  const figures = () => ({ ...allocator.stats(), capacityBytes: 0, used: allocator.memory.usedBytes });
  list.forEach((step, i) => {
    const before = figures();
    let result: Addr | undefined;
    if (step.kind === 'allocate') {
      result = allocator.allocate(step.bytes);
      if (result !== NIL) put(result, step.bytes, i & 0xff);
    } else if (used.size > 0) {
      const [at, { bytes, fill }] = [...used][step.pick % used.size];
      if (step.kind === 'free') {
        used.delete(at);
        allocator.free(at);
      } else if (allocator.reallocate !== undefined) {
        result = allocator.reallocate(at, step.bytes);
        if (result !== NIL) {
          used.delete(at);
          checkBytes(allocator, result, Math.min(bytes, step.bytes), fill);
          put(result, step.bytes, i & 0xff);
        }
      }
    }
    if (result === NIL) expect(figures()).toEqual(before);
    allocator.verify();
    expect(allocator.stats().usedCount).toBe(used.size);
  });
  for (const [at, { bytes, fill }] of used) checkBytes(allocator, at, bytes, fill);
  return used;
}

function checkBytes(allocator: Freeing, at: number, bytes: number, fill: number): void {
  expect(allocator.memory.u8.subarray(at, at + bytes).every((byte) => byte === fill)).toBe(true);
}

/**
 * Does all steps again and again, while the k-th request for underlying memory fails, for every k.
 * @returns how many requests there are
 */
export function failEveryTake(make: () => Freeing, list: readonly Step[]): number {
  for (let k = 1; ; k++) {
    const allocator = make();
    const { memory } = allocator;
    const take = memory.take.bind(memory);
    let requests = 0;
    memory.take = (bytes) => (++requests === k ? NIL : take(bytes));
    runSteps(allocator, list);
    if (requests < k) return requests;
  }
}
