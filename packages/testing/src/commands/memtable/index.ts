import fc from 'fast-check';
import { batchDamage, writeOperations } from '../../arbitraries/batches.js';
import { keyRuns } from '../../arbitraries/keys.js';
import { readSequences, sequences } from '../../arbitraries/sequences.js';
import { values } from '../../arbitraries/values.js';
import { type MemtableSupports, ValueType } from '../../contract.js';
import type { MemtableModel } from '../../model.js';
import { tableMethods } from '../../traits/methods.js';
import { choice } from '../choice.js';
import type { AnyCommand } from '../command.js';
import { CURSORS, directions, Seek, SeekToFirst, SeekToLast, TurnRound, Walk } from '../cursors.js';
import { Attach, Drop, Flush, Freeze, UseAfterDrop } from './life.js';
import { Get, ReadSnapshot, ReleaseSnapshot, SNAPSHOTS, TakeSnapshot } from './reads.js';
import type { MemtableSubject } from './subject.js';
import { WalkWhileWriting } from './walk-while-writing.js';
import { Add, AddMany, AddWithoutMemory, Apply, ApplyMalformed, ApplyWithoutMemory } from './writes.js';

/** @internal The class of each command for a memtable, by its name in JSON. */
export const memtableCommandKinds = {
  add: Add,
  addMany: AddMany,
  apply: Apply,
  applyMalformed: ApplyMalformed,
  addWithoutMemory: AddWithoutMemory,
  applyWithoutMemory: ApplyWithoutMemory,
  get: Get,
  takeSnapshot: TakeSnapshot,
  readSnapshot: ReadSnapshot,
  releaseSnapshot: ReleaseSnapshot,
  seekToFirst: SeekToFirst,
  seekToLast: SeekToLast,
  seek: Seek,
  walk: Walk,
  turnRound: TurnRound,
  walkWhileWriting: WalkWhileWriting,
  freeze: Freeze,
  flush: Flush,
  drop: Drop,
  useAfterDrop: UseAfterDrop,
  attach: Attach,
} as const;

/** A command for a memtable. */
export type MemtableCommand = AnyCommand<MemtableModel, MemtableSubject>;

/**
 * @internal Commands for a memtable. A command that needs a missing feature never comes up.
 * @param pool - the keys that the commands use, see {@link keyPool}
 */
export function memtableCommand(
  pool: readonly Uint8Array[],
  supports: MemtableSupports,
): fc.Arbitrary<MemtableCommand> {
  const key = fc.constantFrom(...pool);
  const sequence = sequences();
  const readSequence = readSequences(supports.wideSequences);
  const put = fc.tuple(sequence, fc.constant(ValueType.Value), key, values());
  const deletion = fc.tuple(sequence, fc.constant(ValueType.Deletion), key);
  // Each write of a batch takes the next number, so leave some below the last safe integer.
  const first = sequence.map((number) => Math.min(number, Number.MAX_SAFE_INTEGER - 10));
  const batch = fc.tuple(first, writeOperations(key));
  const request = fc.integer({ min: 1, max: 3 });
  const cursor = fc.nat(CURSORS - 1);
  const snapshot = fc.nat(SNAPSHOTS - 1);
  const direction = directions(supports.backward);

  const { allocator, attach, backward, batches, drop, freeze, liveCursors } = supports;
  return choice<MemtableCommand>(
    [30, put.map((args) => new Add(...args))],
    [12, deletion.map((args) => new Add(...args))],
    [2, fc.tuple(sequence, keyRuns(pool)).map(([number, run]) => new AddMany(number, ...run))],
    [14, batch.map((args) => new Apply(...args)), batches],
    [4, fc.tuple(batch, batchDamage()).map(([args, damage]) => new ApplyMalformed(...args, ...damage)), batches],
    [4, fc.tuple(request, put).map(([k, args]) => new AddWithoutMemory(k, ...args)), allocator],
    [4, fc.tuple(request, batch).map(([k, args]) => new ApplyWithoutMemory(k, ...args)), batches && allocator],
    [24, fc.tuple(key, readSequence).map((args) => new Get(...args))],
    [4, fc.tuple(snapshot, sequence).map((args) => new TakeSnapshot(...args))],
    [4, snapshot.map((number) => new ReadSnapshot(number))],
    [1, snapshot.map((number) => new ReleaseSnapshot(number))],
    [4, cursor.map((number) => new SeekToFirst(number))],
    [4, cursor.map((number) => new SeekToLast(number)), backward],
    [14, fc.tuple(cursor, key, readSequence).map((args) => new Seek(...args))],
    [14, fc.tuple(cursor, direction, fc.integer({ min: 1, max: 12 })).map((args) => new Walk(...args))],
    [4, fc.tuple(cursor, direction).map((args) => new TurnRound(...args)), backward],
    [3, fc.tuple(first, fc.array(key, { maxLength: 5 })).map((args) => new WalkWhileWriting(...args)), liveCursors],
    [1, fc.constant(new Freeze()), freeze],
    [1, fc.option(fc.nat(8), { nil: undefined }).map((failAt) => new Flush(failAt))],
    [1, fc.constant(new Drop())],
    [2, fc.nat(tableMethods.length - 1).map((number) => new UseAfterDrop(number)), drop],
    [2, fc.constant(new Attach()), attach],
  );
}
