/** The state of the page, as signals. Views read the signals and change them through the functions below. */
import { type MemTable, MemTable as Table } from '@memtable/memtable';
import { inspectMemTable, type MemTableInspection, type SearchTrace, traceGet } from '@memtable/memtable/inspect';
import { batch, computed, signal } from '@preact/signals';
import { decodeOperations, encodeOperations, isUserOperation, type Operation } from './operation.js';
import { pieceOf } from './pieces.js';
import { isSample, type SampleName } from './samples.js';
import { type NumberedTable, Session } from './session.js';
import { CHOICES, DEFAULTS, type Settings } from './settings.js';
import { TOUR, TOUR_SETTINGS, tourFocus, tourOperations } from './tour.js';
import { type View, VIEWS } from './view.js';

export interface Dump {
  readonly name: string;
  readonly buffer: ArrayBuffer;
}

export interface Source {
  readonly sample: SampleName;
  readonly ascending: boolean;
  readonly count: number;
}

export const view = signal<View>('memory');
/** Step of the guided tour, from 1; 0 when the tour is closed. */
export const tourStep = signal(1);
export const settings = signal<Settings>(TOUR_SETTINGS);
export const source = signal<Source>({ sample: 'words', ascending: false, count: 100 });
/** Steps per second in play mode. */
export const speed = signal(4);
export const playing = signal(false);
export const theme = signal<'light' | 'dark' | undefined>(undefined);
export const message = signal<{ readonly kind: 'error' | 'note'; readonly text: string } | undefined>(undefined);
/** The last action, as text for screen readers. */
export const announcement = signal('');

export const session = signal(newSession(TOUR_SETTINGS));
const operations = signal<readonly Operation[]>([]);
/** Counts the changes of the session, which has no signals of its own. */
export const changes = signal(0);
/** Counts the changes that left the session at rest. A long load changes too often to inspect all bytes each time. */
const halts = signal(0);
export const busy = signal(false);

export const dump = signal<Dump | undefined>(undefined);
/** Number of the shown table; undefined shows the active one. */
export const shownId = signal<number | undefined>(undefined);
/** Address of the selected byte. */
export const selectedAddress = signal<number | undefined>(undefined);
export const hoveredAddress = signal<number | undefined>(undefined);
export const search = signal<{ readonly key: string; readonly step: number } | undefined>(undefined);

export const tables = computed<NumberedTable[]>(() => {
  void changes.value;
  return session.value.tables();
});

/** The table of the session that is shown; undefined if a dump is shown. */
const shownTable = computed<MemTable | undefined>(() => {
  if (dump.value !== undefined) return undefined;
  void halts.value;
  const all = session.value.tables();
  return (all.find(({ id }) => id === shownId.value) ?? all.at(-1))?.table;
});

export const shownBuffer = computed<ArrayBufferLike>(() => {
  void halts.value;
  return dump.value?.buffer ?? shownTable.value!.arena.memory.buffer;
});

export const inspection = computed<MemTableInspection | undefined>(() => {
  void halts.value;
  const buffer = shownBuffer.value;
  return buffer.byteLength === 0 ? undefined : inspectMemTable(buffer);
});

export const stats = computed(() => {
  void changes.value;
  return session.value.stats();
});

/** The selected piece, or the piece that the tour step is about. */
export const selectedPiece = computed<number | undefined>(() => {
  const seen = inspection.value;
  if (seen === undefined) return undefined;
  if (selectedAddress.value !== undefined) return pieceOf(seen, selectedAddress.value);
  return tourStep.value > 0 && dump.value === undefined ? tourFocus(tourStep.value, seen) : undefined;
});

export const hoveredPiece = computed<number | undefined>(() => {
  const seen = inspection.value;
  return seen === undefined || hoveredAddress.value === undefined ? undefined : pieceOf(seen, hoveredAddress.value);
});

export const trace = computed<SearchTrace | undefined>(() => {
  const seen = inspection.value;
  if (search.value === undefined || seen === undefined || seen.customOrder) return undefined;
  return traceGet(shownBuffer.value, new TextEncoder().encode(search.value.key));
});

export const canUndo = computed(() => operations.value.some(isUserOperation));

// Operations

let queue: Promise<void> = Promise.resolve();

/** Runs tasks one at a time, in call order. */
function enqueue(task: () => Promise<void>): Promise<void> {
  queue = queue.then(task).catch((error: unknown) => say('error', error));
  return queue;
}

