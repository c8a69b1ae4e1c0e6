/** Things that go wrong on purpose. */
import type { Allocator, Entry, FlushRun, FlushTarget } from './contract.js';

/**
 * Runs `action` while the k-th request to an allocator fails: it answers 0, or does what `failure` does.
 * @param k - from 1
 * @returns whether there were so many requests
 * @throws what `action` throws
 * @example
 * ```ts
 * import { failAllocation } from '@memtable/testing';
 *
 * const allocator = { allocate: (bytes: number) => 256 };
 * const addresses: number[] = [];
 * failAllocation(allocator, 2, () => addresses.push(allocator.allocate(8), allocator.allocate(8))); // true
 * addresses; // [256, 0]
 * ```
 */
export function failAllocation(
  allocator: Allocator,
  k: number,
  action: () => void,
  failure: () => number = () => 0,
): boolean {
  let requests = 0;
  const replaced = ['allocate', 'allocateAligned'] as const;
  const own = replaced.map((name) => Object.getOwnPropertyDescriptor(allocator, name));
  for (const name of replaced) {
    const original = Reflect.get(allocator, name) as ((...args: number[]) => number) | undefined;
    if (original === undefined) continue;
    allocator[name] = (...args: number[]) => (++requests === k ? failure() : original.apply(allocator, args));
  }
  try {
    action();
  } finally {
    replaced.forEach((name, i) => {
      delete allocator[name as 'allocateAligned'];
      if (own[i] !== undefined) Object.defineProperty(allocator, name, own[i]);
    });
  }
  return requests >= k;
}

/**
 * Runs `action` with its first request failing, then with its second, and so on until it needs no more of them.
 * @param prepare - makes what `action` works on, afresh each time
 * @param check - called after each failure with what `action` has thrown, undefined when it has not
 * @returns how many requests `action` makes
 * @throws what `action` throws when nothing fails; what `check` throws
 */
export function failEveryAllocation<T>(
  prepare: () => T,
  allocatorOf: (subject: T) => Allocator,
  action: (subject: T) => void,
  check: (subject: T, thrown: unknown) => void,
): number {
  for (let k = 1; ; k++) {
    const subject = prepare();
    let thrown: unknown;
    const failed = failAllocation(allocatorOf(subject), k, () => {
      try {
        action(subject);
      } catch (error) {
        thrown = error;
      }
    });
    if (failed) check(subject, thrown);
    else if (thrown !== undefined) throw thrown as Error;
    else return k - 1;
  }
}

/** What a {@link ScriptedTarget} does with one call of `write`. */
export type FlushOutcome =
  /** Stores everything, then resolves. */
  | 'resolves'
  /** Stores nothing and rejects. */
  | 'rejects'
  /** Throws before it returns a promise. */
  | 'throws'
  /** Stores the first half of the entries, then rejects. */
  | 'half-writes'
  /** Settles only when it is aborted: it rejects then, with nothing stored. */
  | 'hangs';

/** With what the targets of this file fail. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/**
 * A flush target that does as it is told, keeps what it is given, and watches over the rules of flushing: one write at
 * a time, oldest entries first, all entries of a run each time, and none again that has been accepted.
 */
export class ScriptedTarget implements FlushTarget {
  /** Entries of the writes that have resolved, in their order. */
  readonly accepted: Entry[] = [];
  /** Every entry that was stored, those of writes that then failed too. */
  readonly stored: Entry[] = [];
  /** Rules that were broken, in words. */
  readonly violations: string[] = [];
  #script: readonly FlushOutcome[];
  #pause: (label: string) => Promise<void>;
  #calls = 0;
  #writing = false;

  /**
   * @param script - what to do, call by call; when it is used up every write resolves
   * @param pause - a write waits for it before its first entry and before it settles
   */
  constructor(script: readonly FlushOutcome[], pause: (label: string) => Promise<void> = () => Promise.resolve()) {
    this.#script = script;
    this.#pause = pause;
  }

  /** From now on every write resolves, without a pause. */
  heal(): void {
    this.#script = [];
    this.#pause = () => Promise.resolve();
  }

  /** Does what the script's next outcome says. An async method could not throw, so this is a plain one. */
  write(run: FlushRun, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const outcome = this.#script[this.#calls++] ?? 'resolves';
    if (this.#writing) this.violations.push('a flush was begun while another one was running');
    if (outcome === 'throws') throw new InjectedFault('the flush target throws');
    this.#writing = true;
    return this.#write(run, signal, outcome).finally(() => {
      this.#writing = false;
    });
  }

  async #write(run: FlushRun, signal: AbortSignal, outcome: FlushOutcome): Promise<void> {
    if (outcome === 'hangs') await aborted(signal);
    await this.#pause(`the target begins, it ${outcome}`);
    if (signal.aborted) throw new InjectedFault('the flush target was aborted');
    if (outcome === 'rejects') throw new InjectedFault('the flush target rejects');
    const entries: Entry[] = [];
    for (const entry of run) {
      if (outcome === 'half-writes' && entries.length >= run.entryCount / 2) break;
      entries.push(entry);
    }
    this.stored.push(...entries);
    await this.#pause(`the target ends, it ${outcome}`);
    if (outcome === 'half-writes') throw new InjectedFault('the flush target stored half of the entries');
    if (entries.length !== run.entryCount) {
      this.violations.push(`a run of ${run.entryCount} entries yielded ${entries.length}`);
    }
    const newest = Math.max(-1, ...this.accepted.map(({ sequence }) => Number(sequence)));
    if (entries.some(({ sequence }) => sequence <= newest)) {
      this.violations.push('a flush brought entries as old as what had been accepted before');
    }
    this.accepted.push(...entries);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
