import fc from 'fast-check';
import { keyRuns, numberedKeys, stemOf } from '../../arbitraries/keys.js';
import type { OrderedIndexSupports } from '../../contract.js';
import type { IndexModel } from '../../model.js';
import { choice } from '../choice.js';
import { type AnyCommand, Command } from '../command.js';
import { CURSORS, directions, Seek, SeekToFirst, SeekToLast, TurnRound, Walk } from '../cursors.js';
import type { OrderedIndexSubject } from './subject.js';

/** Inserts a key. The index must refuse one that is present. */
export class Insert extends Command<IndexModel, OrderedIndexSubject, [key: Uint8Array]> {
  readonly kind = 'insert';

  protected execute(model: IndexModel, subject: OrderedIndexSubject): void {
    subject.insert(model, this.args[0]);
  }

  toString(): string {
    return `index.insert(${this.code()});`;
  }
}

/** Inserts many keys, enough for the index to grow. */
export class InsertMany extends Command<
  IndexModel,
  OrderedIndexSubject,
  [prefix: Uint8Array, count: number, stride: number]
> {
  readonly kind = 'insertMany';

  protected execute(model: IndexModel, subject: OrderedIndexSubject): void {
    for (const key of numberedKeys(...this.args)) subject.insert(model, key);
  }

  toString(): string {
    return `for (const key of numberedKeys(${this.code()})) index.insert(key);`;
  }
}

/** Inserts keys, and removes those that were new. */
export class RollBack extends Command<IndexModel, OrderedIndexSubject, [keys: readonly Uint8Array[]]> {
  readonly kind = 'rollBack';

  protected execute(model: IndexModel, subject: OrderedIndexSubject): void {
    const { rollBack } = subject.harness.supports;
    if (rollBack !== false) rollBack(subject.index, this.args[0]);
    subject.afterWrite(model);
  }

  toString(): string {
    return `supports.rollBack(index, ${this.code()});`;
  }
}

/** @internal The class of each command for an ordered index, by its name in JSON. */
export const orderedIndexCommandKinds = {
  insert: Insert,
  insertMany: InsertMany,
  rollBack: RollBack,
  seekToFirst: SeekToFirst,
  seekToLast: SeekToLast,
  seek: Seek,
  walk: Walk,
  turnRound: TurnRound,
} as const;

/** A command for an ordered index. */
export type OrderedIndexCommand = AnyCommand<IndexModel, OrderedIndexSubject>;

/**
 * @internal Commands for an ordered index. A command that needs a missing feature never comes up.
 * @param pool - the keys that the commands use, see {@link keyPool}
 */
export function orderedIndexCommand(
  pool: readonly Uint8Array[],
  { backward, rollBack }: OrderedIndexSupports,
): fc.Arbitrary<OrderedIndexCommand> {
  const start = fc.constantFrom(...pool.map(stemOf));
  // An index soon has all keys of the pool, so every second key here is one of the pool with one more byte.
  const key = fc.oneof(
    fc.constantFrom(...pool),
    fc.tuple(start, fc.nat(255)).map(([bytes, end]) => Uint8Array.from([...bytes, end])),
  );
  const several = fc.oneof(
    fc.array(key, { maxLength: 6 }),
    fc.tuple(start, fc.nat(6)).map(([prefix, count]) => numberedKeys(prefix, count, 1)),
  );
  const cursor = fc.nat(CURSORS - 1);
  const direction = directions(backward);
  return choice<OrderedIndexCommand>(
    [30, key.map((bytes) => new Insert(bytes))],
    [2, keyRuns(pool).map((args) => new InsertMany(...args))],
    [6, several.map((keys) => new RollBack(keys)), rollBack],
    [4, cursor.map((number) => new SeekToFirst(number))],
    [4, cursor.map((number) => new SeekToLast(number)), backward],
    [16, fc.tuple(cursor, key).map((args) => new Seek(...args))],
    [14, fc.tuple(cursor, direction, fc.integer({ min: 1, max: 12 })).map((args) => new Walk(...args))],
    [4, fc.tuple(cursor, direction).map((args) => new TurnRound(...args)), backward],
  );
}
