/** Commands that run other commands in code of the user, while the store calls it. */
import { mismatch, expectSame } from '../../expect.js';
import { TestingError } from '../../errors.js';
import { InjectedFault } from '../../faults.js';
import { bytewise, type StoreModel } from '../../model.js';
import { code } from '../../notation.js';
import { type Answer, type CallSite, wrongAnswers } from '../../user-code.js';
import { CloseIterator, OpenIterator, SeekIterator, StepIterator } from './iterators.js';
import { Count, Get, Has, ReadPages, ReadRange, ReadSnapshot, ReleaseSnapshot, TakeSnapshot } from './reads.js';
import { runAtOnce, type Steps, wait } from './steps.js';
import { type Operation, StoreCommand, type StoreSubject } from './subject.js';
import { Batch, Clear, CompareAndSet, Del, Put, PutIfAbsent, PutMany } from './writes.js';

/** How the function of an update ends: it returns the value it got, another one or undefined, or it throws. */
export type Outcome = 'the same' | 'throw' | Uint8Array | undefined;

/** Changes a value by a function that uses the store before it returns. */
export class Update extends StoreCommand<[key: Uint8Array, inside: readonly Operation[], outcome: Outcome]> {
  readonly kind = 'update';

  protected override get isDeep(): boolean {
    return true;
  }

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [key, inside, outcome] = this.args;
    const own = key.slice();
    const fault = new InjectedFault('the function of the update throws');
    let calls = 0;
    let result: Uint8Array | undefined;
    const fn = subject.guard((value: Uint8Array | undefined) => {
      calls++;
      const before = subject.seen(model).get(key);
      expectSame('the value that an update is given', value, before);
      runInside(inside, model, subject);
      if (outcome === 'throw') throw fault;
      result = outcome === 'the same' ? before : outcome;
      return outcome === 'the same' ? value : outcome?.slice();
    });
    subject.beginCall();
    let returned: Uint8Array | undefined;
    try {
      returned = yield* wait(subject.store.update!(own, fn));
    } catch (error) {
      if (error !== fault) throw error;
      return;
    }
    subject.scribble(own);
    expectSame('calls of the function of an update', calls, 1);
    if (outcome === 'throw') mismatch('update() should throw what its function throws');
    expectSame('update()', returned, result);
    model.set(key, result);
  }

  toString(): string {
    const [key, inside, outcome] = this.args;
    if (outcome === 'throw') {
      const fn = `() => { ${codeInside(inside)}throw new InjectedFault(); }`;
      return `try { await store.update(${code(key)}, ${fn}); } catch {}`;
    }
    const result = outcome === 'the same' ? 'value' : code(outcome);
    return `await store.update(${code(key)}, (value) => { ${codeInside(inside)}return ${result}; });`;
  }
}

/** The commands that can run inside a callback, by their names in JSON. Those around a callback are among them. */
export const plainKinds = {
  put: Put,
  putMany: PutMany,
  del: Del,
  batch: Batch,
  putIfAbsent: PutIfAbsent,
  compareAndSet: CompareAndSet,
  update: Update,
  clear: Clear,
  get: Get,
  has: Has,
  count: Count,
  readRange: ReadRange,
  readPages: ReadPages,
  takeSnapshot: TakeSnapshot,
  readSnapshot: ReadSnapshot,
  releaseSnapshot: ReleaseSnapshot,
  openIterator: OpenIterator,
  stepIterator: StepIterator,
  seekIterator: SeekIterator,
  closeIterator: CloseIterator,
} as const;

/** Runs a command in which one call of an encoding or a getter uses the store, and may then throw. */
export class During extends StoreCommand<
  [site: CallSite, call: number, inside: readonly Operation[], throws: boolean, operation: Operation]
> {
  readonly kind = 'during';

  protected override get isDeep(): boolean {
    return true;
  }

  override check(model: Readonly<StoreModel>): boolean {
    return commandOf(this.args[4]).check(model) && !readsFirst(this.args[4]);
  }

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [site, call, inside, throws, operation] = this.args;
    const command = commandOf(operation);
    const fault = new InjectedFault(`${site} throws`);
    const { store } = subject;
    let isCalled = false;
    const callback = subject.guard(() => {
      isCalled = true;
      const before = model.copy();
      const used = subject.store;
      subject.store = store;
      runInside(inside, model, subject);
      subject.store = used;
      // The store decodes after its search, so the call has read the state before the callback. It encodes, and reads
      // the fields of options, before its search, so the call reads the state after the callback.
      if (site === 'decodeKey' || site === 'decodeValue') subject.keepSeen(before);
      else subject.beginCall();
      if (throws) throw fault;
    });
    subject.store = subject.user.plan(site, call, store, callback);
    try {
      yield* command.steps(model, subject);
    } catch (error) {
      if (isCalled && throws && comesOf(error, fault)) return;
      throw error;
    } finally {
      subject.user.forget();
      subject.store = store;
    }
    if (isCalled && throws) mismatch(`'${operation[0]}' should fail when ${site} throws`);
  }

  toString(): string {
    const [site, call, inside, throws, operation] = this.args;
    const callback = `() => { ${codeInside(inside)}${throws ? 'throw new InjectedFault(); ' : ''}}`;
    const action = `async (store) => { ${String(commandOf(operation))} }`;
    const during = `await user.during('${site}', ${call}, store, ${callback}, ${action});`;
    return throws ? `try { ${during} } catch {}` : during;
  }
}

