import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { count, percent, size } from './numbers.js';
import { print, printable } from './terminal.js';

const REDRAW_MS = 100;
const LINE_MS = 1000;
const STEPS = 1000;

/** How far a run has come. */
export interface Figures {
  readonly entries: number;
  /** Of keys and values. */
  readonly bytes: number;
  /** From 0 to 1, or undefined when the end is not known. */
  readonly done: number | undefined;
}

/** Tells whoever waits how a run is getting on, on standard error, because standard output is for the result. */
export interface Progress {
  /** To be called as often as there is something new; `figures` is only asked for when it is shown. */
  update(figures: () => Figures): void;
  /** To be called when a memtable has been flushed. */
  flushed(table: number, figures: () => Figures): void;
  /** Prints a line that stays. */
  say(line: string): void;
  stop(): void;
}

export function startProgress(known: boolean): Progress {
  return process.stderr.isTTY ? new BarProgress(known) : new LineProgress();
}

class BarProgress implements Progress {
  readonly #bars: MultiBar;
  readonly #bar: SingleBar;
  #shownAt = -Infinity;
  #tables = 0;

  constructor(known: boolean) {
    const figures = '{entries} entries, {bytes}, {tables} memtables flushed';
    const format = known ? `{bar} {percentage} % | ${figures}` : figures;
    // Lines stay wrapped as they are: a second Ctrl-C ends the process before the terminal could be set back.
    this.#bars = new MultiBar({ format, clearOnComplete: true, linewrap: true, barsize: 30 }, Presets.shades_classic);
    this.#bar = this.#bars.create(STEPS, 0, { entries: 0, bytes: size(0), tables: 0 });
  }

  update(figures: () => Figures): void {
    const now = performance.now();
    if (now - this.#shownAt < REDRAW_MS) return;
    this.#shownAt = now;
    const { entries, bytes, done = 0 } = figures();
    const texts = { entries: count(entries), bytes: size(bytes), tables: count(this.#tables) };
    this.#bar.update(Math.min(STEPS, Math.round(done * STEPS)), texts);
  }

  flushed(table: number): void {
    this.#tables = table;
  }

  say(line: string): void {
    this.#bars.log(`${printable(line)}\n`);
  }

  stop(): void {
    this.#bars.update(); // Prints the lines that are still to be said.
    this.#bars.stop();
  }
}

class LineProgress implements Progress {
  #saidAt = -Infinity;

  update(): void {}

  flushed(table: number, figures: () => Figures): void {
    const now = performance.now();
    if (now - this.#saidAt < LINE_MS) return;
    this.#saidAt = now;
    const { entries, bytes, done } = figures();
    this.say(`memtable ${table} flushed; ${count(entries)} entries, ${size(bytes)} accepted so far${percent(done)}`);
  }

  say(line: string): void {
    print(process.stderr, line);
  }

  stop(): void {}
}
