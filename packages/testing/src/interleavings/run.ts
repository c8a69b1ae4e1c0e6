import type fc from 'fast-check';
import { comparators } from '../arbitraries/comparators.js';
import type { Comparator } from '../contract.js';
import { TestingError } from '../errors.js';
import { mismatch } from '../expect.js';
import { ScriptedTarget } from '../faults.js';
import type { ListProgram } from './program.js';
import { scheduleTimers } from './timers.js';

/** Steps after which a program of a dozen actions must have come to rest. */
const STEPS_MAX = 2000;
/** Microtasks that may lie between one step and what it causes. */
const TICKS = 40;
/** More actions than a program has: `number + ACTIONS_MAX * place` tells the steps of all callers apart. */
const ACTIONS_MAX = 16;

/**
 * Runs a program over something fresh in the scheduler's order. After every step everything is looked at. When nothing
 * is left to run nobody may wait: whoever waits, waits for something that is running. At last the target is healthy and
 * the run comes to its end.
 * @param order - the schedule, when it is a recorded one: the run ends with it
 * @throws TestingError `TESTING_MISMATCH`
 */
export async function runInterleaving(
  begin: BeginInterleaving,
  program: ListProgram,
  scheduler: fc.Scheduler,
  order?: readonly number[],
): Promise<void> {
  const restoreTimers = scheduleTimers(scheduler);
  try {
    const run = new Interleaving(begin, program, scheduler, order);
    run.begin();
    await run.goOn();
    if (order === undefined || run.steps < order.length) await run.finish();
  } finally {
    restoreTimers();
  }
}

/** One step of a caller. */
export interface Step {
  readonly verb: string;
  readonly words: readonly string[];
  /** Tells the writes of all steps apart; below 256. */
  readonly id: number;
  readonly signal: AbortSignal;
  /** To be called as soon as the step has settled, in the same microtask: the caller goes on. */
  readonly settled: () => void;
}

/** What a program is run over. */
export interface InterleavingSubject {
  /** Takes one step of a caller. Rejects with what is wrong; a refusal that has a reason is not. */
  act(step: Step): Promise<void>;
  /** What is true at every moment. @throws TestingError `TESTING_MISMATCH` */
  check(): void;
  /** Whether nothing more is to be done with it. */
  readonly isClosed: boolean;
  /** The last action, over a target that works, and its name. */
  readonly lastAction: string;
}

/** Makes a fresh subject over a target. */
export type BeginInterleaving = (target: ScriptedTarget, comparator?: Comparator) => InterleavingSubject;

class Interleaving {
  steps = 0;
  readonly #program: ListProgram;
  readonly #scheduler: fc.Scheduler;
  readonly #order: readonly number[] | undefined;
  readonly #target: ScriptedTarget;
  readonly #subject: InterleavingSubject;
  readonly #signals: AbortController[];
  /** Steps that have begun and not settled. */
  readonly #pending = new Set<string>();
  /** What a step found to be wrong. */
  #failure: { error: unknown } | undefined;

  constructor(begin: BeginInterleaving, program: ListProgram, scheduler: fc.Scheduler, order?: readonly number[]) {
    this.#program = program;
    this.#scheduler = scheduler;
    this.#order = order;
    this.#target = new ScriptedTarget(program.script, (label) => scheduler.schedule(Promise.resolve(), label));
    this.#subject = begin(this.#target, program.comparator && comparators[program.comparator]);
    this.#signals = program.actions.map(() => new AbortController());
  }

  /** Makes a task of every action. */
  begin(): void {
    this.#program.actions.forEach((action, number) => {
      void this.#scheduler.schedule(Promise.resolve(), `${number}: ${action}`).then(() => {
        this.#act(action, number, this.#signals[number].signal);
      });
    });
  }

  /** Runs tasks as long as there are any, and looks at everything after each. */
  async goOn(): Promise<void> {
    for (;;) {
      await ticks();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#target.violations.length > 0) mismatch(this.#target.violations.join('; '));
      this.#subject.check();
      if (this.#scheduler.count() === 0) {
        if (this.#pending.size > 0)
          mismatch(`nothing is running that could end the wait of ${[...this.#pending].join(', ')}`);
        return;
      }
      if (++this.steps > STEPS_MAX) mismatch(`after ${STEPS_MAX} steps it has not come to rest`);
      if (this.#order !== undefined && !this.#follow(this.#order)) return;
      await this.#scheduler.waitNext(1);
    }
  }

  /** Takes the last action over a target that works. */
  async finish(): Promise<void> {
    this.#target.heal();
    if (this.#subject.isClosed) return;
    const { lastAction } = this.#subject;
    const { signal } = new AbortController();
    void this.#scheduler.schedule(Promise.resolve(), `at last: ${lastAction}`).then(() => {
      this.#act(lastAction, this.#program.actions.length, signal);
    });
    await this.goOn();
    if (!this.#subject.isClosed) mismatch(`${lastAction}() was rejected though the target works`);
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

  /** Takes the steps of a caller from one place on, and keeps what one of them found to be wrong. */
  #act(action: string, number: number, signal: AbortSignal, place = 0): void {
    const parts = action.split(/ ([>&]) /);
    if (2 * place >= parts.length) return;
    const [verb, ...words] = parts[2 * place].split(' ');
    if (verb === 'abort') {
      this.#signals[Number(words[0])]?.abort(new Error(`action ${words[0]} was aborted`));
      return;
    }
    const goesOn = parts[2 * place + 1] !== '&';
    const label = `'${parts[2 * place]}' of ${number}${place === 0 ? '' : `, step ${place}`}`;
    const settled = (): void => {
      if (this.#pending.delete(label) && goesOn) this.#act(action, number, signal, place + 1);
    };
    this.#pending.add(label);
    this.#subject
      .act({ verb, words, id: number + ACTIONS_MAX * place, signal, settled })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(settled);
    if (!goesOn) this.#act(action, number, signal, place + 1);
  }
}

async function ticks(): Promise<void> {
  for (let i = 0; i < TICKS; i++) await Promise.resolve();
}
