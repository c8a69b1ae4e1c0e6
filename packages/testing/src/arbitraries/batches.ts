import fc from 'fast-check';
import { type BatchDamage, del, put } from '../batch.js';
import type { WriteOperation } from '../contract.js';
import { values } from './values.js';

/**
 * The writes of a batch, at most six. One in four is a deletion.
 * @param options - `minLength`: the least number of writes. @defaultValue 0
 */
export function writeOperations(
  keys: fc.Arbitrary<Uint8Array>,
  options: { minLength?: number } = {},
): fc.Arbitrary<WriteOperation[]> {
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(keys, values()).map(([key, value]) => put(key, value)) },
    { weight: 1, arbitrary: keys.map(del) },
  );
  return fc.array(operation, { ...options, maxLength: 6 });
}

/** Arguments of {@link damageBatch} after the batch. Most amounts are small, so that most of the batch stays intact. */
export function batchDamage(): fc.Arbitrary<[BatchDamage, number]> {
  const amount = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 250 }));
  return fc.tuple(fc.constantFrom('cut', 'count', 'tag', 'varint'), amount);
}
