/** A stream arrives in chunks of any length. The entries read from it must not depend on where chunks end. */
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { FORMATS, type Format, openSource, READERS } from '../src/sources/open-source.js';
import { ByteLimit, type Entry, type Reading } from '../src/sources/source.js';
import { contentOf, fresh, lab, latin1, start } from './cli.js';

const FIELDS = { key: 'key', value: 'value' };

/** The output of a reader as text: entries with their places, bad input, and the error that ended it. */
async function toldBy(entries: (reading: Reading) => AsyncGenerator<Entry>): Promise<string[]> {
  const told: string[] = [];
  const reading = {
    onBad: (error: Error) => void told.push(error.message),
    limit: new ByteLimit(Infinity),
    signal: new AbortController().signal,
  };
  try {
    for await (const { key, value, where } of entries(reading)) {
      told.push(`${where} ${Buffer.from(key).toString('latin1')}=${Buffer.from(value).toString('latin1')}`);
    }
  } catch (error) {
    told.push(String(error));
  }
  return told;
}

const toldOf = (format: Format, chunks: readonly Buffer[]): Promise<string[]> =>
  toldBy((reading) => READERS[format](Readable.from(chunks), 'file', FIELDS, reading));

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}

const singleBytes = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.of(byte));

const marked = (text: string): Buffer => Buffer.from(`\ufeff${text}`);

const NDJSON = [
  ['{"key":"ä","value":"😀"}\r\n\r\n', 'file:1 ä=😀'],
  ['{"k\\u0065y":"\\"","value":[1, "\\\\"]}\n', 'file:3 "=[1, "\\\\"]'],
  ['{"key":1}\n', 'file:4: no field "value"'],
  ['\u2028\n{"key":"z","value":1e400}', 'file:6 z=1e400'],
];

/** `|` stands for the delimiter. The parser counts a CRLF within quotes as two lines. */
const RECORDS = [
  ['value|"key"|x\r\n', []],
  ['1|ä|\r\n', ['file:2 ä=1']],
  ['\r\n', []],
  ['""||\r\n', ['file:4 =']],
  ['3\r\n', ['file:5: Invalid Record Length: expect 3, got 1 on line 5']],
  ['"two\r\nlines| ""quoted"""|😀|\r\n', ['file:8 😀=two\r\nlines| "quoted"']],
  ['6|"e', ['file:9: Quote Not Closed: the parsing is finished with an opening quote at line 9']],
] as const;

interface Document {
  readonly bytes: Buffer;
  readonly tells: readonly string[];
  /** The start of the document, and a filler between it and the body, with `|` for any number of letters. */
  readonly head: string;
  readonly filler: string;
  readonly body: string;
}

function recordsWith(delimiter: string): Document {
  const [head, ...body] = RECORDS.map(([record]) => record.replaceAll('|', delimiter));
  return {
    bytes: marked(head + body.join('')),
    tells: RECORDS.flatMap(([, tells]) => tells.map((text) => latin1(text.replaceAll('|', delimiter)))),
    head,
    filler: `|${delimiter}filler${delimiter}\r\n`,
    body: body.join(''),
  };
}

const documents: Record<Format, Document> = {
  ndjson: {
    bytes: marked(NDJSON.map(([line]) => line).join('')),
    tells: NDJSON.map(([, tells]) => latin1(tells)),
    head: '',
    filler: '{"key":"filler","value":"|"}\n',
    body: NDJSON.map(([line]) => line).join(''),
  },
  csv: recordsWith(','),
  tsv: recordsWith('\t'),
};

/** Random bytes in which the special characters of the format are frequent, in any place. */
const anyBytes = (format: Format): fc.Arbitrary<Buffer> => {
  const pieces =
    format === 'ndjson'
      ? ['{"key":"', '","value":', '{"key":1,"value":', '"', '\\', '\\u00', '{', '}', '[', ']', ',', ':', '1e400', ' ']
      : ['key,value', '"', '""', ',', '\t', 'a', 'b,c', ','];
  const special = [...pieces, '\r', '\n', '\r\n', '\ufeff', 'ä', '😀', '\0'].map((text) => Buffer.from(text));
  const part = fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...special) }, fc.constant(Buffer.of(0xff)));
  const header = { ndjson: '', csv: 'key,value\n', tsv: 'key\tvalue\r\n' }[format];
  return fc
    .tuple(fc.constantFrom('', '\ufeff'), fc.array(part, { maxLength: 40 }))
    .map(([mark, parts]) => Buffer.concat([Buffer.from(mark + header), ...parts]));
};

const cuts = fc.array(fc.nat(200), { maxLength: 20 });

describe.each(FORMATS)('the %s reader', (format) => {
  test('reads a document of all special cases alike in one chunk, in two, and byte by byte', async () => {
    const { bytes, tells } = documents[format];
    expect(await toldOf(format, [bytes])).toEqual(tells);
    expect(await toldOf(format, singleBytes(bytes))).toEqual(tells);
    for (let at = 0; at <= bytes.length; at++) expect(await toldOf(format, cut(bytes, [at]))).toEqual(tells);
  });

  test('reads any bytes alike, wherever their chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes(format), cuts, async (bytes, at) => {
        const whole = await toldOf(format, [bytes]);
        expect(await toldOf(format, cut(bytes, at))).toEqual(whole);
        expect(await toldOf(format, singleBytes(bytes))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  test('reads a file alike, wherever its 64 KiB chunks end', async () => {
    const { head, filler, body } = documents[format];
    const [before, after] = filler.split('|');
    const start = marked(head + before);
    for (let shift = 0; shift <= Buffer.byteLength(body); shift++) {
      const padding = Buffer.alloc((64 << 10) - shift - start.length - after.length, 'p');
      const bytes = Buffer.concat([start, padding, Buffer.from(after), Buffer.from(body)]);
      const path = fresh(`shifted.${format}`);
      writeFileSync(path, bytes);
      const source = await openSource(path, format);
      const told = await toldBy((reading) => source.entries(FIELDS, reading, ''));
      expect(told.length).toBeGreaterThan(4);
      expect(told).toEqual((await toldOf(format, [bytes])).map((line) => line.replace(/^file:/, `${path}:`)));
    }
  });

  test('stores standard input that arrives byte by byte like one chunk', async () => {
    const { bytes } = documents[format];
    const [inPieces, inOne] = [fresh('db'), fresh('db')];
    const args = ['-', '--skip-bad', '-f', format, '-o'];
    const running = start([...args, inPieces]);
    for (const byte of singleBytes(bytes)) {
      running.child.stdin.write(byte);
      await setTimeout(1);
    }
    running.child.stdin.end();
    expect((await running.done).code).toBe(0);
    expect((await lab([...args, inOne], { stdin: bytes })).code).toBe(0);
    const content = await contentOf(inPieces);
    expect(Object.keys(content)).toHaveLength(3);
    expect(content).toEqual(await contentOf(inOne));
  });
});
