import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { count, percent, size } from './numbers.js';
import { print, printable } from './terminal.js';

const REDRAW_MS = 100;
const LINE_MS = 1000;
const STEPS = 1000;

/** How far a run has come. */
export interface Figures {
  readonly entries: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  /** From 0 to 1; undefined if the size of the input is unknown. */
  readonly done: number | undefined;
}

/** Shows the progress of a run on standard error. Standard output is reserved for the result. */
export interface Progress {
  /** Call this after every entry. It calls `figures` only when it redraws. */
  update(figures: () => Figures): void;
  /** Call this after each flush or checkpoint, with how many there were. */
  stored(times: number, figures: () => Figures): void;
  /** Prints a line that later drawing does not overwrite. */
  say(line: string): void;
  stop(): void;
}

/** What `stored` counts: a thing, and what has been done to it. */
export type Stage = readonly ['memtable', 'flushed'] | readonly ['checkpoint', 'written'];

export function startProgress(known: boolean, stage: Stage): Progress {
  return process.stderr.isTTY ? new BarProgress(known, stage) : new LineProgress(stage);
}

class BarProgress implements Progress {
  readonly #bars: MultiBar;
  readonly #bar: SingleBar;
  #shownAt = -Infinity;
  #times = 0;

  constructor(known: boolean, [thing, done]: Stage) {
    const figures = `{entries} entries, {bytes}, {times} ${thing}s ${done}`;
    const format = known ? `{bar} {percentage} % | ${figures}` : figures;
    // `linewrap: true` leaves the terminal's line wrapping on. A second Ctrl-C could not restore it.
    this.#bars = new MultiBar({ format, clearOnComplete: true, linewrap: true, barsize: 30 }, Presets.shades_classic);
    this.#bar = this.#bars.create(STEPS, 0, { entries: 0, bytes: size(0), times: 0 });
  }

  update(figures: () => Figures): void {
    const now = performance.now();
    if (now - this.#shownAt < REDRAW_MS) return;
    this.#shownAt = now;
    const { entries, bytes, done = 0 } = figures();
    const texts = { entries: count(entries), bytes: size(bytes), times: count(this.#times) };
    this.#bar.update(Math.min(STEPS, Math.round(done * STEPS)), texts);
  }

  stored(times: number): void {
    this.#times = times;
  }

  say(line: string): void {
    this.#bars.log(`${printable(line)}\n`);
  }

  stop(): void {
    this.#bars.update(); // Prints the lines still queued by `say`.
    this.#bars.stop();
  }
}

class LineProgress implements Progress {
  readonly #stage: Stage;
  #saidAt = -Infinity;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  update(): void {}

  stored(times: number, figures: () => Figures): void {
    const now = performance.now();
    if (now - this.#saidAt < LINE_MS) return;
    this.#saidAt = now;
    const { entries, bytes, done } = figures();
    const [thing, what] = this.#stage;
    this.say(`${thing} ${times} ${what}; ${count(entries)} entries, ${size(bytes)} accepted so far${percent(done)}`);
  }

  say(line: string): void {
    print(process.stderr, line);
  }

  stop(): void {}
}
