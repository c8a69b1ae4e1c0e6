import { readFile, writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { BadInput } from '../sources/source.js';
import { type Distribution, DISTRIBUTIONS, traceOf } from '../tune/distributions.js';
import { tune, type TuneRow } from '../tune/replay.js';
import { parseTrace, type Trace } from '../tune/trace.js';
import { Exit, reasonOf } from './failure.js';
import { count, size } from './numbers.js';
import { print, printText } from './terminal.js';

/** Requested bytes per arena of a named distribution: LevelDB's write buffer. */
const ARENA_BYTES = 4 << 20;
const COUNT_MAX = 10_000_000;

const HELP = `
What it does:
  Replays the requests of a trace (recorded by run --record) or of a named distribution. It tries every source of blocks
  with every block size, and keeps two arenas alive, as an active and a frozen memtable do. The best choice comes first:
  the cost multiplies time and memory, each relative to the smallest.

Sources:
  memory        each arena has its own memory
  heap, ...     all arenas share one heap, with mixed, first, next or best fit
  slabs         all arenas share one slab allocator, with slabs of 1 MiB

Distributions:
  leveldb       LevelDB's own test: mostly under 20 bytes, rarely up to 6000
  uniform       1 to 256 bytes, one in four aligned
  entries       memtable entries of 16 + 100 bytes, and sometimes an index block
  documents     sizes up to 32 KiB, each doubling of the size equally frequent
`;

interface TuneOptions {
  readonly trace?: string;
  readonly distribution: Distribution;
  readonly count: number;
  /** File for the plot; undefined for none. */
  readonly plot?: string;
  readonly json: boolean;
}

export function addTuneCommand(program: Command): void {
  program
    .command('tune')
    .summary('find the best block size and source of blocks for these requests on this machine')
    .description('Finds the best block size and source of blocks for these requests on this machine.')
    .addHelpText('after', HELP)
    .addOption(new Option('-t, --trace <file>', 'replay a trace that run --record wrote').conflicts('distribution'))
    .addOption(
      new Option('-d, --distribution <name>', 'replay generated requests')
        .choices(Object.keys(DISTRIBUTIONS))
        .default('entries'),
    )
    .option('-n, --count <number>', 'number of generated requests', requestCount, 300_000)
    .option('-p, --plot <file>', 'also write a plot, as SVG')
    .option('--json', 'print one JSON document instead of the table', false)
    .action(async (options: TuneOptions) => {
      try {
        await runTune(options);
      } catch (error) {
        const expected = error instanceof BadInput || (error as NodeJS.ErrnoException).syscall !== undefined;
        if (!expected) throw error;
        print(process.stderr, `error: ${reasonOf(error)}`);
        process.exitCode = Exit.Failed;
      }
    });
}

async function runTune({ trace: path, distribution, count, plot, json }: TuneOptions): Promise<void> {
  const trace =
    path === undefined ? traceOf(distribution, count, ARENA_BYTES) : parseTrace(path, await readFile(path, 'utf8'));
  const rows = tune(trace);
  if (plot !== undefined) {
    const { plotOf } = await import('../tune/plot.js'); // Loading vega can take longer than the replay.
    await writeFile(plot, await plotOf(trace.name, rows));
  }
  const requests = trace.arenas.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const report = {
    trace: trace.name,
    arenas: trace.arenas.length,
    requests,
    recommended: rows[0],
    rows,
    plot: plot ?? null,
  };
  if (json) printText(process.stdout, JSON.stringify(report, undefined, 2));
  else print(process.stdout, ...linesOf(trace, requests, rows, plot));
}

function linesOf(trace: Trace, requests: number, rows: readonly TuneRow[], plot: string | undefined): string[] {
  const table = new Table({
    head: ['source', 'block\nsize', 'time\nms', 'memory\nat most', 'waste\n%', 'blocks', 'cost'],
    colAligns: ['left', ...Array<'right'>(6).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  for (const { source, blockBytes, ms, memoryBytes, wastePercent, blocks, cost } of rows) {
    table.push([
      source,
      size(blockBytes),
      ms.toFixed(1),
      size(memoryBytes),
      wastePercent.toFixed(2),
      count(blocks),
      cost.toFixed(2),
    ]);
  }
  const { source, blockBytes } = rows[0];
  return [
    `trace    ${trace.name}: ${count(requests)} requests in ${trace.arenas.length} arenas`,
    `take     ${source}, blocks of ${size(blockBytes)}`,
    ...(plot === undefined ? [] : [`plot     ${plot}`]),
    '',
    ...table.toString().split('\n'),
  ];
}

function requestCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= COUNT_MAX) return value;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${COUNT_MAX}.`);
}