/**
 * What a comparator does wrong. It answers with something other than a number. Or it uses the store, and then passes on
 * the error of that call, throws an error of its own, or swallows it.
 */
export type Misdeed =
  | readonly [does: 'answers', name: keyof typeof wrongAnswers]
  | readonly [does: 'passes on' | 'throws its own' | 'swallows', operation: Operation];

/**
 * Commands that compare keys, and never do background work. Walks do some: a store may take the deleted keys that it
 * passes out of its index, and then an error of the comparator does not fail the walk.
 */
const SEARCHES = new Set(['get', 'has']);

/** Runs a command in which one call of the comparator does something wrong. */
export class Misbehave extends StoreCommand<[call: number, misdeed: Misdeed, operation: Operation]> {
  readonly kind = 'misbehave';

  protected override get isDeep(): boolean {
    return true;
  }

  override check(model: Readonly<StoreModel>): boolean {
    return model.compareKeys !== bytewise && commandOf(this.args[2]).check(model) && !readsFirst(this.args[2]);
  }

  *steps(model: StoreModel, subject: StoreSubject): Steps {
    const [call, [does, what], operation] = this.args;
    const command = commandOf(operation);
    const own = new InjectedFault('the comparator throws');
    let isCalled = false;
    let refusal: unknown;
    const callback = subject.guard((): Answer | void => {
      isCalled = true;
      if (does === 'answers') return { answer: wrongAnswers[what] };
      refusal = refusalOf(commandOf(what), model, subject);
      if (does === 'passes on') throw refusal;
      if (does === 'throws its own') throw own;
    });
    subject.user.plan('compare', call, subject.store, callback);
    try {
      yield* command.steps(model, subject);
    } catch (error) {
      if (!isCalled || error instanceof TestingError) throw error;
      if (does === 'answers' && subject.isRefusal(error, 'invalidComparator')) return;
      if (does === 'passes on' && comesOf(error, refusal)) return;
      if (does === 'throws its own' && comesOf(error, own)) return;
      throw error;
    } finally {
      subject.user.forget();
    }
    // The comparison may have been one of background work after a write. The write has succeeded, and must not fail.
    if (isCalled && does !== 'swallows' && SEARCHES.has(operation[0])) {
      mismatch(`'${operation[0]}' should fail when its comparator ${does} ${code(what)}`);
    }
  }

  toString(): string {
    const [call, [does, what], operation] = this.args;
    return (
      `try { await user.during('compare', ${call}, store, () => { ${codeOfMisdeed(does, what)} }, async (store) => ` +
      `{ ${String(commandOf(operation))} }); } catch {}`
    );
  }
}

/** The error with which the store refuses a command inside its comparator. */
function refusalOf(command: StoreCommand<readonly unknown[]>, model: StoreModel, subject: StoreSubject): unknown {
  try {
    runAtOnce(command.steps(model, subject));
  } catch (error) {
    if (subject.isRefusal(error, 'reentered')) return error;
    mismatch(
      `'${command.kind}' inside the comparator should be refused as a reentrant call, but threw ${String(error)}`,
    );
  }
  mismatch(`'${command.kind}' should be refused inside the comparator`);
}

function codeOfMisdeed(does: Misdeed[0], what: Misdeed[1]): string {
  if (does === 'answers') return `return { answer: ${what as string} };`;
  // A command that expects an error catches it. Here the comparator must see that it is refused.
  const use = codeInside([what as Operation])
    .trim()
    .replace(/^try \{ (.*) \} catch \{\}$/s, '$1');
  if (does === 'passes on') return use;
  return `try { ${use} } catch { ${does === 'swallows' ? '' : 'throw new InjectedFault(); '}}`;
}

/** Whether the code of a command reads the store before its own call, so that it calls user code once more. */
function readsFirst([kind, , expected]: Operation): boolean {
  return kind === 'compareAndSet' && expected === 'its value';
}

function commandOf([kind, ...args]: Operation): StoreCommand<readonly unknown[]> {
  const constructor = plainKinds[kind as keyof typeof plainKinds] as
    (new (...args: never[]) => StoreCommand<readonly unknown[]>) | undefined;
  if (constructor === undefined) {
    throw new TestingError('TESTING_MALFORMED', `no command ${JSON.stringify(kind)} can run inside a callback`);
  }
  return new constructor(...(args as never[]));
}

function runInside(operations: readonly Operation[], model: StoreModel, subject: StoreSubject): void {
  for (const operation of operations) {
    const command = commandOf(operation);
    if (command.check(model)) runAtOnce(command.steps(model, subject));
  }
}

/** The same as code, without `await`, as a callback cannot wait. */
function codeInside(operations: readonly Operation[]): string {
  return operations.map((operation) => `${codeOf(commandOf(operation))} `).join('');
}

function codeOf(command: StoreCommand<readonly unknown[]>): string {
  const text = String(command).replaceAll('await ', '');
  return command.needs === undefined ? text : `if (${command.needs} !== undefined) { ${text} }`;
}

/** Whether an error is `origin`, or has it among its causes. */
function comesOf(error: unknown, origin: unknown): boolean {
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    if (cause === origin) return true;
  }
  return false;
}
