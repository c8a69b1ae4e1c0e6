import { jsonMembers, type Member } from './json-members.js';
import { lines } from './lines.js';
import { BadInput, type Entry, type Fields, type Reading } from './source.js';

/** Reads one JSON object per line, and skips empty lines. */
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
  if (line === undefined) throw new BadInput(where, 'the line is too long');
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
  const members = [...jsonMembers(text)];
  const key = valueOf(members, fields.key, where);
  const value = valueOf(members, fields.value, where);
  if (!/^["\d-]/.test(key)) {
    throw new BadInput(where, `the key ${JSON.stringify(fields.key)} is neither a string nor a number`);
  }
  return { key: bytesOf(key, fields.key, where), value: bytesOf(value, fields.value, where), where };
}

/** The JSON text of a field. A field that occurs twice is an error, because choosing one would be a guess. */
function valueOf(members: readonly Member[], field: string, where: string): string {
  const found = members.filter(({ name }) => name === field);
  if (found.length === 1) return found[0].value;
  const name = JSON.stringify(field);
  throw new BadInput(where, found.length === 0 ? `no field ${name}` : `${found.length} fields ${name}`);
}

/** The bytes to store: the characters of a string, or the JSON text of any other value. */
function bytesOf(json: string, field: string, where: string): Buffer {
  const text = json.startsWith('"') ? (JSON.parse(json) as string) : json;
  // A lone surrogate has no UTF-8 encoding. It would be stored as a replacement character.
  if (/\p{Surrogate}/u.test(text)) {
    throw new BadInput(
      where,
      `the field ${JSON.stringify(field)} holds half of a surrogate pair, which UTF-8 cannot encode`,
    );
  }
  return Buffer.from(text);
}
