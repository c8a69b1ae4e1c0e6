/** The memory usage of the memtables over time, and the stage of each on its way to the target. */
import type { LifecycleEvent } from '@memtable/memtable';
import { useSignal } from '@preact/signals';
import { max, range } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';
import { useEffect, useRef } from 'preact/hooks';
import { changes, perform, session, shownId, stats, view } from '../model/lab.js';
import { TARGETS, type TargetMode } from '../model/operation.js';
import type { Tick } from '../model/session.js';
import { byteCount, count, entriesText } from './bytes.js';

const HEIGHT = 250;
const MARGIN = { top: 26, right: 16, bottom: 30, left: 66 };
const POINTS_MAX = 1200;
const EVENTS_SHOWN_MAX = 60;

export function LifecycleView(): preact.JSX.Element {
  return (
    <section class="view" aria-labelledby="lifecycle-title">
      <div class="view-head">
        <h2 id="lifecycle-title" class="visually-hidden">
          Lifecycle
        </h2>
        <p class="hint">Writers fill the active memtable. A full one is frozen, flushed to the target, then dropped.</p>
      </div>
      <Stations />
      <Timeline />
      <div class="columns">
        <Target />
        <EventLog />
      </div>
    </section>
  );
}

function Stations(): preact.JSX.Element {
  const { active, frozen, waiting, flush, lastSequence } = stats.value;
  const tables = session.value.tables();
  const { storedEntries, stored, target } = session.value;
  const held = active.entryCount + frozen.reduce((sum, { entryCount }) => sum + entryCount, 0);
  const whole = held + flush.flushedEntries === lastSequence;
  const show = (id: number): void => {
    shownId.value = id;
    view.value = 'memory';
  };
  return (
    <>
      <ol class="stations" id="stations">
        <li class={waiting.writers > 0 ? 'station trouble' : 'station'}>
          <h3>Writers</h3>
          <strong>{waiting.writers > 0 ? `${waiting.writers} waiting` : 'admitted'}</strong>
          <span>{waiting.reason === undefined ? 'no writer waits' : REASONS[waiting.reason]}</span>
        </li>
        <li class="station active">
          <h3>Active</h3>
          <strong>{byteCount(active.arena.memoryUsage)}</strong>
          <span>{entriesText(active.entryCount)}</span>
          <button type="button" class="link" onClick={() => show(tables.at(-1)!.id)}>
            look inside
          </button>
        </li>
        <li class={frozen.length > 0 ? 'station frozen' : 'station'}>
          <h3>Frozen</h3>
          {frozen.length === 0 && <strong>none</strong>}
          {frozen.map(({ arena, entryCount }, i) => (
            <div key={tables[i].id}>
              <strong>{byteCount(arena.memoryUsage)}</strong>
              <span>{entriesText(entryCount)}, read-only</span>
              <button type="button" class="link" onClick={() => show(tables[i].id)}>
                look inside
              </button>
            </div>
          ))}
        </li>
        <li class={flush.failures > 0 ? 'station trouble' : 'station'}>
          <h3>Target ({target})</h3>
          <strong>{entriesText(storedEntries)}</strong>
          <span>
            {flush.failures > 0
              ? `failed ${flush.failures} ${flush.failures === 1 ? 'time' : 'times'}`
              : session.value.flush === 'read'
                ? 'has read a table, not accepted it'
                : session.value.flush === 'asked'
                  ? 'asked to accept a table'
                  : `${count(stored.size)} keys`}
          </span>
        </li>
      </ol>
      <p id="account" class={whole ? 'account' : 'account wrong'}>
        {count(lastSequence)} accepted = {count(active.entryCount)} active + {count(held - active.entryCount)} frozen
        {` + ${count(flush.flushedEntries)} flushed: ${whole ? 'nothing is lost' : 'entries are missing'}`}
      </p>
    </>
  );
}

const REASONS = { 'flush-running': 'a flush is running', 'flush-failing': 'the flush keeps failing', full: 'no room' };

