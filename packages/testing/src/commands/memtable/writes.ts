import { numberedKeys } from '../../arbitraries/keys.js';
import { type BatchDamage, damageBatch, encodeBatch } from '../../batch.js';
import { type Entry, ValueType, type WriteOperation } from '../../contract.js';
import { outcomeOf } from '../../expect.js';
import { failAllocation } from '../../faults.js';
import type { MemtableModel } from '../../model.js';
import { code } from '../../notation.js';
import { Command } from '../command.js';
import { type MemtableSubject, SCRIBBLE } from './subject.js';

const NOTHING = new Uint8Array(0);

/** A command for a memtable. */
abstract class MemtableCommand<Arguments extends readonly unknown[]> extends Command<
  MemtableModel,
  MemtableSubject,
  Arguments
> {}

type AddArguments = [sequence: number, type: ValueType, key: Uint8Array, value?: Uint8Array];
type ApplyArguments = [sequence: number, operations: readonly WriteOperation[]];

/** Adds one version of a key. */
export class Add extends MemtableCommand<AddArguments> {
  readonly kind = 'add';

  override check(model: Readonly<MemtableModel>): boolean {
    return model.canWrite([addedEntry(...this.args)]);
  }

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [sequence, type, key, value] = this.args;
    subject.write(model, [addedEntry(...this.args)], () => addTo(subject, sequence, type, key, value));
  }

  toString(): string {
    return `table.add(${this.code()});`;
  }
}

/** Adds many keys, enough for the index to grow. */
export class AddMany extends MemtableCommand<[sequence: number, prefix: Uint8Array, count: number, stride: number]> {
  readonly kind = 'addMany';

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [sequence, ...run] = this.args;
    for (const key of numberedKeys(...run)) {
      const added = addedEntry(sequence, ValueType.Value, key);
      if (model.canWrite([added])) subject.write(model, [added], () => addTo(subject, sequence, ValueType.Value, key));
    }
  }

  toString(): string {
    return `for (const key of numberedKeys(${this.code(1)})) try { table.add(${this.args[0]}, 1, key); } catch {}`;
  }
}

/** Applies a batch. */
export class Apply extends MemtableCommand<ApplyArguments> {
  readonly kind = 'apply';

  override check(model: Readonly<MemtableModel>): boolean {
    return model.canWrite(appliedEntries(...this.args));
  }

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    subject.write(model, appliedEntries(...this.args), () => applyTo(subject, ...this.args));
  }

  toString(): string {
    return `${applyCode(...this.args)};`;
  }
}

/** Applies a malformed batch. The table must refuse all of it. */
export class ApplyMalformed extends MemtableCommand<
  [sequence: number, operations: readonly WriteOperation[], damage: BatchDamage, amount: number]
> {
  readonly kind = 'applyMalformed';

  /** A frozen table has two reasons to refuse, and may give either, so skip it. */
  override check(model: Readonly<MemtableModel>): boolean {
    return model.state === 'active';
  }

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [sequence, operations, damage, amount] = this.args;
    const batch = damageBatch(encodeBatch(operations), damage, amount);
    const { batches } = subject.harness.supports;
    const call = (): unknown => batches && batches(subject.table, batch, sequence);
    subject.write(model, [], call, () => 'malformedBatch');
  }

  toString(): string {
    const [sequence, operations, damage, amount] = this.args;
    const batch = `damageBatch(encodeBatch(${operationsCode(operations)}), '${damage}', ${amount})`;
    return `supports.batches(table, ${batch}, ${sequence});`;
  }
}

/** Adds one version of a key while the k-th allocation fails. The table must refuse it if it needs that many. */
export class AddWithoutMemory extends MemtableCommand<[k: number, ...AddArguments]> {
  readonly kind = 'addWithoutMemory';

  override check(model: Readonly<MemtableModel>): boolean {
    const [, ...add] = this.args;
    return model.refusalOf([addedEntry(...add)]) === undefined;
  }

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [k, ...add] = this.args;
    withoutMemory(model, subject, k, [addedEntry(...add)], () => addTo(subject, ...add));
  }

  toString(): string {
    return withoutMemoryCode(this.args[0], `table.add(${this.code(1)})`);
  }
}

/** Applies a batch while the k-th allocation fails. */
export class ApplyWithoutMemory extends MemtableCommand<[k: number, ...ApplyArguments]> {
  readonly kind = 'applyWithoutMemory';

  override check(model: Readonly<MemtableModel>): boolean {
    const [, ...apply] = this.args;
    return model.refusalOf(appliedEntries(...apply)) === undefined;
  }

  protected execute(model: MemtableModel, subject: MemtableSubject): void {
    const [k, ...apply] = this.args;
    withoutMemory(model, subject, k, appliedEntries(...apply), () => applyTo(subject, ...apply));
  }

  toString(): string {
    const [k, ...apply] = this.args;
    return withoutMemoryCode(k, applyCode(...apply));
  }
}

/** The entry that `add` with these arguments makes. */
export function addedEntry(sequence: number, type: ValueType, key: Uint8Array, value: Uint8Array = NOTHING): Entry {
  return { key, sequence, type, value };
}

function appliedEntries(sequence: number, operations: readonly WriteOperation[]): Entry[] {
  return operations.map((operation, i) =>
    operation.type === ValueType.Value
      ? addedEntry(sequence + i, operation.type, operation.key, operation.value)
      : addedEntry(sequence + i, operation.type, operation.key),
  );
}

/** Adds an entry. Then overwrites the arguments, if the table copies them. */
export function addTo(
  subject: MemtableSubject,
  sequence: number,
  type: ValueType,
  key: Uint8Array,
  value?: Uint8Array,
): void {
  const { table, harness } = subject;
  const [ownKey, ownValue] = [key.slice(), value?.slice()];
  if (ownValue === undefined) table.add(sequence, type, ownKey);
  else table.add(sequence, type, ownKey, ownValue);
  if (!harness.supports.copies) return;
  ownKey.fill(SCRIBBLE);
  ownValue?.fill(SCRIBBLE);
}

function applyTo(subject: MemtableSubject, sequence: number, operations: readonly WriteOperation[]): void {
  const { batches, copies } = subject.harness.supports;
  const batch = encodeBatch(operations);
  if (batches !== false) batches(subject.table, batch, sequence);
  if (copies) batch.fill(SCRIBBLE);
}

function withoutMemory(
  model: MemtableModel,
  subject: MemtableSubject,
  k: number,
  entries: readonly Entry[],
  write: () => void,
): void {
  const { allocator } = subject.harness.supports;
  if (allocator === false) return;
  let failed = false;
  const call = (): void => {
    let outcome = (): void => {};
    failed = failAllocation(allocator(subject.table), k, () => {
      outcome = outcomeOf(write);
    });
    outcome();
  };
  subject.write(model, entries, call, () => (failed ? 'full' : undefined));
}

function applyCode(sequence: number, operations: readonly WriteOperation[]): string {
  return `supports.batches(table, encodeBatch(${operationsCode(operations)}), ${sequence})`;
}

function operationsCode(operations: readonly WriteOperation[]): string {
  const codes = operations.map((operation) =>
    operation.type === ValueType.Value
      ? `put(${code(operation.key)}, ${code(operation.value)})`
      : `del(${code(operation.key)})`,
  );
  return `[${codes.join(', ')}]`;
}

function withoutMemoryCode(k: number, call: string): string {
  return `failAllocation(supports.allocator(table), ${k}, () => ${call});`;
}
