/**
 * A real MemTableList with a flush target in the page, driven by operations. The same operations give the same bytes
 * at any speed. Undo by replay and links depend on that.
 */
import {
  type FlushRun,
  type LifecycleEvent,
  type MemTable,
  MemTableList,
  type MemTableListStats,
  type ValueType,
  WriteBatch,
} from '@memtable/memtable';
import { type Operation, type TargetMode, type Write } from './operation.js';
import { sampleEntry } from './samples.js';
import { type Settings, tableOptionsOf } from './settings.js';

/** One moment of the timeline. */
export interface Tick {
  readonly activeBytes: number;
  readonly frozenBytes: number;
  readonly waiting: number;
  /** The lifecycle event of this moment, if any. */
  readonly event?: LifecycleEvent;
}

/** A running flush that waits for the answer of a target that is not prompt. */
interface Gate {
  readonly run: FlushRun;
  read: boolean;
  readonly accept: () => void;
  readonly fail: (error: Error) => void;
}

type Load = Operation & { type: 'load' };

export interface NumberedTable {
  readonly id: number;
  readonly table: MemTable;
}

const TICKS_A_LOAD = 400;
const RETRY_MS = 20;
/** A long load pauses after this many milliseconds, so that the page can draw. */
const SLICE_MS = 100;

export class Session {
  readonly list: MemTableList;
  readonly ticks: Tick[] = [];
  /** The content of the target: the type of the newest version of each key. */
  readonly stored = new Map<string, ValueType>();
  storedEntries = 0;
  target: TargetMode = 'prompt';
  readonly #onChange: () => void;
  readonly #places = new Map<string, number>();
  #gate: Gate | undefined;
  #gateOpened: (() => void) | undefined;
  /** Loads that have not ended. The first one is running or stalled, the others wait for it. */
  readonly #loads: Load[] = [];
  /** Waiters that are resolved when the load ends or stalls. */
  #halted: (() => void)[] = [];
  #loading = false;

  constructor(settings: Settings, onChange: () => void = () => undefined) {
    this.#onChange = onChange;
    this.list = new MemTableList({
      ...tableOptionsOf(settings),
      writeBufferBytes: settings.writeBufferBytes,
      retryMs: RETRY_MS,
      retryMsMax: RETRY_MS,
      target: { write: (run, { signal }) => this.#write(run, signal) },
      onEvent: (event) => this.#tick(event),
    });
    this.#tick();
  }

  /** All tables, the oldest first and the active one last. */
  tables(): NumberedTable[] {
    const tables = this.list.tables().reverse();
    const first = this.list.stats().flush.flushedTables + 1;
    return tables.map((table, i) => ({ id: first + i, table }));
  }

  stats(): MemTableListStats {
    return this.list.stats();
  }

  /** State of the unanswered flush: none, the target was asked, or it has read the run. */
  get flush(): 'none' | 'asked' | 'read' {
    return this.#gate === undefined ? 'none' : this.#gate.read ? 'read' : 'asked';
  }

  /** Whether a load is running and not stalled. */
  get loading(): boolean {
    return this.#loading;
  }

  /**
   * Performs an operation. Resolves when it is done, or when it waits for the target, so that later operations can run.
   * @throws MemTableError if the write is refused; nothing was written then
   */
  async perform(operation: Operation): Promise<void> {
    await this.#untilHalted();
    switch (operation.type) {
      case 'put':
      case 'del':
        await this.#apply([operation]);
        break;
      case 'batch':
        await this.#apply(operation.writes);
        break;
      case 'load':
        this.#loads.push(operation);
        if (this.#loads.length === 1) void this.#fillAll();
        await this.#untilHalted();
        break;
      case 'freeze':
        this.list.flush().catch(() => undefined);
        await settle();
        break;
      case 'target':
        this.target = operation.mode;
        if (operation.mode === 'prompt') await this.#answer('accept');
        break;
      default:
        await this.#answer(operation.type);
    }
    this.#onChange();
  }

  /** Ends the session: rejects waiting writes and drops all tables. */
  async end(): Promise<void> {
    const signal = AbortSignal.abort(new Error('the session has ended'));
    const tables = this.list.tables();
    await this.list.close({ signal }).catch(() => undefined);
    for (const table of tables) table.drop();
  }

  async #apply(writes: readonly Write[]): Promise<void> {
    const batch = new WriteBatch();
    for (const write of writes) {
      if (write.type === 'del') batch.del(utf8.encode(write.key));
      else batch.put(utf8.encode(write.key), valueOf(write));
    }
    const before = this.list.lastSequence;
    const done = this.list.write(batch);
    if (this.list.lastSequence === before) {
      done.then(() => this.#tick()).catch(() => undefined);
      // The write was refused, or it waits for the target. Do not wait for the target here.
      await Promise.race([done, settle()]);
    } else await done;
    this.#tick();
    await settle();
  }

  /** Runs the loads one after the other, because two at once would mix their entries as time goes. */
  async #fillAll(): Promise<void> {
    this.#loading = true;
    let stalled = false;
    try {
      for (let load = this.#loads.at(0); load !== undefined; load = this.#loads.at(0)) {
        stalled = (await this.#fill(load)) || stalled;
        this.#loads.shift();
      }
    } catch {
      this.#loads.length = 0; // The session ended during a write stall of the load.
    }
    this.#halt();
    if (stalled) this.#onChange(); // After a stall, `perform` has returned and cannot report this change.
  }

  /** @returns whether the load stalled */
  async #fill({ sample, ascending, count }: Load): Promise<boolean> {
    const name = `${sample} ${ascending}`;
    const every = Math.ceil(count / TICKS_A_LOAD);
    const batch = new WriteBatch();
    let stalled = false;
    let sliceEnd = performance.now() + SLICE_MS;
    for (let i = 1; i <= count; i++) {
      const place = this.#places.get(name) ?? 0;
      this.#places.set(name, place + 1);
      const { key, value } = sampleEntry(sample, ascending, place);
      const before = this.list.lastSequence;
      const done = this.list.write(batch.clear().put(encode(key, keyScratch), encode(value, valueScratch)));
      if (this.list.lastSequence === before) {
        // A prompt target makes room at once, any other one only on command.
        const waits = await Promise.race([done.then(() => false), settle().then(() => true)]);
        if (waits) {
          stalled = true;
          this.#halt();
          await done;
          this.#loading = true;
        }
      }
      if (i % every === 0 || i === count) this.#tick();
      if (performance.now() > sliceEnd && i < count) {
        this.#onChange();
        await pause();
        sliceEnd = performance.now() + SLICE_MS;
      }
    }
    await settle();
    return stalled;
  }

  #halt(): void {
    this.#loading = false;
    for (const resolve of this.#halted.splice(0)) resolve();
  }

  /** Waits until the load ends or stalls, so that operations never interleave with it. */
  async #untilHalted(): Promise<void> {
    if (this.#loading) await new Promise<void>((resolve) => this.#halted.push(resolve));
  }

  async #write(run: FlushRun, signal: AbortSignal): Promise<void> {
    if (this.target === 'prompt') {
      this.#store(run);
      this.#gateOpened?.(); // Wakes an `#answer` that waits for this flush, which is done already.
      return;
    }
    const answered = new Promise<void>((accept, fail) => {
      this.#gate = { run, read: false, accept, fail };
    });
    signal.addEventListener('abort', () => this.#gate?.fail(new Error('aborted')));
    this.#gateOpened?.();
    this.#onChange();
    try {
      await answered;
    } finally {
      this.#gate = undefined;
    }
    this.#store(run);
  }

  #store(run: FlushRun): void {
    let previous: string | undefined;
    for (const { key, type } of run.views()) {
      const name = text.decode(key);
      if (name !== previous) this.stored.set(name, type); // The newest version of a key comes first.
      previous = name;
      this.storedEntries++;
    }
  }

