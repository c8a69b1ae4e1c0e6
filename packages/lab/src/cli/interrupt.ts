import { Exit } from './failure.js';

/**
 * Handles Ctrl-C from construction until `end()`. The first Ctrl-C aborts the signal, so that the command can finish
 * cleanly. A second one ends the process at once.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #onSignal: () => void;

  constructor(onFirst: () => void) {
    this.#onSignal = () => {
      if (this.requested) process.exit(Exit.Interrupted);
      this.#controller.abort(new Error('interrupted'));
      onFirst();
    };
    process.on('SIGINT', this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get requested(): boolean {
    return this.signal.aborted;
  }

  end(): void {
    process.off('SIGINT', this.#onSignal);
  }
}
