import fc from 'fast-check';

/** One request to an arena. */
export interface Allocation {
  /** From 1. */
  readonly bytes: number;
  /** A power of two from 1 to 4096; undefined for any address. */
  readonly alignment: number | undefined;
}

/**
 * Sequences of up to 300 requests to an arena. Most are small, like those of a memtable. Others have sizes around a
 * block, and around a quarter of it, from where on LevelDB gives a request a block of its own.
 * @param blockBytes - size of the blocks of the arena, in bytes
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
