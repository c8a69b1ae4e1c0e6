import { MemTable, ValueType, WriteBatch } from '../src/index.js';
import { utf8 } from './bytes.js';

const key = (number: number) => utf8(String(number).padStart(9, '0'));

test('when mayMove() is false, a batch that splits blocks on every level does not move the memory', () => {
  const table = new MemTable({ reserveBytes: 16 << 20 });
  for (let i = 0; i < 70_000; i++) table.add(i, ValueType.Value, key(i * 1000));
  const { u8, usedBytes } = table.arena.memory;
  const batch = new WriteBatch();
  const count = 400;
  for (let i = 0; i < count; i++) batch.put(key(((i * 4127) % 70_000) * 1000 + 1), new Uint8Array(4));
  let promised = 0;
  for (let leftBytes = 200_000; leftBytes < 4_000_000; leftBytes += 150_000) {
    const buffer = new ArrayBuffer(usedBytes + leftBytes);
    new Uint8Array(buffer).set(u8.subarray(0, usedBytes));
    const copy = MemTable.attach(buffer);
    if (copy.entries.mayMove(count, batch.byteLength)) continue;
    promised++;
    copy.apply(batch, 100_000);
    expect(copy.arena.memory.buffer).toBe(buffer);
  }
  expect(promised).toBeGreaterThan(0);
});