/** Performs an operation on the session and records it for undo and links. */
export function perform(operation: Operation): Promise<void> {
  if (isUserOperation(operation)) leaveTour();
  return enqueue(async () => {
    const before = session.value;
    busy.value = operation.type === 'load' && operation.count > 1000;
    try {
      await session.value.perform(operation);
      if (session.value === before) operations.value = [...operations.value, operation];
    } finally {
      busy.value = false;
    }
    if (isUserOperation(operation)) announcement.value = `${operation.type}: ${describeUsage()}`;
    scheduleTarget();
  });
}

/** Undoes the last operation: replays all earlier ones in a new session. */
export function undo(): Promise<void> {
  leaveTour();
  return enqueue(async () => {
    const last = operations.value.findLastIndex(isUserOperation);
    await replay(settings.value, operations.value.slice(0, Math.max(last, 0)));
    announcement.value = `undone: ${describeUsage()}`;
  });
}

export function reset(): Promise<void> {
  leaveTour();
  playing.value = false;
  return enqueue(() => replay(settings.value, []));
}

/** Changes the settings, and replays all operations with them. */
export function change(changed: Partial<Settings>): Promise<void> {
  leaveTour();
  return enqueue(() => replay({ ...settings.value, ...changed }, operations.value));
}

export function goToTourStep(step: number): Promise<void> {
  playing.value = false;
  return enqueue(async () => {
    await replay(TOUR_SETTINGS, tourOperations(step));
    batch(() => {
      closeDump();
      tourStep.value = step;
      view.value = TOUR[step - 1].view;
      search.value = undefined;
    });
  });
}

/** Closes the tour. The session keeps the state of its last step. */
export function leaveTour(): void {
  tourStep.value = 0;
}

async function replay(wanted: Settings, again: readonly Operation[]): Promise<void> {
  const old = session.value;
  const fresh = newSession(wanted);
  busy.value = again.length > 100;
  try {
    for (const operation of again) await fresh.perform(operation);
  } finally {
    busy.value = false;
  }
  batch(() => {
    settings.value = wanted;
    session.value = fresh;
    operations.value = again;
    clearSelection();
    shownId.value = undefined;
    changes.value++;
    halts.value++;
  });
  await old.end();
  scheduleTarget();
}

/** Creates a session that reports its changes while it is the shown one. */
function newSession(wanted: Settings): Session {
  const fresh: Session = new Session(wanted, () => {
    if (session.peek() !== fresh) return;
    changes.value++;
    if (!fresh.loading) halts.value++;
  });
  return fresh;
}

/** How long a slow or failing target takes to read a run, and again to answer, in milliseconds. */
const TARGET_MS = { slow: 1200, failing: 700 };
let targetTimer: ReturnType<typeof setTimeout> | undefined;

/** Schedules the next step of a slow or failing target. Its steps are operations too, so replay repeats them. */
function scheduleTarget(): void {
  clearTimeout(targetTimer);
  const { target, flush } = session.value;
  if (tourStep.value > 0 || (target !== 'slow' && target !== 'failing')) return;
  const failing = target === 'failing';
  // After a failed flush the list waits a moment before it retries.
  if (flush === 'none') {
    if (session.value.stats().frozen.length > 0) targetTimer = setTimeout(scheduleTarget, 100);
    return;
  }
  targetTimer = setTimeout(
    () => void perform({ type: flush === 'asked' ? 'read' : failing ? 'fail' : 'accept' }),
    TARGET_MS[target],
  );
}

// Play mode

let playTimer: ReturnType<typeof setTimeout> | undefined;

export function step(): Promise<void> {
  const { sample, ascending } = source.value;
  return perform({ type: 'load', sample, ascending, count: 1 });
}

export function togglePlay(): void {
  playing.value = !playing.value;
  clearTimeout(playTimer);
  const next = async (): Promise<void> => {
    if (!playing.value) return;
    if (session.value.stats().waiting.writers === 0) await step();
    playTimer = setTimeout(() => void next(), 1000 / speed.value);
  };
  void next();
}

// Dumps

