import { Arena } from '@memtable/arena';
import { MemTableList, type MemTableOptions } from '@memtable/memtable';
import sizes from 'bytes-iec';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Format, FORMATS } from '../sources/open-source.js';

export const LAYOUTS = ['compact', 'leveldb'] as const satisfies MemTableOptions['layout'][];
export const INDEXES = ['skiplist', 'block'] as const satisfies MemTableOptions['index'][];

/** What `run` reads when it is told nothing: the files that every project has below it. */
export const DEFAULT_INPUT = 'node_modules';
const DEFAULT_INPUT_BYTES = 64 << 20;

/** The options of `run` as they apply; sizes in bytes. */
export interface RunOptions {
  readonly format?: Format;
  readonly keyField: string;
  readonly valueField: string;
  /** Left out: no limit. */
  readonly maxBytes?: number;
  readonly skipBad: boolean;
  readonly out?: string;
  readonly writeBuffer: number;
  /** Left out: what the memtable prefers for the layout. */
  readonly blockBytes?: number;
  readonly layout: (typeof LAYOUTS)[number];
  /** Left out: what the memtable prefers for the layout. */
  readonly index?: (typeof INDEXES)[number];
  /** Where the requests of the arenas go, for `tune`. */
  readonly record?: string;
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
    .addOption(new Option('-f, --format <format>', 'what a file or standard input is').choices(FORMATS))
    .option('--key-field <name>', 'field or column that holds the key', 'key')
    .option('--value-field <name>', 'field or column that holds the value', 'value')
    .option(
      '--max-bytes <size>',
      `stop before the entry that would exceed this, keys and values counted (default: 64 MiB for ${DEFAULT_INPUT}, else no limit)`,
      bytes,
    )
    .option('--skip-bad', 'pass over input that cannot be used, and count it', false)
    .option(
      '-o, --out <dir>',
      'LevelDB directory to flush into (default: a new one for temporary files, which is kept)',
    )
    .addOption(
      new Option('-w, --write-buffer <size>', 'freeze a memtable that uses more than this')
        .argParser(writeBuffer)
        .default(4 << 20, '4 MiB'),
    )
    .option(
      '-b, --block-bytes <size>',
      'size of the blocks of the arena (default: 16 KiB, in layout leveldb 4 KiB)',
      blockBytes,
    )
    .addOption(new Option('-l, --layout <layout>', 'layout of entries and links').choices(LAYOUTS).default('compact'))
    .addOption(
      new Option(
        '-i, --index <index>',
        'what keeps the entries in order (default: block, in layout leveldb skiplist)',
      ).choices(INDEXES),
    )
    .option('--record <file>', 'write down what the memtables ask their arenas for; tune --trace replays it')
    .option('--watch', 'show the lifecycle of the memtables while it runs', false)
    .option('--dump <file>', 'write the first memtable to a file when it is frozen, for npm run lab')
    .option('--json', 'print one JSON document instead of the table', false);
}

/** What the options ask of every memtable. */
export function memtableOptionsOf({ layout, index, blockBytes }: RunOptions): MemTableOptions {
  return { layout, ...(index === undefined ? {} : { index }), ...(blockBytes === undefined ? {} : { blockBytes }) };
}

/** The limit that applies to this input, or Infinity. */
export function maxBytesOf(input: string | undefined, options: RunOptions): number {
  return options.maxBytes ?? (input === undefined ? DEFAULT_INPUT_BYTES : Infinity);
}

function bytes(text: string): number {
  const size = sizes.parse(text);
  if (size !== null && Number.isSafeInteger(size) && size >= 0) return size;
  throw new InvalidArgumentError('Sizes are bytes, or end in a unit as 64KiB or 4MiB do.');
}

// The packages know the ranges of their options, so these ask them.

function writeBuffer(text: string): number {
  const writeBufferBytes = bytes(text);
  return accepted(writeBufferBytes, () => new MemTableList({ writeBufferBytes, target: { async write() {} } }));
}

function blockBytes(text: string): number {
  const blockBytes = bytes(text);
  return accepted(blockBytes, () => new Arena({ blockBytes }));
}

function accepted(value: number, attempt: () => unknown): number {
  try {
    attempt();
    return value;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
