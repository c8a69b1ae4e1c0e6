import type fc from 'fast-check';
import { comparators } from '../arbitraries/comparators.js';
import type { Comparator, Entry, MemtableList, MemtableListHarness, WriteOperation } from '../contract.js';
import { del, put } from '../batch.js';
import { TestingError } from '../errors.js';
import { mismatch, same } from '../expect.js';
import { ScriptedTarget } from '../faults.js';
import { bytewise } from '../model.js';
import { code } from '../notation.js';
import { History, type Write } from './history.js';
import { KEYS, type ListProgram } from './program.js';
import { scheduleTimers } from './timers.js';

/** Steps after which a program of a dozen actions must have come to rest. */
const STEPS_MAX = 2000;
/** Microtasks that may lie between one step and what it causes. */
const TICKS = 40;

const utf8 = new TextEncoder();

/**
 * Runs a program over a fresh list in the scheduler's order. After every step everything that was accepted has to be
 * there, and what is there has to be explained by writes one after the other. At last the target is healthy and the
 * list is closed: everything has to be with the target then.
 * @param order - the schedule, when it is a recorded one: the run ends with it
 * @throws TestingError `TESTING_MISMATCH`
 */
export async function runInterleaving(
  harness: MemtableListHarness,
  program: ListProgram,
  scheduler: fc.Scheduler,
  order?: readonly number[],
): Promise<void> {
  const restoreTimers = scheduleTimers(scheduler);
  try {
    const run = new Interleaving(harness, program, scheduler, order);
    run.begin();
    await run.goOn();
    if (order === undefined || run.steps < order.length) await run.finish();
  } finally {
    restoreTimers();
  }
}

class Interleaving {
  steps = 0;
  readonly #harness: MemtableListHarness;
  readonly #program: ListProgram;
  readonly #scheduler: fc.Scheduler;
  readonly #order: readonly number[] | undefined;
  readonly #target: ScriptedTarget;
  readonly #compareKeys: Comparator;
  readonly #list: MemtableList;
  readonly #history = new History();
  readonly #signals: AbortController[];
  #pending = 0;
  /** Whether close() has been called, and whether it has resolved. */
  #closing = false;
  #closed = false;
  /** What an action found to be wrong. */
  #failure: { error: unknown } | undefined;

  constructor(harness: MemtableListHarness, program: ListProgram, scheduler: fc.Scheduler, order?: readonly number[]) {
    this.#harness = harness;
    this.#program = program;
    this.#scheduler = scheduler;
    this.#order = order;
    this.#target = new ScriptedTarget(program.script, (label) => scheduler.schedule(Promise.resolve(), label));
    const comparator = program.comparator && comparators[program.comparator];
    this.#compareKeys = comparator ?? bytewise;
    this.#list = harness.factory({ target: this.#target, ...(comparator && { comparator }) });
    this.#signals = program.actions.map(() => new AbortController());
  }

