import { realpath } from 'node:fs/promises';
import { type LifecycleEvent, MemTable, MemTableError, MemTableList } from '@memtable/memtable';
import type { Command } from 'commander';
import { openSource, UnclearFormat } from '../sources/open-source.js';
import { BadInput } from '../sources/source.js';
import { Dump } from './dump.js';
import { Exit, Failure, reasonOf } from './failure.js';
import { Intake } from './intake.js';
import { Interrupt } from './interrupt.js';
import { LevelDirectory } from './level-directory.js';
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
  Puts every entry of the input through memtables: full ones are frozen, flushed into a LevelDB and dropped, while the
  next one is filled. Then it opens that LevelDB anew, reads everything back and compares it with the input (of a key
  that occurs several times, the last value counts).

Input:
  directory     every regular file below it: its path below the directory is the key, its bytes are the value.
                Symbolic links are not followed; the directory of --out is left out.
  .ndjson .jsonl
                one JSON object a line. The key is a string or a number, the value anything. A string is stored as UTF-8,
                anything else as it stands in the line. A line with either of them twice is bad.
  .csv .tsv     records under a header, fields quoted as in CSV where need be.
  -             standard input, as --format says (ndjson when it is left out).

Sizes are bytes, or have a unit: 64KiB, 4MiB, 1GiB.

The table has one row for each memtable:
  asked bytes   what the entries and their links asked the arena for
  memory usage  the blocks of the arena with their headers
  waste %       the part of the memory usage that nobody asked for
  blocks        regular + dedicated ones
  tallest tower levels in use by the index
  fill ms       time spent inserting into it; reading the input and waiting for flushes do not count
  flush ms      time from the beginning of its flush to the end, that of a repeated one alone
  RSS           resident memory of this process before and after the memory of the flushed memtable is given back

A flush that fails is tried again until it succeeds, while reading waits. Ctrl-C ends the reading: what was accepted is
flushed and verified. A second Ctrl-C ends the process at once.

Exit codes:
  0    everything was flushed and verified
  1    something failed, could not be read, or was not read back as it had been
  2    an unknown option, or a value that it does not take
  130  interrupted; everything that was accepted before was flushed and verified, unless it was interrupted twice
`;

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('put real data through memtables into a LevelDB, and verify it')
    .description(
      'Puts real data through memtables into a LevelDB, shows what each memtable took, and verifies the result.',
    )
    .addHelpText('after', HELP);
  declareRunOptions(command).action(async (input: string | undefined, options: RunOptions) => {
    try {
      new MemTable(memtableOptionsOf(options));
    } catch (error) {
      // Each is allowed by itself, but not together.
      command.error(`error: ${(error as Error).message}`, { exitCode: Exit.Usage });
    }
    try {
      process.exitCode = await run(input, options);
    } catch (error) {
      if (!(error instanceof Failure || error instanceof BadInput || error instanceof UnclearFormat)) throw error;
      const hint =
        input === undefined && error instanceof BadInput ? 'no input was given, and the default is not there: ' : '';
      print(process.stderr, `error: ${hint}${error.message}`);
      process.exitCode = error instanceof UnclearFormat ? Exit.Usage : Exit.Failed;
    }
  });
}

/** @returns the exit code. @throws before anything is accepted: Failure, BadInput, UnclearFormat */
async function run(input: string | undefined, options: RunOptions): Promise<number> {
  const source = await openSource(input ?? DEFAULT_INPUT, options.format);
  const out = await LevelDirectory.make(options.out);
  if (source.format === 'directory' && (await realpath(source.path)) === (await realpath(out))) {
    throw new Failure(`the input ${source.path} and --out ${out} are the same directory`);
  }
  const recorder =
    options.record === undefined
      ? undefined
      : await Recorder.open(options.record, memtableOptionsOf(options), options.writeBuffer);
  const level = await LevelDirectory.open(out);

  const maxBytes = maxBytesOf(input, options);
  const watch = options.watch ? new LifecycleWatch(() => list, options.writeBuffer) : undefined;
  const progress = watch ?? startProgress(source.totalBytes !== undefined || maxBytes !== Infinity);
  const dump = options.dump === undefined ? undefined : new Dump(options.dump);
  const interrupt = new Interrupt(() =>
    progress.say('interrupted: flushing what was accepted; Ctrl-C again ends at once'),
  );
  const log = new MemtableLog();
  const intake = new Intake(source, maxBytes, options.skipBad, progress, log, recorder);
  const list: MemTableList = new MemTableList({
    target: level.target,
    writeBufferBytes: options.writeBuffer,
    ...memtableOptionsOf(options),
    onEvent: (event) => {
      log.onEvent(event);
      watch?.onEvent(event);
      if (event.type === 'freeze') dump?.take(list.tables()[1]); // Behind the new active one.
      if (event.type === 'flush') progress.flushed(event.table, intake.figures);
      const trouble = troubleOf(event);
      if (trouble !== undefined) progress.say(trouble);
    },
  });
  const { index, arena } = list.stats().active;

  const start = performance.now();
  const errors: string[] = [];
  let stopped = false;
  let bug: Error | undefined;
  try {
    await intake.read(list, { key: options.keyField, value: options.valueField }, out, interrupt.signal);
  } catch (error) {
    // A bug ends the run like bad input does, and is thrown at its end: what was read has to be flushed.
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
    options: {
      keyField: options.keyField,
      valueField: options.valueField,
      maxBytes: maxBytes === Infinity ? null : maxBytes,
      skipBad: options.skipBad,
      writeBuffer: options.writeBuffer,
      blockBytes: arena.blockBytes,
      layout: options.layout,
      index,
    },
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
    print(process.stderr, `interrupted after ${intake.entries} entries; everything accepted was flushed`);
  }
  if (bug !== undefined) throw bug;
  return errors.length > 0 ? Exit.Failed : interrupt.requested ? Exit.Interrupted : 0;
}

/** Flushes what is left. @returns what could not be flushed, and why; undefined when nothing is left */
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

/** A line about an event that whoever waits should know of, or undefined. */
function troubleOf(event: LifecycleEvent): string | undefined {
  if (event.type === 'stall' && event.reason === 'flush-failing') return 'reading waits for a flush that keeps failing';
  if (event.type !== 'flush-error') return undefined;
  const next = event.retryMs === undefined ? 'giving up' : `trying again in ${event.retryMs} ms`;
  return `flush of memtable ${event.table} failed, attempt ${event.attempts}: ${reasonOf(event.error)}; ${next}`;
}
