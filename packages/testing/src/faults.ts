/** Injects failures: of allocations and of flush targets. */
import type { Signal } from './abort-signal.js';
import type { Allocator, Entry, FlushRun, FlushTarget } from './contract.js';

/**
 * Runs `action` while the k-th request to an allocator fails. Requests to `allocate` and `allocateAligned` count
 * together. Afterwards the allocator is as before.
 * @param k - from 1
 * @param failure - called in place of the k-th request. @defaultValue returns 0, as an allocator without memory does
 * @returns whether `action` made at least `k` requests
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
 * Runs `action` once with its first allocation failing, once with its second, and so on, until one run makes all its
 * allocations.
 * @param prepare - makes a new subject for each run
 * @param allocatorOf - the allocator that the subject takes its memory from
 * @param check - called after each failure with the error that `action` threw, undefined if it threw none
 * @returns number of allocations that `action` makes
 * @throws what `check` throws, and what `action` throws in the run without a failure
 * @example
 * ```ts
 * import { MemTable } from '@memtable/memtable';
 * import { failEveryAllocation } from '@memtable/testing';
 *
 * const counts: number[] = [];
 * const allocations = failEveryAllocation(
 *   () => new MemTable(),
 *   (table) => table.arena,
 *   (table) => table.add(1, 1, Uint8Array.of(7)),
 *   (table) => counts.push(table.entryCount),
 * );
 * allocations; // 1
 * counts; // [0]
 * ```
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

/** What a {@link ScriptedTarget} does in one call of `write`. */
export type FlushOutcome =
  /** Stores all entries, then resolves. */
  | 'resolves'
  /** Stores no entry and rejects. */
  | 'rejects'
  /** Throws before it returns a promise. */
  | 'throws'
  /** Stores the first half of the entries, then rejects. */
  | 'half-writes'
  /** Stores no entry and stays pending until it is aborted. Then it rejects. */
  | 'hangs';

/** The error of an injected failure. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/**
 * A flush target that follows a script and checks the rules of flushing. Only one write may run at a time. Each attempt
 * has all entries of a run. Runs arrive oldest first. No accepted entry arrives again.
 */
export class ScriptedTarget implements FlushTarget {
  /** Entries of the writes that have resolved, in the order of their arrival. */
  readonly accepted: Entry[] = [];
  /** All stored entries, including those of writes that then failed. */
  readonly stored: Entry[] = [];
  /** A sentence for each broken rule. */
  readonly violations: string[] = [];
  #script: readonly FlushOutcome[];
  #pause: (label: string) => Promise<void>;
  #calls = 0;
  #writing = false;

  /**
   * @param script - what to do, call by call. After its end every write resolves.
   * @param pause - awaited by each write before its first entry and before it settles; the label says which
   */
  constructor(script: readonly FlushOutcome[], pause: (label: string) => Promise<void> = () => Promise.resolve()) {
    this.#script = script;
    this.#pause = pause;
  }

  /** Makes every later call of `write` resolve without a pause. */
  heal(): void {
    this.#script = [];
    this.#pause = () => Promise.resolve();
  }

  /** Does what the script says. @throws InjectedFault at once if that is `throws` */
  write(run: FlushRun, { signal }: { readonly signal: Signal }): Promise<void> {
    const outcome = this.#script[this.#calls++] ?? 'resolves';
    if (this.#writing) this.violations.push('a flush began while another one was running');
    if (outcome === 'throws') throw new InjectedFault('the flush target throws');
    this.#writing = true;
    return this.#write(run, signal, outcome).finally(() => {
      this.#writing = false;
    });
  }

  async #write(run: FlushRun, signal: Signal, outcome: FlushOutcome): Promise<void> {
    if (outcome === 'hangs') await aborted(signal);
    await this.#pause(`target begins: ${outcome}`);
    if (signal.aborted) throw new InjectedFault('the flush target was aborted');
    if (outcome === 'rejects') throw new InjectedFault('the flush target rejects');
    const entries: Entry[] = [];
    for (const entry of run) {
      if (outcome === 'half-writes' && entries.length >= run.entryCount / 2) break;
      entries.push(entry);
    }
    this.stored.push(...entries);
    await this.#pause(`target ends: ${outcome}`);
    if (outcome === 'half-writes') throw new InjectedFault('the flush target stored half of the entries');
    if (entries.length !== run.entryCount) {
      this.violations.push(`a run of ${run.entryCount} entries yielded ${entries.length}`);
    }
    const newest = Math.max(-1, ...this.accepted.map(({ sequence }) => Number(sequence)));
    if (entries.some(({ sequence }) => sequence <= newest)) {
      this.violations.push('a flush brought entries that are not newer than all accepted before');
    }
    this.accepted.push(...entries);
  }
}

function aborted(signal: Signal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
