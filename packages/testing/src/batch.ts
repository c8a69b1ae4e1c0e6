/**
 * LevelDB's write batches (db/write_batch.cc). This encoder shares no code with the packages under test, so that a test
 * does not check an encoder against itself.
 *
 * ```
 *    0                  8       12
 *    | sequence, 8      | count | record | record ...
 *
 *    record   | 01 | length | key | length | value |      put       lengths are varint32, numbers little-endian
 *             | 00 | length | key |                       del
 * ```
 */
import { ValueType, type WriteOperation } from './contract.js';

/** A write that sets `key`. */
export function put(key: Uint8Array, value: Uint8Array): WriteOperation {
  return { type: ValueType.Value, key, value };
}

/** A write that deletes `key`. */
export function del(key: Uint8Array): WriteOperation {
  return { type: ValueType.Deletion, key };
}

/** Ways in which {@link damageBatch} makes a batch malformed. */
export type BatchDamage =
  /** Removes the last `amount` bytes, or all if there are fewer. */
  | 'cut'
  /** Adds `amount` to the count of records in the header, modulo 2^32. */
  | 'count'
  /** Sets the tag of the first record to 1 + `amount`. An empty batch gets this one byte of a record. */
  | 'tag'
  /** Ends the batch in the key length of the first record: five bytes, of which the last says that more follow. */
  | 'varint';

/**
 * Encodes a LevelDB write batch with the sequence 0 in its header.
 * @example
 * ```ts
 * import { bytes, del, encodeBatch, put } from '@memtable/testing';
 *
 * encodeBatch([put(bytes('61'), bytes('31')), del(bytes('62'))]).length; // 20: a header of 12, records of 5 and 3
 * ```
 */
export function encodeBatch(operations: readonly WriteOperation[]): Uint8Array {
  const batch = [0, 0, 0, 0, 0, 0, 0, 0, ...fixed32(operations.length)];
  for (const operation of operations) {
    batch.push(operation.type);
    appendString(batch, operation.key);
    if (operation.type === ValueType.Value) appendString(batch, operation.value);
  }
  return Uint8Array.from(batch);
}

/**
 * A damaged copy of a batch. A reader must refuse it, and apply none of its writes.
 * @param batch - from {@link encodeBatch}
 * @param amount - a whole number from 1 to 250; its meaning depends on `damage`, see {@link BatchDamage}
 */
export function damageBatch(batch: Uint8Array, damage: BatchDamage, amount: number): Uint8Array {
  const damaged = [...batch];
  switch (damage) {
    case 'cut':
      damaged.length -= Math.min(amount, damaged.length);
      break;
    case 'count':
      damaged.splice(8, 4, ...fixed32(new DataView(batch.buffer).getUint32(8, true) + amount));
      break;
    case 'tag':
      damaged[12] = 1 + amount;
      break;
    case 'varint':
      damaged.splice(12, damaged.length, 0, 0xff, 0xff, 0xff, 0xff, 0xff);
      break;
  }
  return Uint8Array.from(damaged);
}

function appendString(batch: number[], string: Uint8Array): void {
  let length = string.length;
  for (; length >= 128; length = Math.floor(length / 128)) batch.push(128 + (length % 128));
  batch.push(length);
  for (const byte of string) batch.push(byte);
}

function fixed32(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
