import { DiskError, type DiskStore, openStore } from '@memtable/disk';
import { openSource } from '../sources/open-source.js';
import { BadInput } from '../sources/source.js';
import { Exit, Failure, reasonOf } from './failure.js';
import { checkApart, Intake } from './intake.js';
import { Interrupt } from './interrupt.js';
import { LevelDirectory } from './level-directory.js';
import { type CheckpointRow, linesOf, type LogReport } from './log-report.js';
import { startProgress } from './progress.js';
import { differencesOf, throughput } from './report.js';
import { DEFAULT_INPUT, maxBytesOf, type RunOptions } from './run-options.js';
import { print, printText } from './terminal.js';
import { compare, type Expectation, type Verification, verify } from './verify.js';

type Store = DiskStore<Uint8Array, Uint8Array>;
type StoreEvents = NonNullable<Parameters<typeof openStore>[1]>['onEvent'];

/**
 * Puts the input into a durable store in a directory, opens it again, and has LevelDB open it.
 * @returns the exit code
 * @throws Failure, BadInput or UnclearFormat before the first entry is accepted
 */
export async function runWithLog(input: string | undefined, path: string, options: RunOptions): Promise<number> {
  const source = await openSource(input ?? DEFAULT_INPUT, options.format);
  await checkApart(source, await LevelDirectory.make(path), '--log');

  const maxBytes = maxBytesOf(input, options);
  const checkpoints: CheckpointRow[] = [];
  const store = await open(path, options, (event) => {
    if (event.type === 'checkpoint') {
      checkpoints.push({ entries: event.entryCount, ms: event.ms });
      progress.stored(checkpoints.length, intake.figures);
    }
    if (event.type === 'checkpoint-error') progress.say(`a checkpoint failed: ${reasonOf(event.error)}`);
    if (event.type === 'log-error') progress.say(`the log failed: ${reasonOf(event.error)}`);
  });
  const progress = startProgress(source.totalBytes !== undefined || maxBytes !== Infinity, ['checkpoint', 'written']);
  const interrupt = new Interrupt(() =>
    progress.say('interrupted: syncing the accepted entries; press Ctrl-C again to end at once'),
  );
  const intake = new Intake(source, maxBytes, options.skipBad, progress);

  const errors: string[] = [];
  let putMs = 0;
  let bug: Error | undefined;
  try {
    const fields = { key: options.keyField, value: options.valueField };
    await intake.read(
      ({ key, value }) => {
        const start = performance.now();
        store.put(key, value);
        putMs += performance.now() - start;
      },
      fields,
      path,
      interrupt.signal,
    );
  } catch (error) {
    // A bug is rethrown after the accepted entries were synced.
    if (!(error instanceof BadInput || error instanceof DiskError)) bug = error as Error;
    errors.push(reasonOf(error), `stopped there; the ${intake.entries} entries before it were accepted`);
  }
  await trying(errors, () => store.durable());
  const { log } = store.stats();
  // The one that began by itself may be far from its end, and `close` does not wait for it.
  if (log.bytes > log.bytesMax) await trying(errors, () => store.checkpoint());
  await trying(errors, () => store.close());
  progress.stop();

  let recovered: LogReport['recovered'] = null;
  let verified: LogReport['verified'] = null;
  await trying(errors, async () => {
    const read = await readBack(path, options, intake.expectation);
    ({ recovered } = read);
    verified = { store: read.verified, leveldb: await verify(path, intake.expectation) };
    errors.push(...differencesOf(verified.store), ...differencesOf(verified.leveldb).map((line) => `LevelDB: ${line}`));
  });
  interrupt.end();

  const report: LogReport = {
    input: { path: source.path, format: source.format, skipped: intake.skipped, limitReached: intake.limit.reached },
    directory: path,
    options: {
      keyField: options.keyField,
      valueField: options.valueField,
      maxBytes: maxBytes === Infinity ? null : maxBytes,
      skipBad: options.skipBad,
      durability: options.durability,
    },
    put: throughput(intake.entries, intake.figures().bytes, putMs),
    log: { bytes: log.bytes, bytesMax: log.bytesMax, syncs: log.syncs },
    checkpoints,
    recovered,
    verified,
    interrupted: interrupt.requested,
    error: errors.length === 0 ? null : errors.join('\n'),
  };
  if (options.json) printText(process.stdout, JSON.stringify(report, null, 2));
  else print(process.stdout, ...linesOf(report));
  print(process.stderr, ...errors);
  if (bug !== undefined) throw bug;
  return errors.length > 0 ? Exit.Failed : interrupt.requested ? Exit.Interrupted : 0;
}

/** @throws Failure if the directory is locked, is no database, or is damaged */
async function open(path: string, options: RunOptions, onEvent?: StoreEvents): Promise<Store> {
  try {
    return await openStore<Uint8Array, Uint8Array>(path, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      durability: options.durability,
      logBytesMax: options.logBytes,
      onEvent,
    });
  } catch (error) {
    throw new Failure(`cannot open a store in ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Opens the store again, so that only stored entries count, and compares all of it with the input. */
async function readBack(
  path: string,
  options: RunOptions,
  expectation: Expectation,
): Promise<{ recovered: LogReport['recovered']; verified: Verification }> {
  const start = performance.now();
  const store = await open(path, options);
  const ms = performance.now() - start;
  const { entryCount, liveBytes } = store.stats();
  try {
    return { recovered: throughput(entryCount, liveBytes, ms), verified: await compare(store, expectation) };
  } finally {
    await store.close();
  }
}

/** Runs a step of the end. What fails in it is reported, and the steps behind it run all the same. */
async function trying(errors: string[], step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof DiskError || error instanceof Failure)) throw error;
    errors.push(reasonOf(error));
  }
}
