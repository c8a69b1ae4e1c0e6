/**
 * A crash after every operation of a history with writes, syncs, new logs and checkpoints, with many seeds of what the
 * disk kept. What had been synced is there, what is there is a prefix of what was written, and no batch is there by
 * half.
 */
import { MemoryFiles } from '@memtable/testing';
import { Database } from '../../src/index.js';
import { apply, batchOf, contentOf, entriesOf, type Write } from './contents.js';

const SEEDS = 20;

/** A history: what each batch wrote, and which writes are known to be durable. */
class History {
  readonly batches: Write[][] = [];
  /** By sequence: whether a batch ends there. */
  readonly ends = [0];
  syncedSequence = 0;

  /** The content after the batches up to a sequence. */
  contentAt(sequence: number): Map<string, string> | undefined {
    const count = this.ends.indexOf(sequence);
    if (count < 0) return undefined;
    const content = new Map<string, string>();
    for (const batch of this.batches.slice(0, count)) apply(content, batch);
    return content;
  }

  /** Says what is wrong with what was found, if anything. */
  fault(found: ReadonlyMap<string, string>, lastSequence: number, synced: number): string | undefined {
    if (lastSequence < synced) return `the last write is ${lastSequence}, up to ${synced} was durable`;
    const expected = this.contentAt(lastSequence);
    if (expected === undefined) return `half of a batch is there: up to ${lastSequence}`;
    const same = expected.size === found.size && [...expected].every(([key, value]) => found.get(key) === value);
    return same ? undefined : `another content at ${lastSequence}: ${JSON.stringify([...found])}`;
  }
}

/** Runs a history over files; `sink` makes them. */
async function run(files: MemoryFiles, history: History, rounds: number): Promise<void> {
  const database = await Database.open(files, { tableBytesMax: 400, blockBytes: 200 });
  const content = new Map<string, string>();
  let n = 0;
  const write = (): void => {
    const writes = Array.from({ length: 1 + (n % 3) }, (_, i): Write => {
      const key = `key ${(n * 7 + i) % 11}`;
      return (n + i) % 5 === 4 ? [key] : [key, `${n}.${i} `.padEnd((n * 37) % 90, 'v')];
    });
    n++;
    const sequence = database.lastSequence + 1;
    // What an append may leave after a crash in the middle of it is a write that was made, too.
    history.batches.push(writes);
    history.ends.push(sequence + writes.length - 1);
    database.append(batchOf(sequence, writes));
    apply(content, writes);
  };
  const sync = async (): Promise<void> => {
    await database.sync();
    history.syncedSequence = database.syncedSequence;
  };
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 4; i++) write();
    await sync();
    write();
    const begun = database.beginLog();
    write();
    await begun;
    write();
    const snapshot = entriesOf(content, database.lastSequence);
    const sequence = database.lastSequence;
    async function* slowly() {
      for (const entry of snapshot) {
        if (entry.key.length === 5) write();
        yield [entry];
      }
    }
    if (round % 2 === 1) await database.checkpoint(slowly(), sequence);
    write();
    await sync();
  }
  await database.close();
  history.syncedSequence = database.lastSequence;
}

/** Opens what a crash left. @returns what is wrong with it */
async function check(files: MemoryFiles, history: History, synced: number): Promise<string | undefined> {
  try {
    const database = await Database.open(files);
    const fault = history.fault(await contentOf(database.recovery), database.lastSequence, synced);
    await database.close();
    return fault;
  } catch (error) {
    return `refused: ${String(error)}`;
  }
}

test('a crash after every operation loses nothing', async () => {
  const history = new History();
  const faults: string[] = [];
  let crashes = 0;
  let pending: Promise<unknown>[] = [];
  const files = new MemoryFiles({
    onOperation({ kind, name }, at) {
      for (let seed = 0; seed < SEEDS; seed++) {
        const where = `crash ${crashes++}, before ${kind} ${name}, seed ${seed}`;
        const { syncedSequence } = history;
        const crashed = at.crash(seed);
        pending.push(
          check(crashed, history, syncedSequence).then((fault) => {
            if (fault !== undefined) faults.push(`${where}: ${fault}`);
          }),
        );
      }
    },
  });
  await run(files, history, 6);
  while (pending.length > 0) {
    const batch = pending;
    pending = [];
    await Promise.all(batch);
  }
  console.log(`crashes: ${crashes}, lost: ${faults.length}`);
  expect(faults.slice(0, 5)).toEqual([]);
  expect(crashes).toBeGreaterThan(2000);
}, 120_000);

test('a crash while a database is opened after a crash loses nothing', async () => {
  const history = new History();
  const left: { files: MemoryFiles; synced: number }[] = [];
  let count = 0;
  await run(
    new MemoryFiles({
      onOperation(_, at) {
        if (count++ % 5 === 0) left.push({ files: at.crash(count), synced: history.syncedSequence });
      },
    }),
    history,
    2,
  );
  const faults: string[] = [];
  let crashes = 0;
  for (const { files, synced } of left) {
    const again: MemoryFiles[] = [];
    const watched = files.crash(0, {
      onOperation(_, at) {
        for (let seed = 0; seed < 3; seed++) again.push(at.crash(seed));
      },
    });
    const first = await Database.open(watched);
    // What was found once is acknowledged: it must be found again.
    const found = Math.max(synced, first.lastSequence);
    for (const each of again) {
      const fault = await check(each, history, found);
      if (fault !== undefined) faults.push(`crash ${crashes}: ${fault}`);
      crashes++;
    }
  }
  console.log(`crashes: ${crashes}, lost: ${faults.length}`);
  expect(faults.slice(0, 5)).toEqual([]);
  expect(crashes).toBeGreaterThan(500);
}, 120_000);
