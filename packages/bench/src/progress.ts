import { SingleBar } from 'cli-progress';

/** Shows on stderr which case runs and how long the rest will take: a bar on a terminal, otherwise lines. */
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
    process.stderr.write(`${cases} cases, each in a process of its own: ${duration(seconds)}\n`);
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

  /** The estimate of what is left, corrected by how wrong it was so far. */
  #left(): string {
    const left = this.#estimated - this.#estimatedDone;
    const factor = this.#case <= 3 ? 1 : (performance.now() - this.#started) / 1000 / this.#estimatedDone;
    return duration(left * factor);
  }
}

function duration(seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds)} s` : `about ${Math.round(seconds / 60)} min`;
}
