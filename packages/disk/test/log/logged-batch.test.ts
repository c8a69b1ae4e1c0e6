import fc from 'fast-check';
import { MemTableError, ValueType, WriteBatch } from '@memtable/memtable';
import { LoggedBatch } from '../../src/index.js';
import { fromHex, toHex } from '../bytes.js';
import golden from '../../../memtable/test/golden/write_batch.json';

/** The batch as text, or undefined when it is refused. */
function read(bytes: Uint8Array): string | undefined {
  const batch = new LoggedBatch();
  if (!batch.load(bytes)) return undefined;
  const writes = [];
  while (batch.next()) {
    const key = toHex(bytes.subarray(batch.keyStart, batch.keyStart + batch.keyLength));
    const value = toHex(bytes.subarray(batch.valueStart, batch.valueStart + batch.valueLength));
    writes.push(batch.type === ValueType.Value ? `${key}=${value}` : key);
  }
  return `${batch.sequence}+${batch.count}: ${writes.join()}`;
}

function readCopy(bytes: Uint8Array): string | undefined {
  try {
    const batch = WriteBatch.from(bytes);
    const writes = [...batch].map((write) =>
      write.type === ValueType.Value ? `${toHex(write.key)}=${toHex(write.value)}` : toHex(write.key),
    );
    return Number.isSafeInteger(Number(batch.sequence))
      ? `${batch.sequence}+${batch.count}: ${writes.join()}`
      : undefined;
  } catch (error) {
    if (error instanceof MemTableError) return undefined;
    throw error;
  }
}

test('it reads and refuses what WriteBatch does', () => {
  const hexes = JSON.stringify(golden)
    .match(/"[0-9a-f]{16,}"/g)!
    .map((hex) => hex.slice(1, -1));
  expect(hexes.length).toBeGreaterThan(15);
  for (const hex of hexes) expect({ hex, read: read(fromHex(hex)) }).toEqual({ hex, read: readCopy(fromHex(hex)) });
});

test('any bytes, and batches with a byte changed', () => {
  const records = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom('0003626f78', '0103666f6f03626172', '01810178', '01ffffffff0f', '01000180', '02').map(fromHex),
  );
  const batches = fc.tuple(
    fc.array(records, { maxLength: 5 }),
    fc.nat({ max: 5 }),
    fc.nat({ max: 60 }),
    fc.nat({ max: 255 }),
  );
  fc.assert(
    fc.property(batches, ([list, count, at, change]) => {
      const bytes = new Uint8Array(Buffer.concat([Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, count, 0, 0, 0), ...list]));
      expect(read(bytes)).toBe(readCopy(bytes));
      if (at < bytes.length) bytes[at] ^= change;
      expect(read(bytes)).toBe(readCopy(bytes));
    }),
    { numRuns: 2000 },
  );
});
