import fc from 'fast-check';
import { ranges } from '../../arbitraries/ranges.js';
import { values } from '../../arbitraries/values.js';
import type { StoreSupports } from '../../contract.js';
import type { StoreModel } from '../../model.js';
import { choice } from '../choice.js';
import type { AnyCommand } from '../command.js';
import { Get, ReadRange, ReadSnapshot, ReleaseSnapshot, SNAPSHOTS, TakeSnapshot } from './reads.js';
import type { StoreSubject } from './subject.js';
import { Batch, Del, Flush, Put } from './writes.js';

/** Every command for a store by its name in JSON. */
export const storeCommandKinds = {
  put: Put,
  del: Del,
  batch: Batch,
  get: Get,
  readRange: ReadRange,
  takeSnapshot: TakeSnapshot,
  readSnapshot: ReadSnapshot,
  releaseSnapshot: ReleaseSnapshot,
  flush: Flush,
} as const;

/** A command for a store. */
export type AnyStoreCommand = AnyCommand<StoreModel, StoreSubject>;

/** One command for a store. What is not supported never comes up. */
export function storeCommand(pool: readonly Uint8Array[], supports: StoreSupports): fc.Arbitrary<AnyStoreCommand> {
  const key = fc.constantFrom(...pool);
  const put = fc.record({ type: fc.constant('put' as const), key, value: values() });
  const del = fc.record({ type: fc.constant('del' as const), key });
  const range = ranges(key);
  const snapshot = fc.nat(SNAPSHOTS - 1);
  const { batches, flush, ranges: hasRanges, snapshots } = supports;
  return choice<AnyStoreCommand>(
    [30, fc.tuple(key, values()).map((args) => new Put(...args))],
    [12, key.map((bytes) => new Del(bytes))],
    [12, fc.array(fc.oneof(put, del), { maxLength: 6 }).map((operations) => new Batch(operations)), batches],
    [20, key.map((bytes) => new Get(bytes))],
    [16, range.map((options) => new ReadRange(options)), hasRanges],
    [4, snapshot.map((number) => new TakeSnapshot(number)), snapshots],
    [10, fc.tuple(snapshot, key, range).map((args) => new ReadSnapshot(...args)), snapshots],
    [2, snapshot.map((number) => new ReleaseSnapshot(number)), snapshots],
    [3, fc.constant(new Flush()), flush],
  );
}
