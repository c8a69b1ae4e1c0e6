import fc from 'fast-check';

const BLOCK_BYTES = 4096;

/**
 * Values from 0 bytes to five blocks of an arena, most of them short. Some lengths are around those at which a varint
 * grows or a block ends. The first and the last byte are drawn on their own, to detect a shifted or cut value.
 */
export function values(): fc.Arbitrary<Uint8Array> {
  const around = (bytes: number): fc.Arbitrary<number> => fc.integer({ min: bytes - 1, max: bytes + 1 });
  const lengths = fc.oneof(
    { weight: 60, arbitrary: fc.nat(8) },
    { weight: 20, arbitrary: fc.nat(100) },
    { weight: 10, arbitrary: around(128) },
    { weight: 3, arbitrary: around(BLOCK_BYTES / 4) },
    { weight: 4, arbitrary: around(BLOCK_BYTES) },
    { weight: 2, arbitrary: around(16_384) },
    { weight: 1, arbitrary: fc.nat(5 * BLOCK_BYTES) },
  );
  return fc.tuple(lengths, fc.nat(0xffffff)).map(([length, seed]) => {
    const value = new Uint8Array(length).fill(seed & 0xff);
    if (length > 1) value[0] = (seed >> 8) & 0xff;
    if (length > 2) value[length - 1] = seed >> 16;
    return value;
  });
}
