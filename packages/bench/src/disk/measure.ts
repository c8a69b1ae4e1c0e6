/** The measured parts of a durable store, and of LevelDB. Each runs in a process of its own. */
import { type DiskStore, type Durability, openStore } from '@memtable/disk';
import { MemStore } from '@memtable/store';
import { ClassicLevel } from 'classic-level';
import { random } from '../random.js';

/** One case, in a directory of its own. Recoveries open the directory that another case has left. */
export interface DiskCase {
  readonly name: DiskCaseName;
  readonly directory: string;
  readonly entries: number;
}

/** Entries per second, or milliseconds, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

const VALUE = 'v'.repeat(100);
/** Keys that are prepared at once, before the clock starts. Then the event loop turns, so that syncs end. */
const CHUNK = 1000;
const WRITERS = 64;
/** Cases that wait for the disk end after this time at the latest. */
const WAIT_MS_MAX = 2000;
/** Entries that LevelDB gets in batches of one, each of which takes a turn of the event loop. */
const SINGLES_MAX = 50_000;
/** No checkpoint begins by itself: it is measured alone. */
const LOG_BYTES_MAX = 2 ** 40;

const CASES = {
  'puts without a log': ({ entries }) => puts(new MemStore(), entries),
  'puts, memory': (one) => putsAt('memory', one),
  'puts, os': (one) => putsAt('os', one),
  'puts, disk': (one) => putsAt('disk', one),
  'puts, 64 writers that wait for the disk': writers,
  'classic-level, batches of 1': (one) => level(one, 1, false),
  'classic-level, batches of 100': (one) => level(one, 100, false),
  'classic-level, batches of 1, sync': (one) => level(one, 1, true),
  'classic-level, batches of 100, sync': (one) => level(one, 100, true),
  'write a log': writeLog,
  'recovery from a log': recovery,
  'a checkpoint': checkpoint,
  'recovery from tables': recovery,
} as const satisfies Record<string, (one: DiskCase) => Promise<Figures>>;

export type DiskCaseName = keyof typeof CASES;

export async function measure(one: DiskCase): Promise<Figures> {
  return CASES[one.name](one);
}

async function open(directory: string, durability: Durability): Promise<DiskStore> {
  return openStore(directory, { durability, logBytesMax: LOG_BYTES_MAX });
}

async function putsAt(durability: Durability, { directory, entries }: DiskCase): Promise<Figures> {
  const store = await open(directory, durability);
  // At the level `disk` the puts have ended when the disk has them.
  const figures = await puts(store, entries, durability === 'disk' ? () => store.durable() : undefined);
  await store.close();
  return figures;
}

async function puts(store: MemStore, entries: number, wait?: () => Promise<void>): Promise<Figures> {
  let ms = 0;
  for (const keys of chunks(entries)) {
    const start = performance.now();
    for (const key of keys) store.put(key, VALUE);
    ms += performance.now() - start;
    await turn();
  }
  const start = performance.now();
  await wait?.();
  return rate(entries, ms + performance.now() - start);
}

/** Writers that each put an entry, and wait until it survives a power cut before they put the next one. */
async function writers({ directory, entries }: DiskCase): Promise<Figures> {
  const store = await open(directory, 'disk');
  const keys = [...chunks(entries)].flat();
  const start = performance.now();
  let count = 0;
  const writer = async () => {
    while (count < entries && performance.now() - start < WAIT_MS_MAX) {
      store.put(keys[count++], VALUE);
      await store.durable();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const figures = rate(count, performance.now() - start);
  await store.close();
  return figures;
}

async function level({ directory, entries }: DiskCase, size: number, sync: boolean): Promise<Figures> {
  const database = new ClassicLevel(directory);
  await database.open();
  const max = size === 1 ? Math.min(entries, SINGLES_MAX) : entries;
  let count = 0;
  let ms = 0;
  for (const keys of chunks(max)) {
    for (let at = 0; at < keys.length && ms < WAIT_MS_MAX; at += size) {
      const part = keys.slice(at, at + size);
      const start = performance.now();
      if (size === 1) await database.put(part[0], VALUE, { sync });
      else {
        const operations = part.map((key) => ({ type: 'put', key, value: VALUE }) as const);
        await database.batch(operations, { sync });
      }
      ms += performance.now() - start;
      count += part.length;
    }
  }
  await database.close();
  return rate(count, ms);
}

/** Leaves a directory with a log and no table. */
async function writeLog({ directory, entries }: DiskCase): Promise<Figures> {
  const store = await open(directory, 'memory');
  await puts(store, entries);
  await store.close();
  return {};
}

async function recovery({ directory, entries }: DiskCase): Promise<Figures> {
  const start = performance.now();
  const store = await open(directory, 'os');
  const ms = performance.now() - start;
  const { entryCount } = store.stats();
  if (entryCount !== entries) throw new Error(`${entryCount} of ${entries} entries were recovered`);
  await store.close();
  return rate(entries, ms);
}

/**
 * A checkpoint while puts and gets go on: one of each, then a turn of the event loop, in which the checkpoint goes on.
 * The longest call is that of the store alone. The longest wait begins before the turn: it is what a server's request
 * would see.
 */
async function checkpoint({ directory, entries }: DiskCase): Promise<Figures> {
  const store = await open(directory, 'memory');
  await puts(store, entries);
  await store.durable();
  const next = random(1);
  let isRunning = true;
  const start = performance.now();
  const done = store.checkpoint().finally(() => (isRunning = false));
  let call = 0;
  let wait = 0;
  for (let since = performance.now(); isRunning;) {
    await turn();
    const key = keyOf(next() % entries);
    const begin = performance.now();
    store.put(key, VALUE, { durability: 'os' });
    const between = performance.now();
    if (store.get(key) !== VALUE) throw new Error(`the store has lost ${key}`);
    const end = performance.now();
    call = Math.max(call, between - begin, end - between);
    wait = Math.max(wait, end - since);
    since = end;
  }
  await done;
  const ms = performance.now() - start;
  await store.checkpoint(); // So that the directory has no log to recover.
  await store.close();
  return { 'ms of all': ms, 'ms of the longest call': call, 'ms of the longest wait': wait };
}

function rate(count: number, ms: number): Figures {
  return { 'entries/s': (count / ms) * 1000 };
}

function* chunks(entries: number): Generator<string[]> {
  // A step without a common factor visits each number once, in no order.
  const step = 7919;
  for (let from = 0; from < entries; from += CHUNK) {
    const length = Math.min(CHUNK, entries - from);
    yield Array.from({ length }, (_, i) => keyOf(((from + i) * step) % entries));
  }
}

/** 16 digits. */
function keyOf(number: number): string {
  return String(number).padStart(16, '0');
}

async function turn(): Promise<void> {
  await new Promise<void>((goOn) => setImmediate(goOn));
}
