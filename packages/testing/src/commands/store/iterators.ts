import type { Range, RangeRead, StoreIterator } from '../../contract.js';
import { expectSame } from '../../expect.js';
import { IteratorModel, type StoreModel } from '../../model.js';
import { code } from '../../notation.js';
import { open, yielded, type Yields } from './reads.js';
import { type Steps, wait } from './steps.js';
import { StoreCommand, type StoreSubject } from './subject.js';

/** Number of iterators in a run. */
export const ITERATORS = 2;

/** Makes an iterator of the store or of a snapshot, and closes the one with the same number. */
export class OpenIterator extends StoreCommand<[iterator: number, range: Range, yields: Yields, snapshot?: number]> {
  readonly kind = 'openIterator';

  override check(model: Readonly<StoreModel>): boolean {
    const snapshot = this.args[3];
    return snapshot === undefined || model.snapshots[snapshot] !== undefined;
  }

  override get needs(): string | undefined {
    const snapshot = this.args[3];
    return snapshot === undefined ? undefined : `snapshots[${snapshot}]`;
  }

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [number, range, yields, snapshot] = this.args;
    const before = subject.iterators[number];
    const read: RangeRead = snapshot === undefined ? range : { ...range, snapshot: subject.snapshots[snapshot]! };
    subject.iterators[number] = (yield* wait(open(subject.store, yields, read))) as StoreIterator<unknown>;
    const state = snapshot === undefined ? model : model.snapshots[snapshot]!;
    model.iterators[number] = new IteratorModel(state, range, yields);
    yield* wait(before?.close());
  }

  toString(): string {
    const [number, range, yields, snapshot] = this.args;
    const iterator = `iterators[${number}]`;
    const options = snapshot === undefined ? code(range) : `{ ...${code(range)}, snapshot: snapshots[${snapshot}] }`;
    return `{ const before = ${iterator}; ${iterator} = store.${yields}(${options}); before?.close(); }`;
  }
}

/** A command for an open iterator. */
abstract class IteratorCommand<More extends readonly unknown[]> extends StoreCommand<[iterator: number, ...More]> {
  override check(model: Readonly<StoreModel>): boolean {
    return model.iterators[this.args[0]] !== undefined;
  }

  /** Forgets the iterator, which has been closed or has ended. */
  protected forget(model: StoreModel, subject: StoreSubject): void {
    const [number] = this.args;
    subject.iterators[number] = undefined;
    model.iterators[number] = undefined;
  }
}

/** Takes the next item of an iterator, or the next `size`. An iterator that ends must release what it holds. */
export class StepIterator extends IteratorCommand<[size?: number]> {
  readonly kind = 'stepIterator';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [number, size] = this.args;
    const iterator = subject.iterators[number]!;
    const place = model.iterators[number]!;
    let found: unknown[];
    try {
      if (size === undefined) {
        const step = yield* wait(iterator.next());
        found = step.done === true ? [] : [step.value];
      } else found = yield* wait(iterator.nextv(size));
    } catch (error) {
      this.forget(model, subject);
      throw error;
    }
    const expected = yielded(place.yields, place.take(size ?? 1));
    expectSame(size === undefined ? 'next()' : 'nextv()', found, expected);
    const hasEnded = expected.length < (size ?? 1) || (size !== undefined && place.left === 0);
    if (!hasEnded) return;
    this.forget(model, subject);
    subject.expectReleased(model);
    expectSame('done after the end', iterator.next().done, true);
  }

  toString(): string {
    const [number, size] = this.args;
    return `iterators[${number}]?.${size === undefined ? 'next()' : `nextv(${size})`};`;
  }
}

/** Moves an iterator to a key. */
export class SeekIterator extends IteratorCommand<[key: Uint8Array]> {
  readonly kind = 'seekIterator';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [number, key] = this.args;
    yield* wait(subject.iterators[number]!.seek(key.slice()));
    model.iterators[number]!.seek(key);
  }

  toString(): string {
    return `iterators[${this.args[0]}]?.seek(${this.code(1)});`;
  }
}

/** Closes an iterator. */
export class CloseIterator extends IteratorCommand<[]> {
  readonly kind = 'closeIterator';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    yield* wait(subject.iterators[this.args[0]]!.close());
    this.forget(model, subject);
  }

  toString(): string {
    return `iterators[${this.args[0]}]?.close();`;
  }
}