  /** Answers for the target. If the list pauses after a failed flush, this first waits for the retry. */
  async #answer(answer: 'read' | 'accept' | 'fail'): Promise<void> {
    if (this.#gate === undefined) {
      if (this.list.stats().frozen.length === 0) return;
      await new Promise<void>((resolve) => (this.#gateOpened = resolve));
    }
    const gate = this.#gate;
    if (gate !== undefined && answer === 'read') gate.read = true;
    else if (answer === 'accept') gate?.accept();
    else if (answer === 'fail') gate?.fail(new Error('no space left on device'));
    if (answer !== 'read') await settle();
    await this.#untilHalted();
    if (this.#loads.length > 0) await settle();
  }

  #tick(event?: LifecycleEvent): void {
    if (this.list === undefined) return; // The list may emit events in its constructor.
    const { active, frozen, waiting } = this.list.stats();
    const frozenBytes = frozen.reduce((sum, { arena }) => sum + arena.memoryUsage, 0);
    this.ticks.push({
      activeBytes: active.arena.memoryUsage,
      frozenBytes,
      waiting: waiting.writers,
      ...(event === undefined ? {} : { event }),
    });
  }
}

function valueOf({ value, bytes }: Write & { type: 'put' }): Uint8Array {
  const encoded = utf8.encode(value);
  if (bytes === undefined) return encoded;
  const source = encoded.length === 0 ? utf8.encode('.') : encoded;
  return Uint8Array.from({ length: bytes }, (_, i) => source[i % source.length]);
}

/** Resolves after all pending promise callbacks have run. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Upper bound on a sample's key and value bytes. A batch copies its input, so all entries share these buffers. */
const SAMPLE_BYTES_MAX = 256;
const keyScratch = new Uint8Array(SAMPLE_BYTES_MAX);
const valueScratch = new Uint8Array(SAMPLE_BYTES_MAX);

function encode(text: string, scratch: Uint8Array): Uint8Array {
  return scratch.subarray(0, utf8.encodeInto(text, scratch).written);
}

const utf8 = new TextEncoder();
const text = new TextDecoder();
