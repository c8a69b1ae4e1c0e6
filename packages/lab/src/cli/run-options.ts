import { Arena } from '@memtable/arena';
import type { Durability } from '@memtable/disk';
import { MemTableList, type MemTableOptions } from '@memtable/memtable';
import sizes from 'bytes-iec';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Format, FORMATS } from '../sources/open-source.js';

export const LAYOUTS = ['compact', 'leveldb'] as const satisfies MemTableOptions['layout'][];
export const DURABILITIES = ['memory', 'os', 'disk'] as const satisfies Durability[];
export const INDEXES = ['skiplist', 'block'] as const satisfies MemTableOptions['index'][];

/** The default input of `run`: a directory that every project has. */
export const DEFAULT_INPUT = 'node_modules';
const DEFAULT_INPUT_BYTES = 64 << 20;

/** The parsed options of `run`. Sizes are in bytes. */
export interface RunOptions {
  readonly format?: Format;
  readonly keyField: string;
  readonly valueField: string;
  /** Undefined: no limit. */
  readonly maxBytes?: number;
  readonly skipBad: boolean;
  readonly out?: string;
  readonly writeBuffer: number;
  /** Undefined: the default of the layout. */
  readonly blockBytes?: number;
  readonly layout: (typeof LAYOUTS)[number];
  /** Short for the layout `leveldb`. */
  readonly leveldb?: true;
  /** Undefined: the default of the layout. */
  readonly index?: (typeof INDEXES)[number];
  /** File for the arena requests that `tune` replays. */
  readonly record?: string;
  readonly keep: boolean;
  /** Directory of a durable store, which the entries go to in place of memtables alone. */
  readonly log?: string;
  readonly durability: (typeof DURABILITIES)[number];
  /** Undefined: the default of the store. */
  readonly logBytes?: number;
  readonly json: boolean;
  readonly watch: boolean;
  readonly dump?: string;
}

export function declareRunOptions(command: Command): Command {
  return command
    .argument(
      '[input]',
      `directory, .ndjson .jsonl .csv .tsv file, or - for standard input (default: ${DEFAULT_INPUT})`,
    )
    .addOption(new Option('-f, --format <format>', 'format of a file or of standard input').choices(FORMATS))
    .option('--key-field <name>', 'field or column that holds the key', 'key')
    .option('--value-field <name>', 'field or column that holds the value', 'value')
    .option(
      '--max-bytes <size>',
      'stop before the entry that would exceed this many bytes of keys and values ' +
        `(default: 64 MiB for ${DEFAULT_INPUT}, else no limit)`,
      bytes,
    )
    .option('--skip-bad', 'skip and count invalid input', false)
    .option('-o, --out <dir>', 'LevelDB directory to flush into (default: a temporary one, removed at the end)')
    .option('--keep', 'keep the temporary LevelDB directory', false)
    .addOption(
      new Option(
        '--log <dir>',
        'put the entries into a durable store in this directory: log, memtable, tables',
      ).conflicts([
        'out',
        'keep',
        'writeBuffer',
        'blockBytes',
        'layout',
        'leveldb',
        'index',
        'record',
        'watch',
        'dump',
      ]),
    )
    .addOption(
      new Option('--durability <level>', 'with --log: what an entry survives').choices(DURABILITIES).default('disk'),
    )
    .option(
      '--log-bytes <size>',
      'with --log: write a checkpoint when the log is longer (default: 16 MiB, or the bytes of all entries)',
      logBytes,
    )
    .addOption(
      new Option('-w, --write-buffer <size>', 'freeze a memtable when it uses more than this')
        .argParser(writeBuffer)
        .default(4 << 20, '4 MiB'),
    )
    .option('-b, --block-bytes <size>', 'size of an arena block (default: 16 KiB, in layout leveldb 4 KiB)', blockBytes)
    .addOption(new Option('-l, --layout <layout>', 'layout of entries and index').choices(LAYOUTS).default('compact'))
    .addOption(
      new Option('--leveldb', "LevelDB's bytes and memory figures: short for --layout leveldb").conflicts('layout'),
    )
    .addOption(
      new Option(
        '-i, --index <index>',
        'index that orders the entries (default: block, in layout leveldb skiplist)',
      ).choices(INDEXES),
    )
    .option('--record <file>', 'record the arena requests of the memtables; tune --trace replays them')
    .option('--watch', 'show the lifecycle of the memtables during the run', false)
    .option('--dump <file>', 'write the first frozen memtable to a file; npm run lab opens it')
    .option('--json', 'print one JSON document instead of the table', false);
}

/** The options of each memtable. */
export function memtableOptionsOf({ layout, leveldb, index, blockBytes }: RunOptions): MemTableOptions {
  return {
    layout: leveldb ? 'leveldb' : layout,
    ...(index === undefined ? {} : { index }),
    ...(blockBytes === undefined ? {} : { blockBytes }),
  };
}

/** The byte limit for this input; Infinity if there is none. */
export function maxBytesOf(input: string | undefined, options: RunOptions): number {
  return options.maxBytes ?? (input === undefined ? DEFAULT_INPUT_BYTES : Infinity);
}

function bytes(text: string): number {
  const size = sizes.parse(text);
  if (size !== null && Number.isSafeInteger(size) && size >= 0) return size;
  throw new InvalidArgumentError('A size is a number of bytes, or a number with a unit such as 64KiB or 4MiB.');
}

// The packages validate the ranges of their options, so each value is tried on them.

function writeBuffer(text: string): number {
  const writeBufferBytes = bytes(text);
  return accepted(writeBufferBytes, () => new MemTableList({ writeBufferBytes, target: { async write() {} } }));
}

function blockBytes(text: string): number {
  const blockBytes = bytes(text);
  return accepted(blockBytes, () => new Arena({ blockBytes }));
}

function logBytes(text: string): number {
  const size = bytes(text);
  if (size > 0) return size;
  throw new InvalidArgumentError('It must be at least 1 byte.');
}

function accepted(value: number, attempt: () => unknown): number {
  try {
    attempt();
    return value;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
