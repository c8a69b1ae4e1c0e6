import type fc from 'fast-check';
import type { Signal } from '../abort-signal.js';
import { comparators } from '../arbitraries/comparators.js';
import type { Comparator } from '../contract.js';
import { TestingError } from '../errors.js';
import { mismatch } from '../expect.js';
import { ScriptedTarget } from '../faults.js';
import type { ListProgram } from './program.js';
import { scheduleTimers } from './timers.js';

/** Upper bound on the tasks of a run. A correct object under test needs far fewer. */
const STEPS_MAX = 2000;
/** Number of microtasks to wait for the effects of a task. */
const TICKS = 40;
/** Above the number of actions of a program, so `number + ACTIONS_MAX * place` is unique among the steps of a run. */
const ACTIONS_MAX = 16;

/**
 * Runs a program over a new object under test, in the order that the scheduler chooses. Checks the object after each
 * task. Once no task is left, no step may be pending: a wait that no task can end is a failure. At the end the target
 * works, and the last action of the subject must succeed.
 * @param order - a recorded schedule to follow. The run ends where the schedule ends.
 * @throws TestingError `TESTING_MISMATCH`
 * @throws TestingError `TESTING_REPLAY_DIVERGED` if the next task of `order` is not pending
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
  /** Unique among the steps of a run; below 256, so that a value can begin with it. */
  readonly id: number;
  readonly signal: Signal;
  /** Call it in the microtask in which the step settles: the caller goes on. */
  readonly settled: () => void;
}

/** An object under test, as a program uses it. */
export interface InterleavingSubject {
  /** Makes one step of a caller. Rejects with a mismatch; a refusal for a reason is none. */
  act(step: Step): Promise<void>;
  /** Checks what must hold at every moment. @throws TestingError `TESTING_MISMATCH` */
  check(): void;
  /** Whether the object has been closed, so that the run is over. */
  readonly isClosed: boolean;
  /** The action that ends a run, over a target that works. */
  readonly lastAction: string;
}

/** Makes a new subject over a target. */
export type BeginInterleaving = (target: ScriptedTarget, comparator?: Comparator) => InterleavingSubject;

/** One run. */
class Interleaving {
  /** Number of tasks that have run. */
  steps = 0;
  readonly #program: ListProgram;
  readonly #scheduler: fc.Scheduler;
  readonly #order: readonly number[] | undefined;
  readonly #target: ScriptedTarget;
  readonly #subject: InterleavingSubject;
  readonly #signals: AbortController[];
  /** Labels of the steps that have begun and not settled. */
  readonly #pending = new Set<string>();
  /** The first error of a step. */
  #failure: { error: unknown } | undefined;

  constructor(begin: BeginInterleaving, program: ListProgram, scheduler: fc.Scheduler, order?: readonly number[]) {
    this.#program = program;
    this.#scheduler = scheduler;
    this.#order = order;
    this.#target = new ScriptedTarget(program.script, (label) => scheduler.schedule(Promise.resolve(), label));
    this.#subject = begin(this.#target, program.comparator && comparators[program.comparator]);
    this.#signals = program.actions.map(() => new AbortController());
  }

  /** Schedules every action. */
  begin(): void {
    this.#program.actions.forEach((action, number) => {
      void this.#scheduler.schedule(Promise.resolve(), `${number}: ${action}`).then(() => {
        this.#act(action, number, this.#signals[number].signal);
      });
    });
  }

  /** Runs tasks until none is left, and checks the subject after each. */
  async goOn(): Promise<void> {
    for (;;) {
      await ticks();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#target.violations.length > 0) mismatch(this.#target.violations.join('; '));
      this.#subject.check();
      if (this.#scheduler.count() === 0) {
        if (this.#pending.size > 0)
          mismatch(`no task is left that could end the wait of ${[...this.#pending].join(', ')}`);
        return;
      }
      if (++this.steps > STEPS_MAX) mismatch(`tasks are still left after ${STEPS_MAX} steps`);
      if (this.#order !== undefined && !this.#follow(this.#order)) return;
      await this.#scheduler.waitNext(1);
    }
  }

  /** Makes the target work, and takes the last action of the subject. */
  async finish(): Promise<void> {
    this.#target.heal();
    if (this.#subject.isClosed) return;
    const { lastAction } = this.#subject;
    const { signal } = new AbortController();
    void this.#scheduler.schedule(Promise.resolve(), `last: ${lastAction}`).then(() => {
      this.#act(lastAction, this.#program.actions.length, signal);
    });
    await this.goOn();
    if (!this.#subject.isClosed) mismatch(`${lastAction}() rejected although the target works`);
  }

  /** Checks that the next task of a recorded schedule is pending. @returns false at the end of the schedule */
  #follow(order: readonly number[]): boolean {
    const next = order[this.steps - 1];
    if (next === undefined) return false;
    const pending = this.#scheduler.report().filter(({ status }) => status === 'pending');
    if (!pending.some(({ taskId }) => taskId === next)) {
      throw new TestingError(
        'TESTING_REPLAY_DIVERGED',
        `the schedule asks for task ${next} at step ${this.steps}, but it is not pending`,
      );
    }
    return true;
  }

  /** Makes the steps of a caller from `place` on. Keeps the first error for `goOn`. */
  #act(action: string, number: number, signal: Signal, place = 0): void {
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
