import type { LifecycleEvent, MemTableList, MemTableListStats, MemTableStats } from '@memtable/memtable';
import { createLogUpdate } from 'log-update';
import { count, percent, size } from './numbers.js';
import type { Figures, Progress } from './progress.js';
import { print, printable } from './terminal.js';

const REDRAW_MS = 100;
const BAR_WIDTH = 24;
const HISTORY = 60;
const EVENTS_SHOWN = 6;
const LEVELS = '▁▂▃▄▅▆▇█';
const REASONS = { 'flush-running': 'a flush is running', 'flush-failing': 'the flush keeps failing', full: 'no room' };

/**
 * Shows the lifecycle of a run's memtables live on standard error: waiting writers, active and frozen memtables,
 * flushes, and the memory usage of the last six seconds. If standard error is not a terminal, it prints a line for
 * each event.
 */
export class LifecycleWatch implements Progress {
  readonly #list: () => MemTableList;
  readonly #writeBuffer: number;
  readonly #screen = process.stderr.isTTY ? createLogUpdate(process.stderr) : undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #events: string[] = [];
  readonly #history: number[] = [];
  #figures: (() => Figures) | undefined;
  #drawnAt = 0;

  /** @param list - returns the list; called only when drawing, so the list may be created later */
  constructor(list: () => MemTableList, writeBuffer: number) {
    this.#list = list;
    this.#writeBuffer = writeBuffer;
    // The timer draws during write stalls, when `update` is not called. `unref` lets the process end.
    if (this.#screen !== undefined) this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  onEvent(event: LifecycleEvent): void {
    const line = lineOf(event);
    if (this.#screen === undefined) print(process.stderr, line);
    this.#events.push(line);
    if (this.#events.length > EVENTS_SHOWN) this.#events.shift();
  }

  update(figures: () => Figures): void {
    this.#figures = figures;
    // Synchronous reading blocks the event loop, and then the timer cannot fire.
    if (this.#screen !== undefined && performance.now() - this.#drawnAt >= REDRAW_MS) this.#draw();
  }

  /** The flush event already printed this. */
  stored(): void {}

  say(line: string): void {
    if (this.#screen === undefined) print(process.stderr, line);
    else this.#screen.persist(printable(line));
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#screen === undefined) return;
    this.#draw();
    this.#screen.done();
  }

  #draw(): void {
    this.#drawnAt = performance.now();
    const stats = this.#list().stats();
    this.#history.push(stats.memoryUsage);
    if (this.#history.length > HISTORY) this.#history.shift();
    this.#screen?.(
      [
        ...stationsOf(stats, this.#writeBuffer),
        `memory    ${sparkline(this.#history)} ${size(stats.memoryUsage)}`,
        ...(this.#figures === undefined ? [] : [`input     ${inputLine(this.#figures())}`]),
        '',
        ...this.#events,
      ]
        .map(printable)
        .join('\n'),
    );
  }
}

function stationsOf({ active, frozen, flush, waiting }: MemTableListStats, writeBuffer: number): string[] {
  const first = flush.flushedTables + 1;
  const writers =
    waiting.reason === undefined
      ? 'admitted'
      : `${waiting.writers} waiting for ${(waiting.ms / 1000).toFixed(1)} s: ${REASONS[waiting.reason]}`;
  return [
    `writers   ${writers}`,
    `active    ${active.state === 'dropped' ? 'none' : tableLine(first + frozen.length, active, writeBuffer)}`,
    ...(frozen.length === 0 ? ['frozen    none'] : []),
    ...frozen.map((stats, i) => {
      const attempt = i > 0 ? 'waits' : flush.failures > 0 ? `failed ${flush.failures} times` : 'flushing';
      return `frozen    ${tableLine(first + i, stats, writeBuffer)}, ${attempt}`;
    }),
    `flushed   ${count(flush.flushedTables)} memtables, ${count(flush.flushedEntries)} entries`,
  ];
}

function tableLine(id: number, { entryCount, arena }: MemTableStats, writeBuffer: number): string {
  const full = Math.min(1, arena.memoryUsage / writeBuffer);
  const bar = '█'.repeat(Math.round(full * BAR_WIDTH)).padEnd(BAR_WIDTH, '░');
  const blocks = `${arena.regularCount} + ${arena.dedicatedCount} blocks`;
  return `${bar} ${size(arena.memoryUsage)}, memtable ${id}: ${count(entryCount)} entries in ${blocks}`;
}

function inputLine({ entries, bytes, done }: Figures): string {
  return `${count(entries)} entries, ${size(bytes)} accepted${percent(done)}`;
}

function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 1);
  return values.map((value) => LEVELS[Math.round((value / most) * (LEVELS.length - 1))]).join('');
}

function lineOf(event: LifecycleEvent): string {
  switch (event.type) {
    case 'freeze': {
      const { entryCount, arena } = event.stats;
      return `memtable ${event.table} frozen: ${count(entryCount)} entries, ${count(arena.memoryUsage)} bytes`;
    }
    case 'flush':
      return `memtable ${event.table} flushed in ${event.ms.toFixed(1)} ms`;
    case 'rotate-error':
      return `no memory for the table after memtable ${event.table}`;
    case 'flush-error':
      return `memtable ${event.table} not flushed, attempt ${event.attempts}`;
    case 'drop':
      return `memtable ${event.table} dropped: ${count(event.bytes)} bytes freed`;
    case 'stall':
      return `write stall: ${REASONS[event.reason]}`;
    case 'resume':
      return `write stall over after ${event.ms.toFixed(1)} ms`;
    default: // A list makes no compactions.
      return event.type;
  }
}