const LEGEND = [
  ['area-active', 'active'],
  ['area-frozen', 'frozen'],
  ['dot freeze', 'freeze'],
  ['dot flush', 'flush'],
  ['dot drop', 'drop'],
  ['dot flush-error', 'failed'],
  ['stall', 'write stall'],
];

interface Mark {
  readonly at: number;
  readonly type: LifecycleEvent['type'];
}

function Timeline(): preact.JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(800);
  useEffect(() => {
    const observer = new ResizeObserver(() => (width.value = Math.max(box.current?.clientWidth ?? 0, 280)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  void changes.value;
  const { ticks } = session.value;
  const points = thin(ticks);
  const x = scaleLinear([0, ticks.length], [MARGIN.left, width.value - MARGIN.right]);
  const top = max(points, ([, tick]) => totalBytes(tick)) ?? 0;
  const unit = 2 ** Math.ceil(Math.log2(Math.max(top, 8192) / 4));
  const lines = range(0, Math.max(top, 8192) + unit, unit);
  const y = scaleLinear([0, lines.at(-1)!], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const line = area<[number, Tick]>()
    .x(([at]) => x(at))
    .curve(curveStepAfter);
  const frozen = line.y0(y(0)).y1(([, tick]) => y(tick.frozenBytes))(points)!;
  const active = line.y0(([, tick]) => y(tick.frozenBytes)).y1(([, tick]) => y(totalBytes(tick)))(points)!;
  const marks = marksOf(ticks);
  return (
    <figure class="timeline" ref={box}>
      <svg
        width={width.value}
        height={HEIGHT}
        role="img"
        aria-label={`Memory usage over time: ${byteCount(stats.value.memoryUsage)} now, ${byteCount(top)} at most`}
      >
        {stallsOf(ticks).map(([from, to]) => (
          <rect
            key={from}
            class="stall"
            x={x(from)}
            width={Math.max(x(to) - x(from), 2)}
            y={MARGIN.top}
            height={HEIGHT - MARGIN.top - MARGIN.bottom}
          />
        ))}
        {lines.map((value) => (
          <g key={value} transform={`translate(0 ${y(value)})`}>
            <line class="grid" x1={MARGIN.left} x2={width.value - MARGIN.right} />
            <text x={MARGIN.left - 8} dy="0.32em" text-anchor="end">
              {axisLabel(value)}
            </text>
          </g>
        ))}
        <path class="area-frozen" d={frozen} />
        <path class="area-active" d={active} />
        {marks.map(({ at, type }, i) => (
          <g key={`${at} ${type} ${i}`} class={`mark ${type}`} transform={`translate(${x(at)} 0)`}>
            <line y1={MARGIN.top - 4} y2={HEIGHT - MARGIN.bottom} />
            <circle cy={MARGIN.top - 8} r="4" />
            <title>{type}</title>
          </g>
        ))}
        <text x={width.value - MARGIN.right} y={HEIGHT - 8} text-anchor="end">
          writes and events →
        </text>
      </svg>
      <figcaption class="legend">
        {LEGEND.map(([swatch, name]) => (
          <span key={name}>
            <i class={`swatch ${swatch}`} /> {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function totalBytes({ activeBytes, frozenBytes }: Tick): number {
  return activeBytes + frozenBytes;
}

/** Thins ticks to at most POINTS_MAX points. Keeps the highest tick of each run, so that no peak is lost. */
function thin(ticks: readonly Tick[]): [number, Tick][] {
  const every = Math.ceil(ticks.length / POINTS_MAX);
  const points: [number, Tick][] = [];
  for (let from = 0; from < ticks.length; from += every) {
    let most = from;
    for (let i = from; i < Math.min(from + every, ticks.length); i++) {
      if (totalBytes(ticks[i]) > totalBytes(ticks[most])) most = i;
    }
    points.push([most, ticks[most]]);
  }
  points.push([ticks.length, ticks[ticks.length - 1]]);
  return points;
}

const MARKED: readonly string[] = ['freeze', 'flush', 'drop', 'flush-error'];
const MARKS_MAX = 240;

function marksOf(ticks: readonly Tick[]): Mark[] {
  const marks: Mark[] = [];
  ticks.forEach(({ event }, at) => {
    if (event !== undefined && MARKED.includes(event.type)) marks.push({ at, type: event.type });
  });
  const every = Math.ceil(marks.length / MARKS_MAX);
  return marks.filter((_, i) => i % every === 0);
}

/** The write stalls, each as its first and last tick. */
function stallsOf(ticks: readonly Tick[]): [number, number][] {
  const stalls: [number, number][] = [];
  let from: number | undefined;
  ticks.forEach(({ event }, at) => {
    if (event?.type === 'stall') from = at;
    if (event?.type === 'resume' && from !== undefined) {
      stalls.push([from, at]);
      from = undefined;
    }
  });
  if (from !== undefined) stalls.push([from, ticks.length]);
  return stalls.slice(-MARKS_MAX);
}

function axisLabel(value: number): string {
  if (value >= 1 << 20) return `${+(value / (1 << 20)).toFixed(1)} MiB`;
  return value >= 1024 ? `${+(value / 1024).toFixed(1)} KiB` : String(value);
}

const TARGET_TEXTS: Record<TargetMode, string> = {
  prompt: 'accepts at once',
  slow: 'takes 2.4 seconds per table',
  failing: 'fails each time; nothing is lost',
  held: 'waits for the buttons below',
};

function Target(): preact.JSX.Element {
  void changes.value;
  const { target, flush } = session.value;
  const act = (type: 'read' | 'accept' | 'fail') => () => void perform({ type });
  return (
    <section class="card" aria-labelledby="target-title">
      <h3 id="target-title">Flush target</h3>
      <fieldset class="choices">
        <legend class="visually-hidden">Behaviour</legend>
        {TARGETS.map((mode) => (
          <label key={mode}>
            <input
              type="radio"
              name="target"
              value={mode}
              checked={target === mode}
              onChange={() => void perform({ type: 'target', mode })}
            />
            <span>
              {mode} <small>{TARGET_TEXTS[mode]}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {target === 'held' && (
        <div class="buttons">
          <button type="button" disabled={flush !== 'asked'} onClick={act('read')}>
            Read
          </button>
          <button type="button" disabled={flush === 'none'} onClick={act('accept')}>
            Accept
          </button>
          <button type="button" disabled={flush === 'none'} onClick={act('fail')}>
            Fail
          </button>
        </div>
      )}
    </section>
  );
}

function EventLog(): preact.JSX.Element {
  void changes.value;
  const { ticks } = session.value;
  const events: { at: number; event: LifecycleEvent }[] = [];
  for (let at = ticks.length - 1; at >= 0 && events.length < EVENTS_SHOWN_MAX; at--) {
    const { event } = ticks[at];
    if (event !== undefined) events.push({ at, event });
  }
  return (
    <section class="card" aria-labelledby="events-title">
      <h3 id="events-title">Events</h3>
      {events.length === 0 && <p class="hint">No events yet, only writes.</p>}
      <ol class="events" id="events" tabIndex={0} aria-labelledby="events-title">
        {events.map(({ at, event }) => (
          <li key={at}>
            <i class={`swatch dot ${event.type}`} /> {lineOf(event)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function lineOf(event: LifecycleEvent): string {
  switch (event.type) {
    case 'freeze': {
      const { entryCount, arena } = event.stats;
      return `memtable ${event.table} frozen: ${entriesText(entryCount)}, ${byteCount(arena.memoryUsage)}`;
    }
    case 'flush':
      return `memtable ${event.table} flushed${event.attempts > 1 ? `, attempt ${event.attempts}` : ''}`;
    case 'rotate-error':
      return `no memory for the table after memtable ${event.table}`;
    case 'flush-error':
      return `flush of memtable ${event.table} failed, attempt ${event.attempts}: ${(event.error as Error).message}`;
    case 'drop':
      return `memtable ${event.table} dropped: ${byteCount(event.bytes)} freed`;
    case 'stall':
      return `write stall: ${REASONS[event.reason]}`;
    case 'resume':
      return 'write stall over';
    default: // A list makes no compactions.
      return event.type;
  }
}
