import type { StoreOperation } from '../../contract.js';
import type { StoreModel } from '../../model.js';
import { StoreCommand, type StoreSubject } from './subject.js';

/** Sets a key. */
export class Put extends StoreCommand<[key: Uint8Array, value: Uint8Array]> {
  readonly kind = 'put';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [key, value] = this.args;
    const own = [key.slice(), value.slice()] as const;
    await subject.store.put(...own);
    subject.scribble(...own);
    model.put(key, value);
  }

  toString(): string {
    return `await store.put(${this.code()});`;
  }
}

/** Deletes a key, which need not be there. */
export class Del extends StoreCommand<[key: Uint8Array]> {
  readonly kind = 'del';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const [key] = this.args;
    const own = key.slice();
    await subject.store.del(own);
    subject.scribble(own);
    model.del(key);
  }

  toString(): string {
    return `await store.del(${this.code()});`;
  }
}

/** Makes several writes as one. */
export class Batch extends StoreCommand<[operations: readonly StoreOperation[]]> {
  readonly kind = 'batch';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    const own = this.args[0].map(copyOf);
    await subject.store.batch!(own);
    for (const operation of own) {
      subject.scribble(operation.key);
      if (operation.type === 'put') subject.scribble(operation.value);
    }
    for (const operation of this.args[0]) {
      if (operation.type === 'put') model.put(operation.key, operation.value);
      else model.del(operation.key);
    }
  }

  toString(): string {
    return `await store.batch(${this.code()});`;
  }
}

/** Moves what is in memory to wherever it goes; nothing that can be read changes. */
export class Flush extends StoreCommand<[]> {
  readonly kind = 'flush';

  protected async execute(model: StoreModel, subject: StoreSubject): Promise<void> {
    await subject.store.flush!();
    await subject.compare(model);
  }

  toString(): string {
    return 'await store.flush();';
  }
}

function copyOf(operation: StoreOperation): StoreOperation {
  const key = operation.key.slice();
  return operation.type === 'put' ? { type: 'put', key, value: operation.value.slice() } : { type: 'del', key };
}
