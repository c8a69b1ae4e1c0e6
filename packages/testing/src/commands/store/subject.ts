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
import { expectRead, expectSame, Mismatch } from '../../expect.js';
import type { StoreModel } from '../../model.js';
import { code } from '../../notation.js';
import { UserCode, type UserCodeSetup } from '../../user-code.js';
import { type AnyCommand, Command } from '../command.js';
import { readAll, runWaiting, type Steps, wait } from './steps.js';

const SCRIBBLE = 0xcc;

/** @internal A store in a run of commands. */
export class StoreSubject {
  /** The commands of the run, in order. */
  readonly executed: AnyCommand[] = [];
  /** What the store can do. */
  readonly supports: StoreSupports;
  /** The code of the user that the store calls. */
  readonly user: UserCode;
  /** The store that commands use. Within {@link During} at a getter it is a proxy that makes the getters. */
  store: Store;
  /** Open snapshots by number. */
  snapshots: (StoreSnapshot | undefined)[] = [];
  /** Open iterators by number. */
  iterators: (StoreIterator<unknown> | undefined)[] = [];
  /** The state that the running call reads, if code of the user has written since. */
  #seen: StoreModel | undefined;
  /** The first mismatch inside a callback. The store may wrap or swallow it. */
  #mismatch: TestingError | undefined;

  private constructor({ supports }: StoreHarness, user: UserCode, store: Store) {
    this.supports = supports;
    this.user = user;
    this.store = store;
  }

  /** Makes a store with the code of the user that `setup` names. */
  static async make(harness: StoreHarness, setup: UserCodeSetup): Promise<StoreSubject> {
    const user = new UserCode(setup);
    return new StoreSubject(harness, user, await harness.factory(user.options));
  }

  /** Overwrites buffers that belong to the caller, if the store copies its arguments. */
  scribble(...buffers: readonly Uint8Array[]): void {
    if (this.supports.copies) for (const buffer of buffers) buffer.fill(SCRIBBLE);
  }

  /** Whether an error is this refusal. */
  isRefusal(error: unknown, refusal: StoreRefusal): boolean {
    const code = this.supports.errorCodes?.[refusal];
    return error instanceof Error && (code === undefined || (error as { code?: unknown }).code === code);
  }

  /** Begins a call. It reads the state of the model, unless {@link StoreSubject.keepSeen} says otherwise. */
  beginCall(): void {
    this.#seen = undefined;
  }

  /** The running call has read `seen`, before code of the user wrote. */
  keepSeen(seen: StoreModel): void {
    this.#seen = seen;
  }

  /** The state that the running call reads, or the last call has read. */
  seen(model: StoreModel): StoreModel {
    return this.#seen ?? model;
  }

  /** A callback whose first mismatch is kept for {@link StoreSubject.expectNoMismatch}. */
  guard<A extends unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      try {
        return callback(...args);
      } catch (error) {
        if (error instanceof TestingError) this.#mismatch ??= error;
        // Its code would run after the call, not in the middle of it.
        if (error instanceof Mismatch) error.step = undefined;
        throw error;
      }
    };
  }

  /** @throws TestingError the first mismatch inside a callback, if there was one */
  expectNoMismatch(): void {
    if (this.#mismatch !== undefined) throw this.#mismatch;
  }

  /** Reads a range to its end. */
  *read(range: RangeRead): Steps<[Uint8Array, Uint8Array][]> {
    return yield* readAll(this.store.iterator!(range));
  }

  /** Compares store and model: reads of every key, a walk over all, the count. */
  *compare(model: StoreModel): Steps {
    const { count, ranges, verify } = this.supports;
    for (const { key, value } of model.items) {
      expectRead('get()', yield* wait(this.store.get(key)), value, () => `await store.get(${code(key)})`);
    }
    if (ranges) {
      expectRead('iterator()', yield* this.read({}), model.range({}), () => 'await itemsOf(store.iterator())');
    }
    if (count) {
      expectRead('count()', yield* wait(this.store.count!()), model.items.length, () => 'await store.count()');
    }
    if (verify) this.store.verify!();
  }

  /** Once no snapshot or iterator is open, the store must hold nothing for one. */
  expectReleased(model: StoreModel): void {
    const { pins = false } = this.supports;
    if (pins !== false && !model.isHeld) expectSame('open snapshots and iterators', pins(this.store), 0);
  }

  /** Compares for the last time. Then closes all snapshots and iterators, after which the store must hold nothing. */
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
  /** Applies the command to the store, then to the model, and compares. A refusal thus leaves the model unchanged. */
  abstract steps(model: StoreModel, subject: StoreSubject): Steps;

  /** Whether to compare the whole content after the command. */
  protected get isDeep(): boolean {
    return false;
  }

  /** The snapshot, as code, without which the command does not run inside a callback. The same as `check`. */
  get needs(): string | undefined {
    return undefined;
  }

  /** The command as data. */
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
