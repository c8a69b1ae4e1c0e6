import type { Comparator, Entry, MemtableList, MemtableListHarness, WriteOperation } from '../contract.js';
import { mismatch, same } from '../expect.js';
import type { ScriptedTarget } from '../faults.js';
import { bytewise } from '../model.js';
import { code } from '../notation.js';
import { History, type Write } from './history.js';
import { KEYS } from './program.js';
import type { InterleavingSubject, Step } from './run.js';
import { isLong, writeOf } from './step.js';

const utf8 = new TextEncoder();

/**
 * A list of memtables under test. At every moment list and target together have every accepted write, and the writes
 * explain every entry, see {@link History.explain}. After `close()` the target has everything.
 */
export class ListSubject implements InterleavingSubject {
  readonly lastAction = 'close';
  /** Whether `close()` has been called. */
  #closing = false;
  /** Whether `close()` has resolved. */
  #closed = false;
  readonly #harness: MemtableListHarness;
  readonly #target: ScriptedTarget;
  readonly #compareKeys: Comparator;
  readonly #list: MemtableList;
  readonly #history = new History();

  constructor(harness: MemtableListHarness, target: ScriptedTarget, comparator?: Comparator) {
    this.#harness = harness;
    this.#target = target;
    this.#compareKeys = comparator ?? bytewise;
    this.#list = harness.factory({ target, ...(comparator && { comparator }) });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  async act(step: Step): Promise<void> {
    const { verb, words, signal } = step;
    const { write, admit } = this.#harness.supports;
    if (verb === 'flush') return this.#flush(step);
    if (verb === 'close') return this.#close(step);
    if (verb === 'write') return this.#write(step, (operations) => write(this.#list, operations, { signal }));
    if (admit === false) throw new Error(`admissions are not supported: ${verb}`);
    if (words.length === 0) {
      await this.#settle(step, admit.wait(this.#list, { signal }));
      return;
    }
    return this.#write(step, async (operations) => {
      await admit.wait(this.#list, { signal });
      admit.apply(this.#list, operations);
    });
  }

  async #write(step: Step, make: (operations: WriteOperation[]) => Promise<void>): Promise<void> {
    const { id: number, words, settled, signal } = step;
    const { valueBytesMax } = this.#harness.supports;
    const operations = words.map((word, i) => writeOf(word, Uint8Array.of(number, i), valueBytesMax));
    const tooLong = words.some(isLong);
    const write: Write = { number, operations, outcome: undefined, after: this.#history.accepted() };
    this.#history.writes.push(write);
    try {
      await make(operations);
      write.outcome = 'accepted';
      settled();
    } catch (error) {
      write.outcome = 'refused';
      if (tooLong || signal.aborted || this.#closing) return;
      mismatch(`write ${number} was refused without a reason: ${String(error)}`);
    }
    if (tooLong) mismatch(`write ${number} was accepted, although one of its values fits no memtable`);
  }

  async #flush(step: Step): Promise<void> {
    const before = this.#history.accepted();
    if (await this.#settle(step, this.#list.flush({ signal: step.signal }))) {
      this.#expectFlushed(before, `flush ${step.id}`);
    }
  }

  /** Waits for a call. @returns true if it resolves; false if it rejects for a reason, an abort or a close */
  async #settle({ verb, id, signal, settled }: Step, call: Promise<void>): Promise<boolean> {
    try {
      await call;
      settled();
      return true;
    } catch (error) {
      if (signal.aborted || this.#closing) return false;
      mismatch(`${verb} ${id} was refused without a reason: ${String(error)}`);
    }
  }

  async #close({ signal }: Step): Promise<void> {
    this.#closing = true;
    try {
      await this.#list.close({ signal });
    } catch (error) {
      if (this.#closed || [...this.#remaining()].length > 0) return;
      mismatch(`close() rejected although no entry remains in memory: ${String(error)}`);
    }
    this.#expectFlushed(this.#history.accepted(), 'close()');
    this.#closed = true;
  }

  #expectFlushed(writes: ReadonlySet<Write>, what: string): void {
    const flushed = new Set(this.#target.accepted.map(({ value }) => value[0]));
    for (const { number } of writes) {
      if (!flushed.has(number)) mismatch(`${what} resolved, but the target does not have write ${number}`);
    }
  }

  check(): void {
    const found = [...this.#target.accepted, ...this.#remaining()];
    const entries = this.#history.explain(found, this.#harness.supports.ordered);
    for (const name of KEYS) {
      const key = utf8.encode(name);
      const versions = entries.filter((entry) => this.#compareKeys(entry.key, key) === 0);
      for (const sequence of [0, ...versions.map((entry) => Number(entry.sequence))]) {
        const expected = versions.findLast((entry) => entry.sequence <= sequence);
        const found = this.#read(key, sequence);
        if (found?.type === expected?.type && same(found?.value, expected?.value)) continue;
        mismatch(`${name} at ${sequence} should be ${code(expected)}, but list and target have ${code(found)}`);
      }
    }
  }

  /** The newest version in the list; if it has none, the newest in the target. */
  #read(key: Uint8Array, sequence: number): { readonly type: number; readonly value: Uint8Array } | undefined {
    const inMemory = this.#closed ? undefined : this.#list.get(key, sequence);
    if (inMemory !== undefined) return inMemory;
    const flushed = this.#target.accepted.filter(
      (entry) => this.#compareKeys(entry.key, key) === 0 && entry.sequence <= sequence,
    );
    return flushed.find((entry) => flushed.every((other) => other.sequence <= entry.sequence));
  }

  /** Entries in memory. A closed list has none. */
  #remaining(): Iterable<Entry> {
    return this.#closed ? [] : this.#harness.supports.remaining(this.#list);
  }
}
