/** Commands that move a cursor, for every kind of object that has cursors. */
import fc from 'fast-check';
import type { Cursor, Sequence } from '../contract.js';
import { expectRead, Mismatch } from '../expect.js';
import type { SortedModel } from '../model.js';
import { Command, type CommandLog } from './command.js';

/** Number of cursors in a run. */
export const CURSORS = 3;

/** An object under test, as the cursor commands use it. */
export interface CursorSubject extends CommandLog {
  cursors: (Cursor | undefined)[];
  openCursor(): Cursor;
}

/** A model, as the cursor commands use it. */
export interface SeekModel extends SortedModel<object> {
  /** The item that a seek with these arguments looks for. */
  target(key: Uint8Array, sequence?: Sequence): object;
}

/**
 * @param name - the cursor as code, if a counterexample has it outside of a block
 * @throws TestingError `TESTING_MISMATCH` unless the cursor stands on `item`, or on none if that is undefined
 */
export function expectAt(cursor: Cursor, item: object | undefined, name?: string): void {
  const expression = (field: string) => () => name && `${name}.${field}`;
  expectRead('cursor.valid', cursor.valid, item !== undefined, expression('valid'));
  for (const field in item) {
    expectRead(`cursor.${field}`, Reflect.get(cursor, field), Reflect.get(item, field), expression(field));
  }
}

/**
 * Compares a walk over all items, and with `backward` the walk back.
 * @param owner - what makes the cursors, as code
 * @throws TestingError `TESTING_MISMATCH`
 */
export function expectWalks(cursor: Cursor, items: readonly object[], backward: boolean, owner: string): void {
  expectWalk(cursor, items, 'seekToFirst', 'next', owner);
  if (backward) expectWalk(cursor, items.toReversed(), 'seekToLast', 'prev', owner);
}

function expectWalk(
  cursor: Cursor,
  items: readonly object[],
  start: 'seekToFirst' | 'seekToLast',
  step: 'next' | 'prev',
  owner: string,
): void {
  let steps = 0;
  try {
    cursor[start]!();
    for (; steps < items.length; steps++) {
      expectAt(cursor, items[steps], 'walk');
      cursor[step]!();
    }
    expectAt(cursor, undefined, 'walk');
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const walk = steps === 0 ? '' : ` for (let i = 0; i < ${steps}; i++) walk.${step}();`;
    error.step = `const walk = ${owner}.iterator(); walk.${start}();${walk} ${error.step}`;
    error.where = `in the walk at the end, after ${start}() and ${steps} x ${step}() over ${items.length} entries`;
    throw error;
  }
}

/** Positions a cursor. Makes it first if the run has none with its number. */
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
    expectAt(cursor, item, `cursor(${number})`);
  }

  /** Moves the cursor. @returns the item on which it must stand */
  protected abstract position(model: SeekModel, cursor: Cursor): object | undefined;
}

/** Moves a cursor to the first item. */
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

/** Moves a cursor to the last item. */
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

/** Moves a cursor to the first item at or after a key. */
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

/** Directions in which a cursor can step. */
export function directions(backward: boolean): fc.Arbitrary<'next' | 'prev'> {
  return backward ? fc.constantFrom('next', 'prev') : fc.constant('next');
}

/** Moves a cursor from its position, so the command runs only while the cursor stands on an item. */
abstract class Stepping<Arguments extends readonly unknown[]> extends Command<
  SeekModel,
  CursorSubject,
  [number, ...Arguments]
> {
  override check(model: Readonly<SeekModel>): boolean {
    return model.cursors[this.args[0]]?.item !== undefined;
  }

  /** Makes one step and compares. @returns whether the cursor still stands on an item */
  protected step(model: SeekModel, subject: CursorSubject, direction: 'next' | 'prev'): boolean {
    const [number] = this.args;
    const item = model.neighbour(model.cursors[number]!.item!, direction === 'next' ? 1 : -1);
    model.cursors[number] = { item };
    const cursor = subject.cursors[number]!;
    cursor[direction]!();
    expectAt(cursor, item, `cursor(${number})`);
    return item !== undefined;
  }
}

/** Makes up to `steps` steps in one direction, and stops at the end. */
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

/** Makes a step and a step back. */
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
