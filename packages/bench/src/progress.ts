import { SingleBar } from 'cli-progress';

/** Shows the current case and the estimated time left on standard error: as a bar on a terminal, else as lines. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  #cases = 0;
  #case = 0;
  #estimated = 0;
  #estimatedDone = 0;
  #started = 0;

  constructor() {
    if (!process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      stream: process.stderr,
      format: '{bar} {value}/{total} {name}; {left} left',
      hideCursor: true,
    });
  }

  start(cases: number, seconds: number): void {
    this.#cases = cases;
    this.#estimated = seconds;
    this.#started = performance.now();
    process.stderr.write(`${cases} cases, each in its own process: ${duration(seconds)}\n`);
    this.#bar?.start(cases, 0, { name: '', left: duration(seconds) });
  }

  next(name: string): void {
    this.#case++;
    if (this.#bar) this.#bar.update(this.#case - 1, { name, left: this.#left() });
    else process.stderr.write(`[${this.#case}/${this.#cases}] ${name}; ${this.#left()} left\n`);
  }

  done(seconds: number): void {
    this.#estimatedDone += seconds;
    this.#bar?.update(this.#case);
  }

  stop(): void {
    this.#bar?.stop();
  }

  /** The estimated time left, scaled by the error of the estimates so far. */
  #left(): string {
    const left = this.#estimated - this.#estimatedDone;
    const factor = this.#case <= 3 ? 1 : (performance.now() - this.#started) / 1000 / this.#estimatedDone;
    return duration(left * factor);
  }
}

function duration(seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds)} s` : `about ${Math.round(seconds / 60)} min`;
}
