import { encodeInternalKey, ValueType, WriteBatch } from '@memtable/memtable';
import { LookupKey } from '@memtable/memtable/internal';
import { bench, do_not_optimize, group } from 'mitata';
import { tableInput } from './table-input.js';

const BATCH = 100;

/** Measures the encoding of keys and batches, without the search. */
export function encoding(): void {
  const { keys, values } = tableInput();
  const lookupKey = new LookupKey();
  let i = 0;
  const next = () => (i = (i + 1) % keys.length);
  group('encoding', () => {
    bench('lookup key into scratch bytes', () => do_not_optimize(lookupKey.setFor(keys[next()], i)));
    bench('internal key into new bytes', () => do_not_optimize(encodeInternalKey(keys[next()], i, ValueType.Value)));
    bench(`write batch of ${BATCH} entries`, () => {
      const batch = new WriteBatch();
      for (let i = 0; i < BATCH; i++) batch.put(keys[i], values[i]);
      do_not_optimize(batch);
    });
  });
}