/** Shows the memtable in a file. A file without a valid memtable changes nothing but the error message. */
export async function openDump(file: File): Promise<void> {
  try {
    const buffer = await file.arrayBuffer();
    const seen = inspectMemTable(buffer);
    if (!seen.customOrder) Table.attach(buffer).verify();
    batch(() => {
      leaveTour();
      playing.value = false;
      message.value = undefined;
      clearSelection();
      search.value = undefined;
      dump.value = { name: file.name, buffer };
      if (view.value === 'lifecycle') view.value = 'memory';
      announcement.value = `${file.name}: ${seen.stats.entryCount} entries`;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    message.value = { kind: 'error', text: `${file.name} cannot be shown: ${reason}` };
  }
}

export function closeDump(): void {
  batch(() => {
    dump.value = undefined;
    clearSelection();
  });
}

function clearSelection(): void {
  selectedAddress.value = undefined;
  hoveredAddress.value = undefined;
}

// The link

/** The state of the page as the fragment of its URL, so that a link shows the same. */
export const hash = computed(() => {
  const parameters = new URLSearchParams();
  if (tourStep.value > 0) parameters.set('tour', String(tourStep.value));
  else {
    for (const [name, value] of Object.entries(settings.value)) {
      if (value !== DEFAULTS[name as keyof Settings]) parameters.set(name, String(value));
    }
    if (operations.value.length > 0) parameters.set('do', encodeOperations(operations.value));
  }
  const { sample, ascending, count } = source.value;
  if (sample !== 'words' || ascending || count !== 100)
    parameters.set('from', `${sample}:${ascending ? 'a' : 's'}:${count}`);
  if (tourStep.value === 0 || view.value !== TOUR[tourStep.value - 1].view) parameters.set('view', view.value);
  if (selectedAddress.value !== undefined) parameters.set('at', String(selectedAddress.value));
  if (search.value !== undefined) parameters.set('seek', search.value.key);
  if (theme.value !== undefined) parameters.set('theme', theme.value);
  return parameters.toString();
});

/** Restores the state from a URL fragment. Ignores invalid parts, and reports them in a message. */
export function readHash(text: string): Promise<void> {
  const parameters = new URLSearchParams(text);
  const bad: string[] = [];
  const wantedTour = parameters.has('tour') || text === '' ? Number(parameters.get('tour') ?? 1) : 0;
  const inTour = wantedTour >= 1 && wantedTour <= TOUR.length && Number.isInteger(wantedTour);
  if (parameters.has('tour') && !inTour) bad.push(`tour=${parameters.get('tour')}`);
  const wanted: { -readonly [K in keyof Settings]: Settings[K] } = { ...DEFAULTS };
  for (const name of Object.keys(CHOICES) as (keyof typeof CHOICES)[]) {
    const given = parameters.get(name);
    if (given === null) continue;
    const choice = CHOICES[name].find((choice) => String(choice) === given);
    if (choice === undefined) bad.push(`${name}=${given}`);
    else Object.assign(wanted, { [name]: choice });
  }
  const seed = parameters.get('seed');
  if (seed !== null) {
    if (/^\d{1,10}$/.test(seed)) wanted.seed = Number(seed);
    else bad.push(`seed=${seed}`);
  }
  let again: Operation[] = [];
  try {
    again = decodeOperations(parameters.get('do') ?? '');
  } catch (error) {
    bad.push((error as Error).message);
  }
  const [sample = '', order, count] = (parameters.get('from') ?? '').split(':');
  const wantedView = VIEWS.find((name) => name === parameters.get('view'));
  const at = Number(parameters.get('at') ?? NaN);
  const wantedTheme = parameters.get('theme');

  return enqueue(async () => {
    await replay(inTour ? TOUR_SETTINGS : wanted, inTour ? tourOperations(wantedTour) : again);
    batch(() => {
      tourStep.value = inTour ? wantedTour : 0;
      view.value = wantedView ?? (inTour ? TOUR[wantedTour - 1].view : 'memory');
      if (isSample(sample)) {
        source.value = { sample, ascending: order === 'a', count: Math.min(Math.max(Number(count) || 1, 1), 100_000) };
      }
      if (Number.isInteger(at)) selectedAddress.value = at;
      const key = parameters.get('seek');
      search.value = key === null ? undefined : { key, step: Infinity };
      theme.value = wantedTheme === 'light' || wantedTheme === 'dark' ? wantedTheme : undefined;
    });
    scheduleTarget();
    if (bad.length > 0) say('error', new Error(`parts of this link are invalid: ${bad.join('; ')}`));
  });
}

function say(kind: 'error' | 'note', error: unknown): void {
  message.value = { kind, text: error instanceof Error ? error.message : String(error) };
}

function describeUsage(): string {
  const { memoryUsage, active } = session.value.stats();
  return `memory usage ${memoryUsage.toLocaleString('en-US')} bytes, ${active.entryCount} entries in the active table`;
}
