/**
 * A task of which one run is in flight at a time. Calls that come meanwhile share the next run, which begins when they
 * have all come: so a sync takes all writes since the one before it, and no timer is needed for that.
 */
export class SharedTask {
  readonly #task: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** The run that is in flight. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** Resolves, or rejects, with a run that begins after the call. */
  run(): Promise<void> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<void> {
    await this.#running?.catch(() => {});
    this.#running = this.#next;
    this.#next = undefined;
    try {
      await this.#task();
    } finally {
      this.#running = undefined;
    }
  }
}
