/** Commands that move a cursor; the same for everything that has cursors. */
import fc from 'fast-check';
import type { Cursor, Sequence } from '../contract.js';
import { expectSame } from '../expect.js';
import type { SortedModel } from '../model.js';
import { Command, type CommandLog } from './command.js';

/** Cursors that a run uses. */
export const CURSORS = 3;

/** What is tested, as cursor commands see it. */
export interface CursorSubject extends CommandLog {
  cursors: (Cursor | undefined)[];
  openCursor(): Cursor;
}

/** A model that knows what the arguments of a seek ask for. */
export interface SeekModel extends SortedModel<object> {
  target(key: Uint8Array, sequence?: Sequence): object;
}

/** @throws TestingError `TESTING_MISMATCH` unless the cursor stands on `item`, or on nothing when that is undefined */
export function expectAt(cursor: Cursor, item: object | undefined): void {
  expectSame('cursor.valid', cursor.valid, item !== undefined);
  for (const field in item) {
    expectSame(`cursor.${field}`, Reflect.get(cursor, field), Reflect.get(item, field));
  }
}

/** Compares a whole walk, and the one back. @throws TestingError `TESTING_MISMATCH` */
export function expectWalks(cursor: Cursor, items: readonly object[], backward: boolean): void {
  cursor.seekToFirst();
  for (const item of items) {
    expectAt(cursor, item);
    cursor.next();
  }
  expectAt(cursor, undefined);
  if (!backward) return;
  cursor.seekToLast!();
  for (const item of items.toReversed()) {
    expectAt(cursor, item);
    cursor.prev!();
  }
  expectAt(cursor, undefined);
}

/** Puts a cursor somewhere; makes it first when it is not there yet. */
abstract class Positioning<Arguments extends readonly unknown[]> extends Command<
  SeekModel,
  CursorSubject,
  [number, ...Arguments]
> {
  protected execute(model: SeekModel, subject: CursorSubject): void {
    const [number] = this.args;
    const cursor = (subject.cursors[number] ??= subject.openCursor());
    const item = this.position(model, cursor);
    model.cursors[number] = { item };
    expectAt(cursor, item);
  }

  /** Moves the cursor; returns where it should be. */
  protected abstract position(model: SeekModel, cursor: Cursor): object | undefined;
}

export class SeekToFirst extends Positioning<[]> {
  readonly kind = 'seekToFirst';

  protected position(model: SeekModel, cursor: Cursor): object | undefined {
    cursor.seekToFirst();
    return model.items[0];
  }

  toString(): string {
    return `cursor(${this.args[0]}).seekToFirst();`;
  }
}

export class SeekToLast extends Positioning<[]> {
  readonly kind = 'seekToLast';

  protected position(model: SeekModel, cursor: Cursor): object | undefined {
    cursor.seekToLast!();
    return model.items.at(-1);
  }

  toString(): string {
    return `cursor(${this.args[0]}).seekToLast();`;
  }
}

export class Seek extends Positioning<[key: Uint8Array, sequence?: Sequence]> {
  readonly kind = 'seek';

  protected position(
    model: SeekModel,
    cursor: Cursor & { seek?(key: Uint8Array, sequence?: Sequence): void },
  ): object | undefined {
    const [, key, sequence] = this.args;
    cursor.seek!(key.slice(), sequence);
    return model.seek(model.target(key, sequence));
  }

  toString(): string {
    return `cursor(${this.args[0]}).seek(${this.code(1)});`;
  }
}

/** Ways to step. */
export function directions(backward: boolean): fc.Arbitrary<'next' | 'prev'> {
  return backward ? fc.constantFrom('next', 'prev') : fc.constant('next');
}

/** Goes from where the cursor stands; so it only runs when it stands on something. */
abstract class Stepping<Arguments extends readonly unknown[]> extends Command<
  SeekModel,
  CursorSubject,
  [number, ...Arguments]
> {
  override check(model: Readonly<SeekModel>): boolean {
    return model.cursors[this.args[0]]?.item !== undefined;
  }

  /** One step, compared. Returns false when it led off the end. */
  protected step(model: SeekModel, subject: CursorSubject, direction: 'next' | 'prev'): boolean {
    const [number] = this.args;
    const item = model.neighbour(model.cursors[number]!.item!, direction === 'next' ? 1 : -1);
    model.cursors[number] = { item };
    const cursor = subject.cursors[number]!;
    cursor[direction]!();
    expectAt(cursor, item);
    return item !== undefined;
  }
}

/** Steps in one direction, as far as there is something. */
export class Walk extends Stepping<[direction: 'next' | 'prev', steps: number]> {
  readonly kind = 'walk';

  protected execute(model: SeekModel, subject: CursorSubject): void {
    const [, direction, steps] = this.args;
    for (let i = 0; i < steps && this.step(model, subject, direction); i++);
  }

  toString(): string {
    const [number, direction, steps] = this.args;
    const step = `cursor(${number}).${direction}();`;
    return steps === 1 ? step : `for (let i = 0; i < ${steps} && cursor(${number}).valid; i++) ${step}`;
  }
}

/** A step there and a step back. */
export class TurnRound extends Stepping<[direction: 'next' | 'prev']> {
  readonly kind = 'turnRound';

  protected execute(model: SeekModel, subject: CursorSubject): void {
    const [, direction] = this.args;
    if (this.step(model, subject, direction)) this.step(model, subject, direction === 'next' ? 'prev' : 'next');
  }

  toString(): string {
    const [number, direction] = this.args;
    const back = direction === 'next' ? 'prev' : 'next';
    return `cursor(${number}).${direction}(); if (cursor(${number}).valid) cursor(${number}).${back}();`;
  }
}
