import type {
  RangeRead,
  Store,
  StoreHarness,
  StoreIterator,
  StoreRefusal,
  StoreSnapshot,
  StoreSupports,
} from '../../contract.js';
import { TestingError } from '../../errors.js';
import { expectSame } from '../../expect.js';
import type { StoreModel } from '../../model.js';
import { UserCode, type UserCodeSetup } from '../../user-code.js';
import { type AnyCommand, Command } from '../command.js';
import { readAll, runWaiting, type Steps, wait } from './steps.js';

const SCRIBBLE = 0xcc;

/** A store in a run of commands. */
export class StoreSubject {
  readonly executed: AnyCommand[] = [];
  readonly supports: StoreSupports;
  readonly user: UserCode;
  /** What commands use: the store, or what stands before it while its arguments have getters. */
  store: Store;
  snapshots: (StoreSnapshot | undefined)[] = [];
  iterators: (StoreIterator<unknown> | undefined)[] = [];
  /** The model as the call that is running saw it, when it had looked before code of the user's wrote. */
  #seen: StoreModel | undefined;
  /** The first mismatch inside a callback; a store may make another error of it, or none. */
  #mismatch: TestingError | undefined;

  private constructor({ supports }: StoreHarness, user: UserCode, store: Store) {
    this.supports = supports;
    this.user = user;
    this.store = store;
  }

  static async make(harness: StoreHarness, setup: UserCodeSetup): Promise<StoreSubject> {
    const user = new UserCode(setup);
    return new StoreSubject(harness, user, await harness.factory(user.options));
  }

  /** Lets the caller of a write go on with its own buffers. */
  scribble(...buffers: readonly Uint8Array[]): void {
    if (this.supports.copies) for (const buffer of buffers) buffer.fill(SCRIBBLE);
  }

  /** Whether an error is the refusal with this code. */
  isRefusal(error: unknown, refusal: StoreRefusal): boolean {
    const code = this.supports.errorCodes?.[refusal];
    return error instanceof Error && (code === undefined || (error as { code?: unknown }).code === code);
  }

  /** A call of the store begins: it sees the model as it is, unless {@link StoreSubject.keepSeen} says otherwise. */
  beginCall(): void {
    this.#seen = undefined;
  }

  /** The call that is running had looked before `seen` was changed. */
  keepSeen(seen: StoreModel): void {
    this.#seen = seen;
  }

  /** What the call that is running sees, or the one that has just ended has seen. */
  seen(model: StoreModel): StoreModel {
    return this.#seen ?? model;
  }

  /** A callback whose mismatches are not lost. */
  guard<A extends unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      try {
        return callback(...args);
      } catch (error) {
        if (error instanceof TestingError) this.#mismatch ??= error;
        throw error;
      }
    };
  }

  /** @throws TestingError the first mismatch inside a callback */
  expectNoMismatch(): void {
    if (this.#mismatch !== undefined) throw this.#mismatch;
  }

  /** Everything in a range. */
  *read(range: RangeRead): Steps<[Uint8Array, Uint8Array][]> {
    return yield* readAll(this.store.iterator!(range));
  }

  /** Compares everything, both ways. */
  *compare(model: StoreModel): Steps {
    const { count, ranges, verify } = this.supports;
    for (const { key, value } of model.items) {
      expectSame('get()', yield* wait(this.store.get(key)), value);
    }
    if (ranges) expectSame('iterator()', yield* this.read({}), model.range({}));
    if (count) expectSame('count()', yield* wait(this.store.count!()), model.items.length);
    if (verify) this.store.verify!();
  }

  /** Nothing is held when everything has been closed or has ended. */
  expectReleased(model: StoreModel): void {
    const { pins = false } = this.supports;
    if (pins !== false && !model.isHeld) expectSame('open snapshots and iterators', pins(this.store), 0);
  }

  /** The last comparison; then everything is closed, and nothing may be held. */
  async end(model: StoreModel): Promise<void> {
    await runWaiting(this.compare(model));
    await this.#release();
    model.snapshots = [];
    model.iterators = [];
    this.expectReleased(model);
  }

  /** Closes the snapshots, the iterators and the store. */
  async close(): Promise<void> {
    await this.#release();
    await this.store.close?.();
  }

  async #release(): Promise<void> {
    for (const snapshot of this.snapshots) await snapshot?.close();
    for (const iterator of this.iterators) iterator?.close();
    this.snapshots = [];
    this.iterators = [];
  }
}

/** A command as data: `[kind, ...arguments]`. */
export type Operation = readonly [kind: string, ...args: unknown[]];

/** A command for a store. */
export abstract class StoreCommand<Arguments extends readonly unknown[]> extends Command<
  StoreModel,
  StoreSubject,
  Arguments
> {
  /** Does it to both, and compares what they say. The store first: what it refuses does not happen to the model. */
  abstract steps(model: StoreModel, subject: StoreSubject): Steps;

  /** Whether everything is compared after it. */
  protected get isDeep(): boolean {
    return false;
  }

  get operation(): Operation {
    return [this.kind, ...this.args];
  }

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    try {
      await runWaiting(this.steps(model, subject));
    } catch (error) {
      subject.expectNoMismatch();
      throw error;
    }
    subject.expectNoMismatch();
    subject.expectReleased(model);
    if (this.isDeep) await runWaiting(subject.compare(model));
  }
}
