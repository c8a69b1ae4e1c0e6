import type { Range } from '../../contract.js';
import { expectSame } from '../../expect.js';
import type { StoreModel } from '../../model.js';
import { code } from '../../notation.js';
import { StoreCommand, type StoreSubject } from './subject.js';

/** Snapshots that a run uses. */
export const SNAPSHOTS = 2;

/** Looks a key up. */
export class Get extends StoreCommand<[key: Uint8Array]> {
  readonly kind = 'get';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [key] = this.args;
    const found = await subject.store.get(key);
    expectSame('get()', found, model.get(key));
    if (found !== undefined) subject.scribble(found);
  }

  toString(): string {
    return `await store.get(${this.code()});`;
  }
}

/** Reads a range. */
export class ReadRange extends StoreCommand<[range: Range]> {
  readonly kind = 'readRange';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [range] = this.args;
    expectSame('iterator()', await subject.read(range), model.range(range));
  }

  toString(): string {
    return `for await (const [key, value] of store.iterator(${this.code()}));`;
  }
}

/** Makes a snapshot, and lets go of the one that had its number. */
export class TakeSnapshot extends StoreCommand<[snapshot: number]> {
  readonly kind = 'takeSnapshot';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [snapshot] = this.args;
    await subject.snapshots[snapshot]?.close();
    subject.snapshots[snapshot] = subject.store.snapshot!();
    model.snapshots[snapshot] = model.copy();
  }

  toString(): string {
    const snapshot = `snapshots[${this.args[0]}]`;
    return `await ${snapshot}?.close(); ${snapshot} = store.snapshot();`;
  }
}

/** Reads a key and a range as a snapshot has them. */
export class ReadSnapshot extends StoreCommand<[snapshot: number, key: Uint8Array, range: Range]> {
  readonly kind = 'readSnapshot';

  override check(model: Readonly<StoreModel>): boolean {
    return model.snapshots[this.args[0]] !== undefined;
  }

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [number, key, range] = this.args;
    const snapshot = subject.snapshots[number]!;
    const then = model.snapshots[number]!;
    expectSame('get() of the snapshot', await subject.store.get(key, { snapshot }), then.get(key));
    if (!subject.supports.ranges) return;
    expectSame('iterator() of the snapshot', await subject.read({ ...range, snapshot }), then.range(range));
  }

  toString(): string {
    const [number, key, range] = this.args;
    const options = `{ ...${code(range)}, snapshot: snapshots[${number}] }`;
    return (
      `await store.get(${code(key)}, { snapshot: snapshots[${number}] }); ` +
      `for await (const [key, value] of store.iterator(${options}));`
    );
  }
}

export class ReleaseSnapshot extends StoreCommand<[snapshot: number]> {
  readonly kind = 'releaseSnapshot';

  override check(model: Readonly<StoreModel>): boolean {
    return model.snapshots[this.args[0]] !== undefined;
  }

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [snapshot] = this.args;
    await subject.snapshots[snapshot]!.close();
    subject.snapshots[snapshot] = undefined;
    model.snapshots[snapshot] = undefined;
  }

  toString(): string {
    return `await snapshots[${this.args[0]}].close(); snapshots[${this.args[0]}] = undefined;`;
  }
}
