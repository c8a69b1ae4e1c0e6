import { rmSync } from 'node:fs';
import { type LifecycleEvent, MemTable, MemTableError, MemTableList, WriteBatch } from '@memtable/memtable';
import type { Command } from 'commander';
import { openSource, UnclearFormat } from '../sources/open-source.js';
import { BadInput } from '../sources/source.js';
import { Dump } from './dump.js';
import { Exit, Failure, reasonOf } from './failure.js';
import { checkApart, type Insert, Intake } from './intake.js';
import { Interrupt } from './interrupt.js';
import { LevelDirectory } from './level-directory.js';
import { runWithLog } from './log-run.js';
import { MemtableLog } from './memtable-log.js';
import { startProgress } from './progress.js';
import { Recorder } from './recorder.js';
import { differencesOf, linesOf, type RunReport, totalsOf } from './report.js';
import { DEFAULT_INPUT, declareRunOptions, maxBytesOf, memtableOptionsOf, type RunOptions } from './run-options.js';
import { print, printText } from './terminal.js';
import { type Verification, verify } from './verify.js';
import { LifecycleWatch } from './watch.js';

const HELP = `
What it does:
  Inserts every entry of the input into a memtable. A full memtable is frozen, flushed into a LevelDB and dropped, while
  the next one fills. At the end, run reopens the LevelDB, reads everything back and compares it with the input. If a
  key occurs several times, its last value counts.

Input:
  directory     Every regular file below it is an entry: the key is the path below the directory, the value the bytes.
                Symbolic links and the directory of --out are skipped.
  .ndjson .jsonl
                One JSON object per line. The key is a string or a number, the value any JSON. A string is stored as
                UTF-8, any other value as its JSON text. A line with the key or the value twice is invalid.
  .csv .tsv     Records below a header line. Fields may be quoted as in CSV.
  -             Standard input, in the format of --format (default: ndjson).

A size is a number of bytes, or has a unit: 64KiB, 4MiB, 1GiB.

The table has one row for each memtable:
  asked bytes   bytes that entries and index requested from the arena
  memory usage  the arena's blocks with their headers
  waste %       share of the memory usage that nothing requested
  blocks        regular + dedicated blocks
  tallest tower levels of the index in use
  fill ms       time spent on inserts, without reading the input and without write stalls
  flush ms      duration of the flush; after failures, of the last attempt
  RSS           resident memory of this process before and after the flushed memtable is dropped

With --log DIR there is no flush into a LevelDB, since DIR is one itself: every entry goes to a log and into a memtable,
and when the log is long a checkpoint writes all entries to tables. At the end, run closes the store, opens it again and
compares it with the input; then a LevelDB opens DIR, and is compared too.

A failed flush is repeated until it succeeds; meanwhile reading waits. Ctrl-C ends the reading, then flushes and
verifies all accepted entries. A second Ctrl-C ends the process at once.

Exit codes:
  0    everything was flushed and verified
  1    something failed, could not be read, or differs from the input
  2    unknown option or invalid value
  130  interrupted; all accepted entries were flushed and verified, unless a second Ctrl-C came
`;

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('insert real data into memtables, flush them into a LevelDB, and verify it')
    .description(
      'Inserts real data into memtables, flushes them into a LevelDB, reports each memtable, and verifies the result.',
    )
    .addHelpText('after', HELP);
  declareRunOptions(command).action(async (input: string | undefined, options: RunOptions) => {
    try {
      new MemTable(memtableOptionsOf(options));
    } catch (error) {
      // Each option is valid alone, but not in this combination.
      command.error(`error: ${(error as Error).message}`, { exitCode: Exit.Usage });
    }
    try {
      const { log } = options;
      process.exitCode = await (log === undefined ? run(input, options) : runWithLog(input, log, options));
    } catch (error) {
      if (!(error instanceof Failure || error instanceof BadInput || error instanceof UnclearFormat)) throw error;
      const hint =
        input === undefined && error instanceof BadInput ? 'no input was given, and the default does not exist: ' : '';
      print(process.stderr, `error: ${hint}${error.message}`);
      process.exitCode = error instanceof UnclearFormat ? Exit.Usage : Exit.Failed;
    }
  });
}

/**
 * @returns the exit code
 * @throws Failure, BadInput or UnclearFormat before the first entry is accepted
 */
