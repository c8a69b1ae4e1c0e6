import { abortable, setTimer, type Timer } from '@memtable/memtable/internal';

interface Waiter {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What an {@link Admission} asks and tells its store. */
export interface AdmissionHost {
  /** Whether so many bytes can be written now. */
  hasRoom(bytes: number): boolean;
  /** Begins what makes room for so many bytes, unless it is running. @returns the refusal when nothing can */
  makeRoom(bytes: number): Error | undefined;
  /** The last one has gone on, or given up; the first had to wait for `ms`. */
  onResume(ms: number): void;
}

/** Those who wait for room in a store. They go on in order. */
export class Admission {
  readonly #host: AdmissionHost;
  readonly #waiters: Waiter[] = [];
  /** Ends the turn of those who were admitted: whether they have written or not, the next ones may have room. */
  #turn: Timer | undefined;
  #since = 0;

  constructor(host: AdmissionHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#waiters.length;
  }

  /** What they want to write. */
  get bytes(): number {
    return this.#waiters.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return abortable(signal, (resolve, reject) => {
      const waiter: Waiter = { bytes, resolve, reject };
      this.#waiters.push(waiter);
      if (this.#waiters.length === 1) this.#since = performance.now();
      return () => {
        this.#remove(waiter);
        this.wake(); // The one behind may want less.
      };
    });
  }

  /** Lets them go on as far as there is room, for all of those who do together. */
  wake(): void {
    let room = 0;
    let isGiven = false;
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      if (this.#host.hasRoom(room + first.bytes)) {
        room += first.bytes;
        isGiven = true;
        this.#remove(first);
        first.resolve();
        continue;
      }
      if (isGiven) {
        this.#turn ??= setTimer(true, 0, () => {
          this.#turn = undefined;
          this.wake();
        });
        break;
      }
      const refusal = this.#host.makeRoom(first.bytes);
      if (refusal === undefined) break;
      this.#remove(first);
      first.reject(refusal);
    }
    this.#end();
  }

  refuse(error: unknown): void {
    clearTimeout(this.#turn);
    this.#turn = undefined;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#end();
  }

  #remove(waiter: Waiter): void {
    const place = this.#waiters.indexOf(waiter);
    if (place !== -1) this.#waiters.splice(place, 1);
  }

  #end(): void {
    if (this.#waiters.length > 0 || this.#since === 0) return;
    const ms = performance.now() - this.#since;
    this.#since = 0;
    this.#host.onResume(ms);
  }
}
