import fc from 'fast-check';

/** One request to an arena. */
export interface Allocation {
  readonly bytes: number;
  /** A power of two; undefined for any address. */
  readonly alignment: number | undefined;
}

/**
 * Requests to an arena one after the other: sizes around a quarter of its block, where LevelDB gives a request a block
 * of its own, around the whole block, and the small ones that a memtable makes.
 */
export function allocationTraces(blockBytes = 4096): fc.Arbitrary<Allocation[]> {
  const bytes = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: blockBytes + 1000 }) },
    { weight: 1, arbitrary: fc.constantFrom(blockBytes / 4, blockBytes / 4 + 1, blockBytes, blockBytes + 1) },
  );
  const alignment = fc.option(
    fc.integer({ min: 0, max: 12 }).map((shift) => 2 ** shift),
    { nil: undefined },
  );
  return fc.array(fc.record({ bytes, alignment }), { maxLength: 300 });
}
