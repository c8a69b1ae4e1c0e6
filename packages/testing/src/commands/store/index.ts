import fc from 'fast-check';
import { keyRuns } from '../../arbitraries/keys.js';
import { ranges } from '../../arbitraries/ranges.js';
import { values } from '../../arbitraries/values.js';
import type { StoreSupports } from '../../contract.js';
import type { StoreModel } from '../../model.js';
import { CALL_SITES, wrongAnswers } from '../../user-code.js';
import { type Choice, choice } from '../choice.js';
import type { AnyCommand } from '../command.js';
import { During, Misbehave, type Misdeed, type Outcome, plainKinds, Update } from './callbacks.js';
import { CloseIterator, ITERATORS, OpenIterator, SeekIterator, StepIterator } from './iterators.js';
import {
  Count,
  Get,
  Has,
  ReadPages,
  ReadRange,
  ReadSnapshot,
  ReleaseSnapshot,
  SNAPSHOTS,
  TakeSnapshot,
  type Yields,
} from './reads.js';
import type { Operation, StoreCommand, StoreSubject } from './subject.js';
import { Batch, Clear, CompareAndSet, Del, Flush, Put, PutIfAbsent, PutMany } from './writes.js';

/** @internal The class of each command for a store, by its name in JSON. */
export const storeCommandKinds = { ...plainKinds, during: During, misbehave: Misbehave, flush: Flush } as const;

/** A command for a store. */
export type AnyStoreCommand = AnyCommand<StoreModel, StoreSubject>;

type PlainCommand = StoreCommand<readonly unknown[]>;

/**
 * @internal Commands for a store. A command that needs a missing feature never comes up.
 * @param pool - the keys that the commands use, see {@link keyPool}
 */
export function storeCommand(pool: readonly Uint8Array[], supports: StoreSupports): fc.Arbitrary<AnyStoreCommand> {
  const { comparators = false, comparatorChecks = false, encodings = false, iterators = false } = supports;
  const { flush, snapshots, update = false } = supports;
  const key = fc.constantFrom(...pool);
  const parts = partsOf(pool, key, supports);
  const plain: Choice<PlainCommand>[] = [
    [12, parts.searches],
    [12, parts.writes],
    [4, parts.putMany],
    [3, parts.snapshots, snapshots],
    [4, parts.iterators, iterators],
  ];
  const innermost = updates(key, choice<PlainCommand>(...plain));
  const updating = updates(key, choice<PlainCommand>(...plain, [3, innermost]));
  // The outer call uses no iterator or snapshot that the code inside could close.
  const called = choice<PlainCommand>(
    [6, parts.searches],
    [8, parts.writes],
    [4, updating, update],
    [2, parts.putMany],
    [4, parts.step, iterators],
  ).map(({ operation }) => operation);
  const inside = operations(choice<PlainCommand>([3, parts.searches], [4, parts.writes], [1, parts.putMany]));
  const sites = CALL_SITES.filter((site) => site !== 'compare' && (encodings || site === 'getter'));
  const during = fc
    .tuple(
      fc.constantFrom(...sites),
      fc.constantFrom(1, 1, 1, 2, 3),
      inside,
      fc.constantFrom(false, false, false, true),
      called,
    )
    .map((args) => new During(...args));
  const refused = choice<PlainCommand>(
    [4, parts.searches],
    [4, parts.writes],
    [2, innermost, update],
    [1, fc.constant(new TakeSnapshot(0)), snapshots],
  ).map(({ operation }) => operation);
  const misdeed = fc.oneof(
    fc.tuple(fc.constant('answers' as const), fc.constantFrom(...(Object.keys(wrongAnswers) as 'NaN'[]))),
    fc.tuple(fc.constantFrom('passes on' as const, 'throws its own' as const, 'swallows' as const), refused),
  ) as fc.Arbitrary<Misdeed>;
  const misbehave = fc.tuple(fc.constantFrom(1, 1, 2, 3, 5, 8), misdeed, called).map((args) => new Misbehave(...args));
  return choice<AnyStoreCommand>(
    [60, parts.writes],
    [40, parts.searches],
    [3, parts.putMany],
    [16, parts.snapshots, snapshots],
    [16, parts.iterators, iterators],
    [16, updating, update],
    [14, during, update || encodings],
    [8, misbehave, comparators && comparatorChecks],
    [3, fc.constant(new Flush()), flush],
  );
}

