/**
 * Those who wait for room to write, in the order in which they came.
 *
 * Invariants:
 * W1. Nobody passes one that waits.
 * W2. Those who are admitted in one step have room together, or with `turns` one of them is admitted at a time.
 * W3. The first waiter waits for something that runs: a flush or the pause after one that failed, a compaction, or the
 *     timer that ends a turn. A waiter that gives up wakes the one behind, which may want less.
 */
import type { Signal } from '../abort-signal.js';
import { abortable } from '../abortable.js';
import type { LifecycleEvents, StallReason } from './events.js';

/** Those who wait. */
export interface WaitingStats {
  readonly writers: number;
  /** Bytes that they want to write. */
  readonly bytes: number;
  /** Undefined while nobody waits. */
  readonly reason: StallReason | undefined;
  /** How long the first of them has waited. */
  readonly ms: number;
  /** How long writers have waited altogether, from the first that waits to the last that goes on. */
  readonly totalMs: number;
}

/** @internal What an {@link Admission} asks of its list or store. */
export interface AdmissionHost {
  /** Whether there is room for `bytes` bytes now. @throws the refusal */
  hasRoom(bytes: number): boolean;
  /** Begins what makes room for `bytes` bytes, unless it is running. @throws the refusal, when nothing can */
  makeRoom?(bytes: number): void;
  stallReason(): StallReason;
}

interface Waiter {
  /** Size of the write to come; undefined for a flush behind writers. */
  readonly bytes: number | undefined;
  /** What to do when it is the first; false when it has to wait for more. Undefined asks for room. */
  readonly attempt: (() => boolean) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** @internal */
export class Admission {
  readonly #host: AdmissionHost;
  readonly #events: LifecycleEvents;
  readonly #turns: boolean;
  readonly #waiters: Waiter[] = [];
  #isWaking = false;
  /**
   * Ends the turn of those who were admitted and need not have written yet: only then is it known what room is left.
   */
  #turn: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #waitedMs = 0;

  /** @param turns - admits one at a time, and nobody else before it has written or the event loop has turned */
  constructor(host: AdmissionHost, events: LifecycleEvents, { turns = false } = {}) {
    this.#host = host;
    this.#events = events;
    this.#turns = turns;
  }

  get count(): number {
    return this.#waiters.length;
  }

  /** Whether a caller may write now if there is room. */
  get isFree(): boolean {
    return this.#waiters.length === 0 && !this.#isTurnTaken;
  }

  get #isTurnTaken(): boolean {
    return this.#turns && this.#turn !== undefined;
  }

  /** Admits the caller if nobody waits and there is room. @throws the refusal */
  tryAdmit(bytes: number): boolean {
    if (!this.isFree || !this.#host.hasRoom(bytes)) return false;
    if (this.#turns) this.#beginTurn();
    return true;
  }

  /**
   * Resolves when `attempt` says true or, without one, when there is room. `signal` ends the wait.
   * @param bytes - undefined for one who does not write
   */
  wait(bytes: number | undefined, signal: Signal | undefined, attempt?: () => boolean): Promise<void> {
    return abortable(signal, (resolve, reject) => {
      const waiter: Waiter = { bytes, attempt, resolve, reject };
      this.#waiters.push(waiter);
      if (this.#waiters.length === 1) {
        this.#since = performance.now();
        this.#events.emit({ type: 'stall', reason: this.#host.stallReason(), bytes: bytes ?? 0 });
      }
      return () => {
        this.#remove(waiter);
        this.wake();
      };
    });
  }

  /** Ends the turn of the one who was admitted. @returns whether there was one */
  endTurn(): boolean {
    const wasTaken = this.#isTurnTaken;
    clearTimeout(this.#turn);
    this.#turn = undefined;
    return wasTaken;
  }

  /** Lets those who wait go on as far as there is room. An observer that comes back here finds it under way. */
  wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    let admittedBytes = 0;
    let isAnyAdmitted = false;
    for (let first = this.#waiters[0]; first !== undefined && !this.#isTurnTaken; first = this.#waiters[0]) {
      const { bytes = 0, attempt } = first;
      try {
        if (attempt !== undefined) {
          if (!attempt()) break;
        } else if (this.#host.hasRoom(admittedBytes + bytes)) {
          admittedBytes += bytes;
          isAnyAdmitted = true;
          if (this.#turns) this.#beginTurn();
        } else {
          if (isAnyAdmitted) this.#beginTurn();
          else this.#host.makeRoom?.(bytes);
          break;
        }
        first.resolve();
      } catch (error) {
        first.reject(error);
      }
      this.#remove(first);
    }
    this.#isWaking = false;
  }

  /** Refuses all who wait. */
  refuse(error: unknown): void {
    this.endTurn();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#endStall();
  }

  stats(): WaitingStats {
    const isAny = this.#waiters.length > 0;
    const ms = isAny ? performance.now() - this.#since : 0;
    return {
      writers: this.#waiters.filter(({ bytes }) => bytes !== undefined).length,
      bytes: this.#waiters.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
      reason: isAny ? this.#host.stallReason() : undefined,
      ms,
      totalMs: this.#waitedMs + ms,
    };
  }

  #beginTurn(): void {
    this.#turn ??= setTimeout(() => {
      this.#turn = undefined;
      this.wake();
    }, 0);
  }

  #remove(waiter: Waiter): void {
    const place = this.#waiters.indexOf(waiter);
    if (place === -1) return;
    this.#waiters.splice(place, 1);
    this.#endStall();
  }

  #endStall(): void {
    if (this.#waiters.length > 0 || this.#since === 0) return;
    const ms = performance.now() - this.#since;
    this.#since = 0;
    this.#waitedMs += ms;
    this.#events.emit({ type: 'resume', ms });
  }
}