async function run(input: string | undefined, options: RunOptions): Promise<number> {
  const source = await openSource(input ?? DEFAULT_INPUT, options.format);
  const out = await LevelDirectory.make(options.out);
  const isKept = options.out !== undefined || options.keep;
  // Not at the end of this function: a second Ctrl-C or a bug ends the process elsewhere.
  if (!isKept) process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  await checkApart(source, out, '--out');
  const recorder =
    options.record === undefined
      ? undefined
      : await Recorder.open(options.record, memtableOptionsOf(options), options.writeBuffer);
  const level = await LevelDirectory.open(out);

  const maxBytes = maxBytesOf(input, options);
  const watch = options.watch ? new LifecycleWatch(() => list, options.writeBuffer) : undefined;
  const progress =
    watch ?? startProgress(source.totalBytes !== undefined || maxBytes !== Infinity, ['memtable', 'flushed']);
  const dump = options.dump === undefined ? undefined : new Dump(options.dump);
  const interrupt = new Interrupt(() =>
    progress.say('interrupted: flushing the accepted entries; press Ctrl-C again to end at once'),
  );
  const log = new MemtableLog();
  const intake = new Intake(source, maxBytes, options.skipBad, progress, recorder);
  const list: MemTableList = new MemTableList({
    target: level.target,
    writeBufferBytes: options.writeBuffer,
    ...memtableOptionsOf(options),
    onEvent: (event) => {
      log.onEvent(event);
      watch?.onEvent(event);
      if (event.type === 'freeze') dump?.take(list.tables()[1]); // Index 0 is the new active table.
      if (event.type === 'flush') progress.stored(event.table, intake.figures);
      const trouble = troubleOf(event);
      if (trouble !== undefined) progress.say(trouble);
    },
  });
  const { layout, index, arena } = list.stats().active;

  const start = performance.now();
  const errors: string[] = [];
  let stopped = false;
  let bug: Error | undefined;
  try {
    const fields = { key: options.keyField, value: options.valueField };
    await intake.read(insertInto(list, log), fields, out, interrupt.signal);
  } catch (error) {
    // Bad input and bugs both end the reading. A bug is rethrown after the accepted entries were flushed.
    if (!(error instanceof BadInput)) bug = error as Error;
    errors.push((error as Error).message);
    stopped = true;
  }
  const unflushed = await closeList(list);
  const elapsedMs = performance.now() - start;
  await level.close();
  progress.stop();
  try {
    await recorder?.close();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    errors.push(error.message);
  }

  if (unflushed !== undefined) errors.push(unflushed);
  else if (stopped) errors.push(`stopped there; the ${intake.entries} entries before it were flushed`);
  if (dump?.error !== undefined) errors.push(dump.error);
  let verified: Verification | null = null;
  if (unflushed === undefined) {
    try {
      verified = await verify(out, intake.expectation);
      errors.push(...differencesOf(verified));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      errors.push(error.message);
    }
  }
  interrupt.end();

  const report: RunReport = {
    input: {
      path: source.path,
      format: source.format,
      skipped: intake.skipped,
      limitReached: intake.limit.reached,
    },
    out,
    kept: isKept,
    options: {
      keyField: options.keyField,
      valueField: options.valueField,
      maxBytes: maxBytes === Infinity ? null : maxBytes,
      skipBad: options.skipBad,
      writeBuffer: options.writeBuffer,
      blockBytes: arena.blockBytes,
      layout,
      index,
    },
    dump: dump?.written ?? null,
    memtables: log.rows,
    totals: totalsOf(log.rows, list.stats().waiting.totalMs, elapsedMs),
    verified,
    interrupted: interrupt.requested,
    error: errors.length === 0 ? null : errors.join('\n'),
  };
  if (options.json) printText(process.stdout, JSON.stringify(report, null, 2));
  else print(process.stdout, ...linesOf(report));
  print(process.stderr, ...errors);
  if (interrupt.requested && unflushed === undefined) {
    print(process.stderr, `interrupted after ${intake.entries} entries; all of them were flushed`);
  }
  if (bug !== undefined) throw bug;
  return errors.length > 0 ? Exit.Failed : interrupt.requested ? Exit.Interrupted : 0;
}

/** Inserts into a list, and counts the time of inserts without that of waiting for flushes. */
function insertInto(list: MemTableList, log: MemtableLog): Insert {
  return async ({ key, value }, signal) => {
    const batch = new WriteBatch().put(key, value);
    await list.admit(batch.byteLength, { signal });
    const start = performance.now();
    try {
      list.apply(batch);
    } catch (error) {
      // The memory of the active table ran out before the write buffer was full: wait for the next table.
      if (!(error instanceof MemTableError && error.code === 'MEMTABLE_STALLED')) throw error;
      await list.write(batch, { signal });
      return;
    }
    log.addFill(performance.now() - start);
  };
}

/** Flushes the remaining memtables. @returns why some could not be flushed; undefined if all were */
async function closeList(list: MemTableList): Promise<string | undefined> {
  try {
    await list.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof MemTableError && error.code === 'MEMTABLE_UNFLUSHED')) throw error;
    const { frozen, flush } = list.stats();
    const entries = frozen.reduce((sum, { entryCount }) => sum + entryCount, 0);
    const first = flush.flushedTables + 1;
    const tables = frozen.length === 1 ? `memtable ${first}` : `memtables ${first} to ${first + frozen.length - 1}`;
    return `${entries} entries in ${tables} could not be flushed: ${reasonOf(error.cause)}`;
  }
}

/** A line about an event that delays the run, or undefined. */
function troubleOf(event: LifecycleEvent): string | undefined {
  if (event.type === 'stall' && event.reason === 'flush-failing') return 'reading waits for a flush that keeps failing';
  if (event.type !== 'flush-error') return undefined;
  const next = event.retryMs === undefined ? 'giving up' : `trying again in ${event.retryMs} ms`;
  return `flush of memtable ${event.table} failed, attempt ${event.attempts}: ${reasonOf(event.error)}; ${next}`;
}
