import { createReadStream, fstatSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { extname, relative } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { csv } from './csv.js';
import { directory } from './directory.js';
import { ndjson } from './ndjson.js';
import { BadInput, type Entry, type Fields, type Reading } from './source.js';
import { systemReason } from './system-reason.js';

export const FORMATS = ['ndjson', 'csv', 'tsv'] as const;
export type Format = (typeof FORMATS)[number];

type Reader = (stream: Readable, file: string, fields: Fields, reading: Reading) => AsyncGenerator<Entry>;

/** The reader of each format. Chunks of the stream may end anywhere. */
export const READERS: Readonly<Record<Format, Reader>> = {
  ndjson,
  csv: (stream, file, fields, reading) => csv(stream, file, fields, ',', reading),
  tsv: (stream, file, fields, reading) => csv(stream, file, fields, '\t', reading),
};

const EXTENSIONS: Readonly<Record<string, Format>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'tsv',
};

/** Stands for standard input on the command line. */
export const STDIN = '-';

/** An input that exists and has a known format. */
export interface Source {
  readonly path: string;
  readonly format: 'directory' | Format;
  /** Length of a file; undefined for a directory or a stream. */
  readonly totalBytes: number | undefined;
  /** Bytes of the file that have been read. */
  readBytes(): number;
  /** @param out - the output directory; it is skipped if it lies in the input, because the run writes to it */
  entries(fields: Fields, reading: Reading, out: string): AsyncGenerator<Entry>;
}

/** Neither the name of an input nor the options give a usable format. */
export class UnclearFormat extends Error {
  override readonly name = 'UnclearFormat';
}

/**
 * Determines the kind and format of an input before any output is created.
 * @throws BadInput if it does not exist or is of no usable kind
 * @throws UnclearFormat if its format cannot be determined
 */
export async function openSource(path: string, format: Format | undefined): Promise<Source> {
  if (path === STDIN) {
    if (fstatSync(0).isDirectory()) throw new BadInput('stdin', 'is a directory; pass its path instead');
    return streamSource(path, format ?? 'ndjson', undefined, () => process.stdin);
  }
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    throw new BadInput(path, systemReason(error), { cause: error });
  }
  if (found.isDirectory()) {
    if (format !== undefined) throw new UnclearFormat(`${path} is a directory, but --format ${format} is for files`);
    return {
      path,
      format: 'directory',
      totalBytes: undefined,
      readBytes: () => 0,
      async *entries(_fields, reading, out) {
        yield* directory(path, relative(await realpath(path), await realpath(out)), reading);
      },
    };
  }
  // Opening or reading a named pipe blocks a thread, which nothing can interrupt, not even the exit of the process.
  if (!found.isFile()) throw new BadInput(path, `is neither a file nor a directory; read it with ${STDIN} < ${path}`);
  const extension = extname(path).toLowerCase();
  const known = format ?? EXTENSIONS[extension];
  if (known === undefined) {
    const names = Object.keys(EXTENSIONS).join(' ');
    throw new UnclearFormat(`${path} does not end in one of ${names}: name its format with --format`);
  }
  return streamSource(path, known, found.size, () => createReadStream(path));
}

function streamSource(
  path: string,
  format: Format,
  totalBytes: number | undefined,
  open: () => Readable & { bytesRead?: number },
): Source {
  let stream: ReturnType<typeof open> | undefined;
  const file = path === STDIN ? 'stdin' : path;
  return {
    path,
    format,
    totalBytes,
    readBytes: () => stream?.bytesRead ?? 0,
    async *entries(fields, reading) {
      stream = addAbortSignal(reading.signal, open());
      let failure: unknown;
      stream.on('error', (error) => (failure = error));
      try {
        yield* READERS[format](stream, file, fields, reading);
      } catch (error) {
        if (failure === undefined || reading.signal.aborted) throw error;
        throw new BadInput(file, `cannot be read: ${systemReason(failure)}`, { cause: failure });
      } finally {
        stream.destroy();
      }
    },
  };
}
