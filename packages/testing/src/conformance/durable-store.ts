import type { DurableStore, DurableStoreHarness } from '../contract.js';
import { contentText, History, textOf } from '../crashes/history.js';
import { runSession } from '../crashes/session.js';
import { LcgRandom } from '../lcg-random.js';
import { MemoryFiles } from '../memory-files.js';
import type { TestRunner } from './test-runner.js';

/** How the suite of a store in files runs. */
export interface CrashOptions {
  /**
   * Number of histories. Each one has three sessions, of which each goes on where the one before crashed.
   * @defaultValue 10
   */
  numRuns?: number;
  /** Seed of the first history; each further one has the next. @defaultValue a new one */
  seed?: number;
  /** How many mixtures of what the disk may have kept are tried before each operation. @defaultValue 20 */
  crashesPerOperation?: number;
}

/** What the suite has done when nothing was lost. */
export interface CrashReport {
  /** Number of crashes: operations of all histories times mixtures. */
  readonly crashes: number;
  /** Number of different files that they left. Each of these was opened. */
  readonly opened: number;
}

const SESSIONS = 3;

/**
 * Registers the tests of a store in files: after a crash before any operation on a file, whatever the disk has kept of
 * what was not synced, all is there that must be, and what is there is what the store had after one of its writes.
 */
export function durableStoreConformance<T extends DurableStore>(
  options: TestRunner & DurableStoreHarness<T> & CrashOptions,
): void {
  options.describe('durable store', () => {
    options.it('loses nothing that was durable, and no part of a write, by a crash before any operation', async () => {
      await assertDurableStore(options, options);
    });
  });
}

/**
 * Runs histories of writes, waits and checkpoints over {@link MemoryFiles}, and crashes them before every operation.
 * @throws Error what was lost, with the seed that repeats it
 */
export async function assertDurableStore<T extends DurableStore>(
  harness: DurableStoreHarness<T>,
  options: CrashOptions = {},
): Promise<CrashReport> {
  const { numRuns = 10, seed = Date.now() % 0x7fffffff, crashesPerOperation = 20 } = options;
  let crashes = 0;
  let opened = 0;
  for (let run = 0; run < numRuns; run++) {
    const random = new LcgRandom(seed + run);
    const history = new History();
    let files = new MemoryFiles();
    for (let session = 0; session < SESSIONS; session++) {
      const where = `session ${session} of seed ${seed + run}`;
      const crashed = new CrashedFiles(history, harness.supports.survivesKill, crashesPerOperation);
      try {
        await runSession(() => harness.open(crashed.watch(files)), harness.supports, history, random);
      } catch (cause) {
        throw new Error(`${where}: it failed without a crash`, { cause });
      }
      crashed.end();
      const next = await crashed.check(harness, random, where);
      crashes += crashed.count;
      opened += crashed.different;
      files = next.files;
      history.backTo(next.content, next.durable);
    }
  }
  return { crashes, opened };
}

/** Files that a crash left. */
interface Crashed {
  readonly files: MemoryFiles;
  /** How it came about. */
  readonly how: string;
  /** The number of writes that must be there; of all crashes that left the same files, the highest. */
  count: number;
  /** The number of writes that must be there after a power cut at the same moment. */
  durable: number;
}

/** What crashes during a session leave. */
class CrashedFiles {
  readonly #history: History;
  readonly #survivesKill: boolean;
  readonly #perOperation: number;
  /** By their bytes, so that each are opened once. */
  readonly #byContent = new Map<string, Crashed>();
  /** What is there when the process is killed: nothing is lost, but what was not durable is not yet. */
  readonly #killed: Crashed[] = [];
  #files!: MemoryFiles;
  count = 0;

  constructor(history: History, survivesKill: boolean, perOperation: number) {
    this.#history = history;
    this.#survivesKill = survivesKill;
    this.#perOperation = perOperation;
  }

  get different(): number {
    return this.#byContent.size + this.#killed.length;
  }

  /** The same files, which are crashed before each operation from now on that changes something. */
  watch(files: MemoryFiles): MemoryFiles {
    this.#files = files.copy({
      onOperation: ({ kind, name }) => {
        if (kind !== 'read' && kind !== 'open' && kind !== 'list') this.#crash(`before ${kind} ${name}`);
      },
    });
    return this.#files;
  }

  /** The session has ended. */
  end(): void {
    this.#crash('at the end');
  }

  #crash(when: string): void {
    const { made, durable } = this.#history;
    for (let seed = 0; seed < this.#perOperation; seed++) {
      this.#add(this.#files.crash(seed), `crash ${seed} ${when}`, durable);
    }
    if (!this.#survivesKill) return;
    this.#killed.push({ files: this.#files.copy(), how: `kill ${when}`, count: made, durable });
    this.count++;
  }

  #add(files: MemoryFiles, how: string, count: number): void {
    this.count++;
    const content = files.fingerprint();
    const known = this.#byContent.get(content);
    if (known === undefined) this.#byContent.set(content, { files, how, count, durable: count });
    else if (count > known.count) Object.assign(known, { how, count, durable: count });
  }

  /** Opens all of them. @returns one of them, with what is in it @throws Error what is wrong with one of them */
  async check<T extends DurableStore>(
    { open }: DurableStoreHarness<T>,
    random: LcgRandom,
    where: string,
  ): Promise<Crashed & { content: string }> {
    const all = [...this.#byContent.values(), ...this.#killed];
    // Whoever goes on after a kill finds what is not durable yet.
    const isKilled = this.#killed.length > 0 && random.oneIn(2);
    const chosen = isKilled
      ? this.#byContent.size + random.uniform(this.#killed.length)
      : random.uniform(this.#byContent.size);
    let next: (Crashed & { content: string }) | undefined;
    for (const [i, { files, how, count, durable }] of all.entries()) {
      const before = i === chosen ? files.copy() : files;
      let content: string;
      try {
        content = await contentOf(await open(files));
      } catch (cause) {
        throw new Error(`${where}, ${how}: it does not open: ${String(cause)}`, { cause });
      }
      const fault = this.#history.fault(content, count);
      if (fault !== undefined) throw new Error(`${where}, ${how}: ${fault}`);
      if (i === chosen) next = { files: before, how, count, durable, content };
    }
    return next!;
  }
}

async function contentOf(store: DurableStore): Promise<string> {
  const entries: [string, string][] = [];
  for await (const [key, value] of store.iterator()) entries.push([textOf(key), textOf(value)]);
  return contentText(entries);
}
