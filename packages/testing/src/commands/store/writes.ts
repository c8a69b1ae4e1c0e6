import { numberedKeys } from '../../arbitraries/keys.js';
import type { Range, StoreOperation } from '../../contract.js';
import { expectSame, same } from '../../expect.js';
import type { StoreModel } from '../../model.js';
import { code } from '../../notation.js';
import { type Steps, wait } from './steps.js';
import { StoreCommand, type StoreSubject } from './subject.js';

/** Sets a key. */
export class Put extends StoreCommand<[key: Uint8Array, value: Uint8Array]> {
  readonly kind = 'put';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key, value] = this.args;
    const own = [key.slice(), value.slice()] as const;
    yield* wait(subject.store.put(...own));
    subject.scribble(...own);
    model.put(key, value);
  }

  toString(): string {
    return `await store.put(${this.code()});`;
  }
}

/** Sets many keys, enough for the store to grow. */
export class PutMany extends StoreCommand<[prefix: Uint8Array, count: number, stride: number]> {
  readonly kind = 'putMany';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    for (const key of numberedKeys(...this.args)) {
      const value = key.slice(-1);
      yield* wait(subject.store.put(key.slice(), value.slice()));
      model.put(key, value);
    }
  }

  toString(): string {
    return `for (const key of numberedKeys(${this.code()})) await store.put(key, key.slice(-1));`;
  }
}

/** Deletes a key, which may be absent. */
export class Del extends StoreCommand<[key: Uint8Array]> {
  readonly kind = 'del';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key] = this.args;
    const own = key.slice();
    yield* wait(subject.store.del(own));
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

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const own = this.args[0].map(copyOf);
    yield* wait(subject.store.batch!(own));
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

/** Sets a key if it has no value. */
export class PutIfAbsent extends StoreCommand<[key: Uint8Array, value: Uint8Array]> {
  readonly kind = 'putIfAbsent';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key, value] = this.args;
    const own = [key.slice(), value.slice()] as const;
    const isSet = yield* wait(subject.store.putIfAbsent!(...own));
    subject.scribble(...own);
    expectSame('putIfAbsent()', isSet, model.get(key) === undefined);
    if (isSet) model.put(key, value);
  }

  toString(): string {
    return `await store.putIfAbsent(${this.code()});`;
  }
}

/** Sets or deletes a key if its value is as expected: the value that it has, or another one. */
export class CompareAndSet extends StoreCommand<
  [key: Uint8Array, expected: 'its value' | Uint8Array | undefined, value: Uint8Array | undefined]
> {
  readonly kind = 'compareAndSet';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key, other, value] = this.args;
    const expected = other === 'its value' ? model.get(key) : other;
    const own = [key.slice(), expected?.slice(), value?.slice()] as const;
    const isSet = yield* wait(subject.store.compareAndSet!(...own));
    for (const bytes of own) if (bytes !== undefined) subject.scribble(bytes);
    expectSame('compareAndSet()', isSet, same(model.get(key), expected));
    if (isSet) model.set(key, value);
  }

  toString(): string {
    const [key, other, value] = this.args;
    const expected = other === 'its value' ? `await store.get(${code(key)})` : code(other);
    return `await store.compareAndSet(${code(key)}, ${expected}, ${code(value)});`;
  }
}

/** Deletes the keys of a range. */
export class Clear extends StoreCommand<[range: Range]> {
  readonly kind = 'clear';

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [range] = this.args;
    yield* wait(subject.store.clear!({ ...range }));
    model.clearRange(range);
  }

  toString(): string {
    return `await store.clear(${this.code()});`;
  }
}

/** Flushes the store. Reads find the same before and after. */
export class Flush extends StoreCommand<[]> {
  readonly kind = 'flush';

  protected override get isDeep(): boolean {
    return true;
  }

  *steps(_model: StoreModel, subject: StoreSubject): Steps {
    yield* wait(subject.store.flush!());
  }

  toString(): string {
    return 'await store.flush();';
  }
}

function copyOf(operation: StoreOperation): StoreOperation {
  const key = operation.key.slice();
  return operation.type === 'put' ? { type: 'put', key, value: operation.value.slice() } : { type: 'del', key };
}
