import { abortable } from '../abortable.js';

interface Waiter {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait for room in a store. They go on in order. */
export class Admission {
  readonly #onResume: (ms: number) => void;
  readonly #waiters: Waiter[] = [];
  #since = 0;

  /** @param onResume - the last one has gone on, or given up; the first had to wait for `ms` */
  constructor(onResume: (ms: number) => void) {
    this.#onResume = onResume;
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
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        this.#end();
      };
    });
  }

  /** Lets them go on as far as there is room, for all of those who do together. */
  wake(hasRoom: (bytes: number) => boolean): void {
    let room = 0;
    while (this.#waiters.length > 0 && hasRoom(room + this.#waiters[0].bytes)) {
      const waiter = this.#waiters.shift()!;
      room += waiter.bytes;
      waiter.resolve();
    }
    this.#end();
  }

  refuse(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#end();
  }

  #end(): void {
    if (this.#waiters.length > 0 || this.#since === 0) return;
    const ms = performance.now() - this.#since;
    this.#since = 0;
    this.#onResume(ms);
  }
}