/** The commands without callbacks, in groups. */
function partsOf(pool: readonly Uint8Array[], key: fc.Arbitrary<Uint8Array>, supports: StoreSupports) {
  const value = values();
  const range = ranges(key);
  const put = fc.record({ type: fc.constant('put' as const), key, value });
  const del = fc.record({ type: fc.constant('del' as const), key });
  const snapshot = fc.nat(SNAPSHOTS - 1);
  const iterator = fc.nat(ITERATORS - 1);
  const size = fc.integer({ min: 1, max: 6 });
  const { batches, ranges: hasRanges, snapshots: hasSnapshots } = supports;
  const { has = false, count = false, clear = false, putIfAbsent = false, compareAndSet = false } = supports;
  const { iterators: hasIterators = false } = supports;
  const yields: fc.Arbitrary<Yields> = hasIterators
    ? fc.constantFrom('iterator', 'keys', 'values')
    : fc.constant('iterator');
  const expected = fc.oneof(fc.constant('its value' as const), value, fc.constant(undefined));
  const newValue = fc.option(value, { nil: undefined, freq: 3 });
  const step = fc.tuple(iterator, fc.option(size, { nil: undefined })).map((args) => new StepIterator(...args));
  return {
    searches: choice<PlainCommand>(
      [20, key.map((bytes) => new Get(bytes))],
      [6, key.map((bytes) => new Has(bytes)), has],
      [6, range.map((options) => new Count(options)), count],
      [12, fc.tuple(range, yields).map((args) => new ReadRange(...args)), hasRanges],
      [4, fc.tuple(range, yields, size).map((args) => new ReadRange(...args)), hasRanges],
      [6, fc.tuple(range, yields, size).map((args) => new ReadPages(...args)), hasIterators],
    ),
    writes: choice<PlainCommand>(
      [30, fc.tuple(key, value).map((args) => new Put(...args))],
      [12, key.map((bytes) => new Del(bytes))],
      [12, fc.array(fc.oneof(put, del), { maxLength: 6 }).map((list) => new Batch(list)), batches],
      [6, fc.tuple(key, value).map((args) => new PutIfAbsent(...args)), putIfAbsent],
      [8, fc.tuple(key, expected, newValue).map((args) => new CompareAndSet(...args)), compareAndSet],
      [2, range.map((options) => new Clear(options)), clear],
      [1, fc.constant(new Clear({})), clear],
    ),
    putMany: keyRuns(pool).map((args) => new PutMany(...args)),
    snapshots: choice<PlainCommand>(
      [4, snapshot.map((number) => new TakeSnapshot(number))],
      [10, fc.tuple(snapshot, key, range).map((args) => new ReadSnapshot(...args))],
      [4, snapshot.map((number) => new ReleaseSnapshot(number))],
    ),
    iterators: choice<PlainCommand>(
      [4, fc.tuple(iterator, range, yields).map((args) => new OpenIterator(...args))],
      [2, fc.tuple(iterator, range, yields, snapshot).map((args) => new OpenIterator(...args)), hasSnapshots],
      [10, step],
      [2, fc.tuple(iterator, key).map((args) => new SeekIterator(...args))],
      [4, iterator.map((number) => new CloseIterator(number))],
    ),
    step,
  };
}

function operations(command: fc.Arbitrary<PlainCommand>): fc.Arbitrary<Operation[]> {
  return fc.array(
    command.map(({ operation }) => operation),
    { maxLength: 4 },
  );
}

function updates(key: fc.Arbitrary<Uint8Array>, inside: fc.Arbitrary<PlainCommand>): fc.Arbitrary<Update> {
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    { weight: 5, arbitrary: values() },
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constant('the same' as const) },
    { weight: 2, arbitrary: fc.constant('throw' as const) },
  );
  return fc.tuple(key, operations(inside), outcome).map((args) => new Update(...args));
}
