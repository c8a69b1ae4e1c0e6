import { pipeline, type Readable } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import { BadInput, type Entry, type Fields, type Reading } from './source.js';

/** Reads records below a header line. Fields may be quoted, and are stored as their bytes in the file. */
export async function* csv(
  stream: Readable,
  file: string,
  fields: Fields,
  delimiter: ',' | '\t',
  { onBad }: Reading,
): AsyncGenerator<Entry> {
  // The parser reads ahead. If it failed at a malformed record, valid records before it would be lost. So it skips
  // malformed records, and `raise` reports each one when the records before it have been yielded.
  const malformed: CsvError[] = [];
  const parser = parse({
    delimiter,
    encoding: null, // Bytes, not text.
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error): undefined => {
      if (error !== undefined) malformed.push(error);
    },
  });
  pipeline(stream, withoutByteOrderMark, parser, () => undefined); // The loop below throws the error of a failure.

  const raise = (linesDone: number): void => {
    while (malformed.length > 0 && lineOf(malformed[0]) <= linesDone) {
      const error = malformed.shift()!;
      onBad(new BadInput(`${file}:${lineOf(error)}`, whatOf(error), { cause: error }));
    }
  };
  let columns: { key: number; value: number } | undefined;
  for await (const { record, info } of parser as AsyncIterable<{ record: Buffer[]; info: Info }>) {
    raise(info.lines);
    const where = `${file}:${info.lines}`;
    if (columns === undefined) columns = columnsOf(record, fields, where);
    else yield { key: record[columns.key], value: record[columns.value], where };
  }
  raise(Infinity);
}

function columnsOf(header: Buffer[], fields: Fields, where: string): { key: number; value: number } {
  const names = header.map((name) => name.toString());
  const find = (field: string): number => {
    const column = names.indexOf(field);
    if (column !== -1) return column;
    throw new BadInput(where, `no column ${JSON.stringify(field)}; the header has ${names.join(', ').slice(0, 200)}`);
  };
  return { key: find(fields.key), value: find(fields.value) };
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Removes a byte order mark. The parser's own option for it would also decode the fields. */
async function* withoutByteOrderMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  const unmarked = (bytes: Buffer): Buffer =>
    bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < BYTE_ORDER_MARK.length) continue; // The mark may arrive in parts.
    yield unmarked(start);
    start = undefined;
  }
  if (start !== undefined) yield start;
}

function lineOf(error: CsvError): number {
  return Number(error['lines']);
}

/** The parser's message without the value of the field, which it appends as a list of bytes. */
function whatOf(error: CsvError): string {
  return error.message.replace(/, value is .*$/s, '');
}