  /** Makes a task of every action. */
  begin(): void {
    this.#program.actions.forEach((action, number) => {
      void this.#scheduler.schedule(Promise.resolve(), `${number}: ${action}`).then(() => {
        this.#track(this.#act(action, number));
      });
    });
  }

  /** Runs tasks as long as there are any, and looks at everything after each. */
  async goOn(): Promise<void> {
    for (;;) {
      await ticks();
      this.#check();
      if (this.#scheduler.count() === 0) return;
      if (++this.steps > STEPS_MAX) mismatch(`after ${STEPS_MAX} steps it has not come to rest`);
      if (this.#order !== undefined && !this.#follow(this.#order)) return;
      await this.#scheduler.waitNext(1);
    }
  }

  /** Closes the list over a target that works. */
  async finish(): Promise<void> {
    this.#target.heal();
    if (!this.#closed) {
      const { signal } = new AbortController();
      void this.#scheduler.schedule(Promise.resolve(), 'at last: close').then(() => this.#track(this.#close(signal)));
      await this.goOn();
    }
    if (this.#pending > 0) mismatch(`${this.#pending} of its promises never settle`);
    if (!this.#closed) mismatch('close() was rejected though the target works');
  }

  /** Whether the recorded schedule has a next step. */
  #follow(order: readonly number[]): boolean {
    const next = order[this.steps - 1];
    if (next === undefined) return false;
    const pending = this.#scheduler.report().filter(({ status }) => status === 'pending');
    if (!pending.some(({ taskId }) => taskId === next)) {
      throw new TestingError('TESTING_REPLAY_DIVERGED', `at step ${this.steps} there is no task ${next}`);
    }
    return true;
  }

  /** Counts a promise until it settles, and keeps what it found to be wrong. */
  #track(promise: Promise<void>): void {
    this.#pending++;
    promise
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#pending--);
  }

  async #act(action: string, number: number): Promise<void> {
    const [verb, ...words] = action.split(' ');
    const { signal } = this.#signals[number];
    switch (verb) {
      case 'write':
        return this.#write(number, words, signal);
      case 'flush':
        return this.#flush(number, signal);
      case 'close':
        return this.#close(signal);
      case 'abort':
        this.#signals[Number(words[0])]?.abort(new Error(`action ${words[0]} was aborted`));
    }
  }

  async #write(number: number, words: readonly string[], signal: AbortSignal): Promise<void> {
    const operations = words.map((word, i) => this.#operation(word, Uint8Array.of(number, i)));
    const tooLong = words.some((word) => word !== word.toLowerCase());
    const write: Write = { number, operations, outcome: undefined, after: this.#history.accepted() };
    this.#history.writes.push(write);
    try {
      await this.#harness.supports.write(this.#list, operations, { signal });
    } catch (error) {
      write.outcome = 'refused';
      if (tooLong || signal.aborted || this.#closing) return;
      mismatch(`write ${number} was refused for no reason: ${String(error)}`);
    }
    write.outcome = 'accepted';
    if (tooLong) mismatch(`write ${number} was accepted, though a value is too long for any memtable`);
  }

  async #flush(number: number, signal: AbortSignal): Promise<void> {
    const before = this.#history.accepted();
    try {
      await this.#list.flush({ signal });
    } catch (error) {
      if (signal.aborted || this.#closing) return;
      mismatch(`flush ${number} was refused for no reason: ${String(error)}`);
    }
    this.#expectFlushed(before, `flush ${number}`);
  }

  async #close(signal: AbortSignal): Promise<void> {
    this.#closing = true;
    try {
      await this.#list.close({ signal });
    } catch (error) {
      if (this.#closed || [...this.#remaining()].length > 0) return;
      mismatch(`close() was rejected though nothing remains: ${String(error)}`);
    }
    this.#expectFlushed(this.#history.accepted(), 'close()');
    this.#closed = true;
  }

  #expectFlushed(writes: ReadonlySet<Write>, what: string): void {
    const flushed = new Set(this.#target.accepted.map(({ value }) => value[0]));
    for (const { number } of writes) {
      if (!flushed.has(number)) mismatch(`${what} has resolved, but write ${number} is not with the target`);
    }
  }

  /** What is true at every moment. */
  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#target.violations.length > 0) mismatch(this.#target.violations.join('; '));
    const found = [...this.#target.accepted, ...this.#remaining()];
    const entries = this.#history.explain(found, this.#harness.supports.ordered);
    for (const name of KEYS) {
      const key = utf8.encode(name);
      const versions = entries.filter((entry) => this.#compareKeys(entry.key, key) === 0);
      for (const sequence of [0, ...versions.map((entry) => Number(entry.sequence))]) {
        const expected = versions.findLast((entry) => entry.sequence <= sequence);
        const found = this.#read(key, sequence);
        if (found?.type === expected?.type && same(found?.value, expected?.value)) continue;
        mismatch(`${name} at ${sequence} should be ${code(expected)}, list and target say ${code(found)}`);
      }
    }
  }

  /** The newest version that the list has, or else the target. */
  #read(key: Uint8Array, sequence: number): { readonly type: number; readonly value: Uint8Array } | undefined {
    const inMemory = this.#closed ? undefined : this.#list.get(key, sequence);
    if (inMemory !== undefined) return inMemory;
    const flushed = this.#target.accepted.filter(
      (entry) => this.#compareKeys(entry.key, key) === 0 && entry.sequence <= sequence,
    );
    return flushed.find((entry) => flushed.every((other) => other.sequence <= entry.sequence));
  }

  /** Entries in memory. A list that has been closed has none. */
  #remaining(): Iterable<Entry> {
    return this.#closed ? [] : this.#harness.supports.remaining(this.#list);
  }

  #operation(word: string, value: Uint8Array): WriteOperation {
    if (word.startsWith('-')) return del(utf8.encode(word.slice(1)));
    const name = word.toLowerCase();
    const { valueBytesMax } = this.#harness.supports;
    if (name === word || valueBytesMax === false) return put(utf8.encode(name), value);
    const long = new Uint8Array(valueBytesMax);
    long.set(value);
    return put(utf8.encode(name), long);
  }
}

async function ticks(): Promise<void> {
  for (let i = 0; i < TICKS; i++) await Promise.resolve();
}
