import { lines } from './lines.js';
import { BadInput, type Entry, type Fields, type Reading } from './source.js';

/** One JSON object a line; empty lines are passed over. */
export async function* ndjson(
  chunks: AsyncIterable<Buffer>,
  file: string,
  fields: Fields,
  { onBad }: Reading,
): AsyncGenerator<Entry> {
  let number = 0;
  for await (const line of lines(chunks)) {
    const where = `${file}:${++number}`;
    let entry: Entry | undefined;
    try {
      entry = entryOf(line, where, fields);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      onBad(error);
    }
    if (entry !== undefined) yield entry;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function entryOf(line: Buffer | undefined, where: string, fields: Fields): Entry | undefined {
  if (line === undefined) throw new BadInput(where, 'the line is too long to be read');
  let text: string;
  let record: unknown;
  try {
    text = UTF8.decode(line);
  } catch (cause) {
    throw new BadInput(where, 'not UTF-8', { cause });
  }
  if (text.trim() === '') return undefined;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw new BadInput(where, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new BadInput(where, 'not a JSON object');
  }
  const key = fieldOf(record, fields.key, where);
  const value = fieldOf(record, fields.value, where);
  return {
    key: bytesOf(keyTextOf(key, fields.key, where), fields.key, where),
    value: bytesOf(typeof value === 'string' ? value : JSON.stringify(value), fields.value, where),
    where,
  };
}

function fieldOf(record: object, field: string, where: string): unknown {
  if (!Object.hasOwn(record, field)) throw new BadInput(where, `no field ${JSON.stringify(field)}`);
  return (record as Record<string, unknown>)[field];
}

function keyTextOf(key: unknown, field: string, where: string): string {
  if (typeof key === 'string') return key;
  const name = JSON.stringify(field);
  if (typeof key !== 'number') throw new BadInput(where, `the key ${name} is neither a string nor a number`);
  // Beyond 2^53 neighbours read as the same number, and one would replace the other unseen.
  if (Number.isSafeInteger(key) || (Number.isFinite(key) && !Number.isInteger(key))) return String(key);
  throw new BadInput(where, `the key ${name} is a number beyond 2^53, which is not exact: write it as a string`);
}

function bytesOf(text: string, field: string, where: string): Buffer {
  // Half of a surrogate pair has no UTF-8: it would be stored as another character.
  if (/\p{Surrogate}/u.test(text)) {
    throw new BadInput(where, `the field ${JSON.stringify(field)} holds half of a surrogate pair, which has no UTF-8`);
  }
  return Buffer.from(text);
}
