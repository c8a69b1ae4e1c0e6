import type { Range, Store, StoreHarness, StoreSnapshot, StoreSupports } from '../../contract.js';
import { expectSame } from '../../expect.js';
import type { StoreModel } from '../../model.js';
import { type AnyCommand, Command } from '../command.js';

const SCRIBBLE = 0xcc;

/** A store in a run of commands. */
export class StoreSubject {
  readonly executed: AnyCommand[] = [];
  readonly supports: StoreSupports;
  readonly store: Store;
  snapshots: (StoreSnapshot | undefined)[] = [];

  constructor({ supports }: StoreHarness, store: Store) {
    this.supports = supports;
    this.store = store;
  }

  /** Lets the caller of a write go on with its own buffers. */
  scribble(...buffers: readonly Uint8Array[]): void {
    if (this.supports.copies) for (const buffer of buffers) buffer.fill(SCRIBBLE);
  }

  /** Everything in a range. */
  async read(range: Range & { snapshot?: StoreSnapshot }): Promise<[Uint8Array, Uint8Array][]> {
    const found: [Uint8Array, Uint8Array][] = [];
    for await (const [key, value] of this.store.iterator!(range)) found.push([key, value]);
    return found;
  }

  /** Compares everything, both ways. */
  async compare(model: StoreModel): Promise<void> {
    for (const { key, value } of model.items) expectSame('get()', await this.store.get(key), value);
    if (this.supports.ranges) expectSame('iterator()', await this.read({}), model.range({}));
  }

  async close(): Promise<void> {
    for (const snapshot of this.snapshots) await snapshot?.close();
    await this.store.close?.();
  }
}

/** A command for a store. */
export abstract class StoreCommand<Arguments extends readonly unknown[]> extends Command<
  StoreModel,
  StoreSubject,
  Arguments
> {}
